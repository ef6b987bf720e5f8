"""asyncio.wait, with and without a timeout.

looptrace must show: a and b awaited by all, c and d awaited by first; both wait in a wait.
"""
import asyncio

import _truth


async def leaf():
    await asyncio.sleep(100000)


async def wait_all(*tasks):
    await asyncio.wait(tasks)


async def wait_first(*tasks):
    await asyncio.wait(tasks, timeout=90000, return_when=asyncio.FIRST_COMPLETED)


async def main():
    a, b = (_truth.spawn(leaf(), name, waits="sleep", awaited_by=["all"]) for name in "ab")
    c, d = (_truth.spawn(leaf(), name, waits="sleep", awaited_by=["first"]) for name in "cd")
    keep = [_truth.spawn(wait_all(a, b), "all", waits="wait")]
    keep.append(_truth.spawn(wait_first(c, d), "first", waits="wait"))
    await _truth.park()


if __name__ == "__main__":
    asyncio.run(main())
