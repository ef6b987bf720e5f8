"""A queue.Queue of the threading world, waited for on the loop.

looptrace must show: cause lock_wait in take, Queue.get, and asyncio.Queue as the remedy.
"""
import queue
import threading
import time

import _stall

ORDERS = queue.Queue()
JOBS = queue.Queue()


def produce():
    while True:
        ORDERS.get()
        time.sleep(0.12)
        JOBS.put(1)


def take():
    ORDERS.put(1)
    JOBS.get()  # here


threading.Thread(target=produce, daemon=True).start()
_stall.run(_stall.several("lock_wait", take, names="Queue.get"))
