"""The near miss of mistake_swallowed_exception: a done-callback reads the exception, or somebody does
a little later.

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
        if len(kept) % 2:
            kept[-1].add_done_callback(lambda task: task.exception())
        else:
            asyncio.get_running_loop().call_later(0.5, kept[-1].exception)
        await asyncio.sleep(0.1)


asyncio.run(main())
