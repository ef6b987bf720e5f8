"""The near miss of mistake_session_per_request: one session, made once, for all requests.

looptrace must show:
    report: task main waits.kind~sleep
    report: 1 s
"""
import asyncio

import _tour


class AsyncClient:
    async def get(self):
        await asyncio.sleep(0.01)


async def request(client):
    await client.get()


async def main():
    asyncio.current_task().set_name("main")
    client = AsyncClient()
    _tour.now()
    while True:
        await asyncio.create_task(request(client))
        await asyncio.sleep(0.033)


asyncio.run(main())
