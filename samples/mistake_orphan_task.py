"""create_task, and nobody keeps the task: it may vanish, and nobody sees how it ends.

looptrace must show:
    dump: orphan state=waiting awaited_by=
    dump: finding orphan_task text~orphan severity=warning
    report: finding orphan_task text~orphan severity=warning
"""
import asyncio

import _tour


async def send(mail):
    await asyncio.sleep(100000)
    return mail


async def main():
    asyncio.create_task(send("welcome"), name="orphan")
    await _tour.stay()


asyncio.run(main())
