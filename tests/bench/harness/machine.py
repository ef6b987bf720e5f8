"""The machine: what it is, who else uses it, what a process has used."""
import dataclasses
import datetime
import os
import pathlib
import platform
import subprocess

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]


def cores():
    """The core of the target and the core of whoever looks at it."""
    usable = sorted(os.sched_getaffinity(0))
    if len(usable) < 2:
        return usable[0], usable[0]
    return usable[0], usable[1]


def pinned(core, command):
    """`command`, kept on one core."""
    return ["taskset", "-c", str(core), *map(str, command)]


def busy_ticks():
    """Ticks of every core together since boot: (used, stolen by the hypervisor, all)."""
    fields = pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]
    user, nice, system, idle, waiting, irq, softirq, stolen = map(int, fields)
    used = user + nice + system + irq + softirq
    return used, stolen, used + idle + waiting + stolen


def cpu_ns(pid):
    """CPU time of every living thread of a process, in nanoseconds."""
    total = 0
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        total += int((task / "schedstat").read_text().split()[0])
    return total


@dataclasses.dataclass
class Usage:
    """What a process has used and waited for, in nanoseconds."""

    cpu: int
    cpu_of_main: int
    # Time in which the main thread could have run, but the core was another's.
    waited_by_main: int


def usage(pid):
    found = Usage(cpu_ns(pid), 0, 0)
    fields = pathlib.Path(f"/proc/{pid}/task/{pid}/schedstat").read_text().split()
    found.cpu_of_main, found.waited_by_main = int(fields[0]), int(fields[1])
    return found


def share_given(before, after):
    """The share of its core that a process was given, of what it asked for.

    Its own threads share the core: where the main thread waited for them, nobody else is to blame.
    """
    cpu = after.cpu - before.cpu
    of_other_threads = cpu - (after.cpu_of_main - before.cpu_of_main)
    waited = after.waited_by_main - before.waited_by_main - of_other_threads
    return cpu / (cpu + max(waited, 0)) if cpu else 1.0


def peak_rss_kib(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    raise LookupError(f"process {pid} has no VmHWM")


def describe():
    """What figures depend on, for the record."""
    target, looker = cores()
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "cpu": cpu_model(),
        "cores": os.cpu_count(),
        "target_core": target,
        "recorder_core": looker,
        "same_physical_core": siblings(target, looker),
        "kernel": platform.release(),
        "commit": commit(),
        "load_at_start": os.getloadavg()[0],
    }


def cpu_model():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def siblings(one, other):
    """Whether two cores are hyper-threads of one; None where the kernel does not tell."""
    path = pathlib.Path(f"/sys/devices/system/cpu/cpu{one}/topology/thread_siblings_list")
    try:
        text = path.read_text()
    except OSError:
        return None
    members = set()
    for part in text.strip().split(","):
        first, _, last = part.partition("-")
        members.update(range(int(first), int(last or first) + 1))
    return other in members


def commit():
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        cwd=REPOSITORY, capture_output=True, text=True, check=False,
    )
    return done.stdout.strip() or None
