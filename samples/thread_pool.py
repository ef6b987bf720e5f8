"""Blocking jobs in threads: run_in_executor with a pool of two, and asyncio.to_thread (3.9+).

looptrace must show:
    dump: running-* waiting_on.kind=executor waiting_on.detail=job waiting_on.capacity=2
    dump: running-* waiting_on.value=2 waiting_on.size=1
    dump: running-* waiting_on.worker>=2
    dump: queued waiting_on.kind=executor waiting_on.detail=later waiting_on.worker=null
    dump (3.9+): elsewhere waiting_on.kind=executor waiting_on.detail=job
    report: executor ThreadPoolExecutor workers=2 most_queued=1
    report: task queued waits.kind=executor
"""
import asyncio
import concurrent.futures
import sys
import threading

import _tour

STARTED = threading.Semaphore(0)
NEVER = threading.Event()


def job():
    STARTED.release()
    NEVER.wait()


def later():
    NEVER.wait()


async def hand_over(pool, function):
    await asyncio.get_running_loop().run_in_executor(pool, function)


async def elsewhere():
    await asyncio.to_thread(job)


async def main():
    pool = concurrent.futures.ThreadPoolExecutor(2)
    kept = [asyncio.create_task(hand_over(pool, job), name="running-1")]
    kept.append(asyncio.create_task(hand_over(pool, job), name="running-2"))
    await asyncio.sleep(0)
    STARTED.acquire()
    STARTED.acquire()
    kept.append(asyncio.create_task(hand_over(pool, later), name="queued"))
    if sys.version_info >= (3, 9):
        kept.append(asyncio.create_task(elsewhere(), name="elsewhere"))
        await asyncio.sleep(0)
        STARTED.acquire()
    await _tour.stay()
    await asyncio.wait(kept)


asyncio.run(main())
