"""A coroutine is called and not awaited: nothing happens, and a warning is all there is.

looptrace must show:
    dump: finding never_awaited line=HERE severity=error text~save
    report: finding never_awaited line=HERE severity=error text~save
"""
import asyncio
import gc

import _tour


async def save(order):
    await asyncio.sleep(0)
    return order


async def handle():
    save("order")  # HERE: await is missing


async def main():
    await handle()
    gc.collect()
    await _tour.stay()


asyncio.run(main())
