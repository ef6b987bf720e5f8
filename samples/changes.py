"""A loop that is held up until it is told to go on, in a process that executes itself again, or forks.

looptrace must show: each hold as one stall of the process and the life in which it was, as long as the
program says, on the marked line; no stall across an exec; as many switches as the kernel counted.

Lines on standard input: `hold` (until the next line), `exec`, `thread-exec` (from a thread that is not
the leader), `fork` (a child that is held up by `child hold` and let go by `child go`), `switch N`.
"""
import asyncio
import json
import os
import sys
import threading
import time

LIFE = int(sys.argv[1]) if len(sys.argv) > 1 else 1
CHILD = []


def say(word, **fields):
    fields.update(pid=os.getpid(), life=LIFE)
    os.write(1, "{} {}\n".format(word, json.dumps(fields)).encode())


def hold():
    start = time.monotonic_ns()
    say("HOLDS", start_ns=start)
    os.read(0, 100)  # held up here
    end = time.monotonic_ns()
    say("HELD", start_ns=start, end_ns=end)


def again():
    os.execv(sys.executable, [sys.executable, os.path.abspath(__file__), str(LIFE + 1)])


def fork():
    near, far = os.pipe()
    pid = os.fork()
    if pid:
        os.close(near)
        CHILD[:] = [pid, far]
        return
    os.close(far)
    os.dup2(near, 0)
    # The parent's loop must not be used here: its selector is shared.
    asyncio._set_running_loop(None)
    try:
        asyncio.run(main("FORKED"))
    finally:
        os._exit(0)


def counted():
    """How often the kernel says that this thread left its CPU."""
    with open("/proc/self/task/{}/status".format(threading.get_native_id())) as file:
        lines = [line.split() for line in file]
    return sum(int(line[1]) for line in lines if line[0].endswith("ctxt_switches:"))


def switch(count):
    """Waits for another thread, until the kernel has counted that often."""
    here, there = os.pipe(), os.pipe()

    def echo():
        while os.read(here[0], 1):
            os.write(there[1], b"x")

    thread = threading.Thread(target=echo)
    thread.start()
    begun = time.monotonic_ns()
    first = counted()
    start = time.monotonic_ns()
    while counted() - first < count:
        for _ in range(100):
            os.write(here[1], b"x")
            os.read(there[0], 1)
    end = time.monotonic_ns()
    last = counted()
    over = time.monotonic_ns()
    os.close(here[1])
    thread.join()
    told = dict(from_ns=begun, to_ns=over, switches=last - first)
    say("SWITCHED", start_ns=start, end_ns=end, **told)


def on_input():
    data = os.read(0, 100)
    if not data:
        os._exit(0)
    words = data.decode().split()
    if words[0] == "hold":
        hold()
    elif words[0] == "exec":
        again()
    elif words[0] == "thread-exec":
        threading.Thread(target=again).start()
    elif words[0] == "fork":
        fork()
    elif words[0] == "child":
        os.write(CHILD[1], words[1].encode())
    elif words[0] == "switch":
        switch(int(words[1]))


async def main(word):
    loop = asyncio.get_running_loop()
    loop.add_reader(0, on_input)
    await asyncio.sleep(0)
    say(word, monotonic_ns=time.monotonic_ns())
    await loop.create_future()


if __name__ == "__main__":
    asyncio.run(main("READY"))
