"""A pool of two connections and three requests: waiting for a connection, or for the answer.

looptrace must show:
    dump: 2 busy-* waiting_on.kind=sleep chain=request>query>sleep
    dump: starved chain=request>__aenter__>acquire>get waiting_on.kind=queue_get waiting_on.size=0
    dump: starved waiting_on.waiters=1
    report: contention queue_get place.function~acquire
"""
import asyncio
import contextlib

import _tour


class Pool:
    def __init__(self, size):
        self.free = asyncio.LifoQueue()
        for number in range(size):
            self.free.put_nowait(number)

    @contextlib.asynccontextmanager
    async def acquire(self):
        connection = await self.free.get()
        try:
            yield connection
        finally:
            self.free.put_nowait(connection)


async def query(connection):
    await asyncio.sleep(100000)
    return connection


async def request(pool):
    async with pool.acquire() as connection:
        return await query(connection)


async def main():
    pool = Pool(2)
    names = ("busy-1", "busy-2", "starved")
    kept = [asyncio.create_task(request(pool), name=name) for name in names]
    await _tour.stay()
    await asyncio.wait(kept)


asyncio.run(main())
