//! The fields of a task, C or Python.

use super::env::Env;
use super::watch::Watch;
use crate::memory::{Memory, MemoryError, RemoteAddr};
use crate::python::layout::Layout;
use crate::python::objects::types::{ObjectKind, Types};
use crate::python::objects::{self, nonsense};

/// A task as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TaskFields {
    pub(super) pending: bool,
    pub(super) event_loop: RemoteAddr,
    pub(super) coro: RemoteAddr,
    pub(super) fut_waiter: Option<RemoteAddr>,
    pub(super) context: RemoteAddr,
    pub(super) name: RemoteAddr,
    pub(super) cancel_requests: Option<u32>,
}

/// `PENDING` of `fut_state`.
const PENDING: u32 = 0;
/// Larger values are a misread.
const FINISHED: u32 = 2;

/// Reads the task at `addr`; `None` if no task is there.
pub(super) fn task<M: Memory>(
    memory: &mut Watch<'_, M>,
    env: &mut Env<'_>,
    addr: RemoteAddr,
) -> Result<Option<TaskFields>, MemoryError> {
    match env.kind(memory, addr)? {
        ObjectKind::Task => c_task(memory, env, addr).map(Some),
        ObjectKind::PyTask => py_task(memory, env, addr).map(Some),
        _ => Ok(None),
    }
}

fn c_task<M: Memory>(
    memory: &mut Watch<'_, M>,
    env: &mut Env<'_>,
    addr: RemoteAddr,
) -> Result<TaskFields, MemoryError> {
    let row = env.layout.asyncio;
    let state = memory.u32(addr.offset(row.state))?;
    if state > FINISHED {
        return Err(nonsense(addr));
    }
    let fut_waiter = memory.pointer(addr.offset(row.fut_waiter))?;
    let cancel_requests = match row.cancel_requests {
        Some(offset) => Some(memory.u32(addr.offset(offset))?),
        None => None,
    };
    Ok(TaskFields {
        pending: state == PENDING,
        event_loop: memory.pointer(addr.offset(row.event_loop))?,
        coro: memory.pointer(addr.offset(row.coro))?,
        fut_waiter: none_is_null(memory, env, fut_waiter)?,
        context: memory.pointer(addr.offset(row.context))?,
        name: memory.pointer(addr.offset(row.name))?,
        cancel_requests,
    })
}

fn none_is_null<M: Memory>(
    memory: &mut Watch<'_, M>,
    env: &mut Env<'_>,
    addr: RemoteAddr,
) -> Result<Option<RemoteAddr>, MemoryError> {
    if addr.is_null() {
        return Ok(None);
    }
    let kind = env.kind(memory, addr)?;
    Ok((kind != ObjectKind::None).then_some(addr))
}

fn py_task<M: Memory>(
    memory: &mut Watch<'_, M>,
    env: &mut Env<'_>,
    addr: RemoteAddr,
) -> Result<TaskFields, MemoryError> {
    let pending = py_pending(memory, env, addr)?;
    let null = RemoteAddr::NULL;
    let cancel_requests = match env.layout.asyncio.cancel_requests {
        Some(_) => match env.attribute(memory, addr, "_num_cancels_requested")? {
            Some(count) => u32::try_from(objects::int(memory, env.layout, count)?).ok(),
            None => None,
        },
        None => None,
    };
    Ok(TaskFields {
        pending,
        event_loop: env.attribute(memory, addr, "_loop")?.unwrap_or(null),
        coro: env.attribute(memory, addr, "_coro")?.unwrap_or(null),
        fut_waiter: env.attribute(memory, addr, "_fut_waiter")?,
        context: env.attribute(memory, addr, "_context")?.unwrap_or(null),
        name: env.attribute(memory, addr, "_name")?.unwrap_or(null),
        cancel_requests,
    })
}

/// `_state` is a class attribute until it changes.
fn py_pending<M: Memory>(
    memory: &mut Watch<'_, M>,
    env: &mut Env<'_>,
    addr: RemoteAddr,
) -> Result<bool, MemoryError> {
    match env.attribute(memory, addr, "_state")? {
        Some(state) => objects::text_is(memory, env.layout, state, "PENDING"),
        None => Ok(true),
    }
}

/// Whether the future or task at `addr` is still pending; `None` if no future is there.
pub(super) fn pending<M: Memory>(
    memory: &mut Watch<'_, M>,
    env: &mut Env<'_>,
    addr: RemoteAddr,
) -> Result<Option<bool>, MemoryError> {
    match env.kind(memory, addr)? {
        ObjectKind::Task | ObjectKind::Future => {}
        ObjectKind::GatheringFuture if !env.types.known().future.is_null() => {}
        ObjectKind::PyTask | ObjectKind::PyFuture | ObjectKind::GatheringFuture => {
            return py_pending(memory, env, addr).map(Some);
        }
        _ => return Ok(None),
    }
    let state = memory.u32(addr.offset(env.layout.asyncio.state))?;
    if state > FINISHED { Err(nonsense(addr)) } else { Ok(Some(state == PENDING)) }
}

/// A number that differs for different names, from words of the name's own memory, given by their
/// offset: a text's length and first words, an int's digits. `None` for other objects.
fn mark_by<E>(
    layout: &Layout,
    kind: ObjectKind,
    mut word: impl FnMut(u64) -> Result<u64, E>,
) -> Result<Option<u64>, E> {
    const PRIME: u64 = 0x9e37_79b9_7f4a_7c15;
    let text = layout.values.text;
    let (start, words) = match kind {
        ObjectKind::Int => (layout.object.size, 2),
        ObjectKind::Str => (text.ascii_data, word(text.length)?.div_ceil(8).min(4)),
        _ => return Ok(None),
    };
    let mut mark = words;
    for i in 0..words {
        mark = (mark.rotate_left(5) ^ word(start + 8 * i)?).wrapping_mul(PRIME);
    }
    Ok(Some(mark))
}

/// What tells the name at `name` from others, read through the watch, so that a changed name is
/// noticed.
pub(super) fn name_mark<M: Memory>(
    memory: &mut Watch<'_, M>,
    env: &mut Env<'_>,
    name: RemoteAddr,
) -> Result<u64, MemoryError> {
    if name.is_null() {
        return Ok(0);
    }
    let kind = env.kind(memory, name)?;
    let mark = mark_by(env.layout, kind, |offset| memory.u64(name.offset(offset)))?;
    Ok(mark.unwrap_or(name.get()))
}

/// The same of a name object's first bytes; `None` where these do not suffice.
pub(super) fn mark_of(head: &[u8], layout: &Layout, types: &Types) -> Option<u64> {
    let word = |offset: u64| {
        let at = usize::try_from(offset).ok()?;
        head.get(at..)?.first_chunk().copied().map(u64::from_le_bytes)
    };
    let kind = types.seen_kind(RemoteAddr::new(word(layout.object.ob_type)?))?;
    mark_by(layout, kind, |offset| word(offset).ok_or(())).ok().flatten()
}

/// The name that asyncio makes of a number.
pub(super) fn numbered(number: i64) -> String {
    format!("Task-{number}")
}

/// `Task.get_name()`.
pub(super) fn name<M: Memory>(
    memory: &mut Watch<'_, M>,
    env: &mut Env<'_>,
    name: RemoteAddr,
) -> Result<Option<String>, MemoryError> {
    if name.is_null() {
        return Ok(None);
    }
    match env.kind(memory, name)? {
        ObjectKind::Str => objects::text(memory.raw(), env.layout, name).map(Some),
        ObjectKind::Int => {
            let number = objects::int(memory.raw(), env.layout, name)?;
            Ok(Some(numbered(number)))
        }
        _ => Ok(None),
    }
}
