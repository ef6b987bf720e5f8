"""Writing a file and waiting for the disk.

looptrace must show: cause blocking_call in store, fsync and the path of the file (where the disk is
slow enough to be a stall at all).
"""
import os
import tempfile

import _stall

PATH = os.path.join(os.environ.get("STALL_DIRECTORY") or tempfile.mkdtemp(), "stored.bin")


def store():
    with open(PATH, "wb") as file:
        file.write(os.urandom(1 << 20) * 64)
        file.flush()
        os.fsync(file.fileno())  # here


_stall.run(_stall.several("blocking_call", store, names="stored.bin"))
