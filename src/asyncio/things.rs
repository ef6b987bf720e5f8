//! The things that tasks wait for, as they lie in memory.

use super::env::Env;
use super::watch::Watch;
use crate::memory::{Memory, MemoryError, RemoteAddr};
use crate::model::{ObjectState, WaitKind};
use crate::python::objects::types::ObjectKind;
use crate::python::objects::{self, flag};

/// What a thing is, as far as its numbers are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ThingKind {
    Lock,
    Semaphore,
    Condition,
    Event,
    Barrier,
    Queue,
    ThreadPool,
    ProcessPool,
    /// A transport, a socket or a child process: there is nothing to count.
    Plain,
}

/// Something that a task waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Thing {
    pub(super) addr: RemoteAddr,
    pub(super) kind: ThingKind,
}

impl ThingKind {
    /// Of the object whose coroutine a task with this reason stands in.
    pub(super) const fn of(kind: WaitKind) -> Option<Self> {
        Some(match kind {
            WaitKind::Lock => Self::Lock,
            WaitKind::Semaphore => Self::Semaphore,
            WaitKind::Condition => Self::Condition,
            WaitKind::Event => Self::Event,
            WaitKind::Barrier => Self::Barrier,
            WaitKind::QueueGet | WaitKind::QueuePut | WaitKind::QueueJoin => Self::Queue,
            _ => return None,
        })
    }

    /// An attribute that is made once in the object's life: another value means another object.
    const fn mark(self) -> Option<&'static str> {
        Some(match self {
            Self::Lock | Self::Semaphore | Self::Condition | Self::Event => "_waiters",
            Self::Barrier => "_cond",
            Self::Queue => "_getters",
            Self::ThreadPool => "_work_queue",
            Self::ProcessPool => "_pending_work_items",
            Self::Plain => return None,
        })
    }
}

/// What tells the object at an address from an earlier one; null while there is nothing.
pub(super) fn mark<M: Memory>(
    memory: &mut Watch<'_, M>,
    env: &mut Env<'_>,
    thing: Thing,
) -> Result<RemoteAddr, MemoryError> {
    let Some(name) = thing.kind.mark() else { return Ok(RemoteAddr::NULL) };
    Ok(env.attribute(memory, thing.addr, name)?.unwrap_or(RemoteAddr::NULL))
}

/// How a thing stands, without its holders. What is not as expected is left out.
pub(super) fn state<M: Memory>(
    memory: &mut Watch<'_, M>,
    env: &mut Env<'_>,
    thing: Thing,
) -> Result<ObjectState, MemoryError> {
    let mut state = ObjectState::default();
    let addr = thing.addr;
    match thing.kind {
        ThingKind::Lock => {
            state.value = number(memory, env, addr, "_locked")?;
            state.waiters = in_line(memory, env, addr, "_waiters")?;
        }
        ThingKind::Semaphore => {
            state.value = number(memory, env, addr, "_value")?;
            state.capacity = number(memory, env, addr, "_bound_value")?;
            state.waiters = in_line(memory, env, addr, "_waiters")?;
        }
        ThingKind::Condition => {
            if let Some(lock) = env.attribute(memory, addr, "_lock")? {
                state.value = number(memory, env, lock, "_locked")?;
            }
            state.waiters = in_line(memory, env, addr, "_waiters")?;
        }
        ThingKind::Event => {
            state.value = number(memory, env, addr, "_value")?;
            state.waiters = in_line(memory, env, addr, "_waiters")?;
        }
        ThingKind::Barrier => {
            state.value = number(memory, env, addr, "_count")?;
            state.capacity = number(memory, env, addr, "_parties")?;
            state.waiters = state.value;
        }
        ThingKind::Queue => queue(memory, env, addr, &mut state)?,
        ThingKind::ThreadPool => thread_pool(memory, env, addr, &mut state)?,
        ThingKind::ProcessPool => process_pool(memory, env, addr, &mut state)?,
        ThingKind::Plain => {}
    }
    Ok(state)
}

/// An attribute that is a small `int` or a `bool`.
pub(super) fn number<M: Memory>(
    memory: &mut Watch<'_, M>,
    env: &mut Env<'_>,
    addr: RemoteAddr,
    name: &str,
) -> Result<Option<u32>, MemoryError> {
    let Some(value) = env.attribute(memory, addr, name)? else { return Ok(None) };
    if !objects::is_a(memory.raw(), env.layout, value, flag::INT)? {
        return Ok(None);
    }
    match objects::int(memory.raw(), env.layout, value) {
        Ok(value) => Ok(u32::try_from(value).ok()),
        Err(MemoryError::Nonsense { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The length of an attribute that is a deque, or a list; nobody is in a line that is not there.
pub(super) fn in_line<M: Memory>(
    memory: &mut Watch<'_, M>,
    env: &mut Env<'_>,
    addr: RemoteAddr,
    name: &str,
) -> Result<Option<u32>, MemoryError> {
    match env.attribute(memory, addr, name)? {
        Some(line) => length(memory, env, line),
        None => Ok(Some(0)),
    }
}

/// The length of a deque, list, set or dict; `None` for anything else.
pub(super) fn length<M: Memory>(
    memory: &mut Watch<'_, M>,
    env: &mut Env<'_>,
    addr: RemoteAddr,
) -> Result<Option<u32>, MemoryError> {
    let length = match env.kind(memory, addr)? {
        ObjectKind::Deque => objects::deque_len(memory, env.layout, addr)?,
        ObjectKind::Set => objects::set_len(memory, env.layout, addr)?,
        ObjectKind::Dict => objects::dict_len(memory, env.layout, addr)?,
        _ if objects::is_a(memory.raw(), env.layout, addr, flag::LIST)? => {
            objects::list_items(memory, env.layout, addr)?.len
        }
        _ => return Ok(None),
    };
    Ok(u32::try_from(length).ok())
}

fn queue<M: Memory>(
    memory: &mut Watch<'_, M>,
    env: &mut Env<'_>,
    addr: RemoteAddr,
    state: &mut ObjectState,
) -> Result<(), MemoryError> {
    if let Some(items) = env.attribute(memory, addr, "_queue")? {
        state.size = length(memory, env, items)?;
    }
    state.capacity = number(memory, env, addr, "_maxsize")?.filter(|&size| size > 0);
    state.value = number(memory, env, addr, "_unfinished_tasks")?;
    let mut waiters = 0_u32;
    for name in ["_getters", "_putters"] {
        let Some(line) = in_line(memory, env, addr, name)? else { return Ok(()) };
        waiters = waiters.saturating_add(line);
    }
    if let Some(finished) = env.attribute(memory, addr, "_finished")? {
        let Some(joining) = in_line(memory, env, finished, "_waiters")? else { return Ok(()) };
        waiters = waiters.saturating_add(joining);
    }
    state.waiters = Some(waiters);
    Ok(())
}

fn thread_pool<M: Memory>(
    memory: &mut Watch<'_, M>,
    env: &mut Env<'_>,
    addr: RemoteAddr,
    state: &mut ObjectState,
) -> Result<(), MemoryError> {
    state.capacity = number(memory, env, addr, "_max_workers")?;
    if let Some(queue) = env.attribute(memory, addr, "_work_queue")? {
        let of = objects::ob_type(memory, env.layout, queue)?;
        if env.types.name(memory.raw(), env.layout, of)? == "_queue.SimpleQueue" {
            let jobs = objects::simple_queue(memory, env.layout, queue, 0, &mut Vec::new())?;
            state.size = u32::try_from(jobs).ok();
        }
    }
    let threads = match env.attribute(memory, addr, "_threads")? {
        Some(threads) => length(memory, env, threads)?,
        None => None,
    };
    let idle = match env.attribute(memory, addr, "_idle_semaphore")? {
        Some(idle) => number(memory, env, idle, "_value")?,
        None => None,
    };
    // Workers beyond those that stand idle; the two are counted one after the other.
    state.value = threads.zip(idle).map(|(threads, idle)| threads.saturating_sub(idle));
    Ok(())
}

fn process_pool<M: Memory>(
    memory: &mut Watch<'_, M>,
    env: &mut Env<'_>,
    addr: RemoteAddr,
    state: &mut ObjectState,
) -> Result<(), MemoryError> {
    state.capacity = number(memory, env, addr, "_max_workers")?;
    if let Some(jobs) = env.attribute(memory, addr, "_pending_work_items")? {
        let jobs = length(memory, env, jobs)?;
        // Which of its processes work it does not say; jobs beyond their number surely wait.
        state.size = jobs.zip(state.capacity).map(|(jobs, most)| jobs.saturating_sub(most));
    }
    Ok(())
}
