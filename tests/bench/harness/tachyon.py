"""The peer of CPython 3.15: `python3.15 -m profiling.sampling attach` ("Tachyon")."""
import json
import re
import subprocess

from . import machine, watch

CAPTURED = re.compile(r"Captured (\d+) samples? in ([\d.]+) seconds")
ERRORS = re.compile(r"Error rate: ([\d.]+)")

SYNCHRONOUS = ("--binary",)
RUNNING = ("--async-aware", "--collapsed")
ALL = ("--async-aware", "--async-mode", "all", "--collapsed")


def whole(seconds):
    """Its durations are whole seconds."""
    return max(round(seconds), 1)


class Tachyon:
    def __init__(self, python):
        self.python = python
        self.output = python.inside / "tachyon.out"

    def _command(self, pid, rate_hz, seconds, mode):
        _, core = machine.cores()
        return machine.pinned(core, self.python.command(
            "-m", "profiling.sampling", "attach", *mode,
            "-r", rate_hz, "-d", whole(seconds), "-o", self.output, pid,
        ))

    def record(self, pid, seconds, mode, rate_hz=1_000_000):
        """One recording: looks that succeeded per second, and what else is known about it."""
        done = watch.run(self._command(pid, rate_hz, seconds, mode))
        captured = CAPTURED.search(done.stdout)
        if captured is None:
            raise RuntimeError(f"Tachyon said {done.stdout[-500:]!r} {done.stderr[-500:]!r}")
        ran = float(captured[2])
        errors = float(ERRORS.search(done.stdout)[1]) / 100
        return {
            "per_second": int(captured[1]) * (1 - errors) / ran,
            "failed_share": errors,
            "core_share": done.core_share,
            "rss_kib": done.rss_kib,
            "besides_s": done.wall_s - ran,
        }

    def start(self, pid, mode, seconds, rate_hz=1000):
        """The same in the background."""
        return subprocess.Popen(
            self._command(pid, rate_hz, seconds, mode),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )

    def size(self):
        """Bytes of the last recording."""
        return (self.python.outside / "tachyon.out").stat().st_size

    def library(self, pid, method, seconds):
        """Looks per second of its library in a bare loop."""
        _, core = machine.cores()
        command = self.python.command(self.python.script("unwinder.py"), pid, method, seconds)
        done = watch.run(machine.pinned(core, command))
        said = json.loads(done.stdout)
        return {
            "per_second": said["done"] / said["seconds"],
            "failed_share": said["failed"] / max(said["done"] + said["failed"], 1),
            "core_share": done.core_share,
        }
