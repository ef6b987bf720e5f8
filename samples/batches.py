"""Work in batches of four: the next batch begins when the last one is done.

looptrace must show:
    dump: runner waiting_on.kind=gather waiting_on.members=4 waiting_on.pending=4
    dump: 4 item-* coroutine=process awaited_by.name=runner
    report: task runner waits.kind=gather
"""
import asyncio

import _tour


async def process(item):
    # The first batch is quick.
    await asyncio.sleep(0 if item < 4 else 100000)


async def run(items, size):
    for start in range(0, len(items), size):
        batch = items[start : start + size]
        tasks = [asyncio.create_task(process(n), name="item-{}".format(n)) for n in batch]
        await asyncio.gather(*tasks)


async def main():
    kept = asyncio.create_task(run(list(range(12)), 4), name="runner")
    for _ in range(10):
        await asyncio.sleep(0)
    await _tour.stay()
    await kept


asyncio.run(main())
