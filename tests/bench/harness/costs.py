"""Rows about what recording costs: CPU, memory, start, disk."""
import time

from . import machine, tachyon
from .figures import Spread
from .rows import Row, number
from .target import Target

MIB = 1 << 20


def share_of(process, seconds):
    """The share of a core that a running process uses, after it has started; and its memory."""
    time.sleep(1.0)
    begun, used = time.monotonic(), machine.cpu_ns(process.pid)
    time.sleep(seconds)
    share = (machine.cpu_ns(process.pid) - used) / 1e9 / (time.monotonic() - begun)
    return share, machine.peak_rss_kib(process.pid) * 1024


def measured(process, seconds):
    try:
        return share_of(process, seconds)
    finally:
        process.terminate()
        process.wait(30)


def at_defaults(bench):
    rows = []
    for key, what, script, arguments, percent, mib in (
        ("cpu-busy", "recorder at defaults, 100 tasks, busy loop", "app.py", (100,), 5, 64),
        ("cpu-idle", "recorder at defaults, 100 tasks, idle loop", "tasks.py", (100, 0), 1, None),
    ):
        with Target(bench.python, script, *arguments) as target:
            runs = [measured(bench.looptrace.start(target.pid), bench.seconds * 2)
                    for _ in range(bench.rounds)]
            theirs, their_rss = measured(
                bench.tachyon.start(target.pid, tachyon.RUNNING, 600), bench.seconds
            )
        cpu = Spread.of(100 * share for share, _ in runs)
        rss = max(rss for _, rss in runs) / MIB
        limit = f"≤ {percent} % of a core" + (f", ≤ {mib} MiB" if mib else "")
        rows.append(Row(
            key, what, limit,
            f"{cpu.median:.2f} % ({cpu.least:.2f}–{cpu.most:.2f}), {rss:.1f} MiB",
            cpu.median <= percent and (mib is None or rss <= mib),
            f"{100 * theirs:.1f} %, {their_rss / MIB:.1f} MiB (`--async-aware`, 1 kHz)",
            details={"cpu_percent": vars(cpu), "rss_bytes": [rss for _, rss in runs]},
        ))
    return rows


def hundred_thousand(bench):
    """One census of 100,000 tasks, the first and later ones, as the library holds it."""
    seconds = max(bench.seconds * 2, 4)
    with Target(bench.python, "tasks.py", 100_000, 2000) as target:
        runs = [bench.looptrace.library("census", target.pid, seconds)["said"]
                for _ in range(bench.rounds)]
    cold = Spread.of(run["cold_ms"] for run in runs)
    warm = Spread.of(run["warm_ms"] for run in runs)
    cpu = [Spread.of(run[key] for run in runs).median for key in ("cold_cpu_ms", "warm_cpu_ms")]
    return [Row(
        "census-100000", "100,000 tasks, one full census", "≤ 150 ms cold, ≤ 60 ms warm",
        f"{number(cold.median)} ms cold ({number(cold.least)}–{number(cold.most)}), "
        f"{number(warm.median)} ms warm ({number(warm.least)}–{number(warm.most)})",
        cold.median <= 150 and warm.median <= 60,
        remarks=[
            f"of which CPU time {number(cpu[0])} ms cold, {number(cpu[1])} ms warm",
            "2,000 wake-ups a second; a warm figure is the median of one run's censuses",
        ],
        details={"runs": runs},
    )]


ASKED = "25"
WAITING = (
    ("waiting", "tasks.py", "asleep or behind an event"),
    ("waiting-all", "waits.py", "behind locks, semaphores, queues, timeouts and tasks"),
)


def waiting(bench):
    """Twenty censuses a second of 10,000 tasks that wait for something, everything on.

    Some more are asked for: of just twenty, the first, which takes longer, would be missing.
    """
    return [waiting_for(bench, *of) for of in WAITING]


def waiting_for(bench, key, script, what):
    with Target(bench.python, script, 10_000, 500) as target:
        runs = []
        for _ in range(bench.rounds):
            share, rss = measured(
                bench.looptrace.start(target.pid, "--census-rate", ASKED), bench.seconds * 3
            )
            about = bench.looptrace.report()
            runs.append({
                "cpu_percent": 100 * share, "rss_bytes": rss,
                "censuses_per_second": about["censuses"] / (about["duration_ns"] / 1e9),
                "partial_censuses": about["partial_censuses"],
            })
    cpu = Spread.of(run["cpu_percent"] for run in runs)
    rate = Spread.of(run["censuses_per_second"] for run in runs)
    partial = sum(run["partial_censuses"] for run in runs)
    return Row(
        key, f"10,000 tasks that wait {what}, everything on, {ASKED} censuses a second asked for",
        "≥ 20 censuses a second, ≤ 30 % of a core",
        f"{number(rate.median)}/s ({number(rate.least)}–{number(rate.most)}), "
        f"{number(cpu.median)} % ({number(cpu.least)}–{number(cpu.most)})",
        rate.median >= 20 and cpu.median <= 30,
        remarks=[
            f"500 wake-ups a second; samples at 1 kHz, kernel's stream, holders, notes and findings "
            f"on; {partial} partial censuses, {max(run['rss_bytes'] for run in runs) / MIB:.0f} MiB"
        ],
        details={"runs": runs},
    )


def start(bench):
    """From starting the program to its first sample."""
    found = []
    with Target(bench.python, "app.py", 100) as target:
        for _ in range(bench.rounds * 5):
            begun = time.monotonic_ns()
            bench.looptrace.record(target.pid, 0.2)
            found.append((bench.looptrace.first_sample_ns() - begun) / 1e6)
        peer = bench.tachyon.record(target.pid, 1, tachyon.RUNNING, 1000)
    took = Spread.of(found)
    return [Row(
        "start", "start to first sample", "≤ 100 ms",
        f"{took.median:.0f} ms ({took.least:.0f}–{took.most:.0f}, {len(found)} starts)",
        took.median <= 100, f"{1000 * peer['besides_s']:.0f} ms for starting and ending",
        details=vars(took),
    )]


def disk(bench):
    """Bytes of a recording at 1 kHz with 1,000 tasks."""
    seconds = 20 if bench.rounds > 1 else 10
    with Target(bench.python, "tasks.py", 1000, 2000) as target:
        run = bench.looptrace.record(target.pid, seconds)
        short = bench.looptrace.record(target.pid, seconds / 4)
        bench.tachyon.record(target.pid, 5, tachyon.SYNCHRONOUS, 1000)
    minute = 60 / seconds * run["bytes"] / MIB
    later = (run["bytes"] - short["bytes"]) / (seconds * 0.75) * 60 / MIB
    theirs = bench.tachyon.size() / 5 * 60 / MIB
    return [Row(
        "disk", "disk, 1 kHz, 1,000 tasks", "≤ 2 MiB a minute",
        f"{minute:.2f} MiB a minute", minute <= 2, f"{theirs:.2f} (`--binary`, no tasks)",
        [f"2,000 wake-ups a second; {later:.2f} after the definitions at the start"],
        {"bytes": run["bytes"], "seconds": seconds, "short": short["bytes"]},
    )]
