"""A lock that knows who holds it, and a condition that is made of one, held by another thread.

looptrace must show: cause lock_wait in update and in enter; the thread `keeper` held it, in hold.
"""
import threading
import time

import _stall

LOCK = threading.RLock()
CONDITION = threading.Condition()
WANTED = threading.Semaphore(0)
HELD = threading.Event()


def hold(lock):
    with lock:
        HELD.set()
        time.sleep(0.12)


def keep():
    while True:
        WANTED.acquire()
        hold(LOCK)
        WANTED.acquire()
        hold(CONDITION)


def await_keeper():
    WANTED.release()
    HELD.wait()
    HELD.clear()


def update():
    await_keeper()
    with LOCK:  # here
        pass


def enter():
    await_keeper()
    with CONDITION:  # here
        pass


async def plant():
    for _ in range(_stall.repeat()):
        for function in (update, enter):
            _stall.stall("lock_wait", function, names=["keeper", "hold"])
            await _stall.pause(0.05)


_stall.line_of(update)
_stall.line_of(enter)
threading.Thread(target=keep, daemon=True, name="keeper").start()
_stall.run(plant)
