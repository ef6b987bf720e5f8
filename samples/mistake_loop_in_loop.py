"""A loop is run inside another one's callback, as nest_asyncio makes possible.

looptrace must show:
    dump: finding loop_in_loop severity=error text~query_now
    report: finding loop_in_loop severity=error text~query_now
    report: finding blocking_call maybe
    report: 1 s
"""
import asyncio

import _tour


async def query():
    _tour.now()
    await asyncio.sleep(100000)


def query_now():
    asyncio.tasks._leave_task(asyncio.get_running_loop(), asyncio.current_task())
    asyncio._set_running_loop(None)
    asyncio.new_event_loop().run_until_complete(query())


async def handle():
    query_now()


asyncio.run(handle())
