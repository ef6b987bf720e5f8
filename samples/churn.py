"""Workers (as many as the argument says, 20 without one) and a gather that never rests.

looptrace must show: no sample with event-loop frames at or below the running task's root; w0, w1 …
each `mid` awaiting `leaf`, all awaited by the task that holds them.
"""
import asyncio
import json
import os
import sys


def burn(count):
    total = 0
    for number in range(count):
        total += number
    return total


async def leaf(number):
    while True:
        burn(2000)
        await asyncio.sleep(0.001 if number % 10 == 0 else 0.5)


async def mid(number):
    await leaf(number)


async def parent(count):
    loop = asyncio.get_running_loop()
    tasks = []
    for number in range(count):
        task = loop.create_task(mid(number))
        task.set_name("w{}".format(number))
        tasks.append(task)
    await asyncio.gather(*tasks)


async def short():
    while True:
        await asyncio.gather(*(asyncio.sleep(0) for _ in range(5)))


async def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    loop = asyncio.get_running_loop()
    loop.add_reader(0, lambda: os.read(0, 100) or os._exit(0))
    os.write(1, "READY {}\n".format(json.dumps({"pid": os.getpid()})).encode())
    await asyncio.gather(parent(count), short())


if __name__ == "__main__":
    asyncio.run(main())
