"""asyncio without tasks: an echo server made of a protocol, and a timer that calls itself.

looptrace must show:
    dump: main waiting_on.kind=future
    dump loops: kind=selector
    report: task main waits.kind=future
"""
import asyncio

import _tour


class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)


def tick(loop):
    loop.call_later(0.05, tick, loop)


async def main():
    asyncio.current_task().set_name("main")
    loop = asyncio.get_running_loop()
    await loop.create_server(Echo, "127.0.0.1", 0)
    tick(loop)
    await _tour.stay()


asyncio.run(main())
