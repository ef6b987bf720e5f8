"""A task that holds its loop up for 200 ms, and others that suffer: some could run, some had timers due.

looptrace must show: the tasks by name, why they suffered, and for how long.
"""
import asyncio
import time

import _stall

SECONDS = 0.2
DUE = 0.08


def nap():
    time.sleep(SECONDS)  # here


async def wait_for(event):
    await event.wait()


async def wait_until(due):
    loop = asyncio.get_running_loop()
    await asyncio.sleep(due - loop.time())


async def plant():
    loop = asyncio.get_running_loop()
    for turn in range(_stall.repeat()):
        event = asyncio.Event()
        due = loop.time() + 0.02 + DUE
        ready = ["ready-%d-%d" % (turn, number) for number in range(3)]
        timers = ["timer-%d-%d" % (turn, number) for number in range(3)]
        others = [(wait_for(event), name) for name in ready]
        others += [(wait_until(due), name) for name in timers]
        tasks = []
        for coroutine, name in others:
            task = loop.create_task(coroutine)
            task.set_name(name)
            tasks.append(task)
        await _stall.pause(0.02)
        start = time.monotonic_ns()
        event.set()
        nap()
        end = time.monotonic_ns()
        victims = {name: ["ready", end - start] for name in ready}
        victims.update({name: ["timer", end - max(start, int(due * 1e9))] for name in timers})
        _stall.note("blocking_call", nap, start, end, victims=victims, kind="callback")
        await asyncio.gather(*tasks)
        await _stall.pause(0.1)


_stall.line_of(nap)
_stall.run(plant)
