"""asyncio.as_completed: results in the order in which they come. One of three has come.

looptrace must show:
    dump: consumer waiting_on.kind=as_completed
    dump (3.13+): consumer waiting_on.pending=2
    dump: 2 slow-* waiting_on.kind=sleep awaited_by.name=consumer
    report: task consumer waits.kind=as_completed
"""
import asyncio

import _tour


async def fetch(seconds):
    await asyncio.sleep(seconds)
    return seconds


async def consume():
    tasks = [asyncio.create_task(fetch(0), name="quick")]
    tasks += [asyncio.create_task(fetch(100000), name="slow-{}".format(n)) for n in range(2)]
    for first in asyncio.as_completed(tasks):
        print(await first)
        FIRST.set()


async def main():
    kept = asyncio.create_task(consume(), name="consumer")
    await FIRST.wait()
    await _tour.stay()
    await kept


async def start():
    global FIRST
    FIRST = asyncio.Event()
    await main()


asyncio.run(start())
