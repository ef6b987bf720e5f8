"""The near miss of mistake_saturated_executor: all workers are busy, and one job waits.

looptrace must show:
    dump: 3 caller-* waiting_on.kind=executor waiting_on.size=1
    report: executor ThreadPoolExecutor most_queued=1
    report: 1.5 s
"""
import asyncio
import concurrent.futures
import threading

import _tour

STARTED = threading.Semaphore(0)
NEVER = threading.Event()


def job():
    STARTED.release()
    NEVER.wait()


async def call(pool):
    await asyncio.get_running_loop().run_in_executor(pool, job)


async def main():
    pool = concurrent.futures.ThreadPoolExecutor(2)
    kept = [asyncio.create_task(call(pool), name="caller-{}".format(n)) for n in range(3)]
    await asyncio.sleep(0)
    STARTED.acquire()
    STARTED.acquire()
    await _tour.stay()
    await asyncio.wait(kept)


asyncio.run(main())
