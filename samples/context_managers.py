"""Async context managers: waiting to get in, waiting to get out, and what is held in between.

looptrace must show:
    dump: entering chain=entering>__aenter__>connect>sleep waiting_on.kind=sleep
    dump: leaving chain=leaving>__aexit__>sleep waiting_on.kind=sleep
    dump: inside chain=inside>sleep
    dump: behind waiting_on.kind=lock waiting_on.holders.name=inside
    report: contention lock holders.name=inside
"""
import asyncio
import contextlib

import _tour


class Connection:
    def __init__(self, slow_to):
        self.slow_to = slow_to

    async def connect(self):
        await asyncio.sleep(100000)

    async def __aenter__(self):
        if self.slow_to == "enter":
            await self.connect()
        return self

    async def __aexit__(self, *_):
        if self.slow_to == "leave":
            await asyncio.sleep(100000)


@contextlib.asynccontextmanager
async def transaction(lock):
    async with lock:
        yield


async def entering():
    async with Connection("enter"):
        pass


async def leaving():
    async with Connection("leave"):
        pass


async def inside(lock):
    async with transaction(lock):
        await asyncio.sleep(100000)


async def behind(lock):
    async with lock:
        pass


async def main():
    lock = asyncio.Lock()
    runs = {"entering": entering(), "leaving": leaving()}
    runs.update(inside=inside(lock), behind=behind(lock))
    kept = [asyncio.create_task(it, name=name) for name, it in runs.items()]
    await _tour.stay()
    await asyncio.wait(kept)


asyncio.run(main())
