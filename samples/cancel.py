"""Cancellation that was asked for and is not honoured.

looptrace must show: deaf with one cancel request, stubborn with two (3.11+), untouched with none;
cleaning inside its finally block; all of them waiting.
"""
import asyncio

import _truth


async def ignoring(times):
    for _ in range(times):
        try:
            await asyncio.sleep(100000)
        except asyncio.CancelledError:
            pass
    await asyncio.sleep(100000)


async def cleaning():
    try:
        await asyncio.sleep(100000)
    finally:
        await asyncio.sleep(100000)


async def main():
    deaf = _truth.spawn(ignoring(1), "deaf", waits="sleep")
    stubborn = _truth.spawn(ignoring(2), "stubborn", waits="sleep")
    slow = _truth.spawn(cleaning(), "cleaning", waits="sleep")
    untouched = _truth.spawn(ignoring(0), "untouched", waits="sleep")
    await _truth.settle()
    for task in (deaf, stubborn, slow):
        task.cancel()
    await _truth.settle()
    stubborn.cancel()
    await _truth.park(keep=untouched.get_name())


if __name__ == "__main__":
    asyncio.run(main())
