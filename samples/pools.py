"""Six clients each of aiohttp and of httpx, whose pools let two of them have a connection at a time.

looptrace must show: clients that wait for a connection in the code of their library's pool; in the
report, one row for each pool, by the line of aiohttp and of httpcore that waits.
"""
import asyncio
import json
import os

import aiohttp
import httpx


answered = None


async def serve(reader, writer):
    try:
        while True:
            await reader.readuntil(b"\r\n\r\n")
            await asyncio.sleep(0.2)
            answered.put_nowait(None)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def with_aiohttp(session, url):
    while True:
        async with session.get(url) as answer:
            await answer.read()


async def with_httpx(client, url):
    while True:
        await client.get(url)


async def main():
    global answered
    answered = asyncio.Queue()
    loop = asyncio.get_running_loop()
    loop.add_reader(0, lambda: os.read(0, 100) or os._exit(0))
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = "http://127.0.0.1:{}/".format(server.sockets[0].getsockname()[1])
    connector = aiohttp.TCPConnector(limit=2)
    limits = httpx.Limits(max_connections=2)
    async with aiohttp.ClientSession(connector=connector) as session, httpx.AsyncClient(
        limits=limits, timeout=600, trust_env=False
    ) as client:
        tasks = []
        for number in range(6):
            tasks.append(loop.create_task(with_aiohttp(session, url)))
            tasks.append(loop.create_task(with_httpx(client, url)))
        # Every one has asked for a connection by the time that both libraries were answered twice.
        for _ in range(8):
            await answered.get()
        os.write(1, "READY {}\n".format(json.dumps({"pid": os.getpid()})).encode())
        await asyncio.gather(*tasks)


if __name__ == "__main__":
    asyncio.run(main())
