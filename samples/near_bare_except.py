"""The near miss of mistake_bare_except: tasks are cancelled all the time, clean up and end.

looptrace must show:
    report: task main waits.kind~sleep
    report: 1.3 s
"""
import asyncio

import _tour


async def polite():
    try:
        await asyncio.sleep(100000)
    except asyncio.CancelledError:
        await asyncio.sleep(0.1)
        raise


async def main():
    asyncio.current_task().set_name("main")
    _tour.now()
    while True:
        task = asyncio.create_task(polite())
        await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.wait([task])


asyncio.run(main())
