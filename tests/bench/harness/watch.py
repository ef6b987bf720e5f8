"""Runs a tool and watches how much of its core it really got.

The kernel counts the time in which a thread could have run but the core was another's. Rates are
reported both as measured and divided by the share that was given; on a quiet machine the two agree.
"""
import dataclasses
import subprocess
import tempfile
import threading
import time

from . import machine

POLL_S = 0.05
# Starting up is not watched.
SETTLE_S = 0.4


@dataclasses.dataclass
class Watched:
    stdout: str
    stderr: str
    wall_s: float
    core_share: float
    rss_kib: int


def run(command, patience_s=300):
    """Runs a command to its end."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        begun = time.monotonic()
        process = subprocess.Popen(command, stdout=out, stderr=err)
        late = threading.Timer(patience_s, process.kill)
        late.start()
        try:
            share, rss = poll(process, begun)
        finally:
            late.cancel()
            process.kill()
            process.wait()
        wall = time.monotonic() - begun
        out.seek(0)
        err.seek(0)
        return Watched(out.read(), err.read(), wall, share, rss)


def poll(process, begun):
    """The share of a core from the settling to the end, and the peak of resident memory."""
    first = last = None
    rss = 0
    while process.poll() is None:
        try:
            used = machine.usage(process.pid)
            rss = max(rss, machine.peak_rss_kib(process.pid))
        except (OSError, LookupError, ValueError):
            break
        if time.monotonic() - begun >= SETTLE_S:
            first = first or used
            last = used
        time.sleep(POLL_S)
    process.wait()
    if last is None or last is first:
        return 1.0, rss
    return max(machine.share_given(first, last), 0.01), rss
