"""Hundreds of stalls of mixed causes and lengths, each written down by the program itself.

looptrace must show: every one of them, as long as it was, with its cause and its line.

Arguments: how many, a seed, the longest in milliseconds, and `uvloop` for that loop.
"""
import asyncio
import ctypes
import gc
import hashlib
import importlib
import json
import math
import os
import queue
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import concurrent.futures

import _stall

COUNT = int(sys.argv[1]) if len(sys.argv) > 1 else 40
SEED = int(sys.argv[2]) if len(sys.argv) > 2 else 1
LONGEST = float(sys.argv[3]) / 1000 if len(sys.argv) > 3 else 0.06
SHORTEST = 0.005
CHOICE = random.Random(SEED)
ORDERS = queue.Queue()
# A call of C that keeps the GIL.
WRITE = ctypes.PyDLL(None).write


def helper():
    """Does things after a while, or holds the GIL, on another thread."""
    while True:
        delay, action = ORDERS.get()
        if delay:
            time.sleep(delay)
        action()


def sleep(seconds):
    time.sleep(seconds)  # here


def receive(seconds):
    near, far = socket.socketpair()
    ORDERS.put((seconds, lambda: far.send(b"x")))
    near.recv(1)  # here
    near.close()
    far.close()


def pipe(seconds):
    near, far = os.pipe()
    ORDERS.put((seconds, lambda: os.write(far, b"x")))
    os.read(near, 1)  # here
    os.close(near)
    os.close(far)


def child(seconds):
    subprocess.run(["sleep", "{:.4f}".format(seconds)])  # here


def lock(seconds):
    held = threading.Lock()
    held.acquire()
    ORDERS.put((seconds, held.release))
    held.acquire()  # here


def queue_get(seconds):
    jobs = queue.Queue()
    ORDERS.put((seconds, lambda: jobs.put(1)))
    jobs.get()  # here


def future(seconds):
    promise = concurrent.futures.Future()
    ORDERS.put((seconds, lambda: promise.set_result(1)))
    promise.result()  # here


def compute(rounds):
    total = 0
    for number in range(rounds):
        total += number * number % 7
    return total


def fibonacci(rounds):
    a, b = 0, 1
    while rounds:
        a, b = b, (a + b) % 1000003
        rounds -= 1
    return a


def parse(text):
    json.loads(text)  # here


def derive(rounds):
    hashlib.pbkdf2_hmac("sha256", b"password", b"salt", rounds)  # here


def search(text):
    re.findall("(a|b)*c", text)  # here


def collect():
    gc.collect()  # here


def load(name):
    importlib.import_module(name)  # here


def hold_gil(size):
    sum(range(size))  # here


def stop(seconds):
    pid = os.getpid()
    command = "sleep {:.4f}; kill -CONT {}".format(seconds, pid)
    process = subprocess.Popen(["sh", "-c", command])
    start = time.monotonic_ns()
    os.kill(pid, signal.SIGSTOP)  # here
    end = time.monotonic_ns()
    process.wait()
    return start, end


def rate(function, make, units):
    """Units per second, from the best of a few runs."""
    best = math.inf
    for _ in range(3):
        argument = make(units)
        start = time.perf_counter()
        function(argument)
        best = min(best, time.perf_counter() - start)
    return units / best


def numbers(count):
    return "[" + "1234," * int(count) + "1]"


def garbage(count):
    for _ in range(int(count)):
        cell = []
        cell.append(cell)


def pages(seconds):
    """A module that takes its time."""
    directory = tempfile.mkdtemp()
    name = "slow_{}".format(CHOICE.randrange(1 << 60))
    text = "import time\nend = time.perf_counter() + {}\nwhile time.perf_counter() < end:\n    pass\n"
    with open(os.path.join(directory, name + ".py"), "w") as file:
        file.write(text.format(seconds))
    sys.path.insert(0, directory)
    importlib.invalidate_caches()
    return name


RATES = {}


def calibrate():
    RATES["compute"] = rate(compute, int, 100_000)
    RATES["fibonacci"] = rate(fibonacci, int, 100_000)
    RATES["parse"] = rate(parse, numbers, 100_000)
    RATES["derive"] = rate(derive, int, 10_000)
    RATES["search"] = rate(search, lambda n: "ab" * int(n), 200)
    RATES["hold"] = rate(hold_gil, int, 500_000)
    gc.disable()
    gc.collect()
    garbage(20_000)
    start = time.perf_counter()
    gc.collect()
    RATES["collect"] = 20_000 / (time.perf_counter() - start)


def size(name, seconds):
    return max(1, int(RATES[name] * seconds))


BLOCKING = {sleep: "blocking_call", receive: "blocking_call", pipe: "blocking_call"}
LOCKS = {lock: "lock_wait", queue_get: "lock_wait", future: "lock_wait"}


async def one(kind, seconds):
    """Plants one stall."""
    if kind in BLOCKING or kind in LOCKS:
        _stall.stall(BLOCKING.get(kind) or LOCKS[kind], kind, seconds)
    elif kind is child:
        _stall.stall("blocking_call", child, seconds)
    elif kind in (compute, fibonacci):
        _stall.stall("cpu_python", kind, size(kind.__name__, seconds))
    elif kind is parse:
        text = numbers(size("parse", seconds))
        await _stall.pause(0.02)
        _stall.stall("cpu_native", parse, text)
    elif kind is derive:
        _stall.stall("cpu_native", derive, size("derive", seconds))
    elif kind is collect:
        left = size("collect", seconds)
        while left > 0:
            garbage(min(left, 2_000))
            left -= 2_000
            await _stall.pause(0)
        await _stall.pause(0.02)
        _stall.stall("gc", collect)
    elif kind is load:
        name = pages(seconds)
        await _stall.pause(0.02)
        _stall.stall("import", load, name)
    elif kind is hold_gil:
        await held_up(seconds)
    elif kind is stop:
        await _stall.pause(0.02)
        start, end = stop(seconds)
        _stall.note("stopped", stop, start, end)


async def held_up(seconds):
    """Another thread wakes this loop and holds the GIL until long after: from then on it has work
    due. It writes without letting go of the GIL in between."""
    done = asyncio.Event()
    loop = asyncio.get_running_loop()
    near, far = os.pipe()
    times, ran = [], []

    def wake():
        ran.append(time.monotonic_ns())
        os.read(near, 1)

    def hold():
        count = size("hold", seconds)
        times.append(time.monotonic_ns())
        WRITE(far, b"x", 1)
        hold_gil(count)
        times.append(time.monotonic_ns())
        loop.call_soon_threadsafe(done.set)

    loop.add_reader(near, wake)
    ORDERS.put((0.003, hold))
    await done.wait()
    loop.remove_reader(near)
    # Whichever of the threads got the GIL first when it was over.
    _stall.note("gil_wait", hold_gil, times[0], min(times[1], *ran))
    os.close(near)
    os.close(far)


KINDS = [sleep, receive, pipe, child, lock, queue_get, future, compute, fibonacci, parse, derive]
KINDS += [collect, load, hold_gil]


async def plant():
    for number in range(COUNT):
        kind = KINDS[number % len(KINDS)]
        seconds = SHORTEST * (LONGEST / SHORTEST) ** CHOICE.random()
        await one(kind, seconds)
        await _stall.pause(CHOICE.uniform(0.012, 0.03))


threading.Thread(target=helper, daemon=True, name="helper").start()
calibrate()
for kind in KINDS:
    _stall.line_of(kind)
_stall.run(plant, use_uvloop="uvloop" in sys.argv)
