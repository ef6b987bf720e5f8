"""Task groups: the body may end before its tasks do, and one failure cancels the siblings.

In the second group a task has failed; its sibling cleans up, and only then does the group raise an
exception group.

needs: 3.11
looptrace must show:
    dump: crawler waiting_on.kind=task_group waiting_on.pending=3 chain~crawl>__aexit__
    dump: 3 page-* waiting_on.kind=sleep awaited_by.name=crawler cancel_requests=0
    dump: failing waiting_on.kind=task_group waiting_on.pending=1
    dump: sibling cancel_requests=1 awaited_by.name=failing chain=clean_up_slowly>sleep
    report: task crawler waits.kind=task_group
    report: finding slow_cancellation file~task_group.py
    report: 1.3 s
"""
import asyncio

import _tour


async def page():
    await asyncio.sleep(100000)


async def crawl():
    async with asyncio.TaskGroup() as group:
        for number in range(3):
            group.create_task(page(), name=f"page-{number}")


async def clean_up_slowly():
    try:
        await asyncio.sleep(100000)
    finally:
        await asyncio.sleep(100000)


async def fail():
    await asyncio.sleep(0)
    raise ValueError("no such page")


async def failing():
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(clean_up_slowly(), name="sibling")
            group.create_task(fail(), name="failed")
    except* ValueError as errors:
        print(errors.exceptions)


async def main():
    kept = [asyncio.create_task(crawl(), name="crawler")]
    kept.append(asyncio.create_task(failing(), name="failing"))
    for _ in range(5):
        await asyncio.sleep(0)
    await _tour.stay()


asyncio.run(main())
