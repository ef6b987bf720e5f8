"""Many tasks, of which most wait: TASKS, and how many of them wake up per second altogether.

Each is three coroutines deep. Half wait for an event that never comes, half sleep for a random
time around TASKS / 2 / WAKEUPS seconds and then compute for about 10 µs. With no wake-ups the loop
is idle.
"""
import asyncio
import random
import sys

import _handshake


def add_up(count):
    total = 0
    for number in range(count):
        total += number
    return total


async def sleep_and_compute(pause):
    await asyncio.sleep(pause * random.random())
    while True:
        add_up(300)
        await asyncio.sleep(pause * random.uniform(0.5, 1.5))


async def wait_for_ever(event):
    await event.wait()


async def middle(awaited):
    await awaited


async def worker(awaited):
    await middle(awaited)


async def main():
    count, wakeups = int(sys.argv[1]), int(sys.argv[2])
    random.seed(1)
    event = asyncio.Event()
    active = count // 2 if wakeups else 0
    tasks = []
    for number in range(count):
        if number < active:
            awaited = sleep_and_compute(active / wakeups)
        else:
            awaited = wait_for_ever(event)
        tasks.append(asyncio.ensure_future(worker(awaited)))
    await asyncio.sleep(0)
    _handshake.ready()
    await event.wait()


if __name__ == "__main__":
    asyncio.run(main())
