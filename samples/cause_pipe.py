"""Logging into a pipe that nobody empties for a while.

looptrace must show: cause blocking_call in report, a write on a pipe, and a queue for log records as
the remedy.
"""
import logging
import os
import threading
import time

import _stall

NEAR, FAR = os.pipe()
STREAM = open(FAR, "w")
LOG = logging.getLogger("sample")
LOG.addHandler(logging.StreamHandler(STREAM))
LOG.propagate = False


def empty():
    while True:
        time.sleep(0.12)
        os.read(NEAR, 1 << 20)


def report():
    for _ in range(5):
        LOG.error("x" * 60_000)  # here


threading.Thread(target=empty, daemon=True).start()
_stall.run(_stall.several("blocking_call", report, names="logging"))
