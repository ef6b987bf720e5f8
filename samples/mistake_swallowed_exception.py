"""Tasks fail, somebody keeps them, and nobody asks why.

looptrace must show:
    report: finding swallowed_exception severity=warning text~failing
    report: task main waits.kind~sleep
    report: 2.5 s
"""
import asyncio

import _tour


async def failing():
    await asyncio.sleep(0.2)
    raise ValueError("nobody hears this")


async def main():
    asyncio.current_task().set_name("main")
    kept = []
    _tour.now()
    while True:
        kept.append(asyncio.create_task(failing(), name="failing"))
        await asyncio.sleep(0.1)


asyncio.run(main())
