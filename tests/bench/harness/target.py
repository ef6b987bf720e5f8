"""A target that runs on a core of its own."""
import json
import subprocess

from . import machine

PATIENCE_S = 120


class Target:
    """Started, ready, and gone when left."""

    def __init__(self, python, script, *arguments):
        core, _ = machine.cores()
        command = machine.pinned(core, python.command(python.script(script), *arguments))
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.pid = self.process.pid
        if self.process.stdout.readline() != b"READY\n":
            self.process.kill()
            raise RuntimeError(f"{script} did not become ready")

    def ask(self, line):
        """Sends a line; gives the JSON behind the first word of the answer."""
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline().split(b" ", 1)[1])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait(PATIENCE_S)
        self.process.stdin.close()
        self.process.stdout.close()
