"""A task that waits for a child process and one that reads from it.

looptrace must show: waiter waiting for a subprocess, reader for a stream.
"""
import asyncio
import sys

import _truth

# The child ends when its standard input does, which it does when this process ends.
CHILD = "import sys; sys.stdin.read()"


async def wait_child(process):
    await process.wait()


async def read_child(process):
    await process.stdout.readline()


async def main():
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", CHILD, stdin=pipe, stdout=pipe
    )
    keep = [_truth.spawn(wait_child(process), "waiter", waits="subprocess")]
    keep.append(_truth.spawn(read_child(process), "reader", waits="stream"))
    await _truth.park()


if __name__ == "__main__":
    asyncio.run(main())
