"""The near miss of mistake_unlimited_fan_out: as many items, and twenty workers.

looptrace must show:
    report: task worker-1 coroutine=work
    report: 2 s
"""
import asyncio

import _tour


async def work(queue):
    while True:
        await queue.get()
        await asyncio.sleep(0.01)


async def main():
    queue = asyncio.Queue()
    kept = [asyncio.create_task(work(queue), name="worker-{}".format(n)) for n in range(20)]
    _tour.now()
    while True:
        for item in range(10):
            queue.put_nowait(item)
        await asyncio.sleep(0.01)
        assert kept


asyncio.run(main())
