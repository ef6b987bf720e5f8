"""Task groups: one whose body has ended, one whose body still runs, one inside another.

needs: 3.11
looptrace must show: every child awaited by the task that opened its group; closing and the inner
group wait for a task group, open waits for a sleep in the group's body.
"""
import asyncio

import _truth


async def leaf():
    await asyncio.sleep(100000)


def child(group, name, parent, body=leaf, waits="sleep"):
    _truth.expect(name, waits=waits, awaited_by=[parent])
    return group.create_task(body(), name=name)


async def closing():
    async with asyncio.TaskGroup() as group:
        child(group, "closing_1", "closing")
        child(group, "closing_2", "closing")


async def open_body():
    async with asyncio.TaskGroup() as group:
        child(group, "open_1", "open")
        await asyncio.sleep(100000)


async def inner():
    async with asyncio.TaskGroup() as group:
        child(group, "innermost", "inner")


async def outer():
    async with asyncio.TaskGroup() as group:
        child(group, "inner", "outer", inner, "task_group")


async def main():
    keep = [_truth.spawn(closing(), "closing", waits="task_group")]
    keep.append(_truth.spawn(open_body(), "open", waits="sleep"))
    keep.append(_truth.spawn(outer(), "outer", waits="task_group"))
    await _truth.park()


if __name__ == "__main__":
    asyncio.run(main())
