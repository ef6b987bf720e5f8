"""Tasks that wait for a queue to fill, to drain and to be worked off.

looptrace must show: getter waiting in queue_get, putter in queue_put, joiner in queue_join, the
same for a priority queue and a stack.
"""
import asyncio

import _truth


async def get(queue):
    await queue.get()


async def put(queue):
    await queue.put(2)


async def join(queue):
    await queue.join()


async def main():
    full = asyncio.Queue(maxsize=1)
    full.put_nowait(1)
    keep = [_truth.spawn(get(asyncio.Queue()), "getter", waits="queue_get")]
    keep.append(_truth.spawn(put(full), "putter", waits="queue_put"))
    keep.append(_truth.spawn(join(full), "joiner", waits="queue_join"))
    keep.append(_truth.spawn(get(asyncio.PriorityQueue()), "priority_getter", waits="queue_get"))
    keep.append(_truth.spawn(get(asyncio.LifoQueue()), "stack_getter", waits="queue_get"))
    await _truth.park()


if __name__ == "__main__":
    asyncio.run(main())
