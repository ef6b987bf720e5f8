"""The near miss of mistake_loop_in_loop: the second loop runs in a thread of its own.

looptrace must show:
    dump loops: kind=selector+selector
    dump: query waiting_on.kind=sleep
    report: 1 s
"""
import asyncio
import threading

import _tour


async def query(started):
    asyncio.current_task().set_name("query")
    asyncio.get_running_loop().call_soon(started.set)
    await asyncio.sleep(100000)


async def main():
    started = threading.Event()
    threading.Thread(target=lambda: asyncio.run(query(started)), daemon=True).start()
    started.wait()
    await _tour.stay()


asyncio.run(main())
