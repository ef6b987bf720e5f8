"""The near miss of mistake_forgotten_await: a coroutine made in one line and awaited in another.

looptrace must show:
    dump: main waiting_on.kind=future
"""
import asyncio

import _tour


async def save(order):
    await asyncio.sleep(0)
    return order


async def main():
    asyncio.current_task().set_name("main")
    saving = save("order")
    await saving
    await _tour.stay()


asyncio.run(main())
