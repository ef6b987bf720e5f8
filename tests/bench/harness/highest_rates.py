"""Rows about the highest rates, each tool in turn on the same target."""
from . import tachyon
from .figures import Spread, ratio
from .looptrace import ALL_TASKS, HIGHEST
from .rows import Row, number, rate, times
from .target import Target


def compared(bench, ours, theirs):
    """Runs both in turn; spreads of what each reached, and the runs themselves."""
    runs = {"looptrace": [], "peer": []}
    for _ in range(bench.rounds):
        runs["peer"].append(theirs())
        runs["looptrace"].append(ours())
    return runs


def spread(runs, key="per_second"):
    return Spread.of(run[key] for run in runs)


def per_core(runs, key="per_second"):
    """What it would have been with the core for itself."""
    return Spread.of(run[key] / run["core_share"] for run in runs)


def row(key, what, least, runs, peer_name, ours="per_second"):
    """A row from runs in turn."""
    found, peer = spread(runs["looptrace"], ours), spread(runs["peer"])
    as_measured = ratio(found, peer)
    fair = ratio(per_core(runs["looptrace"], ours), per_core(runs["peer"]))
    shares = [min(run["core_share"] for run in runs[who]) for who in ("looptrace", "peer")]
    remarks = [f"failed looks: {failed(runs['looptrace'])}, peer {failed(runs['peer'])}"]
    if min(shares) < 0.9:
        remarks.append(
            "the machine was busy: the tools got as little as "
            f"{shares[0]:.0%} and {shares[1]:.0%} of their core; "
            f"for the same share the ratio is {times(fair)}"
        )
    return Row(
        key, what, f"≥ {least} × {peer_name}", f"{rate(found)} = {times(as_measured)}",
        fair.median >= least, rate(peer), remarks,
        {"ratio": vars(as_measured), "ratio_for_same_share": vars(fair), "runs": runs},
    )


def failed(runs):
    return f"{max(run['failed_share'] for run in runs):.1%}"


def synchronous(bench):
    """Highest rate of synchronous stacks, and of running tasks with their chains."""
    rows = []
    with Target(bench.python, "app.py", 20) as target:
        pid, seconds = target.pid, bench.seconds
        for key, what, least, mode, name, library, peers in (
            ("stack", "synchronous stack, highest rate", 2.5, tachyon.SYNCHRONOUS,
             "Tachyon `--binary`", "sync", "get_stack_trace"),
            ("running", "running task with chain, highest rate", 6, tachyon.RUNNING,
             "Tachyon `--async-aware`", "running", "get_async_stack_trace"),
        ):
            runs = compared(
                bench,
                lambda: bench.looptrace.record(pid, seconds, *HIGHEST),
                lambda: bench.tachyon.record(pid, seconds, mode),
            )
            rows.append(row(key, what, least, runs, name))
            dropped = sum(run["dropped"] for run in runs["looptrace"])
            if dropped:
                rows[-1].remarks.append(f"{dropped} samples dropped, the writer being behind")
            bare = compared(
                bench,
                lambda: bench.looptrace.library(library, pid, seconds / 2),
                lambda: bench.tachyon.library(pid, peers, seconds / 2),
            )
            add_library(rows[-1], bare)
    return rows


def add_library(row_, bare):
    both = ratio(per_core(bare["looptrace"]), per_core(bare["peer"]))
    row_.details["library"] = bare
    row_.remarks.append(
        f"libraries alone: {rate(spread(bare['looptrace']))} and {rate(spread(bare['peer']))}, "
        f"{times(both)} for the same share of a core"
    )


def all_tasks(bench):
    """Censuses of every task per second."""
    rows = []
    for count, least in ((1000, 30), (10_000, 60)):
        with Target(bench.python, "tasks.py", count, 2000) as target:
            pid = target.pid
            seconds = bench.seconds * (1 if count < 5000 else 1.5)
            runs = compared(
                bench,
                lambda: census_rate(bench, pid, seconds),
                lambda: bench.tachyon.record(pid, seconds, tachyon.ALL),
            )
            rows.append(row(
                f"all-{count}", f"all tasks, {count:,} of them, highest rate", least, runs,
                "Tachyon `--async-mode all`", "censuses_per_second",
            ))
            partial = sum(run["partial_censuses"] for run in runs["looptrace"])
            rows[-1].remarks.append(f"{partial} partial censuses; 2,000 wake-ups a second")
    return rows


def census_rate(bench, pid, seconds):
    run = bench.looptrace.record(pid, seconds, *ALL_TASKS)
    # Its few samples are beside the point.
    censuses = run["censuses_per_second"] * seconds
    run["failed_share"] = run["partial_censuses"] / censuses if censuses else 0.0
    return run


def pyspy(bench):
    """py-spy's highest rate, which looptrace need not reach: it is shown for comparison."""
    if bench.pyspy is None:
        return []
    from . import pyspy as tool

    with Target(bench.older_python, "app.py", 20) as target:
        theirs = tool.record(bench.pyspy, target.pid, bench.seconds)
        ours = bench.looptrace.record(target.pid, bench.seconds, *HIGHEST)
    return [Row(
        "py-spy", "synchronous stack, highest rate, on 3.11", "–",
        f"{number(ours['per_second'])}/s", None,
        f"{number(theirs['per_second'])}/s (py-spy `--nonblocking`)",
        [f"errors: {ours['failed_share']:.1%}, py-spy {theirs['failed_share']:.1%}"],
        {"looptrace": ours, "peer": theirs},
    )]
