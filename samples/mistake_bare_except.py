"""`except:` eats CancelledError: the task goes on as if nobody had asked it to end.

looptrace must show:
    dump (3.11+): deaf cancel_requests=1 state=waiting
    report (3.11+): finding slow_cancellation severity=warning text~deaf evidence.cancel_requests=1
    report: 1.3 s
"""
import asyncio

import _tour


async def deaf():
    while True:
        try:
            await asyncio.sleep(100000)
        except:  # noqa: E722
            pass


async def main():
    kept = asyncio.create_task(deaf(), name="deaf")
    await asyncio.sleep(0)
    kept.cancel()
    await asyncio.sleep(0)
    await _tour.stay()


asyncio.run(main())
