"""As many sleeping tasks as its argument says (10 without one), at three depths.

looptrace must show: every one of them, each waiting for a sleep.
"""
import asyncio
import sys

import _truth


async def shallow():
    await asyncio.sleep(100000)


async def middle():
    await shallow()


async def deep():
    await middle()


async def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    bodies = (shallow, middle, deep)
    keep = [
        _truth.spawn(bodies[number % 3](), "sleeper-{}".format(number), waits="sleep")
        for number in range(count)
    ]
    await _truth.park(count=len(keep))


if __name__ == "__main__":
    asyncio.run(main())
