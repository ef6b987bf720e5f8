"""One task runs and keeps the loop, so that others stay as they are.

looptrace must show: main running with the chain main, outer, inner; fresh (not yet started), woken
(its future has a result), cancelled and cancelled_fresh ready; waiting waiting.
"""
import asyncio

import _truth


async def leaf():
    await asyncio.sleep(100000)


async def awaiting(future):
    await future


async def inner():
    # The loop does not come round again: what was made ready just now stays ready.
    _truth.announce()
    _truth.serve_blocking()


async def outer():
    await inner()


async def main():
    loop = asyncio.get_running_loop()
    _truth.add_loop(loop)
    asyncio.current_task().set_name("main")
    future = loop.create_future()
    keep = [_truth.spawn(leaf(), "waiting", waits="sleep")]
    keep.append(_truth.spawn(awaiting(future), "woken"))
    cancelled = _truth.spawn(leaf(), "cancelled")
    await _truth.settle()
    future.set_result(1)
    cancelled.cancel()
    keep.append(_truth.spawn(leaf(), "fresh"))
    _truth.spawn(leaf(), "cancelled_fresh").cancel()
    await outer()


if __name__ == "__main__":
    asyncio.run(main())
