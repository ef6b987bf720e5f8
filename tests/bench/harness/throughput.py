"""What a recorder costs its target: short windows with and without it, in one run of the target.

The recorder is attached once and then stopped and continued (SIGSTOP, SIGCONT), so that only
recording differs between the windows: a stopped recorder reads nothing and holds nothing of the
target, while starting it anew for each window would measure mostly attaching, which happens once
in practice and is a row of its own. The target is never touched; it logs its own work.

Windows come in pairs, which of the two is first changing from pair to pair, so that the drift of
the machine's speed cancels: the shorter the windows, the better. The edges of each window are left
out: there the signal is on its way. A census is due whenever the recorder goes on, so that windows
as long as the time between two censuses have one each, as recording without them has.
"""
import bisect
import os
import signal
import subprocess
import time

from . import figures, tachyon
from .rows import Row
from .target import Target

WINDOW_S = 0.05
EDGE_NS = 1_500_000
LIMIT = 0.01
SETTLE_S = 1.5


def alternate(process, pairs, window_s):
    """Windows [recording?, from, to] on CLOCK_MONOTONIC, two and two."""
    windows = []
    for number in range(pairs):
        for recording in (True, False) if number % 2 == 0 else (False, True):
            os.kill(process.pid, signal.SIGCONT if recording else signal.SIGSTOP)
            begun = time.monotonic_ns()
            time.sleep(window_s)
            windows.append((recording, begun + EDGE_NS, time.monotonic_ns() - 200_000))
    os.kill(process.pid, signal.SIGCONT)
    return windows


def speeds(log, times, begin, end):
    """Steps per second, and per second of CPU time, between the entries within a window."""
    first = bisect.bisect_left(times, begin)
    last = bisect.bisect_right(times, end) - 1
    if last - first < 3:
        return None
    wall, cpu, steps = (b - a for a, b in zip(log[first], log[last]))
    return steps / wall, steps / cpu


def losses(log, windows):
    """For each pair the share of its work that the target lost while being recorded: by time, and
    by its own CPU time, which other programs on its core do not change."""
    times = [entry[0] for entry in log]
    by_time, by_cpu = [], []
    for one, other in zip(windows[::2], windows[1::2]):
        recorded, alone = (
            speeds(log, times, *window[1:])
            for window in sorted((one, other), key=lambda window: not window[0])
        )
        if recorded and alone:
            by_time.append(1 - recorded[0] / alone[0])
            by_cpu.append(1 - recorded[1] / alone[1])
    return by_time, by_cpu


def measure(bench, start, pairs):
    """Paired losses under one recorder, which `start` attaches to a pid."""
    with Target(bench.python, "throughput.py", 100) as target:
        process = start(target.pid)
        try:
            time.sleep(SETTLE_S)
            windows = alternate(process, pairs, WINDOW_S)
            ended = process.poll()
        finally:
            process.send_signal(signal.SIGCONT)
            process.terminate()
            process.wait(30)
        if ended is not None:
            raise RuntimeError("the recorder ended during the windows")
        return losses(target.ask("log"), windows)


def nothing(bench, pairs):
    """The same with a process that does nothing: what the method itself adds."""
    return measure(bench, lambda _pid: subprocess.Popen(["sleep", "3600"]), pairs)


def words(found):
    return f"{100 * found.mean:+.2f} % [{100 * found.low:+.2f}, {100 * found.high:+.2f}]"


def at_defaults(bench):
    fewer = max(bench.pairs // 4, 10)
    runs = {
        "looptrace": measure(bench, bench.looptrace.start, bench.pairs),
        "method": nothing(bench, fewer),
        "peer": measure(
            bench, lambda pid: bench.tachyon.start(pid, tachyon.RUNNING, 3600), fewer
        ),
    }
    found = {who: figures.interval(by_time) for who, (by_time, _) in runs.items()}
    by_cpu = {who: figures.interval(by_cpu) for who, (_, by_cpu) in runs.items()}
    ours = found["looptrace"]
    remarks = [
        f"{2 * ours.count} windows of {1000 * WINDOW_S:.0f} ms; median {100 * ours.median:+.2f} %; "
        f"bootstrap [{100 * ours.bootstrap_low:+.2f}, {100 * ours.bootstrap_high:+.2f}]",
        f"with a process that does nothing instead: {words(found['method'])}, "
        f"{2 * found['method'].count} windows",
        f"per second of the target's own CPU time: {words(by_cpu['looptrace'])}, with nothing "
        f"{words(by_cpu['method'])}, peer {words(by_cpu['peer'])}",
    ]
    if ours.high > LIMIT:
        needed = figures.needed(ours, LIMIT)
        remarks.append(
            "the mean is above the limit" if needed is None
            else f"about {2 * needed} windows would settle it on a machine as noisy as this"
        )
    return [Row(
        "throughput", "target's throughput at defaults, 100 tasks: mean paired loss",
        "upper bound of the 95 % interval ≤ 1 %", words(ours), ours.high <= LIMIT,
        f"{words(found['peer'])} (`--async-aware`, 1 kHz, {2 * found['peer'].count} windows)",
        remarks,
        {"by_time": {who: vars(value) for who, value in found.items()},
         "by_cpu": {who: vars(value) for who, value in by_cpu.items()}},
    )]
