"""Python code that computes for long.

looptrace must show: cause cpu_python in price, with its hottest lines.
"""
import time

import _stall


def price():
    total = 0
    end = time.thread_time() + 0.12
    while time.thread_time() < end:
        for number in range(100_000):
            total += number * number % 7
    return total


_stall.run(_stall.several("cpu_python", price))
