//! What an object is, decided once per type.

use rustc_hash::FxHashMap;

use super::{flag, nonsense, object, type_name};
use crate::memory::{Memory, MemoryError, RemoteAddr};
use crate::python::layout::Layout;

/// Kinds of objects that readers tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ObjectKind {
    /// The object of an `async def`.
    Coroutine,
    /// The object of a `def` with `yield`.
    Generator,
    /// The object of an `async def` with `yield`.
    AsyncGenerator,
    /// What `async_generator.asend` and `__anext__` give.
    AsyncGenASend,
    /// What `async_generator.athrow` and `aclose` give.
    AsyncGenAThrow,
    /// What `coroutine.__await__` gives.
    CoroutineWrapper,
    /// What `anext(iterator, default)` gives.
    AnextAwaitable,
    /// What `Future.__await__` gives.
    FutureIter,
    /// `_asyncio.Task` or a subclass.
    Task,
    /// `asyncio.tasks._PyTask` or a subclass.
    PyTask,
    /// `_asyncio.Future` or a subclass that is none of the others.
    Future,
    /// `asyncio.futures._PyFuture` or a subclass that is none of the others.
    PyFuture,
    /// `asyncio.tasks._GatheringFuture`.
    GatheringFuture,
    /// A task's next step in the loop's queue.
    TaskStepWrapper,
    /// A task's wake-up on a future (3.8–3.9; a built-in method later).
    TaskWakeupWrapper,
    /// A Python function.
    Function,
    /// A bound method.
    Method,
    /// A C function or method.
    Builtin,
    /// `functools.partial`.
    Partial,
    /// `collections.deque`.
    Deque,
    /// A weak reference.
    WeakRef,
    /// A coroutine or generator compiled by Cython.
    CythonCoroutine,
    /// What `__await__` of a coroutine compiled by Cython gives.
    CythonWrapper,
    /// `str` or a subclass.
    Str,
    /// `int` or a subclass.
    Int,
    /// `dict` or a subclass.
    Dict,
    /// `set` or `frozenset`.
    Set,
    /// `None`.
    None,
    /// Anything else.
    Other,
}

/// The classes that only their addresses tell; null where not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct KnownTypes {
    /// `_asyncio.Task`.
    pub task: RemoteAddr,
    /// `_asyncio.Future`.
    pub future: RemoteAddr,
    /// `asyncio.tasks._PyTask`.
    pub py_task: RemoteAddr,
    /// `asyncio.futures._PyFuture`.
    pub py_future: RemoteAddr,
    /// `asyncio.tasks._GatheringFuture`.
    pub gathering: RemoteAddr,
}

/// The types of one interpreter, remembered by address.
#[derive(Debug, Default)]
pub struct Types {
    known: KnownTypes,
    entries: FxHashMap<RemoteAddr, Entry>,
    epoch: u32,
}

#[derive(Debug)]
struct Entry {
    /// `tp_name` as a pointer: another one means another type at a reused address.
    name_at: RemoteAddr,
    kind: ObjectKind,
    name: Box<str>,
    /// When it was checked last.
    epoch: u32,
}

/// More types than this are not remembered at once.
const MAX_TYPES: usize = 1 << 16;
/// Longer chains of base classes are cut.
const MAX_BASES: usize = 64;

impl Types {
    /// No type known yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the classes that only their addresses tell; what was remembered under others is
    /// forgotten.
    pub fn set_known(&mut self, known: KnownTypes) {
        if self.known != known {
            self.known = known;
            self.entries.clear();
        }
    }

    /// Makes every type be checked once more before its next use.
    pub const fn begin_epoch(&mut self) {
        self.epoch = self.epoch.wrapping_add(1);
    }

    /// The classes set last.
    #[must_use]
    pub const fn known(&self) -> KnownTypes {
        self.known
    }

    /// What instances of the type at `of` are.
    ///
    /// # Errors
    /// When there is no readable type.
    pub fn kind(
        &mut self,
        memory: &mut impl Memory,
        layout: &Layout,
        of: RemoteAddr,
    ) -> Result<ObjectKind, MemoryError> {
        self.entry(memory, layout, of).map(|entry| entry.kind)
    }

    /// What instances of the type at `of` are, if it was seen before. Nothing is read: another type
    /// may be there by now, unless it is built in and there for good.
    #[must_use]
    pub fn seen_kind(&self, of: RemoteAddr) -> Option<ObjectKind> {
        self.entries.get(&of).map(|entry| entry.kind)
    }

    /// `tp_name` of the type at `of`.
    ///
    /// # Errors
    /// When there is no readable type.
    pub fn name(
        &mut self,
        memory: &mut impl Memory,
        layout: &Layout,
        of: RemoteAddr,
    ) -> Result<&str, MemoryError> {
        self.entry(memory, layout, of).map(|entry| &*entry.name)
    }

    fn entry(
        &mut self,
        memory: &mut impl Memory,
        layout: &Layout,
        of: RemoteAddr,
    ) -> Result<&Entry, MemoryError> {
        let checked = self.entries.get(&of).is_some_and(|entry| entry.epoch == self.epoch);
        if !checked {
            self.check(memory, layout, of)?;
        }
        self.entries.get(&of).ok_or(nonsense(of))
    }

    fn check(
        &mut self,
        memory: &mut impl Memory,
        layout: &Layout,
        of: RemoteAddr,
    ) -> Result<(), MemoryError> {
        let name_at = memory.pointer(object(of)?.offset(layout.type_object.tp_name))?;
        let known = self.entries.get_mut(&of).filter(|entry| entry.name_at == name_at);
        if let Some(known) = known {
            known.epoch = self.epoch;
        } else {
            let name = type_name(memory, layout, of)?;
            let kind = classify(memory, layout, of, &name, self.known)?;
            if self.entries.len() >= MAX_TYPES {
                self.entries.clear();
            }
            let epoch = self.epoch;
            self.entries.insert(of, Entry { name_at, kind, name: name.into(), epoch });
        }
        Ok(())
    }
}

fn classify(
    memory: &mut impl Memory,
    layout: &Layout,
    of: RemoteAddr,
    name: &str,
    known: KnownTypes,
) -> Result<ObjectKind, MemoryError> {
    let flags = memory.u64(of.offset(layout.type_object.tp_flags))?;
    // A class statement gives a heap type with a bare name; C types made at run time have a dot.
    if (flags & flag::HEAP_TYPE == 0 || name.contains('.'))
        && let Some(kind) = by_name(name)
    {
        return Ok(kind);
    }
    for (bit, kind) in
        [(flag::STR, ObjectKind::Str), (flag::INT, ObjectKind::Int), (flag::DICT, ObjectKind::Dict)]
    {
        if flags & bit != 0 {
            return Ok(kind);
        }
    }
    let mut base = of;
    for _ in 0..MAX_BASES {
        for (address, kind) in [
            (known.gathering, ObjectKind::GatheringFuture),
            (known.task, ObjectKind::Task),
            (known.py_task, ObjectKind::PyTask),
            (known.future, ObjectKind::Future),
            (known.py_future, ObjectKind::PyFuture),
        ] {
            if !address.is_null() && address == base {
                return Ok(kind);
            }
        }
        base = memory.pointer(base.offset(layout.type_object.tp_base))?;
        if base.plausible().is_none() {
            break;
        }
    }
    Ok(ObjectKind::Other)
}

fn by_name(name: &str) -> Option<ObjectKind> {
    Some(match name {
        "coroutine" => ObjectKind::Coroutine,
        "generator" => ObjectKind::Generator,
        "async_generator" => ObjectKind::AsyncGenerator,
        "async_generator_asend" => ObjectKind::AsyncGenASend,
        "async_generator_athrow" => ObjectKind::AsyncGenAThrow,
        "coroutine_wrapper" => ObjectKind::CoroutineWrapper,
        "anext_awaitable" => ObjectKind::AnextAwaitable,
        "_asyncio.FutureIter" => ObjectKind::FutureIter,
        "TaskStepMethWrapper" | "_asyncio.TaskStepMethWrapper" => ObjectKind::TaskStepWrapper,
        "TaskWakeupMethWrapper" | "_asyncio.TaskWakeupMethWrapper" => ObjectKind::TaskWakeupWrapper,
        "function" => ObjectKind::Function,
        "method" => ObjectKind::Method,
        "builtin_function_or_method" | "builtin_method" => ObjectKind::Builtin,
        "functools.partial" => ObjectKind::Partial,
        "collections.deque" => ObjectKind::Deque,
        "weakref" | "weakref.ReferenceType" | "weakref.KeyedRef" => ObjectKind::WeakRef,
        "set" | "frozenset" => ObjectKind::Set,
        "NoneType" => ObjectKind::None,
        _ if name.starts_with("_cython_") && name.ends_with(".coroutine_wrapper") => {
            ObjectKind::CythonWrapper
        }
        _ if name.starts_with("_cython_")
            && (name.ends_with("coroutine") || name.ends_with(".generator")) =>
        {
            ObjectKind::CythonCoroutine
        }
        _ => return None,
    })
}
