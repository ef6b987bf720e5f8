//! How many tasks a group has, and how many of them are not done.

use super::env::Env;
use super::task;
use super::things::length;
use super::wait::{Found, WaitCache};
use super::watch::Watch;
use crate::memory::{Memory, MemoryError, RemoteAddr};
use crate::model::{WaitDetail, WaitKind};
use crate::python::objects::{self, SetCursor, types::ObjectKind};

/// Members whose state is asked for; larger groups are counted only.
const MAX_MEMBERS: u64 = 1 << 17;

/// Fills in members and pending ones, where they can be told.
pub(super) fn members<M: Memory>(
    memory: &mut Watch<'_, M>,
    env: &mut Env<'_>,
    cache: &mut WaitCache,
    found: &Found,
    future: Option<RemoteAddr>,
    detail: &mut WaitDetail,
) -> Result<(), MemoryError> {
    match (found.reason.kind, found.standing) {
        (WaitKind::Gather, _) => gather(memory, env, future, detail),
        (WaitKind::Task | WaitKind::Shield, _) => {
            detail.members = Some(1);
            detail.pending = Some(1);
            Ok(())
        }
        (WaitKind::TaskGroup, Some(place)) => {
            let Some(group) = cache.local(memory, env, place, "self")? else { return Ok(()) };
            if let Some(tasks) = env.attribute(memory, group, "_tasks")? {
                // Those that are done are taken out.
                detail.pending = length(memory, env, tasks)?;
            }
            Ok(())
        }
        (WaitKind::Wait, Some(place)) => {
            let Some(tasks) = cache.local(memory, env, place, "fs")? else { return Ok(()) };
            set(memory, env, tasks, detail)
        }
        (WaitKind::AsCompleted, Some(place)) => {
            // From 3.13 on there is an object that knows.
            let Some(own) = cache.local(memory, env, place, "self")? else { return Ok(()) };
            if let Some(todo) = env.attribute(memory, own, "_todo")? {
                detail.pending = length(memory, env, todo)?;
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

fn gather<M: Memory>(
    memory: &mut Watch<'_, M>,
    env: &mut Env<'_>,
    future: Option<RemoteAddr>,
    detail: &mut WaitDetail,
) -> Result<(), MemoryError> {
    let Some(future) = future else { return Ok(()) };
    if env.kind(memory, future)? != ObjectKind::GatheringFuture {
        return Ok(());
    }
    let Some(children) = env.attribute(memory, future, "_children")? else { return Ok(()) };
    let items = objects::list_items(memory, env.layout, children)?;
    detail.members = u32::try_from(items.len).ok();
    if items.len > MAX_MEMBERS {
        return Ok(());
    }
    let mut pending = 0;
    for index in 0..items.len {
        let child = items.get(memory, index)?;
        match task::pending(memory, env, child)? {
            Some(true) => pending += 1,
            Some(false) => {}
            None => return Ok(()),
        }
    }
    detail.pending = Some(pending);
    Ok(())
}

fn set<M: Memory>(
    memory: &mut Watch<'_, M>,
    env: &mut Env<'_>,
    tasks: RemoteAddr,
    detail: &mut WaitDetail,
) -> Result<(), MemoryError> {
    detail.members = length(memory, env, tasks)?;
    if env.kind(memory, tasks)? != ObjectKind::Set || detail.members.is_none() {
        return Ok(());
    }
    let mut cursor = SetCursor::new(memory, env.layout, tasks)?;
    if cursor.len > MAX_MEMBERS {
        return Ok(());
    }
    let mut pending = 0;
    while let Some(member) = cursor.next(memory)? {
        match task::pending(memory, env, member)? {
            Some(true) => pending += 1,
            Some(false) => {}
            None => return Ok(()),
        }
    }
    detail.pending = Some(pending);
    Ok(())
}
