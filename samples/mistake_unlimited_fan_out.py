"""A task for every item at once, six thousand of them.

looptrace must show:
    report: finding too_many_tasks text~fetch severity=info
    report: finding cpu_on_loop maybe
    report: until tasks=5500
    report: in the full run
"""
import asyncio

import _tour


async def fetch(done):
    await done.wait()


async def main():
    _tour.now()
    while True:
        done, kept = asyncio.Event(), []
        for _ in range(120):
            # In small steps, so that the making itself holds nobody up.
            kept += [asyncio.create_task(fetch(done)) for _ in range(50)]
            await asyncio.sleep(0.001)
        await asyncio.sleep(1)
        done.set()
        await asyncio.sleep(0.5)


asyncio.run(main())
