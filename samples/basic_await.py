"""A coroutine that awaits a coroutine that awaits a coroutine: one task, one chain.

looptrace must show:
    dump: main state=waiting waiting_on.kind=sleep chain=main>handle>query>sleep
    dump: main waiting_on.remaining_ns>=1000000000 coroutine=main
    report: task main waits.kind=sleep state=waiting
"""
import asyncio

import _tour


async def query():
    await asyncio.sleep(100000)
    return 42


async def handle():
    return await query()


async def main():
    asyncio.current_task().set_name("main")
    await _tour.ready()
    return await handle()


asyncio.run(main())
