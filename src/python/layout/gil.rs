//! 3.9 to 3.15 with the global interpreter lock; each row says what differs from the one before.

use super::base::{V3_8, bit, whole};
use super::object_types::*;
use super::types::*;

/// 3.9, read from the headers and the DWARF of 3.9.18.
pub(super) const V3_9: Layout = Layout {
    minor: 9,
    type_object: TypeLayout { ht_qualname: 856, ht_cached_keys: 864, ..V3_8.type_object },
    runtime: RuntimeLayout {
        gil: Some(352),
        current_thread: Some(568),
        gc_collecting: None,
        ..V3_8.runtime
    },
    interpreter: InterpreterLayout {
        id: 24,
        modules: 856,
        gc_collecting: Some(816),
        ..V3_8.interpreter
    },
    asyncio: AsyncioLayout {
        future_size: 144,
        task_size: 184,
        state: 80,
        log_traceback: whole(84),
        fut_waiter: 144,
        coro: 152,
        name: 160,
        context: 168,
        must_cancel: whole(176),
        ..V3_8.asyncio
    },
    ..V3_8
};

/// 3.10, read from the headers and the DWARF of 3.10.13.
pub(super) const V3_10: Layout = Layout {
    minor: 10,
    type_object: TypeLayout { ht_qualname: 864, ht_cached_keys: 872, ..V3_9.type_object },
    frame: FrameLayout {
        instruction: 96,
        instruction_kind: Instruction::LastUnit,
        stack_top: 80,
        stack_top_kind: StackTop::Depth,
        locals: 352,
        state: Some(108),
        executing: Some((108, 0)),
        generator: Some(88),
        ..V3_9.frame
    },
    code: CodeLayout { line_table_kind: LineTable::Linetable310, ..V3_9.code },
    generator: GeneratorLayout {
        frame: GeneratorFrame::Object { frame: 16 },
        states: Some(STATES_3_10),
        name: 40,
        qualname: 48,
        code: Some(24),
        ..V3_9.generator
    },
    callables: CallableLayout {
        function_code: 48,
        function_closure: 72,
        function_qualname: 40,
        ..V3_9.callables
    },
    asyncio: AsyncioLayout {
        future_size: 152,
        task_size: 192,
        state: 88,
        log_traceback: whole(92),
        fut_waiter: 152,
        coro: 160,
        name: 168,
        context: 176,
        must_cancel: whole(184),
        wakeup_wrapper_task: None,
        ..V3_9.asyncio
    },
    ..V3_9
};

/// 3.11, read from the headers and the DWARF of 3.11.7.
pub(super) const V3_11: Layout = Layout {
    minor: 11,
    runtime: RuntimeLayout {
        interpreters_head: 40,
        gil: Some(360),
        current_thread: Some(576),
        ..V3_10.runtime
    },
    interpreter: InterpreterLayout {
        id: 48,
        threads_head: 16,
        modules: 888,
        gc_collecting: Some(848),
        ..V3_10.interpreter
    },
    thread: ThreadLayout {
        size: 312,
        top_frame: TopFrame::CFrame { cframe: 56, current_frame: 8 },
        thread_id: 152,
        native_thread_id: Some(160),
        id: 240,
        context: 224,
        context_ver: 232,
        dict: 128,
        datastack_chunk: Some(296),
        datastack_top: Some(304),
        ..V3_10.thread
    },
    frame: FrameLayout {
        head_size: 72,
        code: 32,
        previous: 48,
        instruction: 56,
        instruction_kind: Instruction::Previous,
        owner: Some(69),
        owners: Owners { generator: 1, shim_from: u8::MAX },
        entry: Some(68),
        stack_top: 64,
        stack_top_kind: StackTop::Index,
        value_stack: None,
        locals: 72,
        state: None,
        executing: None,
        generator: None,
        ..V3_10.frame
    },
    code: CodeLayout {
        head_size: 144,
        flags: 48,
        first_line: 72,
        filename: 112,
        name: 120,
        qualname: Some(128),
        line_table: 136,
        line_table_kind: LineTable::Locations311,
        bytecode_object: None,
        bytecode_inline: Some(184),
        varnames: None,
        freevars: None,
        localsplusnames: Some(96),
        localspluskinds: Some(104),
        tlbc: None,
    },
    generator: GeneratorLayout {
        frame: GeneratorFrame::Inline { frame: 80, state: 75 },
        name: 32,
        qualname: 40,
        code: Some(16),
        ..V3_10.generator
    },
    values: ValueLayout {
        keys: DictKeysLayout::Log { log2_index_bytes: 9, kind: 10, entries: 24, indices: 32 },
        ..V3_10.values
    },
    attributes: AttributeLayout::Values311 { dict_before: 24, values_before: 32 },
    asyncio: AsyncioLayout {
        future_size: 128,
        task_size: 176,
        fut_waiter: 128,
        coro: 136,
        name: 144,
        context: 152,
        must_cancel: whole(160),
        cancel_requests: Some(168),
        ..V3_10.asyncio
    },
    ..V3_10
};

/// 3.12, read from the headers and the DWARF of 3.12.1.
pub(super) const V3_12: Layout = Layout {
    minor: 12,
    type_object: TypeLayout { ht_qualname: 872, ht_cached_keys: 880, ..V3_11.type_object },
    runtime: RuntimeLayout { gil: None, current_thread: None, ..V3_11.runtime },
    interpreter: InterpreterLayout {
        id: 8,
        threads_head: 72,
        modules: 944,
        gil: Some(384),
        gc_collecting: Some(312),
        ..V3_11.interpreter
    },
    thread: ThreadLayout {
        size: 248,
        top_frame: TopFrame::CFrame { cframe: 56, current_frame: 0 },
        thread_id: 136,
        native_thread_id: Some(144),
        id: 224,
        context: 208,
        context_ver: 216,
        dict: 112,
        datastack_chunk: Some(232),
        datastack_top: Some(240),
        ..V3_11.thread
    },
    frame: FrameLayout {
        code: 0,
        previous: 8,
        owner: Some(70),
        owners: Owners { generator: 1, shim_from: 3 },
        entry: None,
        ..V3_11.frame
    },
    code: CodeLayout { first_line: 68, bytecode_inline: Some(192), ..V3_11.code },
    generator: GeneratorLayout {
        frame: GeneratorFrame::Inline { frame: 72, state: 67 },
        name: 24,
        qualname: 32,
        code: None,
        ..V3_11.generator
    },
    values: ValueLayout {
        text: StrLayout { ascii_data: 40, compact_data: 56, data_pointer: 56, ..V3_11.values.text },
        int: IntLayout::Tagged { tag: 16, digits: 24 },
        ..V3_11.values
    },
    attributes: AttributeLayout::Tagged312 { word_before: 24 },
    asyncio: AsyncioLayout {
        registry: TaskRegistry::Scheduled,
        module_task_type: Some(24),
        module_future_type: Some(16),
        module_task_counter: Some(168),
        ..V3_11.asyncio
    },
    ..V3_11
};

/// 3.13, read from the headers and the DWARF of 3.13.0 and the headers of 3.13.18.
///
/// `asyncio_running_loop` follows `PyThreadState`, which grew by 8 bytes between the two: its
/// published size tells where.
pub(super) const V3_13: Layout = Layout {
    minor: 13,
    runtime: RuntimeLayout { interpreters_head: 632, ..V3_12.runtime },
    interpreter: InterpreterLayout {
        next: 7264,
        id: 7272,
        threads_head: 7344,
        threads_main: Some(7352),
        modules: 7656,
        gil: Some(16),
        gc_collecting: Some(7600),
        asyncio_tasks_head: None,
    },
    thread: ThreadLayout {
        size: 312,
        top_frame: TopFrame::CurrentFrame { current_frame: 72 },
        thread_id: 152,
        native_thread_id: Some(160),
        dict: 128,
        asyncio_running_loop: Some(304),
        ..V3_12.thread
    },
    frame: FrameLayout { instruction_kind: Instruction::Current, ..V3_12.frame },
    code: CodeLayout { bytecode_inline: Some(200), ..V3_12.code },
    generator: GeneratorLayout { states: Some(STATES_3_13), ..V3_12.generator },
    values: ValueLayout { dict_values_start: 8, ..V3_12.values },
    attributes: AttributeLayout::Inline313 {
        dict_before: 24,
        values_at_basicsize: false,
        values_start: 8,
    },
    asyncio: AsyncioLayout {
        future_size: 104,
        task_size: 144,
        state: 96,
        log_traceback: bit(100, 0),
        fut_waiter: 112,
        coro: 120,
        name: 128,
        context: 136,
        must_cancel: bit(100, 2),
        cancel_requests: Some(104),
        loop_holder_loop: None,
        module_task_counter: Some(152),
        ..V3_12.asyncio
    },
    ..V3_12
};

/// 3.14, read from the headers of 3.14.10 and the DWARF of the same build.
pub(super) const V3_14: Layout = Layout {
    minor: 14,
    runtime: RuntimeLayout { interpreters_head: 808, ..V3_13.runtime },
    interpreter: InterpreterLayout {
        next: 7272,
        id: 7280,
        threads_head: 7344,
        threads_main: Some(7360),
        modules: 7688,
        asyncio_tasks_head: Some(10880),
        ..V3_13.interpreter
    },
    thread: ThreadLayout {
        size: 896,
        asyncio_running_loop: Some(864),
        asyncio_running_task: Some(872),
        asyncio_tasks_head: Some(880),
        ..V3_13.thread
    },
    frame: FrameLayout {
        head_size: 80,
        owner: Some(74),
        stack_top_kind: StackTop::StackPointer,
        locals: 80,
        tag_mask: 3,
        ..V3_13.frame
    },
    code: CodeLayout { bytecode_inline: Some(208), ..V3_13.code },
    values: ValueLayout { tuple_items: 32, ..V3_13.values },
    attributes: AttributeLayout::Inline313 {
        dict_before: 24,
        values_at_basicsize: true,
        values_start: 8,
    },
    asyncio: AsyncioLayout {
        future_size: 112,
        task_size: 168,
        state: 104,
        awaited_by: Some(96),
        is_task: Some(108),
        awaited_by_is_set: Some(109),
        log_traceback: bit(110, 0),
        fut_waiter: 120,
        coro: 128,
        name: 136,
        context: 144,
        must_cancel: bit(110, 2),
        cancel_requests: Some(112),
        node: Some(152),
        registry: TaskRegistry::Lists,
        module_task_counter: Some(144),
        ..V3_13.asyncio
    },
    ..V3_13
};

/// 3.15, read from the headers of 3.15.2 and the DWARF of the same build.
pub(super) const V3_15: Layout = Layout {
    minor: 15,
    type_object: TypeLayout { ht_qualname: 880, ht_cached_keys: 888, ..V3_14.type_object },
    runtime: RuntimeLayout { interpreters_head: 936, ..V3_14.runtime },
    interpreter: InterpreterLayout {
        next: 7264,
        id: 7272,
        threads_head: 7336,
        threads_main: Some(7352),
        modules: 7592,
        gc_collecting: Some(7512),
        asyncio_tasks_head: Some(10856),
        ..V3_14.interpreter
    },
    thread: ThreadLayout {
        size: 1064,
        thread_id: 176,
        native_thread_id: Some(184),
        id: 248,
        context: 232,
        context_ver: 240,
        dict: 152,
        datastack_chunk: Some(256),
        datastack_top: Some(264),
        asyncio_running_loop: Some(1024),
        asyncio_running_task: Some(1032),
        asyncio_tasks_head: Some(1048),
        ..V3_14.thread
    },
    frame: FrameLayout { awaited_below: 2, ..V3_14.frame },
    generator: GeneratorLayout { states: Some(STATES_3_15), ..V3_14.generator },
    callables: CallableLayout { module_state: 24, ..V3_14.callables },
    ..V3_14
};

const STATES_3_10: FrameStates = FrameStates {
    created: -2,
    suspended: -1,
    suspended_awaiting: -1,
    suspended_locked: -1,
    executing: 0,
    finished_from: 1,
};

const STATES_3_13: FrameStates = FrameStates {
    created: -3,
    suspended: -2,
    suspended_awaiting: -1,
    suspended_locked: -1,
    executing: 0,
    finished_from: 1,
};

const STATES_3_15: FrameStates = FrameStates {
    created: 0,
    suspended: 1,
    suspended_awaiting: 2,
    suspended_locked: 3,
    executing: 4,
    finished_from: 5,
};
