"""Tests of a service that is not there: one of them blocks the loop.

looptrace must show: a loop per test, a stall of 300 ms in test_blocks[2], one of 200 ms in
test_starts_a_task_that_blocks, none in the others. LONGER=5 makes both five times as long.
"""

import asyncio
import os
import time

import pytest

LONGER = float(os.environ.get("LONGER", "1"))

pytestmark = pytest.mark.asyncio


async def test_waits():
    await asyncio.sleep(0.25)


@pytest.mark.parametrize("size", [1, 2])
async def test_blocks(size):
    await asyncio.sleep(0.1)
    if size == 2:
        time.sleep(0.3 * LONGER)
    await asyncio.sleep(0.1)


async def background():
    time.sleep(0.2 * LONGER)


async def test_starts_a_task_that_blocks():
    task = asyncio.ensure_future(background())
    await asyncio.sleep(0.1)
    await task


def test_is_synchronous():
    assert sorted([2, 1]) == [1, 2]
