"""Reading a file that the page cache does not hold.

looptrace must show: cause disk in read, and the path of the file (where the disk is slow enough to
be a stall at all).
"""
import os
import tempfile

import _stall

PATH = os.path.join(os.environ.get("STALL_DIRECTORY") or tempfile.mkdtemp(), "cold.bin")
with open(PATH, "wb") as written:
    written.write(os.urandom(1 << 20) * 128)
    written.flush()
    os.fsync(written.fileno())


def forget():
    file = os.open(PATH, os.O_RDONLY)
    os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(file)


def read():
    with open(PATH, "rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_RANDOM)
        while file.read(1 << 16):  # here
            pass


async def plant():
    for _ in range(_stall.repeat()):
        forget()
        await _stall.pause(0.05)
        _stall.stall("disk", read, if_it_waits=True, names="cold.bin")
        await _stall.pause(0.05)


_stall.line_of(read)
_stall.run(plant)
