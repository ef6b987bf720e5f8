"""Sockets without streams: receiving, sending, accepting, and a connection that nobody takes.

looptrace must show:
    dump: receiver waiting_on.kind=socket waiting_on.operation=read waiting_on.fd>=3
    dump: receiver waiting_on.local~127.0.0.1: waiting_on.peer~127.0.0.1:
    dump: sender waiting_on.kind=socket waiting_on.operation=write waiting_on.peer~127.0.0.1:
    dump: acceptor waiting_on.kind=socket waiting_on.operation=accept waiting_on.local~127.0.0.1:
    dump: acceptor waiting_on.peer=null
    dump: caller waiting_on.kind=socket waiting_on.operation=connect waiting_on.fd>=3
    report: task sender waits.kind=socket
"""
import asyncio
import socket

import _tour


def listener(backlog):
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    sock.listen(backlog)
    sock.setblocking(False)
    return sock


def connected():
    server, one = listener(1), socket.socket()
    one.connect(server.getsockname())
    other, _ = server.accept()
    one.setblocking(False)
    other.setblocking(False)
    return one, other


def full():
    """A listener whose line is full: whoever calls now is not answered."""
    sock, callers = listener(0), [socket.socket() for _ in range(3)]
    for caller in callers:
        caller.setblocking(False)
        caller.connect_ex(sock.getsockname())
    return sock, callers


async def main():
    loop = asyncio.get_running_loop()
    one, other = connected()
    idle, busy = listener(1), full()
    late = socket.socket()
    late.setblocking(False)
    runs = [("receiver", loop.sock_recv(one, 10)), ("sender", loop.sock_sendall(one, bytes(10**8)))]
    runs += [("acceptor", loop.sock_accept(idle))]
    runs += [("caller", loop.sock_connect(late, busy[0].getsockname()))]
    kept = [asyncio.ensure_future(run) for _, run in runs]
    for task, (name, _) in zip(kept, runs):
        task.set_name(name)
    kept.append(other)
    await _tour.stay()


asyncio.run(main())
