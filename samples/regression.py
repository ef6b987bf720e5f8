"""A service that can be made worse by a third, in one way at a time.

looptrace must show: stalls in render() of about 12 ms; with --worse cpu of about 16 ms; with --worse
block in audit(), which sleeps; with --worse query the same stalls and longer waits of handle(); with
--worse leak a task more for every fifth request.

    python regression.py [--worse cpu|block|query|leak] [--seconds 3]
"""

import argparse
import asyncio
import time

WORKERS = 6
QUERY_S = 0.060
ROUNDS = 240_000


def render(rounds):
    """Computes on the loop's thread: the same work every time."""
    total = 0
    for number in range(rounds):
        total += number * number % 7
    return total


def audit():
    """Blocks the loop's thread."""
    time.sleep(0.012)


async def query(seconds):
    await asyncio.sleep(seconds)


async def notify():
    """Waits for what never comes."""
    await asyncio.get_running_loop().create_future()


async def handle(number, worse, kept):
    await query(QUERY_S * 1.3 if worse == "query" else QUERY_S)
    if number % 2 == 0:
        render(int(ROUNDS * 1.3) if worse == "cpu" else ROUNDS)
    if worse == "block" and number % 3 == 0:
        audit()
    if worse == "leak" and number % 5 == 0:
        kept.append(asyncio.ensure_future(notify()))


async def work(worker, worse, until, kept):
    number = worker
    while time.monotonic() < until:
        await asyncio.ensure_future(handle(number, worse, kept))
        number += 1


async def main(worse, seconds):
    kept = []
    until = time.monotonic() + seconds
    await asyncio.gather(*(work(worker, worse, until, kept) for worker in range(WORKERS)))
    for task in kept:
        task.cancel()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--worse", choices=["cpu", "block", "query", "leak"])
    parser.add_argument("--seconds", type=float, default=3.0)
    arguments = parser.parse_args()
    asyncio.run(main(arguments.worse, arguments.seconds))
