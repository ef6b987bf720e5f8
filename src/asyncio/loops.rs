//! Event loops: which exist, which thread runs which, and whose step each runs.

use super::locate::Asyncio;
use crate::memory::{Memory, MemoryError, RemoteAddr};
use crate::model::{Dictionary, EventLoop, LoopId, LoopKind, ProcessId, ThreadId};
use crate::python::layout::Layout;
use crate::python::objects::types::{ObjectKind, Types};
use crate::python::objects::{self, DictCursor, ob_type, type_name};

/// A loop of the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownLoop {
    /// The loop object.
    pub addr: RemoteAddr,
    /// Its id.
    pub id: LoopId,
    /// The state of the thread that runs it; `None` while it does not run.
    pub thread_state: Option<RemoteAddr>,
    /// The task whose step it ran when the last census began.
    pub current_task: Option<RemoteAddr>,
}

/// All loops of one process.
#[derive(Debug, Default)]
pub(super) struct Loops {
    known: Vec<KnownLoop>,
}

/// More loops than this are not remembered.
const MAX_LOOPS: usize = 4096;
/// More threads than this are not followed.
const MAX_THREADS: usize = 1 << 16;
/// Longer chains of base classes are cut.
const MAX_BASES: usize = 64;
/// The key of the running loop in a thread's dict, up to 3.12.
const RUNNING_LOOP: &str = "__asyncio_running_event_loop__";

impl Loops {
    pub(super) fn known(&self) -> &[KnownLoop] {
        &self.known
    }

    /// Forgets which loops run, before they are looked for again.
    pub(super) fn begin(&mut self) {
        for known in &mut self.known {
            known.thread_state = None;
            known.current_task = None;
        }
    }

    /// The id of the loop at `addr`, which is defined at first sight.
    pub(super) fn id(
        &mut self,
        memory: &mut impl Memory,
        layout: &Layout,
        dictionary: &mut Dictionary,
        process: ProcessId,
        addr: RemoteAddr,
    ) -> Option<LoopId> {
        if let Some(known) = self.known.iter().find(|known| known.addr == addr) {
            return Some(known.id);
        }
        addr.plausible()?;
        if self.known.len() >= MAX_LOOPS {
            // A program that makes a loop per call: those that are over make room.
            self.known.retain(|known| known.thread_state.is_some());
            if self.known.len() >= MAX_LOOPS {
                return None;
            }
        }
        let kind = kind(memory, layout, addr).unwrap_or(LoopKind::Other);
        let id = dictionary.add_loop(EventLoop { process, thread: None, kind })?;
        self.known.push(KnownLoop { addr, id, thread_state: None, current_task: None });
        Some(id)
    }

    /// Notes that the loop runs in this thread.
    pub(super) fn runs(&mut self, addr: RemoteAddr, thread: RemoteAddr) {
        if let Some(known) = self.known.iter_mut().find(|known| known.addr == addr) {
            known.thread_state = Some(thread);
        }
    }

    /// Notes whose step the loop runs.
    pub(super) fn steps(&mut self, addr: RemoteAddr, task: RemoteAddr) {
        if let Some(known) = self.known.iter_mut().find(|known| known.addr == addr) {
            known.current_task = Some(task);
        }
    }

    /// Writes to the dictionary which thread runs which loop.
    pub(super) fn define(&self, dictionary: &mut Dictionary, threads: &[(RemoteAddr, ThreadId)]) {
        for known in &self.known {
            let Some(&old) = dictionary.get_loop(known.id) else { continue };
            let thread = known.thread_state.and_then(|state| {
                threads.iter().find(|&&(of, _)| of == state).map(|&(_, thread)| thread)
            });
            dictionary.update_loop(known.id, EventLoop { thread, ..old });
        }
    }
}

/// What implements the loop at `addr`.
fn kind(
    memory: &mut impl Memory,
    layout: &Layout,
    addr: RemoteAddr,
) -> Result<LoopKind, MemoryError> {
    let mut of = ob_type(memory, layout, addr)?;
    for _ in 0..MAX_BASES {
        let name = type_name(memory, layout, of)?;
        if name.starts_with("uvloop.") {
            return Ok(LoopKind::Uvloop);
        }
        if name == "BaseSelectorEventLoop" {
            return Ok(LoopKind::Selector);
        }
        of = memory.pointer(of.offset(layout.type_object.tp_base))?;
        if of.plausible().is_none() {
            break;
        }
    }
    Ok(LoopKind::Other)
}

/// The thread states of an interpreter.
pub(super) fn threads(
    memory: &mut impl Memory,
    layout: &Layout,
    interpreter: RemoteAddr,
) -> Result<Vec<RemoteAddr>, MemoryError> {
    let mut threads = Vec::new();
    let mut next = memory.pointer(interpreter.offset(layout.interpreter.threads_head))?;
    while let Some(thread) = next.plausible() {
        if threads.len() >= MAX_THREADS || threads.contains(&thread) {
            break;
        }
        threads.push(thread);
        next = memory.pointer(thread.offset(layout.thread.next))?;
    }
    Ok(threads)
}

/// The loop that a thread runs.
pub(super) fn running_loop(
    memory: &mut impl Memory,
    layout: &Layout,
    types: &mut Types,
    thread: RemoteAddr,
) -> Result<Option<RemoteAddr>, MemoryError> {
    let found = if let Some(offset) = layout.thread.asyncio_running_loop {
        memory.pointer(thread.offset(offset))?
    } else {
        let dict = memory.pointer(thread.offset(layout.thread.dict))?;
        if dict.is_null() {
            return Ok(None);
        }
        let Some(holder) = objects::lookup(memory, layout, dict, RUNNING_LOOP)? else {
            return Ok(None);
        };
        let of = ob_type(memory, layout, holder)?;
        match layout.asyncio.loop_holder_loop {
            Some(offset) if types.name(memory, layout, of)?.contains("RunningLoopHolder") => {
                memory.pointer(holder.offset(offset))?
            }
            // 3.12 keeps the loop itself there.
            _ => holder,
        }
    };
    let Some(found) = found.plausible() else { return Ok(None) };
    let of = ob_type(memory, layout, found)?;
    let none = types.kind(memory, layout, of)? == ObjectKind::None;
    Ok((!none).then_some(found))
}

/// The loops and tasks in `_current_tasks`.
pub(super) fn current_tasks(
    memory: &mut impl Memory,
    layout: &Layout,
    asyncio: &Asyncio,
) -> Result<Vec<(RemoteAddr, RemoteAddr)>, MemoryError> {
    let mut found = Vec::new();
    let Some(dict) = asyncio.current_tasks else { return Ok(found) };
    let mut cursor = DictCursor::new(memory, layout, dict)?;
    while let Some(entry) = cursor.next(memory)? {
        if found.len() >= MAX_LOOPS {
            break;
        }
        found.push(entry);
    }
    Ok(found)
}
