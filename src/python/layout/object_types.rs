//! The shape of a [`Layout`](super::Layout): the objects a program makes.

/// The numbers of a generator's frame states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameStates {
    /// Not started.
    pub created: i8,
    /// Suspended at a plain `yield`.
    pub suspended: i8,
    /// Suspended in `await` or `yield from`; the same as `suspended` before 3.13.
    pub suspended_awaiting: i8,
    /// Likewise, locked (3.15 on); the same as `suspended_awaiting` before.
    pub suspended_locked: i8,
    /// Running.
    pub executing: i8,
    /// Values from here on mean finished.
    pub finished_from: i8,
}

/// Where a generator keeps its frame and state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GeneratorFrame {
    /// 3.8–3.9: pointer to a `PyFrameObject`, null when finished; `gi_running` says executing.
    ObjectRunning {
        /// `gi_frame`.
        frame: u64,
        /// `gi_running`: i8.
        running: u64,
    },
    /// 3.10: pointer to a `PyFrameObject`, null when finished; the state is in the frame.
    Object {
        /// `gi_frame`.
        frame: u64,
    },
    /// 3.11 on: the frame lies inside the generator.
    Inline {
        /// `gi_iframe`.
        frame: u64,
        /// `gi_frame_state`: i8.
        state: u64,
    },
}

/// `PyGenObject`, `PyCoroObject`, `PyAsyncGenObject`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GeneratorLayout {
    /// Where the frame and its state are.
    pub frame: GeneratorFrame,
    /// The numbers of the states; `None` up to 3.9.
    pub states: Option<FrameStates>,
    /// `gi_name`: str.
    pub name: u64,
    /// `gi_qualname`: str.
    pub qualname: u64,
    /// `gi_code`: pointer, up to 3.11.
    pub code: Option<u64>,
    /// `async_generator_asend.ags_gen`.
    pub asend_generator: u64,
    /// `async_generator_athrow.agt_gen`.
    pub athrow_generator: u64,
    /// `coroutine_wrapper.cw_coroutine`.
    pub wrapper_coroutine: u64,
    /// `anext_awaitable.wrapped`.
    pub anext_wrapped: u64,
}

/// How `int` stores its digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IntLayout {
    /// Up to 3.11: `ob_size` is the signed number of digits.
    SignedSize {
        /// `ob_digit`.
        digits: u64,
    },
    /// 3.12 on: `lv_tag`, whose bits above 3 are the number of digits and the low 2 the sign.
    Tagged {
        /// `lv_tag`.
        tag: u64,
        /// `ob_digit`.
        digits: u64,
    },
}

/// How `str` stores its characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StrLayout {
    /// `length`: i64, in characters.
    pub length: u64,
    /// `state`: u32 bit field.
    pub state: u64,
    /// Shift of the 3-bit `kind` in `state` (2 up to 3.13 and in later GIL builds as measured).
    pub kind_shift: u32,
    /// Bit mask of `compact` in `state`.
    pub compact: u32,
    /// Bit mask of `ascii` in `state`.
    pub ascii: u32,
    /// `sizeof(PyASCIIObject)`: characters of a compact ASCII text begin here.
    pub ascii_data: u64,
    /// `sizeof(PyCompactUnicodeObject)`: characters of other compact texts begin here.
    pub compact_data: u64,
    /// `PyUnicodeObject.data.any`: pointer, for texts that are not compact.
    pub data_pointer: u64,
}

/// `PyDictKeysObject`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DictKeysLayout {
    /// 3.8–3.10: size and usage as i64, entries of (hash, key, value) behind the index table.
    Sized {
        /// `dk_size`: i64, slots of the index table.
        size: u64,
        /// `dk_nentries`: i64.
        entries: u64,
        /// `dk_indices`.
        indices: u64,
    },
    /// 3.11 on: logarithmic sizes; unicode keys have entries of (key, value).
    Log {
        /// `dk_log2_index_bytes`: u8.
        log2_index_bytes: u64,
        /// `dk_kind`: u8; 0 general, 1 unicode, 2 split.
        kind: u64,
        /// `dk_nentries`: i64.
        entries: u64,
        /// `dk_indices`.
        indices: u64,
    },
}

/// Built-in values and containers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ValueLayout {
    /// `str`.
    pub text: StrLayout,
    /// `int`.
    pub int: IntLayout,
    /// `PyFloatObject.ob_fval`: f64.
    pub float_value: u64,
    /// `PyBytesObject.ob_sval`.
    pub bytes_data: u64,
    /// `PyTupleObject.ob_item`: items inline.
    pub tuple_items: u64,
    /// `PyListObject.ob_item`: pointer to items.
    pub list_items: u64,
    /// `PyDictObject.ma_used`: i64.
    pub dict_used: u64,
    /// `PyDictObject.ma_keys`: pointer.
    pub dict_keys: u64,
    /// `PyDictObject.ma_values`: pointer to split values, else null.
    pub dict_values: u64,
    /// Offset of the first value behind `ma_values`: 0 up to 3.10, and what the prefix takes later.
    pub dict_values_start: u64,
    /// The keys.
    pub keys: DictKeysLayout,
    /// `PySetObject.used`: i64.
    pub set_used: u64,
    /// `PySetObject.mask`: i64.
    pub set_mask: u64,
    /// `PySetObject.table`: pointer to entries of (key, hash).
    pub set_table: u64,
    /// `collections.deque`: `leftblock` pointer.
    pub deque_left: u64,
    /// `deque.leftindex`: i64.
    pub deque_left_index: u64,
}

/// Functions, methods, cells, modules, weak references.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallableLayout {
    /// `PyFunctionObject.func_code`.
    pub function_code: u64,
    /// `PyFunctionObject.func_closure`: tuple of cells or null.
    pub function_closure: u64,
    /// `PyFunctionObject.func_qualname`.
    pub function_qualname: u64,
    /// `PyCellObject.ob_ref`.
    pub cell_value: u64,
    /// `PyMethodObject.im_func`.
    pub method_function: u64,
    /// `PyMethodObject.im_self`.
    pub method_self: u64,
    /// `PyCFunctionObject.m_ml`: pointer to a `PyMethodDef`, whose first word is the C name.
    pub builtin_def: u64,
    /// `PyCFunctionObject.m_self`.
    pub builtin_self: u64,
    /// `functools.partial`: `fn`.
    pub partial_function: u64,
    /// `functools.partial`: `args` (tuple).
    pub partial_args: u64,
    /// `PyModuleObject.md_dict`.
    pub module_dict: u64,
    /// `PyModuleObject.md_state`.
    pub module_state: u64,
    /// `PyWeakReference.wr_object`.
    pub weakref_object: u64,
}

/// Where instances keep their attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttributeLayout {
    /// 3.8–3.10: a dict at `tp_dictoffset`.
    DictOffset,
    /// 3.11: dict pointer and values pointer before the object.
    Values311 {
        /// The dict pointer lies this far before the object.
        dict_before: u64,
        /// The values pointer lies this far before the object.
        values_before: u64,
    },
    /// 3.12: one tagged word before the object: odd means values at (word + 1).
    Tagged312 {
        /// The word lies this far before the object.
        word_before: u64,
    },
    /// 3.13 on: a dict pointer before the object, values inside it.
    Inline313 {
        /// The dict pointer lies this far before the object.
        dict_before: u64,
        /// Whether the values begin at `tp_basicsize` (3.14 on) or right behind `PyObject` (3.13).
        values_at_basicsize: bool,
        /// From the start of the values to the first value.
        values_start: u64,
    },
}

/// Where all tasks are registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskRegistry {
    /// 3.8–3.11: `asyncio.tasks._all_tasks`, a `WeakSet`.
    AllTasks,
    /// 3.12–3.13: `_scheduled_tasks` (`WeakSet`) and `_eager_tasks` (set).
    Scheduled,
    /// 3.14 on: linked lists of the threads and the interpreter; the sets hold foreign tasks.
    Lists,
}

/// Flags of a task: whole integers before 3.13, bits after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flag {
    /// Offset of the byte (or of the i32's first byte).
    pub offset: u64,
    /// The bit's mask in it (`0xff` for a whole integer).
    pub mask: u8,
}

/// `_asyncio`'s `FutureObj`, `TaskObj` and helpers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AsyncioLayout {
    /// `sizeof(FutureObj)` as `Future.__basicsize__` gives it.
    pub future_size: u64,
    /// `sizeof(TaskObj)` as `Task.__basicsize__` gives it.
    pub task_size: u64,
    /// `fut_loop`.
    pub event_loop: u64,
    /// `fut_callback0`.
    pub callback0: u64,
    /// `fut_callbacks`: list of (callback, context) tuples, or null.
    pub callbacks: u64,
    /// `fut_exception`.
    pub exception: u64,
    /// `fut_state`: u32; 0 pending, 1 cancelled, 2 finished.
    pub state: u64,
    /// `fut_awaited_by`, from 3.14 on.
    pub awaited_by: Option<u64>,
    /// `fut_is_task`: u8, from 3.14 on.
    pub is_task: Option<u64>,
    /// `fut_awaited_by_is_set`: u8, from 3.14 on.
    pub awaited_by_is_set: Option<u64>,
    /// `fut_log_tb`: the exception was never retrieved.
    pub log_traceback: Flag,
    /// `task_fut_waiter`.
    pub fut_waiter: u64,
    /// `task_coro`.
    pub coro: u64,
    /// `task_name`: a str, or from 3.12 on possibly an int.
    pub name: u64,
    /// `task_context`.
    pub context: u64,
    /// `task_must_cancel`.
    pub must_cancel: Flag,
    /// `task_num_cancels_requested`: i32, from 3.11 on.
    pub cancel_requests: Option<u64>,
    /// `task_node` (next, prev), from 3.14 on.
    pub node: Option<u64>,
    /// How tasks are registered.
    pub registry: TaskRegistry,
    /// `FutureIter.future`.
    pub future_iter_future: u64,
    /// `TaskStepMethWrapper.sw_task`.
    pub step_wrapper_task: u64,
    /// `TaskWakeupMethWrapper.ww_task` (3.8–3.9).
    pub wakeup_wrapper_task: Option<u64>,
    /// `PyRunningLoopHolder.rl_loop` (3.8–3.12).
    pub loop_holder_loop: Option<u64>,
    /// Module state (3.12 on): `TaskType`.
    pub module_task_type: Option<u64>,
    /// Module state (3.12 on): `FutureType`.
    pub module_future_type: Option<u64>,
    /// Module state (3.12 on): `task_name_counter`.
    pub module_task_counter: Option<u64>,
}
