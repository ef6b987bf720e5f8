"""Many tasks that wait for everything there is: TASKS, and how many of them wake up per second.

Tasks come in groups of ten: one that holds a lock and a semaphore and sleeps, three behind its lock,
two behind its semaphore, one each that waits for an item of a queue, for room in one, for an event
under a timeout, and for another task. Each is three coroutines deep. A fifth of the groups pass
their lock on now and then, so that WAKEUPS tasks a second run for a moment.
"""
import asyncio
import random
import sys

import _handshake

LONG = 10_000


class Group:
    def __init__(self, pause):
        self.lock, self.semaphore = asyncio.Lock(), asyncio.Semaphore(1)
        self.empty, self.full = asyncio.Queue(), asyncio.Queue(1)
        self.full.put_nowait(None)
        self.event = asyncio.Event()
        self.pause = pause

    def coroutines(self):
        yield self.hold()
        yield from (self.behind_lock() for _ in range(3))
        yield from (self.behind_semaphore() for _ in range(2))
        yield self.empty.get()
        yield self.full.put(None)
        yield asyncio.wait_for(self.event.wait(), LONG)

    async def hold(self):
        async with self.semaphore:
            await self.turns()

    async def turns(self):
        while True:
            async with self.lock:
                await asyncio.sleep(self.pause * random.uniform(0.5, 1.5))

    async def behind_lock(self):
        while True:
            async with self.lock:
                await asyncio.sleep(self.pause * random.uniform(0.5, 1.5))

    async def behind_semaphore(self):
        async with self.semaphore:
            pass


async def middle(awaited):
    await awaited


async def worker(awaited):
    await middle(awaited)


async def follow(task):
    await asyncio.wait([task])


async def main():
    count, wakeups = int(sys.argv[1]), int(sys.argv[2])
    random.seed(1)
    groups = max(count // 10, 1)
    moving = groups // 5 if wakeups else 0
    tasks = []
    for number in range(groups):
        # A turn wakes two tasks: the one that slept, and the next in line.
        pause = 2 * moving / wakeups if number < moving else LONG
        members = [asyncio.ensure_future(worker(of)) for of in Group(pause).coroutines()]
        tasks += members
        tasks.append(asyncio.ensure_future(worker(follow(members[0]))))
    await asyncio.sleep(0)
    _handshake.ready()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
