"""A chat server over streams: one task per client, and one client that does not read.

The server's writer to the slow client waits for room; the others wait for the next message.

looptrace must show:
    dump: 2 client-* waiting_on.kind=stream waiting_on.operation=read waiting_on.peer~127.0.0.1
    dump: 3 server-* waiting_on.kind=stream waiting_on.operation=read
    dump: broadcaster waiting_on.kind=stream waiting_on.operation=write waiting_on.fd>=3
    report: task broadcaster waits.kind=stream
"""
import asyncio

import _tour

CLIENTS = []


async def serve(reader, writer):
    asyncio.current_task().set_name("server-{}".format(len(CLIENTS)))
    CLIENTS.append(writer)
    while await reader.readline():
        pass


async def client(port, count):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    count.append(writer)
    while await reader.read(65536):
        pass


async def slow(port, count):
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=4096)
    count.append((reader, writer))
    await asyncio.get_running_loop().create_future()


async def broadcast():
    while True:
        CLIENTS[0].write(b"x" * (1 << 20))
        await CLIENTS[0].drain()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port, connected = server.sockets[0].getsockname()[1], []
    kept = [asyncio.create_task(slow(port, connected), name="slow")]
    while len(CLIENTS) < 1 or len(connected) < 1:
        await asyncio.sleep(0)
    for number in range(2):
        name = "client-{}".format(number)
        kept.append(asyncio.create_task(client(port, connected), name=name))
    while len(CLIENTS) < 3 or len(connected) < 3:
        await asyncio.sleep(0)
    kept.append(asyncio.create_task(broadcast(), name="broadcaster"))
    # Until the buffers on the way are full: what is left to be written stays the same.
    left, same = 0, 0
    while left == 0 or same < 20:
        await asyncio.sleep(0.002)
        before, left = left, CLIENTS[0].transport.get_write_buffer_size()
        same = same + 1 if left == before else 0
    await _tour.stay()
    await asyncio.wait(kept)


asyncio.run(main())
