"""The end of a thread, waited for on the loop.

looptrace must show: cause lock_wait in gather, Thread.join, the thread `worker` that it waits for, in
work, and asyncio.to_thread as the remedy.
"""
import threading
import time

import _stall

BEGIN = threading.Semaphore(0)


def work():
    BEGIN.acquire()
    time.sleep(0.12)


def gather(thread):
    thread.join()  # here


async def plant():
    for _ in range(_stall.repeat()):
        thread = threading.Thread(target=work, name="worker")
        thread.start()
        await _stall.pause(0.05)
        BEGIN.release()
        _stall.stall("lock_wait", gather, thread, names=["Thread.join", "worker", "work"])
        await _stall.pause(0.05)


_stall.line_of(gather)
_stall.run(plant)
