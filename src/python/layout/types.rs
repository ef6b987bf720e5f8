//! The shape of a [`Layout`]: the interpreter itself.

use super::object_types::{
    AsyncioLayout, AttributeLayout, CallableLayout, GeneratorLayout, ValueLayout,
};

/// How the interpreter was built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Build {
    /// With the global interpreter lock.
    Gil,
    /// `--disable-gil`.
    FreeThreaded,
}

/// Where all the structures of one interpreter build lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// 3.`minor`.
    pub minor: u8,
    /// The build.
    pub build: Build,
    /// `PyObject`, `PyVarObject`.
    pub object: ObjectLayout,
    /// `PyTypeObject`, `PyHeapTypeObject`.
    pub type_object: TypeLayout,
    /// `_PyRuntimeState`.
    pub runtime: RuntimeLayout,
    /// `PyInterpreterState`.
    pub interpreter: InterpreterLayout,
    /// `PyThreadState` (`_PyThreadStateImpl` from 3.13 on).
    pub thread: ThreadLayout,
    /// `PyFrameObject` up to 3.10, `_PyInterpreterFrame` from 3.11 on.
    pub frame: FrameLayout,
    /// `PyCodeObject`.
    pub code: CodeLayout,
    /// `PyGenObject`, `PyCoroObject`, `PyAsyncGenObject`: they share their head.
    pub generator: GeneratorLayout,
    /// Built-in containers and values.
    pub values: ValueLayout,
    /// Functions, methods, cells, modules, weak references.
    pub callables: CallableLayout,
    /// Instance dictionaries.
    pub attributes: AttributeLayout,
    /// `_asyncio`'s objects.
    pub asyncio: AsyncioLayout,
}

/// `PyObject` and `PyVarObject`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ObjectLayout {
    /// `sizeof(PyObject)`.
    pub size: u64,
    /// `ob_type`.
    pub ob_type: u64,
    /// `PyVarObject.ob_size`.
    pub ob_size: u64,
}

/// `PyTypeObject` and `PyHeapTypeObject`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TypeLayout {
    /// `tp_name`: pointer to C text.
    pub tp_name: u64,
    /// `tp_basicsize`: i64.
    pub tp_basicsize: u64,
    /// `tp_itemsize`: i64.
    pub tp_itemsize: u64,
    /// `tp_flags`: u64.
    pub tp_flags: u64,
    /// `tp_weaklistoffset`: i64.
    pub tp_weaklistoffset: u64,
    /// `tp_base`: pointer.
    pub tp_base: u64,
    /// `tp_dict`: pointer.
    pub tp_dict: u64,
    /// `tp_dictoffset`: i64.
    pub tp_dictoffset: u64,
    /// `tp_mro`: pointer to a tuple.
    pub tp_mro: u64,
    /// `PyHeapTypeObject.ht_qualname`: pointer to a str.
    pub ht_qualname: u64,
    /// `PyHeapTypeObject.ht_cached_keys`: pointer to shared dict keys.
    pub ht_cached_keys: u64,
}

/// `_PyRuntimeState`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuntimeLayout {
    /// `interpreters.head`.
    pub interpreters_head: u64,
    /// `ceval.gil`, up to 3.11; later the GIL belongs to the interpreter.
    pub gil: Option<u64>,
    /// `gilstate.tstate_current`, up to 3.11.
    pub current_thread: Option<u64>,
    /// `gc.collecting`: i32, up to 3.8.
    pub gc_collecting: Option<u64>,
}

/// `PyInterpreterState`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InterpreterLayout {
    /// `next`.
    pub next: u64,
    /// `id`: i64.
    pub id: u64,
    /// `threads.head` (`tstate_head`).
    pub threads_head: u64,
    /// `threads.main`, where published (3.14 on).
    pub threads_main: Option<u64>,
    /// `modules` (`imports.modules`): pointer to a dict.
    pub modules: u64,
    /// `ceval.gil`: pointer to the GIL, from 3.12 on.
    pub gil: Option<u64>,
    /// `gc.collecting`: i32; in the runtime up to 3.8, so `None` there.
    pub gc_collecting: Option<u64>,
    /// `asyncio_tasks_head`: list node of tasks whose thread is gone, from 3.14 on.
    pub asyncio_tasks_head: Option<u64>,
}

/// Where a thread state names its innermost frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TopFrame {
    /// 3.8–3.10: `frame` is a pointer to a `PyFrameObject`.
    FrameObject {
        /// Offset of `frame`.
        frame: u64,
    },
    /// 3.11–3.12: `cframe` points to a `_PyCFrame` on the C stack, which names the frame.
    CFrame {
        /// Offset of `cframe`.
        cframe: u64,
        /// Offset of `current_frame` in `_PyCFrame`.
        current_frame: u64,
    },
    /// 3.13 on: `current_frame`.
    CurrentFrame {
        /// Offset of `current_frame`.
        current_frame: u64,
    },
}

/// `PyThreadState`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ThreadLayout {
    /// Bytes from the start that hold every field below (for one read).
    pub size: u64,
    /// `next`.
    pub next: u64,
    /// `interp`.
    pub interp: u64,
    /// How to find the innermost frame.
    pub top_frame: TopFrame,
    /// `thread_id`: what `threading.get_ident` gives (the `pthread_t`).
    pub thread_id: u64,
    /// `native_thread_id`, from 3.11 on.
    pub native_thread_id: Option<u64>,
    /// `id`: u64, unique in the interpreter.
    pub id: u64,
    /// `context`: pointer.
    pub context: u64,
    /// `context_ver`: u64.
    pub context_ver: u64,
    /// `dict`: pointer; holds the running loop up to 3.12.
    pub dict: u64,
    /// `datastack_chunk`: pointer, from 3.11 on.
    pub datastack_chunk: Option<u64>,
    /// `datastack_top`: pointer, from 3.11 on.
    pub datastack_top: Option<u64>,
    /// `asyncio_running_loop`, from 3.13 on.
    pub asyncio_running_loop: Option<u64>,
    /// `asyncio_running_task`, from 3.14 on.
    pub asyncio_running_task: Option<u64>,
    /// `asyncio_tasks_head`: list node, from 3.14 on.
    pub asyncio_tasks_head: Option<u64>,
}

/// How a frame says where it executes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Instruction {
    /// 3.8–3.9: `f_lasti`, i32, in bytes.
    LastByte,
    /// 3.10: `f_lasti`, i32, in code units of two bytes.
    LastUnit,
    /// 3.11–3.12: `prev_instr`, pointer to the executing code unit.
    Previous,
    /// 3.13 on: `instr_ptr`, pointer to the current code unit (after it for a suspended frame).
    Current,
}

/// How a frame's value stack ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StackTop {
    /// 3.8–3.9: `f_stacktop`, pointer behind the top; null while the frame runs.
    Pointer,
    /// 3.10: `f_stackdepth`, i32, entries above `f_valuestack`.
    Depth,
    /// 3.11–3.13: `stacktop`, i32, entries above `localsplus`.
    Index,
    /// 3.14 on: `stackpointer`, pointer behind the top.
    StackPointer,
}

/// What `owner` values mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owners {
    /// `FRAME_OWNED_BY_GENERATOR`.
    pub generator: u8,
    /// Owners of `INTERPRETER` and `CSTACK` kind, from this value on: not Python frames; skipped.
    /// `u8::MAX` where there are none.
    pub shim_from: u8,
}

/// `PyFrameObject` up to 3.10, `_PyInterpreterFrame` from 3.11 on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameLayout {
    /// Bytes from the start that hold every structural field below, locals excluded.
    pub head_size: u64,
    /// `f_code` or `f_executable`; see `tag_mask`.
    pub code: u64,
    /// `f_back` or `previous`.
    pub previous: u64,
    /// `f_lasti`, `prev_instr` or `instr_ptr`.
    pub instruction: u64,
    /// How to read it.
    pub instruction_kind: Instruction,
    /// `owner` (u8), from 3.11 on.
    pub owner: Option<u64>,
    /// What its values mean.
    pub owners: Owners,
    /// `is_entry` (bool), 3.11 only: whether C called the frame.
    pub entry: Option<u64>,
    /// `f_stacktop`, `f_stackdepth`, `stacktop` or `stackpointer`.
    pub stack_top: u64,
    /// How to read it.
    pub stack_top_kind: StackTop,
    /// `f_valuestack` (3.10 only).
    pub value_stack: Option<u64>,
    /// How many entries below the stack's end the awaited object lies: 1, and 2 from 3.15 on.
    pub awaited_below: u64,
    /// `f_localsplus` or `localsplus`: first local variable.
    pub locals: u64,
    /// `f_state` (i8), 3.10 only.
    pub state: Option<u64>,
    /// Up to 3.10: where a frame says that it executes (u8), and the value that says so:
    /// `f_executing` (3.8–3.9) or `f_state`.
    pub executing: Option<(u64, u8)>,
    /// `f_gen` (pointer to the generator that owns the frame), up to 3.10.
    pub generator: Option<u64>,
    /// `tlbc_index` (i32), free-threaded builds from 3.14 on.
    pub tlbc_index: Option<u64>,
    /// Low bits of object pointers in frames that are tags: 0 up to 3.13.
    pub tag_mask: u64,
}

/// The format of a line table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineTable {
    /// 3.8–3.9: `co_lnotab`.
    Lnotab,
    /// 3.10: PEP 626 pairs.
    Linetable310,
    /// 3.11 on: PEP 657 locations.
    Locations311,
}

/// `PyCodeObject`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodeLayout {
    /// Bytes from the start that hold every field below, the bytecode excluded.
    pub head_size: u64,
    /// `co_flags`: i32.
    pub flags: u64,
    /// `co_firstlineno`: i32.
    pub first_line: u64,
    /// `co_filename`: str.
    pub filename: u64,
    /// `co_name`: str.
    pub name: u64,
    /// `co_qualname`: str, from 3.11 on.
    pub qualname: Option<u64>,
    /// `co_lnotab` or `co_linetable`: bytes.
    pub line_table: u64,
    /// Its format.
    pub line_table_kind: LineTable,
    /// `co_code`: bytes object, up to 3.10.
    pub bytecode_object: Option<u64>,
    /// `co_code_adaptive`: the bytecode itself begins here, from 3.11 on.
    pub bytecode_inline: Option<u64>,
    /// `co_varnames`: tuple, up to 3.10.
    pub varnames: Option<u64>,
    /// `co_freevars`: tuple, up to 3.10.
    pub freevars: Option<u64>,
    /// `co_localsplusnames`: tuple, from 3.11 on.
    pub localsplusnames: Option<u64>,
    /// `co_localspluskinds`: bytes, from 3.11 on.
    pub localspluskinds: Option<u64>,
    /// `co_tlbc`, free-threaded builds from 3.14 on.
    pub tlbc: Option<u64>,
}
