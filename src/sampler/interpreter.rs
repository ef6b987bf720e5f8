//! The interpreter's lock and its garbage collector, looked at while they matter.

use crate::memory::{LiveMemory, ReadMemory as _, RemoteAddr};
use crate::python::Target;
use crate::python::layout::Build;

use super::collector::{Collections, Pauses};

/// `struct _gil_runtime_state`: `last_holder`, `locked` and `switch_number`, 3.8 to 3.15.
const LAST_HOLDER: usize = 8;
const LOCKED: usize = 16;
const SWITCHES: usize = 24;
const GIL_HEAD: usize = 32;

/// Where they lie.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct InterpreterState {
    pub(super) gil: Option<RemoteAddr>,
    gc_collecting: Option<RemoteAddr>,
    /// Where the collector counts, up to 3.14.
    collections: Option<Collections>,
    /// Where it keeps when it last ran, from 3.15 on.
    pub(super) pauses: Option<Pauses>,
}

/// Who has the lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lock {
    pub(super) locked: bool,
    /// The thread state that has it, or had it last.
    pub(super) last_holder: RemoteAddr,
    pub(super) switches: u64,
}

impl InterpreterState {
    /// Of the main interpreter; one with a lock of its own (`PEP 684`) is not looked at.
    pub(super) fn of(target: &Target, memory: &LiveMemory) -> Self {
        let interpreter = &target.interpreter;
        let layout = &interpreter.layout;
        let main = interpreter.interpreters.last().copied();
        let of_runtime = layout
            .runtime
            .gil
            .filter(|_| !interpreter.runtime.is_null())
            .map(|offset| interpreter.runtime.offset(offset));
        let of_interpreter = || {
            let at = main?.offset(layout.interpreter.gil?);
            let mut word = [0; 8];
            memory.read_into(at, &mut word).ok()?;
            RemoteAddr::new(u64::from_le_bytes(word)).plausible()
        };
        let of_main = |offset: Option<u64>| Some(main?.offset(offset?));
        let gc_collecting = match layout.runtime.gc_collecting {
            Some(offset) if !interpreter.runtime.is_null() => {
                Some(interpreter.runtime.offset(offset))
            }
            _ => of_main(layout.interpreter.gc_collecting),
        };
        let counts = gc_collecting.filter(|_| layout.build == Build::Gil);
        Self {
            gil: of_runtime.or_else(of_interpreter),
            gc_collecting,
            collections: counts.filter(|_| layout.minor < 15).and_then(Collections::before),
            pauses: counts.filter(|_| layout.minor == 15).and_then(Pauses::before),
        }
    }

    /// Collections so far, by generation. One system call.
    pub(super) fn collections(&self, memory: &LiveMemory) -> Option<[u64; 3]> {
        self.collections?.read(memory)
    }

    /// One system call.
    pub(super) fn lock(&self, memory: &LiveMemory) -> Option<Lock> {
        let mut bytes = [0; GIL_HEAD];
        memory.read_into(self.gil?, &mut bytes).ok()?;
        let word = |at: usize| bytes.get(at..)?.first_chunk().copied().map(u64::from_le_bytes);
        let locked = i32::from_le_bytes(*bytes.get(LOCKED..)?.first_chunk()?);
        Some(Lock {
            locked: locked > 0,
            last_holder: RemoteAddr::new(word(LAST_HOLDER)?),
            switches: word(SWITCHES)?,
        })
    }

    /// Whether a collection runs. One system call; `None` where memory does not show it.
    pub(super) fn collecting(&self, memory: &LiveMemory) -> Option<bool> {
        let mut bytes = [0; 4];
        memory.read_into(self.gc_collecting?, &mut bytes).ok()?;
        match i32::from_le_bytes(bytes) {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}
