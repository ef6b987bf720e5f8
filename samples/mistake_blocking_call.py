"""time.sleep in a coroutine: while it sleeps, nothing else runs.

looptrace must show:
    report: finding blocking_call line=HERE severity=error text~sleep evidence.victims>=0
    report: 1 s
"""
import asyncio
import time

import _tour


async def poll():
    while True:
        time.sleep(0.15)  # HERE
        await asyncio.sleep(0.05)


async def main():
    kept = asyncio.create_task(poll(), name="poller")
    _tour.now()
    await kept


asyncio.run(main())
