"""The Pythons of tests/run: where they are, and how scripts get into them."""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

TARGETS = pathlib.Path(__file__).resolve().parents[1] / "targets"


def cache():
    default = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
    return pathlib.Path(os.environ.get("LOOPTRACE_TEST_CACHE") or default / "looptrace-tests")


class Python:
    """An interpreter, perhaps in a root directory of its own."""

    def __init__(self, row):
        self.minor = row["version"][1]
        self.path = row["path"]
        self.root = pathlib.Path(row["chroot"]) if row["chroot"] else None
        self._mounted = False
        self._provide_proc()
        parent = (self.root or pathlib.Path("/")) / "var/tmp"
        self.outside = pathlib.Path(tempfile.mkdtemp(prefix="looptrace-bench-", dir=parent))
        for script in TARGETS.glob("*.py"):
            shutil.copy(script, self.outside)
        self.inside = pathlib.Path("/var/tmp") / self.outside.name

    def _provide_proc(self):
        """Peers find their target through /proc; a run of the tests that ends takes it away."""
        if self.root is not None and not os.path.ismount(self.root / "proc"):
            subprocess.run(["mount", "-t", "proc", "proc", self.root / "proc"], check=True)
            self._mounted = True

    def command(self, *arguments):
        """The command that runs this interpreter with these arguments."""
        self._provide_proc()
        enter = ["chroot", str(self.root)] if self.root else []
        return [*enter, self.path, *map(str, arguments)]

    def script(self, name):
        """A script of tests/bench/targets, as the interpreter sees it."""
        return self.inside / name

    def version(self):
        question = "import platform; print(platform.python_version())"
        done = subprocess.run(
            self.command("-c", question), capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def close(self):
        shutil.rmtree(self.outside, ignore_errors=True)
        if self._mounted:
            subprocess.run(["umount", self.root / "proc"], check=False)


def find(minor):
    """The interpreter of this minor version, as tests/run has found it; None without one."""
    inventory = os.environ.get("LOOPTRACE_INTERPRETERS") or cache() / "interpreters.json"
    try:
        rows = json.loads(pathlib.Path(inventory).read_text())["interpreters"]
    except FileNotFoundError:
        return None
    fitting = [
        row for row in rows if row["version"] == [3, minor] and not row["free_threaded"]
    ]
    return Python(fitting[-1]) if fitting else None
