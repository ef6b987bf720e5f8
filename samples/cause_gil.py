"""A C call on another thread that holds the GIL for long.

looptrace must show: cause gil_wait, outside of any callback; the thread `cruncher` held the GIL, in
crunch.
"""
import asyncio
import queue
import threading
import time

import _stall

ORDERS = queue.Queue()


def crunch():
    sum(range(15_000_000))  # here


def serve():
    while True:
        answer = ORDERS.get()
        start = time.monotonic_ns()
        crunch()
        answer(start, time.monotonic_ns())


async def plant():
    loop = asyncio.get_running_loop()
    for _ in range(_stall.repeat()):
        done = loop.create_future()
        due = time.monotonic_ns() + 3_000_000
        ORDERS.put(lambda *times: loop.call_soon_threadsafe(done.set_result, times))
        await asyncio.sleep(0.003)
        start, end = await done
        _stall.note("gil_wait", crunch, max(start, due), end, names=["cruncher", "builtins.sum"])
        await _stall.pause(0.05)


_stall.line_of(crunch)
threading.Thread(target=serve, daemon=True, name="cruncher").start()
_stall.run(plant)
