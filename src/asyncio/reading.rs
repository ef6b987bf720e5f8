//! One task, read whole and checked against itself.

use super::chain::{self, Element, Leaf};
use super::edges;
use super::env::Env;
use super::task::{self, TaskFields};
use super::watch::Watch;
use crate::memory::{Memory, MemoryError, PagedMemory, ReadMemory, RemoteAddr, Span};
use crate::model::TaskState;

/// What one look at a task found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reading {
    pub(super) fields: TaskFields,
    pub(super) name_mark: u64,
    pub(super) state: TaskState,
    pub(super) leaf: Leaf,
    /// Whether chain and fields belong to the same instant.
    pub(super) consistent: bool,
}

/// Buffers that readings share.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    /// The chain of the last reading, outermost first.
    pub(super) chain: Vec<Element>,
    /// The tasks that await the task of the last reading.
    pub(super) awaiters: Vec<RemoteAddr>,
}

/// Reads the task at `addr`; `None` if there is no task. `stepping` says that a loop was seen
/// running this task's step.
pub(super) fn read<M: Memory>(
    memory: &mut Watch<'_, M>,
    env: &mut Env<'_>,
    scratch: &mut Scratch,
    addr: RemoteAddr,
    stepping: bool,
) -> Result<Option<Reading>, MemoryError> {
    scratch.chain.clear();
    scratch.awaiters.clear();
    let Some(fields) = task::task(memory, env, addr)? else { return Ok(None) };
    let name_mark = task::name_mark(memory, env, fields.name)?;
    if !fields.pending {
        let (state, leaf) = (TaskState::Done, Leaf::Finished);
        return Ok(Some(Reading { fields, name_mark, state, leaf, consistent: true }));
    }
    if fields.coro.is_null() {
        // What is left of a task that was freed while it was pending or after its last step.
        return Ok(None);
    }
    let own = memory.mark();
    let leaf = chain::walk(memory, env, fields.coro, &mut scratch.chain)?;
    if leaf == Leaf::Executing {
        // These words move all the time; the chain will be read from the thread's stack.
        memory.back_to(&own);
        chain::note_root(memory, env, fields.coro, &scratch.chain)?;
    }
    let (state, consistent) = judge(memory, env, &fields, leaf, stepping)?;
    edges::awaiters(memory, env, addr, &mut scratch.awaiters)?;
    Ok(Some(Reading { fields, name_mark, state, leaf, consistent }))
}

/// The state of a pending task, and whether what it awaits is what its chain ends in.
fn judge<M: Memory>(
    memory: &mut Watch<'_, M>,
    env: &mut Env<'_>,
    fields: &TaskFields,
    leaf: Leaf,
    stepping: bool,
) -> Result<(TaskState, bool), MemoryError> {
    let unattended = if stepping { TaskState::Running } else { TaskState::Ready };
    let waiting = match fields.fut_waiter {
        Some(future) if task::pending(memory, env, future)? == Some(false) => TaskState::Ready,
        Some(_) => TaskState::Waiting,
        None => unattended,
    };
    Ok(match (leaf, fields.fut_waiter) {
        (Leaf::Executing, _) => (TaskState::Running, true),
        (Leaf::Finished, _) => (unattended, stepping),
        (Leaf::NotStarted, waiter) => (unattended, waiter.is_none()),
        (Leaf::Future(future), Some(waiter)) => (waiting, future == waiter),
        // Between the coroutine's suspension and the end of its step.
        (Leaf::Future(_), None) => (unattended, stepping),
        (Leaf::Yielded | Leaf::Native(_), _) => (waiting, true),
    })
}

/// Reads only what tells the task at `addr` from others; false if there is no task.
pub(super) fn mark<M: Memory>(
    memory: &mut Watch<'_, M>,
    env: &mut Env<'_>,
    addr: RemoteAddr,
) -> Result<bool, MemoryError> {
    let Some(fields) = task::task(memory, env, addr)? else { return Ok(false) };
    task::name_mark(memory, env, fields.name)?;
    Ok(true)
}

/// Whether the task at `addr` is still the one that was read.
pub(super) fn is_still<M: ReadMemory>(
    memory: &mut PagedMemory<M>,
    env: &mut Env<'_>,
    addr: RemoteAddr,
    reading: &Reading,
) -> Result<bool, MemoryError> {
    let mut spans = Vec::new();
    mark(&mut Watch::new(memory, &mut spans), env, addr)?;
    for span in spans.drain(..) {
        memory.forget(span.start(), Span::BYTES);
    }
    let mut watch = Watch::new(memory, &mut spans);
    let Some(fields) = task::task(&mut watch, env, addr)? else { return Ok(false) };
    let same = fields.pending
        && fields.coro == reading.fields.coro
        && fields.context == reading.fields.context;
    Ok(same && task::name_mark(&mut watch, env, fields.name)? == reading.name_mark)
}

/// Reads what tells the task at `addr` from others, and its root coroutine.
pub(super) fn identify<M: Memory>(
    memory: &mut Watch<'_, M>,
    env: &mut Env<'_>,
    scratch: &mut Scratch,
    addr: RemoteAddr,
) -> Result<Option<Reading>, MemoryError> {
    scratch.chain.clear();
    let Some(fields) = task::task(memory, env, addr)? else { return Ok(None) };
    let name_mark = task::name_mark(memory, env, fields.name)?;
    let state = if fields.pending { TaskState::Running } else { TaskState::Done };
    let mut leaf = Leaf::Finished;
    if fields.pending {
        leaf = chain::walk(memory, env, fields.coro, &mut scratch.chain)?;
        scratch.chain.truncate(1);
        if leaf != Leaf::NotStarted {
            // Only the root counts here; the rest may be anything while the step runs.
            leaf = Leaf::Yielded;
        }
    }
    Ok(Some(Reading { fields, name_mark, state, leaf, consistent: true }))
}
