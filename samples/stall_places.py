"""A loop that is held up in the program's own code, and in a library that the loop calls itself.

looptrace must show: live and in the report, the first in wait_here, the other in subprocess.run; neither
where the program started the loop.

Arguments: how often, and `uvloop` for that loop.
"""
import asyncio
import functools
import subprocess
import sys
import time

import _stall

COMMAND = ["sleep", "0.15"]


def wait_here():
    subprocess.run(COMMAND)  # here


def library(finished):
    """Written down by callbacks around one that has no code of the program's."""
    times = []
    loop = asyncio.get_running_loop()
    loop.call_soon(lambda: times.append(time.monotonic_ns()))
    loop.call_soon(functools.partial(subprocess.run, COMMAND))
    loop.call_soon(lambda: (times.append(time.monotonic_ns()), finished.set_result(times)))


async def plant():
    for _ in range(_stall.repeat()):
        _stall.stall("blocking_call", wait_here)
        await _stall.pause(0.05)
        finished = asyncio.get_running_loop().create_future()
        library(finished)
        start, end = await finished
        _stall.note("blocking_call", library, start, end)
        await _stall.pause(0.05)


_stall.line_of(wait_here)
_stall.line_of(library)
_stall.run(plant, use_uvloop="uvloop" in sys.argv)
