"""Shared by the programs of the tour: READY once they stand as they say, and an end.

A program ends when its standard input does, so that a test that dies leaves nothing behind; started
by hand in a terminal it runs until Ctrl-C or Ctrl-D.
"""
import asyncio
import os

import _truth


_STARTS = []


def _end():
    if not os.read(0, 4096):
        os._exit(0)
    while _STARTS:
        _STARTS.pop().set_result(None)


def _watch():
    try:
        asyncio.get_running_loop().add_reader(0, _end)
    except OSError:
        # A file or /dev/null: there is nothing to wait for.
        pass


async def ready():
    """Says READY once every other task of this loop waits for something."""
    await _truth.settle()
    now()


def now():
    """Says READY, whatever the tasks do."""
    _watch()
    _truth.announce()


async def go():
    """Says READY and waits for a line on standard input."""
    _STARTS.append(asyncio.get_running_loop().create_future())
    started = _STARTS[-1]
    now()
    await started


async def stay():
    """Says READY once every other task waits, and stays."""
    await ready()
    await asyncio.get_running_loop().create_future()
