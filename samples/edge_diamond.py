"""Two tasks await the same task, and one task awaits both.

looptrace must show: shared awaited by left and right, left and right awaited by top.
"""
import asyncio

import _truth


async def leaf():
    await asyncio.sleep(100000)


async def awaiting(task):
    await task


async def gathering(*tasks):
    await asyncio.gather(*tasks)


async def main():
    shared = _truth.spawn(leaf(), "shared", waits="sleep", awaited_by=["left", "right"])
    left = _truth.spawn(awaiting(shared), "left", waits="task", awaited_by=["top"])
    right = _truth.spawn(awaiting(shared), "right", waits="task", awaited_by=["top"])
    top = _truth.spawn(gathering(left, right), "top", waits="gather")
    await _truth.park(keep=top.get_name())


if __name__ == "__main__":
    asyncio.run(main())
