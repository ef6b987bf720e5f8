"""The peer that everybody knows: py-spy, on the newest CPython that it has long supported (3.11)."""
import re
import signal
import subprocess
import time

from . import machine, pythons

SAMPLES = re.compile(r"Samples: (\d+) Errors: (\d+)")


def find(python):
    """py-spy's executable; fetched once into the cache of tests/run. None if it cannot be had."""
    home = pythons.cache() / "py-spy"
    executable = home / "bin/py-spy"
    if not executable.exists() and python is not None:
        fetch = [
            "-m", "pip", "install", "-q", "--disable-pip-version-check", "--only-binary=:all:",
            "--target", home, "py-spy==0.4.3",
        ]
        subprocess.run(python.command(*fetch), check=False)
    return executable if executable.exists() else None


def record(executable, pid, seconds):
    """Samples per second at the highest rate, the target not being paused.

    py-spy's duration is a number of samples, so it is interrupted after the time instead.
    """
    _, core = machine.cores()
    command = [
        executable, "record", "--nonblocking", "-r", 1_000_000, "-d", 3600,
        "-f", "raw", "-o", "/dev/null", "-p", pid,
    ]
    running = subprocess.Popen(
        machine.pinned(core, command), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        time.sleep(seconds)
        running.send_signal(signal.SIGINT)
        output, _ = running.communicate(timeout=60)
    finally:
        running.kill()
    said = SAMPLES.search(output)
    if said is None:
        raise RuntimeError(f"py-spy said {output[-300:]!r}")
    samples, errors = int(said[1]), int(said[2])
    return {"per_second": samples / seconds, "failed_share": errors / max(samples + errors, 1)}
