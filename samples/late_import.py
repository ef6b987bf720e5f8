"""Imports asyncio only when a line arrives on its standard input; READY comes before.

looptrace must show: no loop at first; once the second handshake line (STARTED) was printed, the
loop and its task `late`, in the same recording.
"""
import json
import os
import sys


def say(word):
    os.write(1, "{} {}\n".format(word, json.dumps({"pid": os.getpid()})).encode())


def run():
    import asyncio

    async def worker():
        while True:
            await asyncio.sleep(0.001)

    async def main():
        loop = asyncio.get_running_loop()
        task = loop.create_task(worker())
        task.set_name("late")
        await asyncio.sleep(0.01)
        say("STARTED")
        loop.add_reader(0, lambda: os.read(0, 100) or os._exit(0))
        await task

    asyncio.run(main())


if __name__ == "__main__":
    say("READY")
    if sys.stdin.readline():
        run()
