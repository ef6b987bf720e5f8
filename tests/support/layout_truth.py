"""Where an interpreter keeps what, found by searching objects for values that are known.

Prints one line `TRUTH {json}` and waits for the end of its input. Nothing here knows an offset:
each entry lists all offsets at which the object holds the value.
"""
import asyncio
import collections
import contextvars
import ctypes
import functools
import json
import sys
import threading
import types
import weakref
import _asyncio

WORD = 8
found = {}
flags = {}


def words(address, size):
    return (ctypes.c_uint64 * (size // WORD)).from_address(address)


def search(name, address, size, value):
    """All offsets in `size` bytes from `address` at which the word `value` stands."""
    found[name] = [i * WORD for i, word in enumerate(words(address, size)) if word == value]


def search_int(name, owner, size, value):
    """All offsets in an object at which the 32-bit integer `value` stands."""
    found[name] = [at for at in range(0, size - 3, 4)
                   if ctypes.c_int32.from_address(id(owner) + at).value == value]


def search_flag(name, plain, flagged, size):
    """The bits, by offset, that two objects differ in."""
    one, other = ((ctypes.c_uint8 * size).from_address(id(item)) for item in (plain, flagged))
    flags[name] = {at: one[at] ^ other[at] for at in range(size) if one[at] != other[at]}


def field(name, owner, value, size=None):
    """All offsets in an object at which it refers to `value`."""
    search(name, id(owner), size or type(owner).__basicsize__, id(value))


class Plain:
    pass


def closure():
    cell = object()

    def inner():
        return cell
    return inner


def code_objects():
    code = Outer.sleeper.__code__
    size = type(code).__basicsize__
    field("code.filename", code, code.co_filename, size)
    field("code.name", code, code.co_name, size)
    if sys.version_info >= (3, 11):
        field("code.qualname", code, code.co_qualname, size)
        field("code.line_table", code, code.co_linetable, size)
    elif sys.version_info >= (3, 10):
        field("code.line_table", code, code.co_linetable, size)
    else:
        field("code.line_table", code, code.co_lnotab, size)
    search_int("code.first_line", code, size, code.co_firstlineno)
    search_int("code.flags", code, size, code.co_flags)


def callables():
    inner = closure()
    field("callables.function_code", inner, inner.__code__)
    field("callables.function_closure", inner, inner.__closure__)
    field("callables.function_qualname", inner, inner.__qualname__)
    cell = inner.__closure__[0]
    field("callables.cell_value", cell, cell.cell_contents)
    method = Plain().__init_subclass__
    bound = types.MethodType(closure, cell)
    field("callables.method_function", bound, closure)
    field("callables.method_self", bound, cell)
    field("callables.builtin_self", method, method.__self__)
    arguments = (1, 2)
    partial = functools.partial(closure, *arguments)
    field("callables.partial_function", partial, closure)
    field("callables.partial_args", partial, partial.args)
    field("callables.module_dict", sys, vars(sys))
    referent = Plain()
    reference = weakref.ref(referent)
    field("callables.weakref_object", reference, referent)


def type_objects():
    address, size = id(Plain), type.__basicsize__
    search("type_object.tp_basicsize", address, size, Plain.__basicsize__)
    search("type_object.tp_flags", address, size, Plain.__flags__)
    field("type_object.tp_base", Plain, object, size)
    field("type_object.tp_mro", Plain, Plain.__mro__, size)
    field("type_object.ht_qualname", Plain, Plain.__qualname__, size)
    search("type_object.tp_dictoffset", id(Exception), size, Exception.__dictoffset__)
    weak = weakref.WeakSet if weakref.WeakSet.__weakrefoffset__ > 0 else collections.deque
    search("type_object.tp_weaklistoffset", id(weak), size, weak.__weakrefoffset__)


def containers():
    marks = [object() for _ in range(37)]
    field("values.tuple_items", tuple(marks[:1]), marks[0], tuple.__basicsize__ + 8)
    items = words(id(marks), list.__basicsize__)
    found["values.list_items"] = [
        i * WORD for i, word in enumerate(items)
        if word > 1 << 20 and word != id(list) and not word % 8
        and i * WORD >= list.__basicsize__ - 24
        and words(word, 8)[0] == id(marks[0])]
    search("object.ob_size", id(marks), list.__basicsize__, 37)
    group = set(marks)
    group.discard(marks[0])
    search("values.set_used", id(group), set.__basicsize__, 36)
    # 37 entries take a table of 128 or 256 slots.
    found["values.set_mask"] = [
        i * WORD for i, word in enumerate(words(id(group), set.__basicsize__))
        if word in (127, 255)]
    # A fresh deque begins in the middle of a block of 64.
    queue = collections.deque()
    queue.append(marks[0])
    search("values.deque_left_index", id(queue), collections.deque.__basicsize__, 32)
    found["values.deque_left"] = [
        i * WORD for i, word in enumerate(words(id(queue), 64))
        if i * WORD > object.__basicsize__ and word > 1 << 20 and not word % 8
        and words(word, 66 * WORD)[33] == id(marks[0])]
    mapping = {mark: mark for mark in marks}
    search("values.dict_used", id(mapping), dict.__basicsize__, 37)
    text = "x" * 4321
    search("values.text.length", id(text), 48 + 16, 4321)
    found["values.text.ascii_data"] = [sys.getsizeof("") - 1]
    found["values.text.compact_data"] = [sys.getsizeof("\u20ac") - 4]
    number = 1.2345e300
    bits = ctypes.c_uint64.from_buffer(ctypes.c_double(number)).value
    search("values.float_value", id(number), float.__basicsize__, bits)
    found["values.bytes_data"] = [sys.getsizeof(b"") - 1]
    found["object.size"] = [object.__basicsize__]
    field("object.ob_type", marks[0], object)


class Outer:
    """Gives the coroutine a qualified name that differs from its name."""

    @staticmethod
    async def sleeper(future):
        await future


def thread_state():
    api = ctypes.pythonapi
    api.PyThreadState_Get.restype = ctypes.c_void_p
    state = api.PyThreadState_Get()
    api.PyThreadState_GetDict.restype = ctypes.c_void_p
    size = 1200 if sys.version_info >= (3, 14) else 264
    search("thread.thread_id", state, size, threading.get_ident())
    search("thread.dict", state, size, api.PyThreadState_GetDict())
    if sys.version_info >= (3, 9):
        api.PyInterpreterState_Get.restype = ctypes.c_void_p
        interpreter = api.PyInterpreterState_Get()
        search("thread.interp", state, size, interpreter)
        api.PyThreadState_GetID.restype = ctypes.c_uint64
        api.PyThreadState_GetID.argtypes = [ctypes.c_void_p]
        search("thread.id", state, size, api.PyThreadState_GetID(state))
    if sys.version_info >= (3, 11):
        search("thread.native_thread_id", state, size, threading.get_native_id())
    return state, size


async def cancellations(loop, size):
    plain, flagged = (loop.create_task(Outer.sleeper(loop.create_future())) for _ in range(2))
    flagged.cancel()
    search_flag("must_cancel", plain, flagged, size)
    await asyncio.sleep(0)
    if sys.version_info >= (3, 11):
        plain.cancel()
        plain.cancel()
        plain.cancel()
        search_int("asyncio.cancel_requests", plain, size, 3)
    if sys.version_info >= (3, 14):
        other = loop.create_future()
        asyncio.future_add_to_awaited_by(other, plain)
        field("asyncio.awaited_by", other, plain)
        asyncio.future_discard_from_awaited_by(other, plain)
    for task in plain, flagged:
        task.cancel()
    await asyncio.wait([plain, flagged])


async def asyncio_objects():
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    coroutine = Outer.sleeper(future)
    task = loop.create_task(coroutine)
    task.set_name("a name of its own")
    await asyncio.sleep(0)
    size = type(task).__basicsize__
    field("asyncio.coro", task, coroutine, size)
    field("asyncio.fut_waiter", task, future, size)
    field("asyncio.name", task, task.get_name(), size)
    field("asyncio.event_loop", task, loop, size)
    if sys.version_info >= (3, 12):
        field("asyncio.context", task, task.get_context(), size)
    found["asyncio.task_size"] = [size]
    found["asyncio.future_size"] = [type(future).__basicsize__]
    error = ValueError()
    broken = loop.create_future()
    broken.set_exception(error)
    field("asyncio.exception", broken, error)
    fine = loop.create_future()
    fine.set_exception(error)
    fine.exception()
    search_flag("log_traceback", fine, broken, type(broken).__basicsize__)
    broken.exception()
    cancelled = loop.create_future()
    cancelled.cancel()
    search_int("asyncio.state", cancelled, type(cancelled).__basicsize__, 1)
    await cancellations(loop, size)
    generator_size = type(coroutine).__basicsize__
    field("generator.name", coroutine, coroutine.__name__, generator_size)
    field("generator.qualname", coroutine, coroutine.__qualname__, generator_size)
    if sys.version_info < (3, 11):
        field("generator.frame.frame", coroutine, coroutine.cr_frame, generator_size)
    iterator = iter(future)
    field("asyncio.future_iter_future", iterator, future)
    wrapper = coroutine.__await__()
    field("generator.wrapper_coroutine", wrapper, coroutine)
    state, size = thread_state()
    if sys.version_info >= (3, 14):
        search("thread.asyncio_running_loop", state, size, id(loop))
        search("thread.asyncio_running_task", state, size, id(asyncio.current_task()))
    elif sys.version_info >= (3, 13):
        search("thread.asyncio_running_loop", state, 400, id(loop))
    task.cancel()
    return loop


async def main():
    code_objects()
    callables()
    type_objects()
    containers()
    await asyncio_objects()
    ready = threading.Event()
    stop = threading.Event()
    natives = [threading.get_native_id()]

    def wait():
        natives.append(threading.get_native_id())
        ready.set()
        stop.wait()
    helper = threading.Thread(target=wait, name="a helper", daemon=True)
    helper.start()
    ready.wait()
    print("TRUTH", json.dumps({
        "fields": found,
        "flags": flags,
        "version": "%d.%d.%d" % sys.version_info[:3],
        "threads": {str(threading.get_ident()): natives[0], str(helper.ident): natives[1]},
        "names": {str(thread.ident): thread.name for thread in threading.enumerate()},
        "task_type": id(_asyncio.Task),
        "future_type": id(_asyncio.Future),
    }), flush=True)
    sys.stdin.read()
    stop.set()


asyncio.run(main())
