"""A pytest plugin that gives the task of each asynchronous test the test's name.

looptrace must show: tasks named tests/test_api.py::test_slow[1], and stalls under the test they
happened in. Without this plugin tests are known by their functions, so that the parameters of a test
cannot be told apart.

It does not record anything: looptrace reads the names from outside. Put this file on the path and

    looptrace record -o tests.looptrace -- python -m pytest -p looptrace_pytest

pytest-asyncio and anyio run a test's coroutine function as a task; the wrapper names that task.
"""

import asyncio
import functools
import inspect

import pytest


@pytest.hookimpl(tryfirst=True, hookwrapper=True)
def pytest_runtest_call(item):
    function = getattr(item, "obj", None)
    if not inspect.iscoroutinefunction(function):
        yield
        return

    @functools.wraps(function)
    async def named(*arguments, **keywords):
        task = asyncio.current_task()
        if task is not None:
            task.set_name(item.nodeid)
        return await function(*arguments, **keywords)

    item.obj = named
    try:
        yield
    finally:
        item.obj = function
