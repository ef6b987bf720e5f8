"""A database file that another connection has locked.

looptrace must show: cause blocking_call in save, where sqlite sleeps until the lock is gone.
"""
import os
import sqlite3
import tempfile
import threading
import time

import _stall

PATH = os.path.join(tempfile.mkdtemp(), "data.db")
LOCKED = threading.Event()
WANTED = threading.Event()


def hold():
    other = sqlite3.connect(PATH, isolation_level=None)
    other.execute("create table t (x)")
    while True:
        WANTED.wait()
        WANTED.clear()
        other.execute("begin exclusive")
        LOCKED.set()
        time.sleep(0.15)
        other.execute("commit")


def save():
    OWN.execute("insert into t values (1)")  # here


async def plant():
    for _ in range(_stall.repeat()):
        WANTED.set()
        while not LOCKED.is_set():
            await _stall.pause(0.005)
        LOCKED.clear()
        await _stall.pause(0.005)
        _stall.stall("blocking_call", save, names="sleep")
        await _stall.pause(0.05)


OWN = sqlite3.connect(PATH, isolation_level=None, timeout=5)
_stall.line_of(save)
threading.Thread(target=hold, daemon=True).start()
_stall.run(plant)
