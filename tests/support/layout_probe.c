/* Prints the facts a layout row is made of, one `name value` a line, from a CPython's own headers:
 *
 *     cc -I"$PREFIX/include/python3.X" -I"$PREFIX/include/python3.X/internal" layout_probe.c -o probe && ./probe
 *
 * Add -DPy_GIL_DISABLED=1 for the free-threaded build of 3.13 and later. Structures that live in
 * .c files (asyncio's objects, deque, partial, the generator helpers) are not here: they are checked
 * against living interpreters by tests/layouts.rs. */
#define Py_BUILD_CORE 1
#include <stddef.h>
#include <stdio.h>
#include <Python.h>
#include <frameobject.h>
#include <structmember.h>
#define V PY_MINOR_VERSION
#include "internal/pycore_pystate.h"
#if V >= 9
#include "internal/pycore_interp.h"
#include "internal/pycore_runtime.h"
#endif
#if V >= 11
#include "internal/pycore_frame.h"
#include "internal/pycore_dict.h"
#include "internal/pycore_code.h"
#include "internal/pycore_function.h"
#endif
#if V >= 12
#include "internal/pycore_long.h"
#endif
#if V >= 13
#include "internal/pycore_tstate.h"
#include "internal/pycore_moduleobject.h"
#endif
#if V >= 14
#include "internal/pycore_interpframe.h"
#include "internal/pycore_genobject.h"
#include "internal/pycore_debug_offsets.h"
#include "internal/pycore_stackref.h"
#endif
#if V >= 12 && V < 14
#include "internal/pycore_genobject.h"
#endif

#define F(name, type, field) printf("%-32s %zu\n", name, offsetof(type, field))
#define S(name, type) printf("%-32s %zu\n", name, sizeof(type))
#define N(name, value) printf("%-32s %lld\n", name, (long long)(value))

static void types(void) {
    S("object.size", PyObject);
    F("object.ob_type", PyObject, ob_type);
    F("object.ob_size", PyVarObject, ob_size);
    F("type.tp_name", PyTypeObject, tp_name);
    F("type.tp_basicsize", PyTypeObject, tp_basicsize);
    F("type.tp_itemsize", PyTypeObject, tp_itemsize);
    F("type.tp_flags", PyTypeObject, tp_flags);
    F("type.tp_weaklistoffset", PyTypeObject, tp_weaklistoffset);
    F("type.tp_base", PyTypeObject, tp_base);
    F("type.tp_dict", PyTypeObject, tp_dict);
    F("type.tp_dictoffset", PyTypeObject, tp_dictoffset);
    F("type.tp_mro", PyTypeObject, tp_mro);
    S("type.size", PyTypeObject);
    F("type.ht_qualname", PyHeapTypeObject, ht_qualname);
    F("type.ht_cached_keys", PyHeapTypeObject, ht_cached_keys);
}

static void states(void) {
    F("runtime.interpreters_head", _PyRuntimeState, interpreters.head);
#if V <= 11
    F("runtime.current_thread", _PyRuntimeState, gilstate.tstate_current);
    F("runtime.gil", _PyRuntimeState, ceval.gil);
#endif
#if V == 8
#define IS struct _is
#else
#define IS PyInterpreterState
#endif
    F("interp.next", IS, next);
    F("interp.id", IS, id);
#if V <= 10
    F("interp.threads_head", IS, tstate_head);
#else
    F("interp.threads_head", IS, threads.head);
#endif
#if V >= 13
    F("interp.threads_main", IS, threads.main);
#endif
#if V <= 11
    F("interp.modules", IS, modules);
#else
    F("interp.modules", IS, imports.modules);
    F("interp.gil", IS, ceval.gil);
#endif
#if V >= 9
    F("interp.gc_collecting", IS, gc.collecting);
#endif
#if V >= 14
    F("interp.asyncio_tasks_head", IS, asyncio_tasks_head);
#endif
    S("interp.size", IS);
#if V >= 13
#define TS _PyThreadStateImpl
#define B(f) base.f
#else
#define TS PyThreadState
#define B(f) f
#endif
    S("thread.size", TS);
    F("thread.next", TS, B(next));
    F("thread.interp", TS, B(interp));
#if V <= 10
    F("thread.frame", TS, B(frame));
#elif V <= 12
    F("thread.cframe", TS, B(cframe));
    F("cframe.current_frame", _PyCFrame, current_frame);
#else
    F("thread.current_frame", TS, B(current_frame));
#endif
    F("thread.thread_id", TS, B(thread_id));
#if V >= 11
    F("thread.native_thread_id", TS, B(native_thread_id));
    F("thread.datastack_chunk", TS, B(datastack_chunk));
    F("thread.datastack_top", TS, B(datastack_top));
#endif
    F("thread.id", TS, B(id));
    F("thread.context", TS, B(context));
    F("thread.context_ver", TS, B(context_ver));
    F("thread.dict", TS, B(dict));
#if V >= 13
    F("thread.asyncio_running_loop", TS, asyncio_running_loop);
#endif
#if V >= 14
    F("thread.asyncio_running_task", TS, asyncio_running_task);
    F("thread.asyncio_tasks_head", TS, asyncio_tasks_head);
#endif
}

static void frames(void) {
#if V <= 10
#if V == 8
#define FR struct _frame
#else
#define FR PyFrameObject
#endif
    F("frame.code", FR, f_code);
    F("frame.previous", FR, f_back);
    F("frame.instruction", FR, f_lasti);
    F("frame.value_stack", FR, f_valuestack);
#if V == 10
    F("frame.stack_top", FR, f_stackdepth);
    F("frame.state", FR, f_state);
#else
    F("frame.stack_top", FR, f_stacktop);
#endif
    F("frame.generator", FR, f_gen);
    F("frame.locals", FR, f_localsplus);
#else
#define FR struct _PyInterpreterFrame
#if V == 11
    F("frame.code", FR, f_code);
#elif V == 12
    F("frame.code", FR, f_code);
#else
    F("frame.code", FR, f_executable);
#endif
    F("frame.previous", FR, previous);
#if V <= 12
    F("frame.instruction", FR, prev_instr);
#else
    F("frame.instruction", FR, instr_ptr);
#endif
#if V <= 13
    F("frame.stack_top", FR, stacktop);
#else
    F("frame.stack_top", FR, stackpointer);
#if defined(Py_GIL_DISABLED)
    F("frame.tlbc_index", FR, tlbc_index);
#endif
#endif
    F("frame.owner", FR, owner);
    F("frame.locals", FR, localsplus);
    N("frame.owner.generator", FRAME_OWNED_BY_GENERATOR);
#if V >= 14
    N("frame.owner.interpreter", FRAME_OWNED_BY_INTERPRETER);
#endif
#if V >= 12 && V <= 14
    N("frame.owner.cstack", FRAME_OWNED_BY_CSTACK);
#endif
#ifdef Py_TAG_BITS
    N("frame.tag_bits", Py_TAG_BITS);
#endif
#endif
    F("code.flags", PyCodeObject, co_flags);
    F("code.first_line", PyCodeObject, co_firstlineno);
    F("code.filename", PyCodeObject, co_filename);
    F("code.name", PyCodeObject, co_name);
#if V <= 9
    F("code.line_table", PyCodeObject, co_lnotab);
#else
    F("code.line_table", PyCodeObject, co_linetable);
#endif
#if V <= 10
    F("code.bytecode_object", PyCodeObject, co_code);
    F("code.varnames", PyCodeObject, co_varnames);
    F("code.freevars", PyCodeObject, co_freevars);
#else
    F("code.qualname", PyCodeObject, co_qualname);
    F("code.bytecode_inline", PyCodeObject, co_code_adaptive);
    F("code.localsplusnames", PyCodeObject, co_localsplusnames);
    F("code.localspluskinds", PyCodeObject, co_localspluskinds);
#endif
#if V >= 14 && defined(Py_GIL_DISABLED)
    F("code.tlbc", PyCodeObject, co_tlbc);
#endif
    S("code.size", PyCodeObject);
}

static void generators(void) {
    F("generator.name", PyGenObject, gi_name);
    F("generator.qualname", PyGenObject, gi_qualname);
#if V <= 10
    F("generator.frame", PyGenObject, gi_frame);
#else
    F("generator.frame", PyGenObject, gi_iframe);
    F("generator.state", PyGenObject, gi_frame_state);
#endif
#if V <= 9
    F("generator.running", PyGenObject, gi_running);
#endif
#if V <= 11
    F("generator.code", PyGenObject, gi_code);
#endif
#if V >= 11
    N("state.created", FRAME_CREATED);
    N("state.suspended", FRAME_SUSPENDED);
    N("state.executing", FRAME_EXECUTING);
    N("state.cleared", FRAME_CLEARED);
#if V <= 14
    N("state.completed", FRAME_COMPLETED);
#endif
#if V >= 13
    N("state.suspended_awaiting", FRAME_SUSPENDED_YIELD_FROM);
#endif
#if V >= 15
    N("state.suspended_locked", FRAME_SUSPENDED_YIELD_FROM_LOCKED);
#endif
#endif
}

static void text_bits(void) {
    union { PyASCIIObject o; unsigned char b[sizeof(PyASCIIObject)]; } u;
    size_t at = 0;
    memset(&u, 0, sizeof u);
    u.o.state.kind = 7;
    for (size_t i = 0; i < sizeof u; i++) if (u.b[i]) { at = i & ~(size_t)3; break; }
    unsigned w; memcpy(&w, u.b + at, 4);
    N("text.state", at); N("text.kind_mask", w);
    memset(&u, 0, sizeof u); u.o.state.compact = 1; memcpy(&w, u.b + at, 4); N("text.compact", w);
    memset(&u, 0, sizeof u); u.o.state.ascii = 1; memcpy(&w, u.b + at, 4); N("text.ascii", w);
    F("text.length", PyASCIIObject, length);
    S("text.ascii_data", PyASCIIObject);
    S("text.compact_data", PyCompactUnicodeObject);
    F("text.data_pointer", PyUnicodeObject, data.any);
}

static void values(void) {
    text_bits();
#if V <= 11
    F("int.digits", PyLongObject, ob_digit);
#else
    F("int.tag", PyLongObject, long_value.lv_tag);
    F("int.digits", PyLongObject, long_value.ob_digit);
#endif
    F("values.float_value", PyFloatObject, ob_fval);
    F("values.bytes_data", PyBytesObject, ob_sval);
    F("values.tuple_items", PyTupleObject, ob_item);
    F("values.list_items", PyListObject, ob_item);
    F("values.dict_used", PyDictObject, ma_used);
    F("values.dict_keys", PyDictObject, ma_keys);
    F("values.dict_values", PyDictObject, ma_values);
#if V >= 11
    F("values.dict_values_start", PyDictValues, values);
    F("keys.log2_index_bytes", struct _dictkeysobject, dk_log2_index_bytes);
    F("keys.kind", struct _dictkeysobject, dk_kind);
    F("keys.entries", struct _dictkeysobject, dk_nentries);
    F("keys.indices", struct _dictkeysobject, dk_indices);
#endif
    F("values.set_used", PySetObject, used);
    F("values.set_mask", PySetObject, mask);
    F("values.set_table", PySetObject, table);
    F("callables.function_code", PyFunctionObject, func_code);
    F("callables.function_closure", PyFunctionObject, func_closure);
    F("callables.function_qualname", PyFunctionObject, func_qualname);
    F("callables.cell_value", PyCellObject, ob_ref);
    F("callables.method_function", PyMethodObject, im_func);
    F("callables.method_self", PyMethodObject, im_self);
    F("callables.builtin_def", PyCFunctionObject, m_ml);
    F("callables.builtin_self", PyCFunctionObject, m_self);
#if V >= 13
    F("callables.module_dict", PyModuleObject, md_dict);
    F("callables.module_state", PyModuleObject, md_state);
#endif
    F("callables.weakref_object", PyWeakReference, wr_object);
#if V >= 13
    N("attributes.before", -(long)MANAGED_DICT_OFFSET);
#endif
}

int main(void) {
    N("minor", V);
    N("micro", PY_MICRO_VERSION);
    types();
    states();
    frames();
    generators();
    values();
    return 0;
}
