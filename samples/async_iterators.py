"""Async iterators, generators and comprehensions, and a generator that was left in the middle.

looptrace must show:
    dump: iterating chain=iterating>__anext__>sleep
    dump: generating chain=generating>pages>fetch>sleep
    dump: comprehending chain~pages waiting_on.kind=sleep
    dump: left waiting_on.kind=future
    report: task generating waits.kind=sleep
"""
import asyncio

import _tour


class Countdown:
    def __aiter__(self):
        return self

    async def __anext__(self):
        await asyncio.sleep(100000)
        raise StopAsyncIteration


async def fetch():
    await asyncio.sleep(100000)


async def pages():
    yield 1
    await fetch()
    yield 2


async def iterating():
    async for _ in Countdown():
        pass


async def generating():
    async for page in pages():
        print(page)


async def comprehending():
    return [page async for page in pages() if page]


async def left():
    # Stops in the middle: the generator stays at its first yield, until it is closed or collected.
    unclosed = pages()
    async for _ in unclosed:
        break
    await asyncio.get_running_loop().create_future()
    return unclosed


async def main():
    runs = (iterating, generating, comprehending, left)
    kept = [asyncio.create_task(it(), name=it.__name__) for it in runs]
    await _tour.stay()
    await asyncio.wait(kept)


asyncio.run(main())
