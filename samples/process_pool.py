"""CPU work in a process pool: the loop stays free.

looptrace must show:
    dump: caller waiting_on.kind=executor waiting_on.detail=work
    report: executor ProcessPoolExecutor workers=1
    report: task caller waits.kind=executor
"""
import asyncio
import concurrent.futures
import ctypes
import multiprocessing
import signal
import time

import _tour


def work():
    time.sleep(100000)


def end_with_parent():
    # PR_SET_PDEATHSIG: a worker that waits for a job would outlive a parent that was killed.
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


async def hand_over(pool):
    await asyncio.get_running_loop().run_in_executor(pool, work)


async def main():
    # From 3.14 on a server would start the worker, and both outlive a parent that was killed.
    forked = multiprocessing.get_context("fork")
    pool = concurrent.futures.ProcessPoolExecutor(1, forked, end_with_parent)
    kept = asyncio.create_task(hand_over(pool), name="caller")
    await _tour.stay()
    await kept


if __name__ == "__main__":
    asyncio.run(main())
