"""asyncio.shield around a task.

looptrace must show: inner awaited by outer, which waits for a shield.
"""
import asyncio

import _truth


async def leaf():
    await asyncio.sleep(100000)


async def protecting(task):
    await asyncio.shield(task)


async def main():
    inner = _truth.spawn(leaf(), "inner", waits="sleep", awaited_by=["outer"])
    outer = _truth.spawn(protecting(inner), "outer", waits="shield")
    await _truth.park(keep=outer.get_name())


if __name__ == "__main__":
    asyncio.run(main())
