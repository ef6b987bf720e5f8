"""One lock around a slow call: everybody stands in line behind it.

looptrace must show:
    dump: 4 request-* waiting_on.kind=lock waiting_on.holders.name=owner waiting_on.waiters=4
    report: finding bottleneck line=HERE severity=warning evidence.holder=owner
    report: contention lock most_waiters=4 holders.name=owner
    report: 1.5 s
"""
import asyncio

import _tour


async def request(lock):
    async with lock:  # HERE
        await asyncio.sleep(100000)


async def main():
    lock = asyncio.Lock()
    names = ["owner"] + ["request-{}".format(n) for n in range(4)]
    kept = [asyncio.create_task(request(lock), name=name) for name in names]
    await _tour.stay()
    await asyncio.wait(kept)


asyncio.run(main())
