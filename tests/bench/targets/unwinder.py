"""The peer's library without its profiler: CPython 3.15's RemoteUnwinder in a bare loop.

Arguments: PID, method (get_stack_trace, get_async_stack_trace, get_all_awaited_by), seconds.
Prints JSON: looks that succeeded, looks that failed, seconds.
"""
import json
import sys
import time

import _remote_debugging


def main():
    pid, method, seconds = int(sys.argv[1]), sys.argv[2], float(sys.argv[3])
    unwinder = _remote_debugging.RemoteUnwinder(pid, cache_frames=True)
    look = getattr(unwinder, method)
    done = failed = 0
    start = now = time.perf_counter()
    while now - start < seconds:
        try:
            look()
            done += 1
        except (RuntimeError, UnicodeDecodeError, MemoryError, OSError):
            failed += 1
        now = time.perf_counter()
    print(json.dumps({"done": done, "failed": failed, "seconds": now - start}))


if __name__ == "__main__":
    main()
