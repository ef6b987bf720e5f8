"""Two loops in two threads; a job is handed from one to the other by run_coroutine_threadsafe.

looptrace must show:
    dump: caller waiting_on.kind=future
    dump: remote coroutine=remote waiting_on.kind=sleep awaited_by.name=caller
    dump loops: kind=selector+selector
    report: task remote waits.kind=sleep
"""
import asyncio
import threading

import _tour


async def remote(started):
    asyncio.current_task().set_name("remote")
    asyncio.get_running_loop().call_soon(started.set)
    await asyncio.sleep(100000)


async def call(loop, started):
    await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(remote(started), loop))


async def main():
    loop, started = asyncio.new_event_loop(), threading.Event()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    kept = asyncio.create_task(call(loop, started), name="caller")
    await asyncio.sleep(0)
    started.wait()
    await _tour.stay()
    await kept


asyncio.run(main())
