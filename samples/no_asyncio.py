"""Python that never imports asyncio.

looptrace must show: the stack of the main thread, no loops and no tasks, and say so.
"""
import json
import os
import sys


def innermost():
    # Ends with its standard input.
    sys.stdin.read()


def outermost():
    innermost()


if __name__ == "__main__":
    os.write(1, "READY {}\n".format(json.dumps({"pid": os.getpid()})).encode())
    outermost()
