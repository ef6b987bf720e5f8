"""A task for every item at once, more than five thousand of them, once a line comes in.

looptrace must show:
    report: finding too_many_tasks text~fetch severity=info
    report: finding cpu_on_loop maybe
    report: until tasks=5200
    report: in the full run
"""
import asyncio

import _tour


async def fetch(done):
    await done.wait()


async def main():
    await _tour.go()
    done, kept = asyncio.Event(), []
    for _ in range(104):
        # In small steps, so that the making itself holds nobody up.
        kept += [asyncio.create_task(fetch(done)) for _ in range(50)]
        await asyncio.sleep(0.001)
    await done.wait()


asyncio.run(main())
