"""Tasks in front of each synchronisation object.

looptrace must show: lock_waiter waiting for a lock, semaphore_waiter and bounded_waiter for a
semaphore, condition_waiter for a condition, event_waiter for an event and (3.11+) barrier_waiter
for a barrier.
"""
import asyncio
import sys

import _truth


async def enter(thing):
    async with thing:
        await asyncio.sleep(100000)


async def wait_on(condition):
    async with condition:
        await condition.wait()


async def wait_event(event):
    await event.wait()


async def main():
    lock = asyncio.Lock()
    semaphore = asyncio.Semaphore(1)
    bounded = asyncio.BoundedSemaphore(1)
    keep = [_truth.spawn(enter(lock), "lock_holder", waits="sleep")]
    keep.append(_truth.spawn(enter(semaphore), "semaphore_holder", waits="sleep"))
    keep.append(_truth.spawn(enter(bounded), "bounded_holder", waits="sleep"))
    await asyncio.sleep(0)
    keep.append(_truth.spawn(enter(lock), "lock_waiter", waits="lock"))
    keep.append(_truth.spawn(enter(semaphore), "semaphore_waiter", waits="semaphore"))
    keep.append(_truth.spawn(enter(bounded), "bounded_waiter", waits="semaphore"))
    keep.append(_truth.spawn(wait_on(asyncio.Condition()), "condition_waiter", waits="condition"))
    keep.append(_truth.spawn(wait_event(asyncio.Event()), "event_waiter", waits="event"))
    if sys.version_info >= (3, 11):
        barrier = asyncio.Barrier(2)
        keep.append(_truth.spawn(enter(barrier), "barrier_waiter", waits="barrier"))
    await _truth.park()


if __name__ == "__main__":
    asyncio.run(main())
