"""Shared by the samples: the handshake with a test, and the truth as asyncio itself tells it.

A sample prints `READY {json}` once its state is reached. A line `truth` on its standard input is
answered with `TRUTH {json}`; any other line goes to the sample's own handler. The end of standard
input ends the process, so a test that dies leaves nothing behind.

Names, states, coroutines and chains come from asyncio's own objects. Only who awaits whom and what
a task waits for is said by the sample (`expect`), which built it so.
"""
import asyncio
import gc
import inspect
import json
import os
import sys
import threading
import time

_KNOWN = {}  # task name -> {"waits", "awaited_by"}
_LOOPS = []  # (loop, native thread id)
_CYCLES = []
_PENDING = bytearray()


def expect(name, waits=None, awaited_by=()):
    """States what the sample built: what `name` waits for and which tasks await it."""
    _KNOWN[name] = {"waits": waits, "awaited_by": sorted(awaited_by)}


def expect_cycle(*names):
    """States that these tasks await each other in a circle."""
    _CYCLES.append(sorted(names))


def spawn(coroutine, name, waits=None, awaited_by=()):
    """A named task together with what is known about it."""
    expect(name, waits, awaited_by)
    task = asyncio.get_running_loop().create_task(coroutine)
    task.set_name(name)
    return task


def add_loop(loop):
    """Makes a loop, run by the calling thread, part of the truth."""
    _LOOPS.append((loop, threading.get_native_id()))


def say(word, value):
    """Prints one line of the handshake in one write."""
    os.write(1, "{} {}\n".format(word, json.dumps(value)).encode())


def _lines():
    data = os.read(0, 4096)
    if not data:
        os._exit(0)
    _PENDING.extend(data)
    while b"\n" in _PENDING:
        line, _, rest = bytes(_PENDING).partition(b"\n")
        _PENDING[:] = rest
        yield line.decode().strip()


def _answer(handler):
    for line in _lines():
        if line == "truth":
            say("TRUTH", truth())
        elif handler is not None:
            handler(line)


async def settle():
    """Returns once every other task of this loop waits for something."""
    me = asyncio.current_task()
    for _ in range(100000):
        others = [task for task in asyncio.all_tasks() if task is not me]
        if all(_state(task) == "waiting" for task in others):
            return
        await asyncio.sleep(0)
    raise RuntimeError("the tasks do not come to rest")


def announce(**extra):
    """Prints the READY line."""
    say("READY", dict(extra, pid=os.getpid(), monotonic_ns=time.monotonic_ns()))


async def park(handler=None, **extra):
    """Names the calling task `main`, reports READY, answers requests; never returns."""
    loop = asyncio.get_running_loop()
    asyncio.current_task().set_name("main")
    _KNOWN.setdefault("main", {"waits": "future", "awaited_by": []})
    await settle()
    serve(loop, handler)
    announce(**extra)
    await loop.create_future()


def serve(loop, handler=None):
    """Answers requests from a callback of `loop`, which the calling thread runs."""
    add_loop(loop)
    loop.add_reader(0, _answer, handler)


def serve_blocking(handler=None):
    """Answers requests without returning to the loop: the caller's task stays running."""
    while True:
        _answer(handler)


def frame_entry(frame, name=None):
    """A frame as a row: qualified name where anything knows it, file, line, kind."""
    code = frame.f_code
    return {
        "function": getattr(code, "co_qualname", None) or name or code.co_name,
        "file": code.co_filename,
        "line": frame.f_lineno,
        "kind": _kind(code),
    }


def _kind(code):
    if code.co_flags & inspect.CO_COROUTINE:
        return "coroutine"
    if code.co_flags & inspect.CO_ASYNC_GENERATOR:
        return "async_generator"
    if code.co_flags & inspect.CO_GENERATOR:
        return "generator"
    return "function"


def _parts(thing):
    """(frame, awaited) of a coroutine, generator or async generator; None for anything else."""
    for prefix, awaited in (("cr", "cr_await"), ("gi", "gi_yieldfrom"), ("ag", "ag_await")):
        if hasattr(thing, prefix + "_frame"):
            return getattr(thing, prefix + "_frame"), getattr(thing, awaited)
    return None


def _through(thing):
    """What a helper object (coroutine_wrapper, asend, athrow, anext) stands for."""
    for referent in gc.get_referents(thing):
        if _parts(referent) is not None:
            return referent
        if type(referent).__name__.startswith("async_generator_"):
            return _through(referent)
    return None


def chain(coroutine):
    """The frames from a task's coroutine to what it finally waits for, outermost first."""
    rows = []
    while coroutine is not None and len(rows) < 1000:
        parts = _parts(coroutine)
        if parts is None:
            coroutine = _through(coroutine)
            continue
        frame, awaited = parts
        if frame is None:
            break
        rows.append(frame_entry(frame, coroutine.__qualname__))
        coroutine = awaited
    return rows


def _running_chain(coroutine):
    """The chain of a task whose step runs on the calling thread, down to this module."""
    rows = []
    frame = sys._getframe()
    root = _parts(coroutine)[0]
    while frame is not None:
        if frame.f_code.co_flags & (
            inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR | inspect.CO_GENERATOR
        ) and frame.f_code.co_filename != __file__:
            rows.append(frame_entry(frame))
        if frame is root:
            return rows[::-1]
        frame = frame.f_back
    return None


def _state(task):
    if task.done():
        return "done"
    waiter = getattr(task, "_fut_waiter", None)
    if waiter is None or waiter.done():
        return "ready"
    return "waiting"


def _task_entry(task, index, running):
    name = task.get_name()
    known = _KNOWN.get(name, {"waits": None, "awaited_by": []})
    coroutine = task.get_coro()
    state = "running" if running else _state(task)
    return {
        "name": name,
        "coroutine": coroutine.__qualname__,
        "state": state,
        "loop": index,
        "chain": _running_chain(coroutine) if running else chain(coroutine),
        "waiting_on": known["waits"] if state == "waiting" else None,
        "awaited_by": known["awaited_by"],
        "cancel_requests": task.cancelling() if hasattr(task, "cancelling") else None,
    }


def _threads():
    # Their stacks are not told: a thread may still be on its way to where it parks.
    return [
        {"native_id": thread.native_id, "name": thread.name} for thread in threading.enumerate()
    ]


def _loop_kind(loop):
    if type(loop).__module__.split(".")[0] == "uvloop":
        return "uvloop"
    return "selector" if isinstance(loop, asyncio.SelectorEventLoop) else "other"


def all_tasks(loop):
    """Every task of `loop`; from 3.14 asyncio.all_tasks leaves the pure-Python ones out."""
    more = getattr(asyncio.tasks, "_py_all_tasks", lambda _: set())
    return asyncio.all_tasks(loop) | more(loop)


def truth():
    """The whole picture, as far as the program itself can know it."""
    tasks = []
    for index, (loop, _) in enumerate(_LOOPS):
        current = asyncio.current_task(loop)
        for task in all_tasks(loop):
            tasks.append(_task_entry(task, index, task is current))
    tasks.sort(key=lambda row: row["name"])
    return {
        "pid": os.getpid(),
        "monotonic_ns": time.monotonic_ns(),
        "tasks": tasks,
        "loops": [{"kind": _loop_kind(loop), "thread": thread} for loop, thread in _LOOPS],
        "threads": _threads(),
        "cycles": _CYCLES,
    }
