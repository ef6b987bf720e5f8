"""Two workers, eight jobs: six of them wait for a worker.

looptrace must show:
    dump: 8 caller-* waiting_on.kind=executor waiting_on.capacity=2 waiting_on.size=6
    report: finding executor_saturated severity=warning evidence.workers=2 evidence.most_queued=6
    report: executor ThreadPoolExecutor workers=2 most_queued=6
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
    kept = [asyncio.create_task(call(pool), name="caller-{}".format(n)) for n in range(8)]
    await asyncio.sleep(0)
    STARTED.acquire()
    STARTED.acquire()
    await _tour.stay()
    await asyncio.wait(kept)


asyncio.run(main())
