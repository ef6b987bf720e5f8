"""A process that is stopped by a signal for a while.

looptrace must show: cause stopped.
"""
import os
import signal
import subprocess

import _stall


def stop():
    os.kill(os.getpid(), signal.SIGSTOP)  # here


async def plant():
    for _ in range(_stall.repeat()):
        subprocess.Popen(["sh", "-c", "sleep 0.15; kill -CONT %d" % os.getpid()])
        await _stall.pause(0.01)
        _stall.stall("stopped", stop)
        await _stall.pause(0.15)


_stall.line_of(stop)
_stall.run(plant)
