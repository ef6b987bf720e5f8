"""A loop that never rests: as many tasks as the argument says (20 without one).

Each runs under two awaiting coroutines, and a step computes in two plain functions for about
50 µs: a sample nearly always finds a running task, its chain and synchronous frames.
"""
import asyncio
import sys

import _handshake


def add_up(count):
    total = 0
    for number in range(count):
        total += number
    return total


def compute():
    return add_up(1500)


async def step():
    while True:
        compute()
        await asyncio.sleep(0)


async def serve():
    await step()


async def worker():
    await serve()


async def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    tasks = [asyncio.ensure_future(worker()) for _ in range(count)]
    _handshake.ready()
    await asyncio.gather(*tasks)


if __name__ == "__main__":
    asyncio.run(main())
