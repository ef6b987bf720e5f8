"""A server without stalls: idle, or busy with short callbacks for 90 % of the time.

looptrace must show: no stall that the program's own heartbeat does not confirm.

Arguments: for how many seconds, `idle` or `busy`, and `uvloop` for that loop.
"""
import asyncio
import sys
import time

import _stall

SECONDS = float(sys.argv[1]) if len(sys.argv) > 1 else 3.0
BUSY = "idle" not in sys.argv
STEP = 0.0015


def step():
    end = time.perf_counter() + STEP
    while time.perf_counter() < end:
        pass


async def serve(until):
    """Works for 90 % of the time, in short steps, as fast as the loop comes round."""
    begun = time.perf_counter()
    worked = 0.0
    while time.perf_counter() < until:
        step()
        worked += STEP
        ahead = worked / 0.9 - (time.perf_counter() - begun)
        await asyncio.sleep(max(0.0, ahead))


async def plant():
    until = time.perf_counter() + SECONDS
    if BUSY:
        await serve(until)
    else:
        await asyncio.sleep(SECONDS)


_stall.run(plant, use_uvloop="uvloop" in sys.argv)
