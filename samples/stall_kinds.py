"""Stalls wherever a loop runs code: handles, done-callbacks, protocols, signal handlers, `__del__`, many
short callbacks in a row, and a loop in another thread.

looptrace must show: each with the function that it happened in, and its kind: `callback`, `iteration`
for the many short ones, `outside` for the signal that interrupts the poll.

Arguments: how often, and `uvloop` for that loop.
"""
import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import _stall

SECONDS = 0.08
SHORT = 0.002
# asyncio lets go of a handle when it takes the next one; uvloop does while it runs it.
DELETED = "callback" if "uvloop" in sys.argv else "outside"


def spin(seconds):
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


def timed(function, kind="callback"):
    """Writes down what a callback does, from its first line to its last."""
    start = time.monotonic_ns()
    spin(SECONDS)
    _stall.note("cpu_python", function, start, time.monotonic_ns(), kind=kind)


def soon():
    timed(soon)


def later():
    timed(later)


def done(future):
    timed(done)


def handled(number, frame):
    timed(handled, "outside")


class Reader(asyncio.Protocol):
    def data_received(self, data):
        timed(Reader.data_received)


class Dying:
    def __del__(self):
        timed(Dying.__del__, DELETED)


def short():
    spin(SHORT)


async def iteration(loop):
    """Forty callbacks of 2 ms each, all in one turn of the loop."""
    times = []
    finished = loop.create_future()
    loop.call_soon(lambda: times.append(time.monotonic_ns()))
    for _ in range(40):
        loop.call_soon(short)
    loop.call_soon(lambda: (times.append(time.monotonic_ns()), finished.set_result(None)))
    await finished
    _stall.note("cpu_python", short, times[0], times[1], kind="iteration")


def other_thread():
    """A loop of its own in another thread, held up."""

    async def elsewhere():
        await asyncio.sleep(0.15)
        start = time.monotonic_ns()
        nap()
        _stall.note("blocking_call", nap, start, time.monotonic_ns(), kind="callback")
        await asyncio.sleep(0.05)

    asyncio.new_event_loop().run_until_complete(elsewhere())


def nap():
    time.sleep(SECONDS)  # here


async def plant():
    loop = asyncio.get_running_loop()
    signal.signal(signal.SIGUSR1, handled)
    near, far = socket.socketpair()
    await loop.create_connection(Reader, sock=near)
    rest = lambda: asyncio.sleep(SECONDS + 0.05)
    for _ in range(_stall.repeat()):
        loop.call_soon(soon)
        await rest()
        loop.call_later(0.01, later)
        await rest()
        future = loop.create_future()
        future.add_done_callback(done)
        future.set_result(None)
        await rest()
        far.send(b"x")
        await rest()
        loop.call_soon(lambda dying: None, Dying())
        await rest()
        if "uvloop" not in sys.argv:
            await iteration(loop)
            await rest()
            subprocess.Popen(["sh", "-c", "sleep 0.05; kill -USR1 %d" % os.getpid()])
            await asyncio.sleep(0.3)
        thread = threading.Thread(target=other_thread)
        thread.start()
        while thread.is_alive():
            await asyncio.sleep(0.02)


for function in (soon, later, done, handled, Reader.data_received, Dying.__del__, short, nap):
    _stall.line_of(function)
_stall.run(plant, use_uvloop="uvloop" in sys.argv)
