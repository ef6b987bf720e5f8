"""gather(return_exceptions=True) hands exceptions over as results; here nobody looks at them.

What nobody looks at cannot be seen from outside: the exception was asked for, by gather. What is to
be seen is that a member failed while the others go on.

looptrace must show:
    dump: caller waiting_on.kind=gather waiting_on.members=3 waiting_on.pending=2
    dump: 2 slow-* awaited_by.name=caller
"""
import asyncio

import _tour


async def fetch(fate):
    if fate == "bad":
        raise ValueError("lost")
    await asyncio.sleep(100000)


async def call():
    names = ("slow-1", "bad", "slow-2")
    tasks = [asyncio.create_task(fetch(name), name=name) for name in names]
    await asyncio.gather(*tasks, return_exceptions=True)


async def main():
    kept = asyncio.create_task(call(), name="caller")
    for _ in range(5):
        await asyncio.sleep(0)
    await _tour.stay()
    await kept


asyncio.run(main())
