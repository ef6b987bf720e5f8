"""Input from a terminal, and from a pipe, that does not come at once.

looptrace must show: cause blocking_call in ask, input as the call, and the terminal or the pipe.

Its own standard input and output are replaced by the terminal while it asks.
"""
import os
import queue
import threading
import time

import _stall

ORDERS = queue.Queue()


def type_later():
    while True:
        far = ORDERS.get()
        time.sleep(0.12)
        os.write(far, b"yes\n")


def ask():
    assert input() == "yes"  # here


def from_terminal():
    master, slave = os.openpty()
    return master, slave, slave


def from_pipe():
    near, far = os.pipe()
    return far, near, None


def sources():
    try:
        for descriptor in from_terminal()[:2]:
            os.close(descriptor)
    except OSError as error:
        _stall.skip("input from a terminal: %s" % error)
        return [(from_pipe, "pipe")]
    return [(from_terminal, "/pts/"), (from_pipe, "pipe")]


async def plant():
    kept = os.dup(0), os.dup(1)
    for _ in range(_stall.repeat()):
        for make, name in SOURCES:
            far, source, sink = make()
            os.dup2(source, 0)
            if sink is not None:
                os.dup2(sink, 1)
            ORDERS.put(far)
            _stall.stall("blocking_call", ask, names=["input", name])
            os.dup2(kept[0], 0)
            os.dup2(kept[1], 1)
            os.close(far)
            os.close(source)
            await _stall.pause(0.05)


SOURCES = sources()
_stall.line_of(ask)
threading.Thread(target=type_later, daemon=True).start()
_stall.run(plant)
