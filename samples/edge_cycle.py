"""Two tasks that await each other, a ring of three, and one that waits for the first pair.

looptrace must show: the cycles ping-pong and red-green-blue, flagged; outside awaits ping and is
in no cycle.
"""
import asyncio

import _truth

TASKS = {}


async def awaiting(name):
    await TASKS[name]


def link(name, awaited, awaited_by):
    TASKS[name] = _truth.spawn(awaiting(awaited), name, waits="task", awaited_by=awaited_by)


async def main():
    link("ping", "pong", ["pong", "outside"])
    link("pong", "ping", ["ping"])
    link("red", "green", ["blue"])
    link("green", "blue", ["red"])
    link("blue", "red", ["green"])
    link("outside", "ping", [])
    _truth.expect_cycle("ping", "pong")
    _truth.expect_cycle("red", "green", "blue")
    await _truth.park()


if __name__ == "__main__":
    asyncio.run(main())
