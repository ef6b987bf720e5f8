"""Child processes: waiting for one to end, and for what another one writes.

looptrace must show:
    dump: waiter waiting_on.kind=subprocess waiting_on.pid>=2 waiting_on.command~stdin
    dump: reader waiting_on.kind=stream waiting_on.operation=read
    report: task waiter waits.kind=subprocess
"""
import asyncio
import subprocess
import sys

import _tour

# Ends when its standard input does.
CHILD = "import sys; sys.stdin.read()"


async def wait(process):
    await process.wait()


async def read(process):
    await process.stdout.readline()


async def main():
    pipe, command = subprocess.PIPE, (sys.executable, "-c", CHILD)
    first = await asyncio.create_subprocess_exec(*command, stdin=pipe)
    second = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
    kept = [asyncio.create_task(wait(first), name="waiter")]
    kept.append(asyncio.create_task(read(second), name="reader"))
    await _tour.stay()
    await asyncio.wait(kept)


asyncio.run(main())
