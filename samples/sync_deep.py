"""Threads parked deep inside every kind of synchronous frame.

looptrace must show: each thread's stack, frame for frame: recursion, a generator, nested
comprehensions, a class body, a method, a lambda, sorted's key function, a functools.partial, a
decorated function, a context manager and a property.
"""
import asyncio
import contextlib
import functools
import threading

import _truth

NEVER = threading.Event()


def hold(started):
    started.set()
    NEVER.wait()


def recursion(started, depth=80):
    if depth:
        return recursion(started, depth - 1)
    return hold(started)


def generator_frames(started):
    def numbers():
        yield 1
        hold(started)
        yield 2

    def outer():
        yield from numbers()

    return sum(outer())


def comprehensions(started):
    return [[hold(started) for _ in range(2)] for _ in range(2)]


def generator_expression(started):
    return list(hold(started) for _ in range(2))


def class_body(started):
    class Body:
        class Inner:
            value = hold(started)

    return Body


class Thing:
    def __init__(self, started):
        self.started = started

    def method(self):
        return self.attribute

    @property
    def attribute(self):
        return hold(self.started)

    @classmethod
    def make(cls, started):
        return cls(started).method()

    @staticmethod
    def static(started):
        return Thing.make(started)


def key_function(started):
    def key(_):
        return hold(started)

    return sorted([2, 1], key=key)


def lambdas(started):
    return (lambda first: (lambda second: hold(second))(first))(started)


def partials(started):
    return functools.partial(hold, started)()


def decorated(function):
    @functools.wraps(function)
    def wrapper(*arguments):
        return function(*arguments)

    return wrapper


@decorated
def with_wrapper(started):
    return functools.reduce(lambda _, thing: hold(thing), [started, started])


@contextlib.contextmanager
def manager(started):
    hold(started)
    yield


def in_context(started):
    with manager(started):
        pass


def multiple_lines(started):
    return dict(
        first=1,
        second=[
            2,
            hold(
                started,
            ),
        ],
    )


async def main():
    targets = (
        recursion, generator_frames, comprehensions, generator_expression, class_body,
        Thing.static, key_function, lambdas, partials, with_wrapper, in_context, multiple_lines,
    )
    for number, target in enumerate(targets):
        started = threading.Event()
        name = "deep-{}".format(number)
        threading.Thread(target=target, args=(started,), name=name, daemon=True).start()
        started.wait()
    await _truth.park()


if __name__ == "__main__":
    asyncio.run(main())
