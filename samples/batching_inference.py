"""A server that answers requests in batches: a queue, a longest wait, one call for many futures.

Three requests wait for their answers; the batcher waits for a fourth, for as long as it may.

looptrace must show:
    dump: 3 request-* waiting_on.kind=future chain=predict
    dump: batcher chain~wait_for
    dump: batcher waiting_on.timeouts.remaining_ns>=1000000000000
    report: task request-1 waits.kind=future
"""
import asyncio

import _tour


class Server:
    def __init__(self, size, longest_wait):
        self.size, self.longest_wait = size, longest_wait
        self.queue = asyncio.Queue()

    async def predict(self, value):
        answer = asyncio.get_running_loop().create_future()
        await self.queue.put((value, answer))
        return await answer

    async def serve(self):
        while True:
            batch = [await self.queue.get()]
            while len(batch) < self.size:
                try:
                    batch.append(await asyncio.wait_for(self.queue.get(), self.longest_wait))
                except asyncio.TimeoutError:
                    break
            for value, answer in batch:
                answer.set_result(value * 2)


async def main():
    server = Server(4, 5000)
    kept = [asyncio.create_task(server.serve(), name="batcher")]
    for number in range(3):
        name = "request-{}".format(number)
        kept.append(asyncio.create_task(server.predict(number), name=name))
    for _ in range(20):
        await asyncio.sleep(0)
    await _tour.stay()
    await asyncio.wait(kept)


asyncio.run(main())
