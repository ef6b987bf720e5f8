"""Lock, Event, Condition and Barrier (3.11+): who waits, behind whom.

looptrace must show:
    dump: owner waiting_on.kind=sleep
    dump: behind waiting_on.kind=lock waiting_on.value=1 waiting_on.holders.name=owner
    dump: 2 event-* waiting_on.kind=event waiting_on.value=0 waiting_on.waiters=2
    dump: notified waiting_on.kind=condition waiting_on.holders= waiting_on.waiters=1
    dump (3.11+): early waiting_on.kind=barrier waiting_on.value=1 waiting_on.capacity=2
    report: contention lock holders.name=owner tasks=1
    report: contention event tasks=2
    report: contention condition tasks=1
"""
import asyncio
import sys

import _tour


async def own(lock):
    async with lock:
        await asyncio.sleep(100000)


async def until(event):
    await event.wait()


async def notified(condition):
    async with condition:
        await condition.wait()


async def main():
    lock, event, condition = asyncio.Lock(), asyncio.Event(), asyncio.Condition()
    runs = [("owner", own(lock)), ("behind", own(lock)), ("notified", notified(condition))]
    runs += [("event-1", until(event)), ("event-2", until(event))]
    if sys.version_info >= (3, 11):
        runs.append(("early", until(asyncio.Barrier(2))))
    kept = [asyncio.create_task(it, name=name) for name, it in runs]
    await _tour.stay()
    await asyncio.wait(kept)


asyncio.run(main())
