"""A semaphore that lets three requests through at a time; five come.

looptrace must show:
    dump: 3 request-* waiting_on.kind=sleep
    dump: 2 waiting-* waiting_on.kind=semaphore waiting_on.value=0 waiting_on.waiters=2
    dump: 2 waiting-* waiting_on.holders.name=request-0+request-1+request-2
    dump: bounded waiting_on.kind=semaphore waiting_on.capacity=1 waiting_on.holders.name=owner
    report: contention semaphore most_waiters=2
    report: 1.2 s
"""
import asyncio

import _tour


async def request(limit):
    async with limit:
        await asyncio.sleep(100000)


async def main():
    limit, single = asyncio.Semaphore(3), asyncio.BoundedSemaphore(1)
    names = ["request-0", "request-1", "request-2", "waiting-0", "waiting-1"]
    kept = [asyncio.create_task(request(limit), name=name) for name in names]
    kept += [asyncio.create_task(request(single), name=name) for name in ("owner", "bounded")]
    await _tour.stay()
    await asyncio.wait(kept)


asyncio.run(main())
