//! 3.13 to 3.15 without the global interpreter lock.
//!
//! `PyObject` takes 32 bytes there instead of 16, so every field of every Python object lies 16
//! bytes further; what else differs stands in the rows. `PyThreadState` and frames are no Python
//! objects and stay.

use super::gil;
use super::object_types::*;
use super::types::*;

/// How much larger `PyObject` is.
const GROWTH: u64 = 16;

/// 3.13t, read from the headers of 3.13.0 and 3.13.18 compiled with `Py_GIL_DISABLED`; asyncio's
/// objects by the shift of their header.
pub(super) const V3_13: Layout = Layout {
    interpreter: InterpreterLayout { modules: 7664, ..gil::V3_13.interpreter },
    attributes: AttributeLayout::Inline313 {
        dict_before: 8,
        values_at_basicsize: false,
        values_start: 8,
    },
    ..shifted(&gil::V3_13)
};

/// 3.14t, read from the headers of 3.14.10 compiled with `Py_GIL_DISABLED`.
pub(super) const V3_14: Layout = {
    let shifted = shifted(&gil::V3_14);
    Layout {
        interpreter: InterpreterLayout {
            modules: 7712,
            asyncio_tasks_head: Some(17304),
            ..gil::V3_14.interpreter
        },
        frame: FrameLayout { owner: Some(78), tlbc_index: Some(72), ..gil::V3_14.frame },
        code: CodeLayout {
            head_size: 232,
            bytecode_inline: Some(232),
            tlbc: Some(224),
            ..shifted.code
        },
        values: ValueLayout { text: wide_state(shifted.values.text), ..shifted.values },
        attributes: AttributeLayout::Inline313 {
            dict_before: 8,
            values_at_basicsize: true,
            values_start: 8,
        },
        // `task_tid` follows the list node.
        asyncio: AsyncioLayout { task_size: 192, ..shifted.asyncio },
        ..shifted
    }
};

/// 3.15t, read from the headers of 3.15.2 compiled with `Py_GIL_DISABLED`.
pub(super) const V3_15: Layout = {
    let shifted = shifted(&gil::V3_15);
    Layout {
        interpreter: InterpreterLayout {
            modules: 7592,
            asyncio_tasks_head: Some(17256),
            ..gil::V3_15.interpreter
        },
        frame: FrameLayout { owner: Some(78), tlbc_index: Some(72), ..gil::V3_15.frame },
        code: V3_14.code,
        values: ValueLayout { text: wide_state(shifted.values.text), ..shifted.values },
        attributes: V3_14.attributes,
        asyncio: AsyncioLayout { task_size: 192, ..shifted.asyncio },
        ..shifted
    }
};

/// From 3.14 on `interned` takes a byte of its own in a text's state word.
const fn wide_state(text: StrLayout) -> StrLayout {
    StrLayout { kind_shift: 8, compact: 1 << 11, ascii: 1 << 12, ..text }
}

const fn up(offset: Option<u64>) -> Option<u64> {
    match offset {
        Some(offset) => Some(offset + GROWTH),
        None => None,
    }
}

const fn up_flag(flag: Flag) -> Flag {
    Flag { offset: flag.offset + GROWTH, mask: flag.mask }
}

/// A layout with the larger `PyObject`.
const fn shifted(row: &Layout) -> Layout {
    Layout {
        build: Build::FreeThreaded,
        object: ObjectLayout { size: 32, ob_type: 24, ob_size: 32 },
        type_object: shifted_type(row.type_object),
        code: shifted_code(row.code),
        generator: shifted_generator(row.generator),
        values: shifted_values(row.values),
        callables: shifted_callables(row.callables),
        asyncio: shifted_asyncio(row.asyncio),
        minor: row.minor,
        runtime: row.runtime,
        interpreter: row.interpreter,
        thread: row.thread,
        frame: row.frame,
        attributes: row.attributes,
    }
}

const fn shifted_type(row: TypeLayout) -> TypeLayout {
    TypeLayout {
        tp_name: row.tp_name + GROWTH,
        tp_basicsize: row.tp_basicsize + GROWTH,
        tp_itemsize: row.tp_itemsize + GROWTH,
        tp_flags: row.tp_flags + GROWTH,
        tp_weaklistoffset: row.tp_weaklistoffset + GROWTH,
        tp_base: row.tp_base + GROWTH,
        tp_dict: row.tp_dict + GROWTH,
        tp_dictoffset: row.tp_dictoffset + GROWTH,
        tp_mro: row.tp_mro + GROWTH,
        ht_qualname: row.ht_qualname + GROWTH,
        ht_cached_keys: row.ht_cached_keys + GROWTH,
    }
}

const fn shifted_code(row: CodeLayout) -> CodeLayout {
    CodeLayout {
        head_size: row.head_size + GROWTH,
        flags: row.flags + GROWTH,
        first_line: row.first_line + GROWTH,
        filename: row.filename + GROWTH,
        name: row.name + GROWTH,
        qualname: up(row.qualname),
        line_table: row.line_table + GROWTH,
        bytecode_inline: up(row.bytecode_inline),
        localsplusnames: up(row.localsplusnames),
        localspluskinds: up(row.localspluskinds),
        ..row
    }
}

const fn shifted_generator(row: GeneratorLayout) -> GeneratorLayout {
    GeneratorLayout {
        frame: match row.frame {
            GeneratorFrame::Inline { frame, state } => {
                GeneratorFrame::Inline { frame: frame + GROWTH, state: state + GROWTH }
            }
            older => older,
        },
        name: row.name + GROWTH,
        qualname: row.qualname + GROWTH,
        asend_generator: row.asend_generator + GROWTH,
        athrow_generator: row.athrow_generator + GROWTH,
        wrapper_coroutine: row.wrapper_coroutine + GROWTH,
        anext_wrapped: row.anext_wrapped + GROWTH,
        ..row
    }
}

const fn shifted_values(row: ValueLayout) -> ValueLayout {
    ValueLayout {
        text: StrLayout {
            length: row.text.length + GROWTH,
            state: row.text.state + GROWTH,
            ascii_data: row.text.ascii_data + GROWTH,
            compact_data: row.text.compact_data + GROWTH,
            data_pointer: row.text.data_pointer + GROWTH,
            ..row.text
        },
        int: match row.int {
            IntLayout::Tagged { tag, digits } => {
                IntLayout::Tagged { tag: tag + GROWTH, digits: digits + GROWTH }
            }
            older @ IntLayout::SignedSize { .. } => older,
        },
        float_value: row.float_value + GROWTH,
        bytes_data: row.bytes_data + GROWTH,
        tuple_items: row.tuple_items + GROWTH,
        list_items: row.list_items + GROWTH,
        dict_used: row.dict_used + GROWTH,
        dict_keys: row.dict_keys + GROWTH,
        dict_values: row.dict_values + GROWTH,
        set_used: row.set_used + GROWTH,
        set_mask: row.set_mask + GROWTH,
        set_table: row.set_table + GROWTH,
        deque_left: row.deque_left + GROWTH,
        deque_left_index: row.deque_left_index + GROWTH,
        ..row
    }
}

const fn shifted_callables(row: CallableLayout) -> CallableLayout {
    CallableLayout {
        function_code: row.function_code + GROWTH,
        function_closure: row.function_closure + GROWTH,
        function_qualname: row.function_qualname + GROWTH,
        cell_value: row.cell_value + GROWTH,
        method_function: row.method_function + GROWTH,
        method_self: row.method_self + GROWTH,
        builtin_def: row.builtin_def + GROWTH,
        builtin_self: row.builtin_self + GROWTH,
        partial_function: row.partial_function + GROWTH,
        partial_args: row.partial_args + GROWTH,
        module_dict: row.module_dict + GROWTH,
        module_state: row.module_state + GROWTH,
        weakref_object: row.weakref_object + GROWTH,
    }
}

const fn shifted_asyncio(row: AsyncioLayout) -> AsyncioLayout {
    AsyncioLayout {
        future_size: row.future_size + GROWTH,
        task_size: row.task_size + GROWTH,
        event_loop: row.event_loop + GROWTH,
        callback0: row.callback0 + GROWTH,
        callbacks: row.callbacks + GROWTH,
        exception: row.exception + GROWTH,
        state: row.state + GROWTH,
        awaited_by: up(row.awaited_by),
        is_task: up(row.is_task),
        awaited_by_is_set: up(row.awaited_by_is_set),
        log_traceback: up_flag(row.log_traceback),
        fut_waiter: row.fut_waiter + GROWTH,
        coro: row.coro + GROWTH,
        name: row.name + GROWTH,
        context: row.context + GROWTH,
        must_cancel: up_flag(row.must_cancel),
        cancel_requests: up(row.cancel_requests),
        node: up(row.node),
        future_iter_future: row.future_iter_future + GROWTH,
        step_wrapper_task: row.step_wrapper_task + GROWTH,
        ..row
    }
}
