"""asyncio.wait for the first of several replicas; of three, none has answered.

looptrace must show:
    dump: asker waiting_on.kind=wait waiting_on.members=3 waiting_on.pending=3
    dump: 3 replica-* waiting_on.kind=sleep awaited_by.name=asker
    report: task asker waits.kind=wait
"""
import asyncio

import _tour


async def replica():
    await asyncio.sleep(100000)


async def ask():
    replicas = {asyncio.create_task(replica(), name="replica-{}".format(n)) for n in range(3)}
    done, pending = await asyncio.wait(replicas, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    return done.pop().result()


async def main():
    kept = asyncio.create_task(ask(), name="asker")
    await _tour.stay()
    await kept


asyncio.run(main())
