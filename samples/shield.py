"""asyncio.shield: the caller may be cancelled, the commit goes on.

The caller of the second commit has been cancelled and is gone; the commit is still there.

looptrace must show:
    dump: caller waiting_on.kind=shield
    dump: commit-1 coroutine=commit awaited_by.name=caller
    dump: commit-2 coroutine=commit awaited_by= state=waiting
    report: task caller waits.kind=shield
"""
import asyncio

import _tour

COMMITS = set()


async def commit():
    await asyncio.sleep(100000)


async def save(name):
    task = asyncio.create_task(commit(), name=name)
    COMMITS.add(task)
    task.add_done_callback(COMMITS.discard)
    await asyncio.shield(task)


async def main():
    kept = asyncio.create_task(save("commit-1"), name="caller")
    gone = asyncio.create_task(save("commit-2"), name="gone")
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.wait([gone])
    await _tour.stay()
    await kept


asyncio.run(main())
