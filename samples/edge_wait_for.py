"""asyncio.wait_for around a task.

looptrace must show: inner awaited by outer, which waits in a wait_for.
"""
import asyncio

import _truth


async def leaf():
    await asyncio.sleep(100000)


async def limited(task):
    await asyncio.wait_for(task, 90000)


async def main():
    inner = _truth.spawn(leaf(), "inner", waits="sleep", awaited_by=["outer"])
    outer = _truth.spawn(limited(inner), "outer", waits="wait_for")
    await _truth.park(keep=outer.get_name())


if __name__ == "__main__":
    asyncio.run(main())
