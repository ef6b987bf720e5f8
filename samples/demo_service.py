"""A small web shop with its own customers: one asyncio process to point looptrace at.

looptrace must show: in any recording of it,

* `GET /quote` computes prices on the event loop: `price_basket` is the hottest code.
* `GET /export` calls `time.sleep(0.08)` on the event loop about once a second: while it does,
  every other task is ready and none runs (`write_export`).
* `GET /order` holds one lock, `stock_lock`, over a slow database call: most customers of that
  page wait for the lock, in a queue (`Shop.order`).
* `GET /report` fans out to four tasks and waits for all of them (`Shop.report`).
* Six `worker-N` tasks share a semaphore of two: four of them always wait for it
  (`render_thumbnail`).

It needs nothing but the standard library, of Python 3.8 or later, and listens on the loopback
address only. It runs until it is interrupted, or for the number of seconds given.
"""

import asyncio
import contextlib
import os
import random
import signal
import sys
import time

CUSTOMERS = 12
WORKERS = 6
EXPORT_EVERY = 1.0  # seconds


class Database:
    """Answers after a while, like a database over a network."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    async def query(self, seconds):
        await asyncio.sleep(seconds * self.random.uniform(0.5, 1.5))
        return self.random.randrange(1000)


def price_basket(items):
    """Work for the CPU, on the event loop: a few milliseconds."""
    total = 0
    for item in range(items):
        discount = (item * 7919) % 101
        total += discount * discount % 13
    return total


def write_export():
    """The mistake to be found: a blocking call on the event loop."""
    time.sleep(0.08)


async def gather_all(coroutines, name):
    """Fan out and wait for all: a TaskGroup where there is one, else gather."""
    if hasattr(asyncio, "TaskGroup"):
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(coroutine, name="{}-{}".format(name, number))
                for number, coroutine in enumerate(coroutines, 1)
            ]
        return [task.result() for task in tasks]
    return await asyncio.gather(*coroutines)


class Shop:
    """The pages of the shop."""

    def __init__(self):
        self.database = Database(7)
        self.stock_lock = asyncio.Lock()
        self.thumbnails = asyncio.Queue(maxsize=20)
        self.renderers = asyncio.Semaphore(2)
        self.connections = 0
        self.next_export = time.monotonic() + EXPORT_EVERY
        self.pages = {
            "/quote": self.quote,
            "/order": self.order,
            "/report": self.report,
            "/export": self.export,
        }

    async def quote(self):
        await self.database.query(0.004)
        return price_basket(30_000)

    async def order(self):
        async with self.stock_lock:
            left = await self.database.query(0.015)
        if not self.thumbnails.full():
            self.thumbnails.put_nowait(left)
        return left

    async def report(self):
        parts = [self.section(number) for number in range(4)]
        return sum(await gather_all(parts, "section"))

    async def section(self, number):
        rows = await self.database.query(0.01 * (number + 1))
        return price_basket(2_000 + rows)

    async def export(self):
        if time.monotonic() >= self.next_export:
            self.next_export = time.monotonic() + EXPORT_EVERY
            write_export()
        return await self.database.query(0.002)

    async def work(self):
        """One worker: takes jobs from the queue for ever."""
        while True:
            job = await self.thumbnails.get()
            try:
                await self.render_thumbnail(job)
            finally:
                self.thumbnails.task_done()

    async def render_thumbnail(self, job):
        async with self.renderers:
            await self.database.query(0.06)
            price_basket(3_000 + job)

    async def serve(self, reader, writer):
        """One connection, request after request."""
        self.connections += 1
        asyncio.current_task().set_name("connection-{}".format(self.connections))
        with contextlib.suppress(ConnectionError, asyncio.CancelledError):
            while True:
                line = await reader.readline()
                if not line:
                    break
                path = line.split()[1].decode()
                body = str(await self.pages[path]())
                writer.write("200 {}\n{}\n".format(len(body), body).encode())
                await writer.drain()
        writer.close()


async def customer(port, seed):
    """Asks for one page after the other over one connection."""
    choice = random.Random(seed)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        while True:
            pages = ["/quote", "/order", "/report", "/export"]
            page = choice.choices(pages, weights=[4, 5, 2, 2])[0]
            writer.write("GET {}\n".format(page).encode())
            await writer.drain()
            await reader.readline()
            await reader.readline()
            await asyncio.sleep(choice.uniform(0.005, 0.03))
    finally:
        writer.close()


async def main(seconds):
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)

    shop = Shop()
    server = await asyncio.start_server(shop.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    tasks = [
        asyncio.create_task(shop.work(), name="worker-{}".format(number))
        for number in range(1, WORKERS + 1)
    ]
    tasks += [
        asyncio.create_task(customer(port, number), name="customer-{}".format(number))
        for number in range(1, CUSTOMERS + 1)
    ]
    print("the demo shop runs as process {}".format(os.getpid()), flush=True)

    with contextlib.suppress(asyncio.TimeoutError):
        await asyncio.wait_for(stopped.wait(), seconds)
    server.close()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1]) if len(sys.argv) > 1 else None))
