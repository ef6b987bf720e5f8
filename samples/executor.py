"""Tasks that wait for jobs in a thread pool of two, one of them still queued.

looptrace must show: first, second and queued waiting for an executor, and (3.9+) to_thread too;
two worker threads inside job.
"""
import asyncio
import concurrent.futures
import functools
import sys
import threading

import _truth

STARTED = threading.Semaphore(0)
NEVER = threading.Event()


def job(number):
    STARTED.release()
    NEVER.wait()
    return number


async def wait_for_job(pool, function):
    await asyncio.get_running_loop().run_in_executor(pool, function)


async def in_thread():
    await asyncio.to_thread(job, 4)


async def main():
    pool = concurrent.futures.ThreadPoolExecutor(2, thread_name_prefix="worker")
    keep = []
    for number, name in enumerate(("first", "second", "queued")):
        body = wait_for_job(pool, functools.partial(job, number))
        keep.append(_truth.spawn(body, name, waits="executor"))
    expected = 2
    if sys.version_info >= (3, 9):
        keep.append(_truth.spawn(in_thread(), "to_thread", waits="executor"))
        expected = 3
    await _truth.settle()
    for _ in range(expected):
        STARTED.acquire()
    await _truth.park()


if __name__ == "__main__":
    asyncio.run(main())
