"""The same kinds of tasks on uvloop.

needs: uvloop
looptrace must show: a loop of kind uvloop and its tasks, edges included.
"""
import asyncio

import uvloop

import _truth


async def leaf():
    await asyncio.sleep(100000)


async def gathering(*tasks):
    await asyncio.gather(*tasks)


async def locked(lock):
    async with lock:
        pass


async def main():
    lock = asyncio.Lock()
    await lock.acquire()
    a, b = (_truth.spawn(leaf(), name, waits="sleep", awaited_by=["both"]) for name in "ab")
    keep = [_truth.spawn(gathering(a, b), "both", waits="gather")]
    keep.append(_truth.spawn(locked(lock), "lock_waiter", waits="lock"))
    await _truth.park()


if __name__ == "__main__":
    loop = uvloop.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.run_until_complete(main())
