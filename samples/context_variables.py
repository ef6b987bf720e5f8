"""Context variables: each request's task sees its own, down the chain and in tasks that it makes.

looptrace must show:
    dump: 2 request-* waiting_on.kind=task chain=handle
    dump: 2 child-* chain=query>sleep awaited_by.name~request-
    report: task child-1 waits.kind=sleep
"""
import asyncio
import contextvars

import _tour

REQUEST = contextvars.ContextVar("request")


async def query():
    assert REQUEST.get()
    await asyncio.sleep(100000)


async def handle(number):
    REQUEST.set("request {}".format(number))
    await asyncio.create_task(query(), name="child-{}".format(number))


async def main():
    names = {number: "request-{}".format(number) for number in (1, 2)}
    kept = [asyncio.create_task(handle(n), name=name) for n, name in names.items()]
    for _ in range(5):
        await asyncio.sleep(0)
    await _tour.stay()
    await asyncio.wait(kept)


asyncio.run(main())
