"""A cancelled task that cleans up and ends, and one that swallows the request and goes on.

looptrace must show:
    dump (3.11+): deaf cancel_requests=1 waiting_on.kind=sleep chain=deaf>sleep
    dump: bystander state=waiting
    dump (3.11+): bystander cancel_requests=0
    report (3.11+): finding slow_cancellation text~deaf
    report: 1.3 s
"""
import asyncio

import _tour


async def polite():
    try:
        await asyncio.sleep(100000)
    except asyncio.CancelledError:
        await asyncio.sleep(0)  # what has to be cleaned up
        raise


async def deaf():
    while True:
        try:
            await asyncio.sleep(100000)
        except asyncio.CancelledError:
            pass


async def bystander():
    await asyncio.sleep(100000)


async def main():
    tasks = [asyncio.create_task(it(), name=it.__name__) for it in (polite, deaf, bystander)]
    await asyncio.sleep(0)
    tasks[0].cancel()
    tasks[1].cancel()
    await asyncio.wait([tasks[0]])
    await _tour.stay()


asyncio.run(main())
