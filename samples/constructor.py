"""Held up in an `__init__` that the interpreter, from 3.13 on, calls without C.

looptrace must show: the main thread's stack as the program has it, main, Held.__init__ and hold, and
no frame of the interpreter's own between them.
"""
import json
import os


def hold():
    os.write(1, "READY {}\n".format(json.dumps({"pid": os.getpid()})).encode())
    while os.read(0, 100):
        pass


class Held:
    def __init__(self, last):
        if last:
            hold()


def main():
    # Often enough for the interpreter to take the shorter way.
    for number in range(10_000):
        Held(number == 9_999)


if __name__ == "__main__":
    main()
