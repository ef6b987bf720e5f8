"""A loop over asyncio.as_completed of which nothing has completed yet.

looptrace must show: a and b awaited by consumer, which waits in as_completed.
"""
import asyncio

import _truth


async def leaf():
    await asyncio.sleep(100000)


async def consume(*tasks):
    for following in asyncio.as_completed(tasks):
        await following


async def main():
    a, b = (_truth.spawn(leaf(), name, waits="sleep", awaited_by=["consumer"]) for name in "ab")
    consumer = _truth.spawn(consume(a, b), "consumer", waits="as_completed")
    await _truth.park(keep=consumer.get_name())


if __name__ == "__main__":
    asyncio.run(main())
