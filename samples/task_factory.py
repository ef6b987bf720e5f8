"""Loops whose tasks come from a factory: a subclass, the pure-Python task and (3.12+) eager ones.

looptrace must show: every task with name, chain and edge, whatever made it.
"""
import asyncio
import sys

import _truth


class TracedTask(asyncio.Task):
    """A task with something of its own in front of and behind what asyncio keeps."""

    def __init__(self, *arguments, **options):
        self.before = "before"
        super().__init__(*arguments, **options)
        self.after = "after"


def subclass_factory(loop, coroutine, **options):
    return TracedTask(coroutine, loop=loop, **options)


def python_factory(loop, coroutine, **options):
    return asyncio.tasks._PyTask(coroutine, loop=loop, **options)


async def leaf():
    await asyncio.sleep(100000)


async def awaiting(task):
    await task


async def main():
    loop = asyncio.get_running_loop()
    keep = []
    factories = {"subclass": subclass_factory, "python": python_factory}
    if sys.version_info >= (3, 12):
        factories["eager"] = asyncio.eager_task_factory
    for name, factory in factories.items():
        loop.set_task_factory(factory)
        outer = name + "-outer"
        inner = _truth.spawn(leaf(), name + "-inner", waits="sleep", awaited_by=[outer])
        keep.append(_truth.spawn(awaiting(inner), outer, waits="task"))
    loop.set_task_factory(None)
    await _truth.park()


if __name__ == "__main__":
    asyncio.run(main())
