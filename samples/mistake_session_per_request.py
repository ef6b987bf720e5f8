"""A client session for every request: connections are never used twice.

The client here stands in for httpx's, whose constructor reads all trusted certificates as well.

looptrace must show:
    report: finding session_per_request text~httpx severity=warning
    report: finding cpu_on_loop maybe
    report: finding blocking_call maybe
    report: until ran=8
"""
import asyncio

import _tour

CLIENT = '''
import ssl

class AsyncClient:
    def __init__(self):
        self.context = ssl.create_default_context()
        for _ in range(3):
            self.context.load_default_certs()

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        pass
'''
httpx = {}
exec(compile(CLIENT, "site-packages/httpx/_client.py", "exec"), httpx)


async def request():
    async with httpx["AsyncClient"]():
        await asyncio.sleep(0.01)


async def main():
    _tour.now()
    while True:
        await asyncio.create_task(request())
        await asyncio.sleep(0.005)


asyncio.run(main())
