"""A loop whose thread a debugger stops for a while, as it waits for an answer.

looptrace must show: cause stopped in wait, by a debugger.

The debugger is another Python that attaches to this one, rests, lets it go, and answers when it did.
"""
import ctypes
import json
import os
import subprocess
import sys

import _stall

DEBUGGER = """
import ctypes, json, os, sys, time

ATTACH, DETACH = 16, 17
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long
pid = int(sys.argv[1])

def trace(request):
    if libc.ptrace(request, pid, None, None) != 0:
        sys.exit("ptrace: " + os.strerror(ctypes.get_errno()))

os.write(1, b"x")
while os.read(0, 1):
    trace(ATTACH)
    os.waitpid(pid, 0)
    start = time.monotonic_ns()
    time.sleep(0.15)
    end = time.monotonic_ns()
    trace(DETACH)
    os.write(1, json.dumps([start, end]).encode())
"""
PR_SET_PTRACER = 0x59616D61
ANYONE = ctypes.c_ulong(-1)


def wait(debugger):
    debugger.stdin.write(b"x")
    return json.loads(os.read(debugger.stdout.fileno(), 100))


async def plant():
    ctypes.CDLL(None).prctl(PR_SET_PTRACER, ANYONE, 0, 0, 0)
    debugger = subprocess.Popen(
        [sys.executable, "-c", DEBUGGER, str(os.getpid())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
    )
    debugger.stdout.read(1)
    await _stall.pause(0.05)
    for _ in range(_stall.repeat()):
        start, end = wait(debugger)
        _stall.note("stopped", wait, start, end, names="debugger")
        await _stall.pause(0.1)
    debugger.stdin.close()
    debugger.wait()


_stall.line_of(wait)
_stall.run(plant)
