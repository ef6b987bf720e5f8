"""The near miss of mistake_await_cycle: two tasks await the same one, and a third awaits both.

looptrace must show:
    dump: shared awaited_by.name=left+right
    dump: left awaited_by.name=top
    dump: right awaited_by.name=top
    report: 1.2 s
"""
import asyncio

import _tour


async def leaf():
    await asyncio.sleep(100000)


async def through(task):
    await asyncio.wait([task])


async def both(left, right):
    await asyncio.gather(left, right)


async def main():
    shared = asyncio.create_task(leaf(), name="shared")
    sides = [asyncio.create_task(through(shared), name=name) for name in ("left", "right")]
    kept = asyncio.create_task(both(*sides), name="top")
    for _ in range(5):
        await asyncio.sleep(0)
    await _tour.stay()
    await kept


asyncio.run(main())
