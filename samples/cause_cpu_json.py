"""A large document parsed on the loop.

looptrace must show: cause cpu_native in parse, and json.
"""
import json

import _stall

TEXT = "[" + "1234," * 3_000_000 + "1]"


def parse():
    json.loads(TEXT)  # here


_stall.run(_stall.several("cpu_native", parse, names="json"))
