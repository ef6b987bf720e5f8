"""Eager tasks: the coroutine begins at once, and a task that never waits never sees the loop.

needs: 3.12
looptrace must show:
    dump: waiting chain=fetch>sleep waiting_on.kind=sleep awaited_by.name=main
    dump: main waiting_on.kind=task
    report: task waiting waits.kind=sleep
"""
import asyncio

import _tour


async def fetch(seconds):
    if seconds:
        await asyncio.sleep(seconds)


async def main():
    asyncio.current_task().set_name("main")
    asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
    cached = asyncio.create_task(fetch(0), name="cached")
    assert cached.done()
    waiting = asyncio.create_task(fetch(100000), name="waiting")
    await _tour.ready()
    await waiting


asyncio.run(main())
