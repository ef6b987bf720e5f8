"""The consumer is too slow: all producers wait for room.

looptrace must show:
    dump: 3 producer-* waiting_on.kind=queue_put waiting_on.size=1 waiting_on.capacity=1
    report: finding queue_full severity=warning evidence.capacity=1
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
    kept = [asyncio.create_task(produce(queue), name="producer-{}".format(n)) for n in range(3)]
    kept.append(asyncio.create_task(consume(queue), name="consumer"))
    await _tour.stay()
    await asyncio.wait(kept)


asyncio.run(main())
