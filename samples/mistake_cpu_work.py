"""CPU work in a coroutine: everything else waits until it is done.

looptrace must show:
    report: finding cpu_on_loop file~mistake_cpu_work severity=error text~price
    report: 1 s
"""
import asyncio

import _tour


def price(count):
    total = 0
    for number in range(count):
        total += number * number % 7
    return total


async def quote():
    while True:
        price(3000000)
        await asyncio.sleep(0.05)


async def main():
    kept = asyncio.create_task(quote(), name="quoter")
    _tour.now()
    await kept


asyncio.run(main())
