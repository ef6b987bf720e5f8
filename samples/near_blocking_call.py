"""The near miss of mistake_blocking_call: the same sleep, in a thread.

looptrace must show:
    report: task poller waits.kind~executor
    report: 1 s
"""
import asyncio
import time

import _tour


async def poll():
    loop = asyncio.get_running_loop()
    while True:
        await loop.run_in_executor(None, time.sleep, 0.15)
        await asyncio.sleep(0.05)


async def main():
    kept = asyncio.create_task(poll(), name="poller")
    _tour.now()
    await kept


asyncio.run(main())
