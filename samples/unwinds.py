"""Waits under a deep stack, whose end is given back afterwards, and then at the same place of the C
stack under a short one.

looptrace must show: both stacks, the second one also for whoever has seen the first.
"""
import json
import os


def wait(word):
    os.write(1, "{} {}\n".format(word, json.dumps({})).encode())
    os.read(0, 100)
    yield


def deep(depth, waiting):
    if depth:
        deep(depth - 1, waiting)
    else:
        list(waiting)


def short(waiting):
    list(waiting)


# Both exist from the start, so that the second one is not where the first one was.
first, second = wait("READY"), wait("UNWOUND")
deep(900, first)
short(second)
