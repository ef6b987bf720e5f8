"""A producer and consumers around a queue, and one that waits until all work is done.

looptrace must show:
    dump: 2 consumer-* waiting_on.kind=sleep chain=consume>sleep
    dump: producer waiting_on.kind=queue_put waiting_on.size=2 waiting_on.capacity=2
    dump: joiner waiting_on.kind=queue_join waiting_on.value>=4
    dump: idle waiting_on.kind=queue_get waiting_on.size=0
    report: contention queue_* capacity=2 most_waiters>=2
    report: task joiner waits.kind=queue_join
"""
import asyncio

import _tour


async def produce(queue, first):
    for item in range(first, first + 8):
        await queue.put(item)


async def consume(queue):
    while True:
        await queue.get()
        await asyncio.sleep(100000)  # the work
        queue.task_done()


async def wait_for_all(queue):
    await queue.join()


async def main():
    queue, empty = asyncio.Queue(maxsize=2), asyncio.Queue()
    runs = [("consumer-1", consume(queue)), ("consumer-2", consume(queue))]
    runs += [("producer", produce(queue, 0)), ("joiner", wait_for_all(queue))]
    runs.append(("idle", consume(empty)))
    kept = [asyncio.create_task(it, name=name) for name, it in runs]
    await _tour.stay()
    await asyncio.wait(kept)


asyncio.run(main())
