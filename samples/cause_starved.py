"""A program that other work keeps from the CPU: it shares one with processes that only compute.

looptrace must show: cause starved, and no blocking call.
"""
import os
import subprocess
import sys
import time

import _stall

HOG = "import os\nos.sched_setaffinity(0, {%d})\nwhile True: pass"


def work():
    end = time.thread_time() + 0.02
    while time.thread_time() < end:
        pass


async def plant():
    cpu = max(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cpu})
    # Real-time programs do not share a CPU: this one and its hogs are none, however it was started.
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    hogs = [subprocess.Popen([sys.executable, "-c", HOG % cpu]) for _ in range(5)]
    try:
        for _ in range(5):
            await _stall.pause(0.05)
        for _ in range(3 * _stall.repeat()):
            _stall.stall("starved", work)
            await _stall.pause(0.02)
    finally:
        for hog in hogs:
            hog.kill()
            hog.wait()


_stall.line_of(work)
_stall.run(plant)
