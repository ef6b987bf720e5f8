//! Who holds the lock that a frame waits for.
//!
//! A `threading.RLock` knows its owner; a `Lock` does not, nor do queues and conditions made of one.
//! `Thread.join` waits for a thread that its frame names.

use super::frames::RawFrame;
use super::layout::{Build, Layout, StackTop};
use super::locals::{stack_start, value_at, value_stack};
use super::objects::{attribute, int, ob_type, type_name_is};
use crate::memory::{Memory, MemoryError, RemoteAddr};

/// Entries of a value stack that are searched.
const MAX_STACK: u64 = 48;
/// `rlock_lock`, or from 3.14 on the mutex: right behind the head.
const LOCK: u64 = 0;
/// The owner, as `threading.get_ident` gives it: behind the lock's address, or the mutex, padded.
const OWNER: u64 = 8;
/// The mutex is held, and somebody waits for it.
const HELD_AND_WANTED: u8 = 3;
/// What the lock's address points at, up to 3.13, is no longer than this.
const NATIVE_LOCK: u64 = 128;

/// The owner of the `RLock` that a frame waits for in a futex at this address, by the number that
/// `threading.get_ident` gives; `None` where it waits for none, or it cannot be told.
///
/// Up to 3.13 the lock leads to its futex, which proves it. From 3.14 on the value stack's end is
/// known: a lock on it that another thread holds, and that somebody waits for, is it. `own` is the
/// number of the thread that waits, and `entries` is where to collect what is on the value stack.
///
/// # Errors
/// When something makes no sense or cannot be read.
pub fn owner_of_awaited<M: Memory>(
    memory: &mut M,
    layout: &Layout,
    frame: &RawFrame,
    (futex, own): (u64, u64),
    entries: &mut Vec<RemoteAddr>,
) -> Result<Option<u64>, MemoryError> {
    if layout.build != Build::Gil {
        return Ok(None);
    }
    entries.clear();
    if layout.frame.stack_top_kind == StackTop::StackPointer {
        value_stack(memory, layout, (frame.addr, frame.code), entries)?;
    } else {
        // Its end is not told while the frame calls: what lies behind may be remainders.
        let start = stack_start(memory, layout, frame.addr, frame.code)?;
        for index in 0..MAX_STACK {
            let Ok(word) = memory.u64(start.offset(8 * index)) else { break };
            entries.extend(RemoteAddr::new(word).plausible());
        }
    }
    let mut found = None;
    for &entry in entries.iter() {
        let Some(lock) = rlock(memory, layout, entry) else { continue };
        let Ok(Some(owner)) = owner(memory, layout, lock, futex) else { continue };
        if owner == own {
            continue;
        }
        if found.is_some_and(|found| found != owner) {
            return Ok(None);
        }
        found = Some(owner);
    }
    Ok(found)
}

/// The thread that a frame of a method of `threading.Thread` is about, by the number that
/// `threading.get_ident` gives; `None` where it has not begun.
///
/// # Errors
/// When something makes no sense or cannot be read.
pub fn thread_of_method<M: Memory>(
    memory: &mut M,
    layout: &Layout,
    frame: &RawFrame,
) -> Result<Option<u64>, MemoryError> {
    /// `self`.
    const THIS: u64 = 0;
    let Some(thread) = value_at(memory, layout, frame.addr, THIS)? else { return Ok(None) };
    let Some(ident) = attribute(memory, layout, thread, "_ident")? else { return Ok(None) };
    // `None` until the thread runs.
    Ok(int(memory, layout, ident).ok().and_then(|ident| u64::try_from(ident).ok()))
}

/// The `RLock` that this is, or that it is a method of.
fn rlock<M: Memory>(memory: &mut M, layout: &Layout, entry: RemoteAddr) -> Option<RemoteAddr> {
    let of = ob_type(memory, layout, entry).ok()?;
    if type_name_is(memory, layout, of, b"_thread.RLock").ok()? {
        return Some(entry);
    }
    if !type_name_is(memory, layout, of, b"builtin_function_or_method").ok()? {
        return None;
    }
    let this = memory.pointer(entry.offset(layout.callables.builtin_self)).ok()?.plausible()?;
    let of = ob_type(memory, layout, this).ok()?;
    type_name_is(memory, layout, of, b"_thread.RLock").ok()?.then_some(this)
}

fn owner<M: Memory>(
    memory: &mut M,
    layout: &Layout,
    lock: RemoteAddr,
    futex: u64,
) -> Result<Option<u64>, MemoryError> {
    let body = lock.offset(layout.object.size);
    let waits_for_it = if layout.minor >= 14 {
        memory.u8(body.offset(LOCK))? & HELD_AND_WANTED == HELD_AND_WANTED
    } else {
        let native = memory.pointer(body.offset(LOCK))?;
        futex.checked_sub(native.get()).is_some_and(|within| within < NATIVE_LOCK)
    };
    let owner = memory.u64(body.offset(OWNER))?;
    Ok(Some(owner).filter(|&owner| waits_for_it && owner != 0))
}
