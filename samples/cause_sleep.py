"""A coroutine that calls time.sleep.

looptrace must show: stalls of 120 ms, cause blocking_call, in nap, and asyncio.sleep as the remedy.
"""
import time

import _stall


def nap():
    time.sleep(0.12)  # here


_stall.run(_stall.several("blocking_call", nap, names="sleep"))
