"""A module imported in the middle of a request.

looptrace must show: cause import in load, with the module's name.
"""
import importlib
import os
import sys
import tempfile

import _stall

DIRECTORY = tempfile.mkdtemp()
TEXT = "import time\nend = time.thread_time() + 0.12\nwhile time.thread_time() < end:\n    pass\n"
sys.path.insert(0, DIRECTORY)
for number in range(_stall.repeat()):
    with open(os.path.join(DIRECTORY, "slow_%d.py" % number), "w") as file:
        file.write(TEXT)
MODULES = iter(range(_stall.repeat()))


def load():
    importlib.import_module("slow_%d" % next(MODULES))  # here


_stall.run(_stall.several("import", load, names="slow_"))
