"""A task awaits a task that awaits a task.

looptrace must show: outer awaits middle, middle awaits inner; each waits for a task.
"""
import asyncio

import _truth


async def inner():
    await asyncio.sleep(100000)


async def awaiting(task):
    await task


async def main():
    first = _truth.spawn(inner(), "inner", waits="sleep", awaited_by=["middle"])
    second = _truth.spawn(awaiting(first), "middle", waits="task", awaited_by=["outer"])
    third = _truth.spawn(awaiting(second), "outer", waits="task")
    await _truth.park(keep=third.get_name())


if __name__ == "__main__":
    asyncio.run(main())
