"""The near miss of mistake_task_leak: tasks come and go, as many as before.

looptrace must show:
    report: task main waits.kind~sleep
    report: 2 s
"""
import asyncio

import _tour


async def request():
    await asyncio.sleep(0.2)


async def main():
    asyncio.current_task().set_name("main")
    kept = set()
    _tour.now()
    while True:
        task = asyncio.create_task(request())
        kept.add(task)
        task.add_done_callback(kept.discard)
        await asyncio.sleep(0.01)


asyncio.run(main())
