"""The near miss of mistake_orphan_task: a set keeps the tasks, a callback takes them out.

looptrace must show:
    dump: 2 sender-* state=waiting awaited_by=
"""
import asyncio

import _tour

BACKGROUND = set()


async def send(mail):
    await asyncio.sleep(100000)
    return mail


def in_background(coroutine, name):
    task = asyncio.create_task(coroutine, name=name)
    BACKGROUND.add(task)
    task.add_done_callback(BACKGROUND.discard)


async def main():
    in_background(send("welcome"), "sender-1")
    in_background(send("goodbye"), "sender-2")
    await _tour.stay()


asyncio.run(main())
