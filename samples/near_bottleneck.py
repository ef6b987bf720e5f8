"""The near miss of mistake_bottleneck: one task waits for the lock, and a semaphore does its work.

looptrace must show:
    dump: second waiting_on.kind=lock waiting_on.holders.name=first
    dump: 3 limited-* waiting_on.kind=semaphore
    report: contention lock most_waiters=1
    report: contention semaphore most_waiters=3
    report: 1.5 s
"""
import asyncio

import _tour


async def request(limit):
    async with limit:
        await asyncio.sleep(100000)


async def main():
    lock, limit = asyncio.Lock(), asyncio.Semaphore(2)
    kept = [asyncio.create_task(request(lock), name=name) for name in ("first", "second")]
    names = ["inside-1", "inside-2"] + ["limited-{}".format(n) for n in range(3)]
    kept += [asyncio.create_task(request(limit), name=name) for name in names]
    await _tour.stay()
    await asyncio.wait(kept)


asyncio.run(main())
