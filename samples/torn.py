"""Two chains of calls that alternate as fast as Python can, on one thread.

looptrace must show: only stacks that can exist: run, then nothing, a1, a1 a2, a1 a2 a3 or the same
with b; a stack with an a and a b in it was torn.
"""
import json
import os
import threading


def a1(count):
    return a2(count)


def a2(count):
    return a3(count)


def a3(count):
    total = 0
    for number in range(count):
        total += number
    return total


def b1(count):
    return b2(count)


def b2(count):
    return b3(count)


def b3(count):
    total = 0
    for number in range(count):
        total += number
    return total


def run():
    while True:
        a1(20)
        b1(20)


def end_with_input():
    while os.read(0, 100):
        pass
    os._exit(0)


if __name__ == "__main__":
    threading.Thread(target=end_with_input, daemon=True).start()
    os.write(1, "READY {}\n".format(json.dumps({"pid": os.getpid()})).encode())
    run()
