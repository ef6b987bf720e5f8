"""A busy loop of tasks (as many as the argument says) that logs its own work.

Every millisecond it notes time.monotonic_ns(), its own CPU time and the number of steps done so far, so
that windows with and without a recorder can be laid over its work afterwards. A line on standard
input is answered with `LOG [[ns, cpu_ns, steps], …]`.
"""
import array
import asyncio
import json
import os
import sys
import time

import _handshake

EVERY_NS = 1_000_000
TIMES = array.array("q")
CPU = array.array("q")
STEPS = array.array("q")


class Work:
    steps = 0
    due = 0


def add_up(count):
    total = 0
    for number in range(count):
        total += number
    return total


def note():
    Work.steps += 1
    now = time.monotonic_ns()
    if now >= Work.due:
        TIMES.append(now)
        CPU.append(time.thread_time_ns())
        STEPS.append(Work.steps)
        Work.due = now + EVERY_NS


async def step():
    while True:
        add_up(600)
        note()
        await asyncio.sleep(0)


async def worker():
    await step()


def answer(_line):
    text = "LOG {}\n".format(json.dumps(list(zip(TIMES, CPU, STEPS)))).encode()
    while text:
        text = text[os.write(1, text):]


async def main():
    tasks = [asyncio.ensure_future(worker()) for _ in range(int(sys.argv[1]))]
    _handshake.ready(answer)
    await asyncio.gather(*tasks)


if __name__ == "__main__":
    asyncio.run(main())
