"""A heap on which the garbage collector takes long.

looptrace must show: cause gc in allocate (or collect, which asks for it).
"""
import gc

import _stall

KEEP = [[[]] for _ in range(1_500_000)]


def collect():
    gc.collect()  # here


_stall.run(_stall.several("gc", collect))
