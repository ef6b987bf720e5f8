"""A loop that is held up in many ways, one after the other, while tasks wait for it.

looptrace must show: the native functions that were called, the thread `holder` that holds the GIL in
`hold`, garbage collections, system calls with what they work on, and the tasks `ready` and `timer`
in the loop's queues.
"""
import asyncio
import gc
import json
import os
import socket
import threading
import time
import zlib

DATA = os.urandom(1 << 16) * 16
NEAR, FAR = socket.socketpair()
GARBAGE = []


def late(delay, action, *arguments):
    threading.Timer(delay, action, arguments).start()


def hold():
    # A C call on another thread that never lets go of the GIL.
    sum(range(12_000_000))


def pack():
    for _ in range(4):
        zlib.compress(DATA, 9)


def nap():
    time.sleep(0.1)


def receive():
    late(0.1, FAR.send, b"x")
    NEAR.recv(1)


def collect():
    for _ in range(400_000):
        cell = []
        cell.append(cell)
        GARBAGE.append(cell)
    gc.collect()
    GARBAGE.clear()


async def wait(event):
    while True:
        await event.wait()
        event.clear()


async def tick():
    while True:
        await asyncio.sleep(0.005)


async def main():
    loop = asyncio.get_running_loop()
    event = asyncio.Event()
    tasks = [loop.create_task(wait(event)), loop.create_task(tick())]
    tasks[0].set_name("ready")
    tasks[1].set_name("timer")
    gc.disable()
    loop.add_reader(0, lambda: os.read(0, 4096) or os._exit(0))
    os.write(1, "READY {}\n".format(json.dumps({"pid": os.getpid()})).encode())
    while not any(task.done() for task in tasks):
        for stall in (nap, receive, pack, collect):
            event.set()
            stall()
            await asyncio.sleep(0.02)
        thread = threading.Thread(target=hold, name="holder")
        thread.start()
        await asyncio.sleep(0.02)
        while thread.is_alive():
            await asyncio.sleep(0.005)


asyncio.run(main())
