"""A parent with a loop that forks a worker, and another, when lines arrive; each has a loop.

looptrace must show: with --subprocesses, the parent's task `parent` and each worker's `worker-N`
under its own pid; a worker that ended (line `end`) stays in the recording.
"""
import asyncio
import json
import os
import signal

CHILDREN = []


def say(word, **fields):
    os.write(1, "{} {}\n".format(word, json.dumps(dict(fields, pid=os.getpid()))).encode())


async def tick(name, parent=None):
    asyncio.current_task().set_name(name)
    # A worker whose parent was killed ends with it.
    while parent in (None, os.getppid()):
        await asyncio.sleep(0.001)
    os._exit(0)


async def worker(number, parent):
    async def report():
        say("WORKER", number=number, parent=parent)

    await asyncio.gather(tick("worker-{}".format(number), parent), report())


def fork(number):
    parent = os.getpid()
    pid = os.fork()
    if pid:
        CHILDREN.append(pid)
        return
    # The parent's loop must not be used here: its selector is shared.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    asyncio._set_running_loop(None)
    try:
        asyncio.run(worker(number, parent))
    finally:
        os._exit(0)


def on_input():
    data = os.read(0, 100)
    if not data:
        for pid in CHILDREN:
            os.kill(pid, signal.SIGKILL)
        os._exit(0)
    for line in data.decode().split():
        if line == "fork":
            fork(len(CHILDREN) + 1)
        elif line == "end":
            pid = CHILDREN.pop(0)
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            say("ENDED", child=pid)


async def main():
    asyncio.get_running_loop().add_reader(0, on_input)
    task = asyncio.get_running_loop().create_task(tick("parent"))
    await asyncio.sleep(0)
    say("READY")
    await task


if __name__ == "__main__":
    asyncio.run(main())
