"""The near miss of mistake_swallowed_exception: a done-callback reads the exception.

looptrace must show:
    report: task main waits.kind~sleep
    report: 2.5 s
"""
import asyncio

import _tour


async def failing():
    await asyncio.sleep(0.2)
    raise ValueError("this is heard")


async def main():
    asyncio.current_task().set_name("main")
    kept = []
    _tour.now()
    while True:
        kept.append(asyncio.create_task(failing(), name="failing"))
        kept[-1].add_done_callback(lambda task: task.exception())
        await asyncio.sleep(0.1)


asyncio.run(main())
