"""An awaitable of a library's own, which is no Future and only behaves like one.

looptrace must show:
    dump: caller waiting_on.kind=unknown waiting_on.type=Reply waiting_on.holders=
    dump: caller chain=ask>__await__ state=waiting
    report: task caller waits.kind=unknown
"""
import asyncio

import _tour


class Reply:
    """What a task may await: it asks to be told, and goes on when it is."""

    _asyncio_future_blocking = False

    def __init__(self):
        self._loop = asyncio.get_running_loop()
        self._callbacks = []

    def get_loop(self):
        return self._loop

    def add_done_callback(self, callback, *, context=None):
        self._callbacks.append((callback, context))

    def cancel(self, msg=None):
        return False

    def done(self):
        return False

    def __await__(self):
        self._asyncio_future_blocking = True
        yield self


async def ask(reply):
    await reply


async def main():
    kept = asyncio.create_task(ask(Reply()), name="caller")
    await _tour.stay()
    await kept


asyncio.run(main())
