"""Tasks that run beside each other; the one that made them awaits them one after the other.

looptrace must show:
    dump: main waiting_on.kind=task waiting_on.pending=1
    dump: first coroutine=fetch waiting_on.kind=sleep awaited_by.name=main
    dump: second coroutine=fetch waiting_on.kind=sleep awaited_by=
    report: task first waits.kind=sleep
"""
import asyncio

import _tour


async def fetch():
    await asyncio.sleep(100000)


async def main():
    asyncio.current_task().set_name("main")
    first = asyncio.create_task(fetch(), name="first")
    second = asyncio.create_task(fetch(), name="second")
    # Nobody awaits the second one yet: that comes after the first.
    await _tour.ready()
    await first
    await second


asyncio.run(main())
