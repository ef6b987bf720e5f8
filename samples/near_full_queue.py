"""The near miss of mistake_full_queue: one producer, held back by a bounded queue as it should be.

looptrace must show:
    dump: producer waiting_on.kind=queue_put waiting_on.capacity=1
    report: contention queue_put most_waiters=1
    report: 1.5 s
"""
import asyncio

import _tour


async def produce(queue):
    while True:
        await queue.put(1)


async def consume(queue):
    await queue.get()
    await asyncio.sleep(100000)


async def main():
    queue = asyncio.Queue(maxsize=1)
    kept = [asyncio.create_task(produce(queue), name="producer")]
    kept.append(asyncio.create_task(consume(queue), name="consumer"))
    await _tour.stay()
    await asyncio.wait(kept)


asyncio.run(main())
