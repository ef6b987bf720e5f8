"""Gathers, one of them inside another.

looptrace must show: a and b awaited by flat; c, d and e awaited by nested, whose gather holds
another gather; each of the two waits for a gather.
"""
import asyncio

import _truth


async def leaf():
    await asyncio.sleep(100000)


async def flat(*tasks):
    await asyncio.gather(*tasks, return_exceptions=True)


async def nested(first, *rest):
    await asyncio.gather(first, asyncio.gather(*rest))


async def main():
    a, b = (_truth.spawn(leaf(), name, waits="sleep", awaited_by=["flat"]) for name in "ab")
    c, d, e = (_truth.spawn(leaf(), name, waits="sleep", awaited_by=["nested"]) for name in "cde")
    keep = [_truth.spawn(flat(a, b), "flat", waits="gather")]
    keep.append(_truth.spawn(nested(c, d, e), "nested", waits="gather"))
    await _truth.park()


if __name__ == "__main__":
    asyncio.run(main())
