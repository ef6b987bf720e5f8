"""A stall that does not end: a task step that sleeps for an hour.

looptrace must show: an ongoing stall in forever, whether the recording ends or the program does.
"""
import threading
import time

import _stall


def forever():
    time.sleep(3600)  # here


def tell(start):
    time.sleep(0.3)
    _stall.note("blocking_call", forever, start, time.monotonic_ns(), kind="callback")
    _stall.planted(start)


async def plant():
    await _stall.pause(0.1)
    threading.Thread(target=tell, args=[time.monotonic_ns()], daemon=True).start()
    forever()


_stall.line_of(forever)
_stall.run(plant)
