"""One task per kind of link that an await chain can have.

looptrace must show: every task with its full chain: through a class's __await__ generator, async
for, anext, a types.coroutine generator, an async generator suspended in athrow and in aclose, a
coroutine wrapper, a pure-Python task, a Task subclass and (3.12+) a task started eagerly.
"""
import asyncio
import contextlib
import sys
import types

import _truth


async def deep():
    await asyncio.sleep(100000)


class Awaitable:
    def __await__(self):
        yield from asyncio.sleep(100000).__await__()


class Wrapping:
    def __await__(self):
        return deep().__await__()


async def via_await():
    await Awaitable()


async def via_wrapper():
    await Wrapping()


@types.coroutine
def old_style():
    yield from deep().__await__()


@types.coroutine
def delegating():
    yield from deep()


async def via_old_style():
    await old_style()


async def via_delegating():
    await delegating()


async def numbers():
    await deep()
    yield 1


async def nested_numbers():
    async for number in numbers():
        yield number


async def via_async_for():
    async for _ in nested_numbers():
        pass


async def via_anext():
    await numbers().__anext__()


async def via_comprehension():
    return [number async for number in numbers()]


async def cleaning():
    try:
        yield 1
    finally:
        await deep()


async def via_aclose():
    generator = cleaning()
    await generator.__anext__()
    await generator.aclose()


async def via_athrow():
    generator = cleaning()
    await generator.__anext__()
    await generator.athrow(ValueError("thrown on purpose"))


@contextlib.asynccontextmanager
async def resource():
    await deep()
    yield


async def via_context_manager():
    async with resource():
        pass


class Session:
    async def __aenter__(self):
        await self.connect()
        return self

    async def __aexit__(self, *_):
        return None

    async def connect(self):
        await deep()


async def via_class_context():
    async with Session():
        pass


class MyTask(asyncio.Task):
    pass


async def recursive(depth):
    if depth:
        await recursive(depth - 1)
    await deep()


async def main():
    loop = asyncio.get_running_loop()
    keep = []
    bodies = [
        via_await, via_wrapper, via_old_style, via_delegating, via_async_for, via_anext,
        via_comprehension, via_aclose, via_athrow, via_context_manager, via_class_context,
    ]
    for body in bodies:
        keep.append(_truth.spawn(body(), body.__name__, waits="sleep"))
    keep.append(_truth.spawn(recursive(60), "recursive", waits="sleep"))
    for name, kind in (("python_task", asyncio.tasks._PyTask), ("subclass", MyTask)):
        _truth.expect(name, waits="sleep")
        keep.append(kind(deep(), loop=loop, name=name))
    if sys.version_info >= (3, 10):
        async def builtin_anext():
            await anext(numbers())

        async def builtin_anext_default():
            await anext(numbers(), None)

        keep.append(_truth.spawn(builtin_anext(), "builtin_anext", waits="sleep"))
        keep.append(_truth.spawn(builtin_anext_default(), "anext_default", waits="sleep"))
    if sys.version_info >= (3, 12):
        _truth.expect("eager", waits="sleep")
        keep.append(asyncio.Task(deep(), loop=loop, name="eager", eager_start=True))
    await _truth.park()


if __name__ == "__main__":
    asyncio.run(main())
