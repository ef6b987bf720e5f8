"""Writing a file and waiting for the disk.

looptrace must show: cause blocking_call in store, fsync and the path of the file (where the disk is
slow enough to be a stall at all).
"""
import os
import tempfile

import _stall

PATH = os.path.join(os.environ.get("STALL_DIRECTORY") or tempfile.mkdtemp(), "stored.bin")


DATA = os.urandom(1 << 20) * 64


def store(file):
    os.fsync(file.fileno())  # here


async def plant():
    for _ in range(_stall.repeat()):
        with open(PATH, "wb") as file:
            file.write(DATA)
            file.flush()
            await _stall.pause(0.05)
            _stall.stall("blocking_call", store, file, if_it_waits=True, names="stored.bin")
            await _stall.pause(0.05)


_stall.line_of(store)
_stall.run(plant)
