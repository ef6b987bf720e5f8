//! The oldest row, in full; later ones say what they change.

use super::object_types::*;
use super::types::*;

/// 3.8, read from the headers and the DWARF of 3.8.18.
pub(super) const V3_8: Layout = Layout {
    minor: 8,
    build: Build::Gil,
    object: ObjectLayout { size: 16, ob_type: 8, ob_size: 16 },
    type_object: TypeLayout {
        tp_name: 24,
        tp_basicsize: 32,
        tp_itemsize: 40,
        tp_flags: 168,
        tp_weaklistoffset: 208,
        tp_base: 256,
        tp_dict: 264,
        tp_dictoffset: 288,
        tp_mro: 344,
        ht_qualname: 864,
        ht_cached_keys: 872,
    },
    runtime: RuntimeLayout {
        interpreters_head: 32,
        gil: Some(1152),
        current_thread: Some(1368),
        gc_collecting: Some(544),
    },
    interpreter: InterpreterLayout {
        next: 0,
        id: 16,
        threads_head: 8,
        threads_main: None,
        modules: 56,
        gil: None,
        gc_collecting: None,
        asyncio_tasks_head: None,
    },
    thread: THREAD,
    frame: FRAME,
    code: CODE,
    generator: GeneratorLayout {
        frame: GeneratorFrame::ObjectRunning { frame: 16, running: 24 },
        states: None,
        name: 48,
        qualname: 56,
        code: Some(32),
        asend_generator: 16,
        athrow_generator: 16,
        wrapper_coroutine: 16,
        anext_wrapped: 16,
    },
    values: VALUES,
    callables: CallableLayout {
        function_code: 16,
        function_closure: 48,
        function_qualname: 104,
        cell_value: 16,
        method_function: 16,
        method_self: 24,
        builtin_def: 16,
        builtin_self: 24,
        partial_function: 16,
        partial_args: 24,
        module_dict: 16,
        module_state: 32,
        weakref_object: 16,
    },
    attributes: AttributeLayout::DictOffset,
    asyncio: ASYNCIO,
};

const THREAD: ThreadLayout = ThreadLayout {
    size: 264,
    next: 8,
    interp: 16,
    top_frame: TopFrame::FrameObject { frame: 24 },
    thread_id: 176,
    native_thread_id: None,
    id: 256,
    context: 240,
    context_ver: 248,
    dict: 152,
    datastack_chunk: None,
    datastack_top: None,
    asyncio_running_loop: None,
    asyncio_running_task: None,
    asyncio_tasks_head: None,
};

const FRAME: FrameLayout = FrameLayout {
    head_size: 120,
    code: 32,
    previous: 24,
    instruction: 104,
    instruction_kind: Instruction::LastByte,
    owner: None,
    owners: Owners { generator: u8::MAX, shim_from: u8::MAX },
    entry: None,
    stack_top: 72,
    stack_top_kind: StackTop::Pointer,
    value_stack: Some(64),
    awaited_below: 1,
    locals: 360,
    state: None,
    executing: Some((116, 1)),
    generator: Some(96),
    tlbc_index: None,
    tag_mask: 0,
};

const CODE: CodeLayout = CodeLayout {
    head_size: 128,
    flags: 36,
    first_line: 40,
    filename: 104,
    name: 112,
    qualname: None,
    line_table: 120,
    line_table_kind: LineTable::Lnotab,
    bytecode_object: Some(48),
    bytecode_inline: None,
    varnames: Some(72),
    freevars: Some(80),
    localsplusnames: None,
    localspluskinds: None,
    tlbc: None,
};

const VALUES: ValueLayout = ValueLayout {
    text: StrLayout {
        length: 16,
        state: 32,
        kind_shift: 2,
        compact: 1 << 5,
        ascii: 1 << 6,
        ascii_data: 48,
        compact_data: 72,
        data_pointer: 72,
    },
    int: IntLayout::SignedSize { digits: 24 },
    float_value: 16,
    bytes_data: 32,
    tuple_items: 24,
    list_items: 24,
    dict_used: 16,
    dict_keys: 32,
    dict_values: 40,
    dict_values_start: 0,
    keys: DictKeysLayout::Sized { size: 8, entries: 32, indices: 40 },
    set_used: 24,
    set_mask: 32,
    set_table: 40,
    deque_left: 24,
    deque_left_index: 40,
};

const ASYNCIO: AsyncioLayout = AsyncioLayout {
    future_size: 104,
    task_size: 144,
    event_loop: 16,
    callback0: 24,
    callbacks: 40,
    exception: 48,
    state: 72,
    awaited_by: None,
    is_task: None,
    awaited_by_is_set: None,
    log_traceback: whole(76),
    fut_waiter: 104,
    coro: 112,
    name: 120,
    context: 128,
    must_cancel: whole(136),
    cancel_requests: None,
    node: None,
    registry: TaskRegistry::AllTasks,
    future_iter_future: 16,
    step_wrapper_task: 16,
    wakeup_wrapper_task: Some(16),
    loop_holder_loop: Some(16),
    module_task_type: None,
    module_future_type: None,
    module_task_counter: None,
};

/// A flag that takes a whole integer: only ever 0 or 1, so its first byte tells.
pub(super) const fn whole(offset: u64) -> Flag {
    Flag { offset, mask: 0xff }
}

/// A flag that is one bit of a byte.
pub(super) const fn bit(offset: u64, bit: u8) -> Flag {
    Flag { offset, mask: 1 << bit }
}
