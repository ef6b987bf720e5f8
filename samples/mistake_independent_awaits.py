"""Two calls that have nothing to do with each other are awaited one after the other.

Looked for on request only, in the program's source: no memory tells what a line has to do with
another one.

looptrace must show:
    dump: page waiting_on.kind=sleep
    report: with --independent-awaits
    report: finding independent_awaits line=HERE severity=info evidence.lines~,
    report: until rows=12
"""
import asyncio

import _tour


async def fetch(what, key):
    await asyncio.sleep(0.2)
    return "{} of {}".format(what, key)


async def page(key):
    user = await fetch("user", key)  # HERE
    likes = await fetch("likes", key)
    return user, likes


async def serve():
    while True:
        await page(17)


async def main():
    kept = asyncio.create_task(serve(), name="page")
    await asyncio.sleep(0)
    _tour.now()
    await kept


asyncio.run(main())
