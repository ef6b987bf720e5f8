"""A lock of the threading world, held by another thread.

looptrace must show: cause lock_wait in update.
"""
import threading
import time

import _stall

LOCK = threading.Lock()
WANTED = threading.Semaphore(0)
HELD = threading.Event()


def hold():
    while True:
        WANTED.acquire()
        with LOCK:
            HELD.set()
            time.sleep(0.12)


def update():
    WANTED.release()
    HELD.wait()
    HELD.clear()
    LOCK.acquire()  # here
    LOCK.release()


threading.Thread(target=hold, daemon=True, name="holder").start()
_stall.run(_stall.several("lock_wait", update))
