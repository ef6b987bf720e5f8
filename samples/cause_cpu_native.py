"""Extension functions that compute for long: a compression and a key derivation.

looptrace must show: cause cpu_native in pack and in derive, with zlib and hashlib's library.
"""
import hashlib
import os
import zlib

import _stall

DATA = os.urandom(1 << 16) * 64


def pack():
    zlib.compress(DATA, 9)  # here


def derive():
    hashlib.pbkdf2_hmac("sha256", b"password", b"salt", 200_000)  # here


async def plant():
    for _ in range(_stall.repeat()):
        _stall.stall("cpu_native", pack)
        await _stall.pause(0.05)
        _stall.stall("cpu_native", derive)
        await _stall.pause(0.05)


for kind in (pack, derive):
    _stall.line_of(kind)
_stall.run(plant)
