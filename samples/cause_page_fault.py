"""A file mapped into memory, touched while the page cache does not hold it.

looptrace must show: cause page_fault in touch (where the disk is slow enough to be a stall at all).
"""
import mmap
import os
import tempfile

import _stall

PATH = os.path.join(os.environ.get("STALL_DIRECTORY") or tempfile.mkdtemp(), "mapped.bin")
SIZE = 64 << 20
with open(PATH, "wb") as written:
    written.write(os.urandom(1 << 20) * (SIZE >> 20))
    written.flush()
    os.fsync(written.fileno())


def touch():
    with open(PATH, "rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        with mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as memory:
            if hasattr(memory, "madvise"):
                memory.madvise(mmap.MADV_RANDOM)
            total = 0
            for at in range(0, SIZE, 1 << 16):
                total += memory[at]
            return total


_stall.run(_stall.several("page_fault", touch, if_it_waits=True))
