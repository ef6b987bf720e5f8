"""Synchronous code waits, on the loop's own thread, for a coroutine that only this loop could run.

Without the time limit it would stand still for ever.

looptrace must show:
    report: finding blocking_call line=HERE severity=error
    report: 1 s
"""
import asyncio
import concurrent.futures

import _tour


async def query():
    await asyncio.sleep(0)
    return 42


def query_now(loop):
    future = asyncio.run_coroutine_threadsafe(query(), loop)
    try:
        return future.result(timeout=0.15)  # HERE
    except concurrent.futures.TimeoutError:
        return None


async def handle():
    while True:
        query_now(asyncio.get_running_loop())
        await asyncio.sleep(0.05)


async def main():
    kept = asyncio.create_task(handle(), name="handler")
    _tour.now()
    await kept


asyncio.run(main())
