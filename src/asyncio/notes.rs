//! What is noteworthy about a task beyond its row: that nobody refers to it, or that it failed and
//! nobody asked.

use super::chain::Element;
use super::env::Env;
use super::reading::Reading;
use super::watch::Watch;
use crate::memory::{Memory, MemoryError, PagedMemory, ReadMemory, RemoteAddr};
use crate::model::{TaskNote, TaskState};
use crate::python::layout::{Build, Flag, Layout};
use crate::python::locals::value_at;
use crate::python::objects;
use crate::python::objects::types::{ObjectKind, Types};

/// Local variables of a root coroutine that are looked at.
const MAX_LOCALS: u64 = 12;

/// What is noteworthy about a task; what cannot be read is not.
pub(super) fn note<M: ReadMemory>(
    memory: &mut PagedMemory<M>,
    layout: &Layout,
    types: &mut Types,
    (addr, chain): (RemoteAddr, &[Element]),
    reading: &Reading,
    awaited: bool,
) -> Option<TaskNote> {
    let mut spans = Vec::new();
    let mut watch = Watch::new(memory, &mut spans);
    let mut env = Env { layout, types };
    if env.kind(&mut watch, addr).ok()? != ObjectKind::Task {
        return None;
    }
    let found = match reading.state {
        TaskState::Waiting if !awaited && layout.build == Build::Gil => {
            is_orphan(&mut watch, &mut env, addr, chain, reading).map(|it| (it, TaskNote::Orphan))
        }
        TaskState::Done => {
            is_unretrieved(&mut watch, &mut env, addr).map(|it| (it, TaskNote::Unretrieved))
        }
        _ => return None,
    };
    found.ok().and_then(|(holds, note)| holds.then_some(note))
}

/// Whether nothing refers to a task but what will wake it: then nobody will see how it ends, and
/// it may vanish with the future that it waits for.
fn is_orphan<M: Memory>(
    memory: &mut Watch<'_, M>,
    env: &mut Env<'_>,
    addr: RemoteAddr,
    chain: &[Element],
    reading: &Reading,
) -> Result<bool, MemoryError> {
    let row = env.layout.asyncio;
    let Some(waiter) = reading.fields.fut_waiter else { return Ok(false) };
    let known = env.kind(memory, waiter)?;
    if !matches!(known, ObjectKind::Future | ObjectKind::Task | ObjectKind::GatheringFuture) {
        return Ok(false);
    }
    for offset in [row.callback0, row.callbacks] {
        let callback = memory.pointer(addr.offset(offset))?;
        if callback.plausible().is_some() && env.kind(memory, callback)? != ObjectKind::None {
            return Ok(false);
        }
    }
    // The future's callback, and from 3.14 on its note of who awaits it.
    let mut expected = 1;
    if let (Some(awaited_by), Some(is_set)) = (row.awaited_by, row.awaited_by_is_set) {
        let single = memory.u8(waiter.offset(is_set))? == 0;
        if single && memory.pointer(waiter.offset(awaited_by))? == addr {
            expected = 2;
        }
    }
    // `ob_refcnt` is the first field of every object.
    if memory.raw().u32(addr)? != expected {
        return Ok(false);
    }
    // `start_server` up to 3.10 leaves its handlers like this, on purpose.
    Ok(env.layout.minor > 10 || !serves_stream(memory, env, chain)?)
}

fn serves_stream<M: Memory>(
    memory: &mut Watch<'_, M>,
    env: &mut Env<'_>,
    chain: &[Element],
) -> Result<bool, MemoryError> {
    let Some(&Element::Python { frame, .. }) = chain.first() else { return Ok(false) };
    for index in 0..MAX_LOCALS {
        let Some(value) = value_at(memory, env.layout, frame, index)? else { continue };
        let Ok(of) = objects::ob_type(memory, env.layout, value) else { continue };
        if env.types.name(memory.raw(), env.layout, of).is_ok_and(|name| name == "StreamWriter") {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a task ended with an exception that nobody has asked for.
pub(super) fn is_unretrieved<M: Memory>(
    memory: &mut Watch<'_, M>,
    env: &mut Env<'_>,
    addr: RemoteAddr,
) -> Result<bool, MemoryError> {
    let row = env.layout.asyncio;
    let exception = memory.pointer(addr.offset(row.exception))?;
    if exception.plausible().is_none() {
        return Ok(false);
    }
    let of = objects::ob_type(memory, env.layout, exception)?;
    if env.types.name(memory.raw(), env.layout, of)? == "NoneType" {
        return Ok(false);
    }
    let Flag { offset, mask } = row.log_traceback;
    Ok(memory.u8(addr.offset(offset))? & mask != 0)
}
