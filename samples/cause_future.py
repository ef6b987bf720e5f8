"""The result of an executor's job, waited for on the loop.

looptrace must show: cause lock_wait in gather, Future.result, and asyncio.wrap_future as the remedy.
"""
import concurrent.futures
import time

import _stall

POOL = concurrent.futures.ThreadPoolExecutor(1)


def gather():
    POOL.submit(time.sleep, 0.12).result()  # here


_stall.run(_stall.several("lock_wait", gather, names="Future.result"))
