"""Event loops in three threads, and two threads without one.

looptrace must show: three loops, each with its own thread and tasks; a thread blocked in a lock
and one blocked in a read.
"""
import asyncio
import os
import threading

import _truth


async def leaf(started):
    # It runs once this task, the last of its loop to begin, sleeps.
    asyncio.get_running_loop().call_soon(started.set)
    await asyncio.sleep(100000)


async def parent(name, started):
    child = _truth.spawn(leaf(started), name + "-child", waits="sleep", awaited_by=[name])
    await child


async def second_main(number, started):
    asyncio.current_task().set_name("main-{}".format(number))
    _truth.add_loop(asyncio.get_running_loop())
    name = "parent-{}".format(number)
    main_name = "main-{}".format(number)
    task = _truth.spawn(parent(name, started), name, waits="task", awaited_by=[main_name])
    _truth.expect(main_name, waits="task")
    await task


def run_loop(number, started):
    asyncio.run(second_main(number, started))


def blocked_in_lock(lock, started):
    started.set()
    with lock:
        pass


def blocked_in_read(descriptor, started):
    started.set()
    os.read(descriptor, 1)


def start(target, name, *arguments):
    started = threading.Event()
    thread = threading.Thread(target=target, args=arguments + (started,), name=name, daemon=True)
    thread.start()
    started.wait()


async def main():
    start(run_loop, "loop-1", 1)
    start(run_loop, "loop-2", 2)
    lock = threading.Lock()
    lock.acquire()
    start(blocked_in_lock, "locked", lock)
    descriptor, other = os.pipe()
    start(blocked_in_read, "reading", descriptor)
    await _truth.park(keep=[other])


if __name__ == "__main__":
    asyncio.run(main())
