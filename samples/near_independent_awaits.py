"""The near miss of mistake_independent_awaits: one call needs the other's result, two share a
connection, one is a task that runs already, and two do run side by side.

looptrace must show:
    dump: 4 page-*
    report: with --independent-awaits
    report: task page-1 waits.kind~sleep
    report: 2 s
"""
import asyncio

import _tour


async def fetch(what, key):
    await asyncio.sleep(0.2)
    return "{} of {}".format(what, key)


async def needs(key):
    user = await fetch("user", key)
    likes = await fetch("likes", user)
    return likes


async def shares(connection):
    user = await fetch("user", connection)
    likes = await fetch("likes", connection)
    return user, likes


async def began_before(key):
    running = asyncio.ensure_future(fetch("user", key))
    likes = await fetch("likes", key)
    user = await running
    return user, likes


async def side_by_side(key):
    return await asyncio.gather(fetch("user", key), fetch("likes", key))


async def serve(page):
    while True:
        await page(17)


async def main():
    pages = enumerate((needs, shares, began_before, side_by_side), 1)
    kept = [asyncio.create_task(serve(page), name="page-{}".format(n)) for n, page in pages]
    await asyncio.sleep(0)
    _tour.now()
    await asyncio.wait(kept)


asyncio.run(main())
