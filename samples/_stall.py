"""Shared by the samples that hold their loop up on purpose: handshake, heartbeat, and the truth.

A sample prints `READY {json}`, begins once a line `go` comes on its standard input, and prints
`PLANTED {json}` when it is done: every stall with its start and end on CLOCK_MONOTONIC, its cause,
and the line it happened in, and every late beat of a heartbeat. It then waits for its standard input
to end.
"""
import asyncio
import inspect
import json
import os
import sys
import threading
import time

BEAT = 0.005
LATE = 0.002

_STALLS = []
_BEATS = []
_SKIPPED = []
_STEP = [0]
_STARVED = [0]


def say(word, value):
    """Prints one line of the handshake in one write, however long."""
    data = "{} {}\n".format(word, json.dumps(value)).encode()
    while data:
        data = data[os.write(1, data) :]


_LINES = {}


def line_of(function):
    """As `_find_line`, looked up once: it takes long, and must not in a callback."""
    if function not in _LINES:
        _LINES[function] = _find_line(function)
    return _LINES[function]


def _find_line(function):
    """The line marked `# here` in a function, and any line where there is no mark."""
    lines, first = inspect.getsourcelines(function)
    for number, line in enumerate(lines):
        if line.rstrip().endswith("# here"):
            return first + number
    return None


def note(cause, function, start, end, **more):
    """Writes a stall down; `names` is what its cause must name: one thing or several."""
    if isinstance(more.get("names"), str):
        more["names"] = [more["names"]]
    _STALLS.append(
        dict(
            more,
            cause=cause,
            function=function.__name__,
            line=line_of(function),
            start_ns=start,
            end_ns=end,
        )
    )


def starved(thread):
    """For how long a thread has waited for a CPU so far, in nanoseconds."""
    try:
        with open("/proc/self/task/{}/schedstat".format(thread)) as file:
            return int(file.read().split()[1])
    except (OSError, IndexError):
        return 0


def _tell_starved():
    """Writes down for how long all threads together have waited for a CPU since the last time: by so
    much the program's own clock may be off. A thread may hold the GIL meanwhile."""
    try:
        now = sum(starved(thread) for thread in os.listdir("/proc/self/task"))
    except OSError:
        return
    for told in _STALLS:
        told.setdefault("starved_ns", max(0, now - _STARVED[0]))
    _STARVED[0] = now


def _mostly_waits(function, arguments):
    """Calls it, and tells whether it waited for most of the time in which it was not denied a CPU."""
    me = threading.get_native_id()
    begun = time.monotonic_ns(), starved(me), time.thread_time_ns()
    function(*arguments)
    ended = time.monotonic_ns(), starved(me), time.thread_time_ns()
    wall, late, worked = (last - first for first, last in zip(begun, ended))
    return wall - late - worked > (wall - late) * 0.7


def skip(what):
    """Says what cannot be done here."""
    _SKIPPED.append(what)


def stall(cause, function, *arguments, if_it_waits=False, **more):
    """Calls a function that holds the loop up, and writes it down: the whole step of the task, from
    the last `pause` to the next one. What depends on the disk may not wait: it is no stall then."""
    if not if_it_waits:
        function(*arguments)
    elif not _mostly_waits(function, arguments):
        return
    note(cause, function, _STEP[0], time.monotonic_ns(), **more)


async def pause(seconds):
    """Ends a step of the task that plants, and begins the next one."""
    if _STALLS and _STALLS[-1]["start_ns"] == _STEP[0]:
        _STALLS[-1]["end_ns"] = time.monotonic_ns()
    # In a step of its own, which is no part of what was planted.
    await asyncio.sleep(0)
    _tell_starved()
    await asyncio.sleep(seconds)
    _STEP[0] = time.monotonic_ns()


async def _beat():
    """Writes down when it came late, in whatever part of its own step that was."""
    loop = asyncio.get_running_loop()
    ran = loop.time()
    while True:
        begun = loop.time()
        if begun - ran > LATE:
            _BEATS.append([int(ran * 1e9), int(begun * 1e9)])
        due = begun + BEAT
        await asyncio.sleep(BEAT)
        ran = loop.time()
        if ran - due > LATE:
            _BEATS.append([int(due * 1e9), int(ran * 1e9)])


def planted(begun):
    """Tells everything that was written down since `begun`."""
    watched = [begun, time.monotonic_ns()]
    say("PLANTED", {"stalls": _STALLS, "beats": _BEATS, "watched": watched, "skipped": _SKIPPED})


async def _main(plant):
    loop = asyncio.get_running_loop()
    go = asyncio.Event()
    loop.add_reader(0, lambda: go.set() if os.read(0, 4096) else os._exit(0))
    say("READY", {"pid": os.getpid(), "monotonic_ns": time.monotonic_ns()})
    await go.wait()
    keep = loop.create_task(_beat())
    await pause(0.2)
    begun = time.monotonic_ns()
    await plant()
    await pause(0.2)
    keep.cancel()
    planted(begun)
    await loop.create_future()


def run(plant, use_uvloop=False):
    """Runs a sample: `plant` is a coroutine function that makes the stalls."""
    if use_uvloop:
        import uvloop

        loop = uvloop.new_event_loop()
    else:
        loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.run_until_complete(_main(plant))


def repeat():
    """How often a sample does it: the number given, else three times."""
    numbers = [argument for argument in sys.argv[1:] if argument.isdigit()]
    return int(numbers[0]) if numbers else 3


def several(cause, function, *arguments, rest=0.05, **more):
    """A plant that does the same thing a few times."""
    line_of(function)

    async def plant():
        for _ in range(repeat()):
            stall(cause, function, *arguments, **more)
            await pause(rest)

    return plant
