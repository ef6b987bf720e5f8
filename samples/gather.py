"""asyncio.gather, once so that the first failure is raised, once so that failures are results.

Of the four of the second gather one has failed and one has returned: two are pending.

looptrace must show:
    dump: strict waiting_on.kind=gather waiting_on.members=3 waiting_on.pending=3
    dump: 3 strict-* waiting_on.kind=sleep awaited_by.name=strict
    dump: lenient waiting_on.kind=gather waiting_on.members=4 waiting_on.pending=2
    dump: 2 lenient-slow-* awaited_by.name=lenient
    report: task strict waits.kind=gather
"""
import asyncio

import _tour


async def fetch(fate="slow"):
    if fate == "bad":
        raise ValueError("no such page")
    if fate == "slow":
        await asyncio.sleep(100000)


def start(name, fate="slow"):
    return asyncio.create_task(fetch(fate), name=name)


async def strict():
    await asyncio.gather(*[start("strict-{}".format(n)) for n in range(3)])


async def lenient():
    slow = [start("lenient-slow-{}".format(n)) for n in range(2)]
    others = [start("lenient-bad", "bad"), start("lenient-quick", "quick")]
    results = await asyncio.gather(*slow, *others, return_exceptions=True)
    print([result for result in results if isinstance(result, Exception)])


async def main():
    kept = [asyncio.create_task(strict(), name="strict")]
    kept.append(asyncio.create_task(lenient(), name="lenient"))
    await _tour.stay()


asyncio.run(main())
