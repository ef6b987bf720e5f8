"""subprocess.run inside a coroutine.

looptrace must show: cause blocking_call in build, subprocess.run, and the child's command.
"""
import subprocess

import _stall


def build():
    subprocess.run(["sleep", "0.12"])  # here


_stall.run(_stall.several("blocking_call", build, names="subprocess"))
