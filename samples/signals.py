"""A service that stops on SIGTERM: the handler sets an event that main waits for.

looptrace must show:
    dump: main waiting_on.kind=event waiting_on.waiters=1 chain=main>wait
    dump: worker waiting_on.kind=sleep
    report: contention event tasks=1
"""
import asyncio
import signal

import _tour


async def work():
    await asyncio.sleep(100000)


async def main():
    asyncio.current_task().set_name("main")
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    worker = asyncio.create_task(work(), name="worker")
    await _tour.ready()
    await stop.wait()
    worker.cancel()


asyncio.run(main())
