"""Each request leaves a task behind that never ends.

looptrace must show:
    report: finding task_growth text~heartbeat severity=warning
    report: 2 s
    report: until growth
"""
import asyncio

import _tour

KEPT = []


async def heartbeat():
    while True:
        await asyncio.sleep(100000)


async def main():
    _tour.now()
    while True:
        KEPT.append(asyncio.create_task(heartbeat()))
        await asyncio.sleep(0.01)


asyncio.run(main())
