"""looptrace itself: a release build, run as a user would."""
import json
import pathlib
import subprocess
import tempfile

from . import machine, watch

HIGHEST = ("-r", "1000000", "--census-rate", "1")
# With the kernel's stream a census of tasks of which none ran since the last one is not read again.
ALL_TASKS = ("-r", "1", "--census-rate", "20000", "--no-kernel-stream")


def build():
    """Builds the program and the bench, and gives their paths."""
    done = subprocess.run(
        ["cargo", "build", "--release", "--bin", "looptrace", "--bench", "looks",
         "--message-format=json-render-diagnostics"],
        cwd=machine.REPOSITORY, stdout=subprocess.PIPE, text=True, check=True,
    )
    found = {}
    for line in done.stdout.splitlines():
        message = json.loads(line)
        if message.get("executable"):
            found[message["target"]["name"]] = message["executable"]
    return found["looptrace"], found["looks"]


def built():
    """What an earlier build left."""
    folder = machine.REPOSITORY / "target/release"
    looks = [path for path in folder.glob("deps/looks-*") if not path.suffix]
    if not (folder / "looptrace").exists() or not looks:
        raise SystemExit("compare: nothing was built yet; leave --no-build out")
    return folder / "looptrace", max(looks, key=lambda path: path.stat().st_mtime)


class Looptrace:
    def __init__(self, program, looks):
        self.program, self.looks = program, looks
        self.folder = tempfile.TemporaryDirectory(prefix="looptrace-bench-")
        self.file = pathlib.Path(self.folder.name) / "out.looptrace"

    def command(self, pid, *options):
        _, core = machine.cores()
        return machine.pinned(core, [
            self.program, "record", "--pid", pid, "--force", "--quiet", "-o", self.file, *options
        ])

    def record(self, pid, seconds, *options):
        """One recording: the report's account of it, and what else is known."""
        done = watch.run(self.command(pid, "-d", f"{round(seconds * 1000)}ms", *options))
        if not self.file.exists():
            raise RuntimeError(f"looptrace said {done.stderr[-500:]!r}")
        about = self.report()
        ran = about["duration_ns"] / 1e9
        looks = about["samples"] + sum(about["misses"][why] for why in ("torn", "unreadable"))
        return {
            "per_second": about["samples"] / ran,
            "failed_share": 1 - about["samples"] / looks if looks else 0.0,
            "censuses_per_second": about["censuses"] / ran,
            "partial_censuses": about["partial_censuses"],
            "dropped": about["dropped"],
            "core_share": done.core_share,
            "rss_kib": done.rss_kib,
            "bytes": self.file.stat().st_size,
            "besides_s": done.wall_s - ran,
            "monotonic_start_ns": about["monotonic_start_ns"],
        }

    def report(self):
        done = subprocess.run(
            [self.program, "report", self.file, "--format", "json", "--limit", "1"],
            capture_output=True, text=True, check=True,
        )
        return json.loads(done.stdout)["recording"]

    def start(self, pid, *options):
        """The same in the background."""
        return subprocess.Popen(self.command(pid, *options), stderr=subprocess.DEVNULL)

    def library(self, mode, pid, seconds):
        """Looks per second of the library in a bare loop; frames are checked, not named."""
        _, core = machine.cores()
        done = watch.run(machine.pinned(core, [self.looks, mode, pid, seconds]))
        said = json.loads(done.stdout)
        return {
            "per_second": said["done"] / said["seconds"],
            "failed_share": said["failed"] / max(said["done"] + said["failed"], 1),
            "core_share": done.core_share,
            "said": said,
        }

    def first_sample_ns(self):
        """When the first sample of the last recording was taken, on CLOCK_MONOTONIC."""
        done = subprocess.run(
            [self.looks, "first", self.file], capture_output=True, text=True, check=True
        )
        return json.loads(done.stdout)["monotonic_ns"]
