"""Tasks that wait for streams and for bare sockets.

looptrace must show: stream_reader, line_reader, stream_writer and handler waiting for a stream;
receiver and acceptor waiting for a socket.
"""
import asyncio
import socket

import _truth

ACCEPTED = []


async def handle(reader, writer):
    asyncio.current_task().set_name("handler")
    _truth.expect("handler", waits="stream")
    ACCEPTED.append(writer)
    await reader.readexactly(10)


async def read_stream(reader):
    await reader.read(100)


async def read_line(reader):
    async for _ in reader:
        pass


async def write_stream(writer):
    writer.write(b"x" * 10_000_000)
    await writer.drain()


async def receive(loop, sock):
    await loop.sock_recv(sock, 10)


async def accept(loop, sock):
    await loop.sock_accept(sock)


async def main():
    loop = asyncio.get_running_loop()
    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    reader, _writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    while not ACCEPTED:
        await asyncio.sleep(0)
    keep = [_truth.spawn(read_stream(reader), "stream_reader", waits="stream")]
    one, other = socket.socketpair()
    line_reader, line_writer = await asyncio.open_connection(sock=one)
    keep.append(_truth.spawn(read_line(line_reader), "line_reader", waits="stream"))
    keep.append(_truth.spawn(write_stream(line_writer), "stream_writer", waits="stream"))
    left, right = socket.socketpair()
    left.setblocking(False)
    keep.append(_truth.spawn(receive(loop, left), "receiver", waits="socket"))
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    listener.setblocking(False)
    keep.append(_truth.spawn(accept(loop, listener), "acceptor", waits="socket"))
    keep.extend([other, right])
    await _truth.park()


if __name__ == "__main__":
    asyncio.run(main())
