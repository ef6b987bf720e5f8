"""Two tasks await each other: neither can ever go on.

looptrace must show:
    dump: ping waiting_on.kind=task awaited_by.name=pong
    dump: pong waiting_on.kind=task awaited_by.name=ping
    dump: finding await_cycle text~ping severity=error
    report: finding await_cycle text~ping severity=error
    report: 1.2 s
"""
import asyncio

import _tour

TASKS = {}


async def wait_for(name):
    await TASKS[name]


async def main():
    TASKS["ping"] = asyncio.create_task(wait_for("pong"), name="ping")
    TASKS["pong"] = asyncio.create_task(wait_for("ping"), name="pong")
    await _tour.stay()


asyncio.run(main())
