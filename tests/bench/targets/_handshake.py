"""The handshake of a target: it says READY, answers lines, and ends with its standard input."""
import asyncio
import os


def ready(handler=None):
    def read():
        line = os.read(0, 4096)
        if not line:
            os._exit(0)
        if handler is not None:
            handler(line)

    asyncio.get_running_loop().add_reader(0, read)
    os.write(1, b"READY\n")
