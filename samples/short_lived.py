"""Thousands of tasks created and destroyed every second, beside two that stay.

looptrace must show: stayer-1 and stayer-2 throughout; of the rest no task with a wrong coroutine:
`brief` awaits `pause`, `named-N` tasks run `other`, and nothing else exists.
"""
import asyncio
import json
import os


async def pause():
    await asyncio.sleep(0)


async def brief():
    await pause()


async def other():
    await asyncio.sleep(0)


async def stay():
    await asyncio.sleep(100000)


async def churn():
    loop = asyncio.get_running_loop()
    number = 0
    while True:
        tasks = [loop.create_task(brief()) for _ in range(20)]
        for _ in range(5):
            task = loop.create_task(other())
            task.set_name("named-{}".format(number))
            number += 1
            tasks.append(task)
        await asyncio.gather(*tasks)


async def main():
    loop = asyncio.get_running_loop()
    asyncio.current_task().set_name("main")
    keep = []
    for name, body in (("stayer-1", stay), ("stayer-2", stay), ("churn", churn)):
        task = loop.create_task(body())
        task.set_name(name)
        keep.append(task)
    loop.add_reader(0, lambda: os.read(0, 100) or os._exit(0))
    await asyncio.sleep(0)
    os.write(1, "READY {}\n".format(json.dumps({"pid": os.getpid()})).encode())
    await asyncio.gather(*keep)


if __name__ == "__main__":
    asyncio.run(main())
