"""Time limits: wait_for, asyncio.timeout (3.11+), one inside another, and one without a limit.

looptrace must show:
    dump: limited chain~wait_for waiting_on.timeouts.remaining_ns>=1000000000000
    dump (3.11+): scoped waiting_on.kind=sleep waiting_on.timeouts.remaining_ns>=1000000000000
    dump (3.11+): nested waiting_on.kind=event waiting_on.timeouts#=2
    dump (3.11+): unlimited waiting_on.timeouts#=1 waiting_on.timeouts.deadline_ns=null
    report: task limited waits.kind=wait_for (3.11-)
    report: task limited waits.kind=sleep (3.12+)
"""
import asyncio
import sys

import _tour


async def query():
    await asyncio.sleep(100000)


async def limited():
    await asyncio.wait_for(query(), timeout=5000)


async def scoped():
    async with asyncio.timeout(5000):
        await query()


async def nested(event):
    async with asyncio.timeout(5000):
        async with asyncio.timeout(3000):
            await event.wait()


async def unlimited():
    async with asyncio.timeout(None):
        await query()


async def main():
    kept = [asyncio.create_task(limited(), name="limited")]
    if sys.version_info >= (3, 11):
        kept.append(asyncio.create_task(scoped(), name="scoped"))
        kept.append(asyncio.create_task(nested(asyncio.Event()), name="nested"))
        kept.append(asyncio.create_task(unlimited(), name="unlimited"))
    await _tour.stay()


asyncio.run(main())
