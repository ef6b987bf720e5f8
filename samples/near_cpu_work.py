"""The near miss of mistake_cpu_work: the same sum in small pieces, with the loop in between.

looptrace must show:
    report: task quoter coroutine=quote
    report: 1 s
"""
import asyncio

import _tour


def price(numbers):
    return sum(number * number % 7 for number in numbers)


async def quote():
    while True:
        for start in range(0, 100000, 1000):
            price(range(start, start + 1000))
            await asyncio.sleep(0.002)


async def main():
    kept = asyncio.create_task(quote(), name="quoter")
    _tour.now()
    await kept


asyncio.run(main())
