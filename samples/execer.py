"""Replaces itself (exec) when a line arrives; the argument counts the lives, READY names them.

looptrace must show: the first life until the exec, then, under the same pid, the second one; never
rows made of both.
"""
import asyncio
import json
import os
import sys

LIFE = int(sys.argv[1]) if len(sys.argv) > 1 else 1


async def ticking():
    while True:
        await asyncio.sleep(0.001)


def on_input():
    if not os.read(0, 100):
        os._exit(0)
    os.execv(sys.executable, [sys.executable, os.path.abspath(__file__), str(LIFE + 1)])


async def main():
    loop = asyncio.get_running_loop()
    loop.add_reader(0, on_input)
    task = loop.create_task(ticking())
    task.set_name("life-{}".format(LIFE))
    await asyncio.sleep(0)
    os.write(1, "READY {}\n".format(json.dumps({"pid": os.getpid(), "life": LIFE})).encode())
    await task


if __name__ == "__main__":
    asyncio.run(main())
