"""A hundred thousand tasks, or as many as the argument says, made before anybody looks.

arguments: 2000
looptrace must show:
    dump: 2000 job-* waiting_on.kind=event state=waiting
    report: task job-1999 waits.kind=event
    report: contention event most_waiters=2000
"""
import asyncio
import sys

import _tour


async def job(event):
    await event.wait()


async def main():
    event, count = asyncio.Event(), int(sys.argv[1]) if len(sys.argv) > 1 else 100000
    kept = [asyncio.create_task(job(event), name="job-{}".format(n)) for n in range(count)]
    await asyncio.sleep(0)
    await _tour.stay()
    await asyncio.wait(kept)


asyncio.run(main())
