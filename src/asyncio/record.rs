//! What is remembered about each task between two censuses.

use rustc_hash::FxHashMap;

use super::guard::Guard;
use crate::memory::RemoteAddr;
use crate::model::{StringId, TaskId, TaskNote, TaskRow, WaitDetail};

/// What tells a task from another one at the same address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) coro: RemoteAddr,
    pub(super) context: RemoteAddr,
    pub(super) name_mark: u64,
    pub(super) name: Option<StringId>,
}

/// A task as the last census left it.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) addr: RemoteAddr,
    /// `None` for a task that was done when first seen: it is nobody's business.
    pub(super) id: Option<TaskId>,
    pub(super) identity: Identity,
    /// The last row, and whether it was reported.
    pub(super) row: Option<TaskRow>,
    /// What was told about it.
    pub(super) note: Option<TaskNote>,
    /// What its wait began with: another number means that it ran in between.
    pub(super) turn: u64,
    /// What the row was built from.
    pub(super) guard: Guard,
    /// The thing it waits for.
    pub(super) wants: Option<RemoteAddr>,
    /// The things it holds.
    pub(super) held: Vec<RemoteAddr>,
    /// More about its wait, if that is asked for.
    pub(super) detail: Option<Box<WaitDetail>>,
    /// Tasks that await this one, by address.
    pub(super) awaiters: Vec<RemoteAddr>,
    /// The same as last reported.
    pub(super) reported: Vec<TaskId>,
    /// Whether the root coroutine was seen started.
    pub(super) started: bool,
    /// The last census that saw it.
    pub(super) seen: u32,
}

/// All records of one process.
#[derive(Debug, Default)]
pub(super) struct Records {
    slots: Vec<Option<Record>>,
    free: Vec<usize>,
    by_addr: FxHashMap<RemoteAddr, usize>,
}

impl Records {
    pub(super) fn position(&self, addr: RemoteAddr) -> Option<usize> {
        self.by_addr.get(&addr).copied()
    }

    pub(super) fn at(&self, position: usize) -> Option<&Record> {
        self.slots.get(position)?.as_ref()
    }

    pub(super) fn at_mut(&mut self, position: usize) -> Option<&mut Record> {
        self.slots.get_mut(position)?.as_mut()
    }

    pub(super) fn get(&self, addr: RemoteAddr) -> Option<&Record> {
        self.at(self.position(addr)?)
    }

    /// Adds a record; one at the same address is replaced and given back.
    pub(super) fn insert(&mut self, record: Record) -> (usize, Option<Record>) {
        if let Some(&position) = self.by_addr.get(&record.addr)
            && let Some(slot) = self.slots.get_mut(position)
        {
            return (position, slot.replace(record));
        }
        let addr = record.addr;
        let position = match self.free.pop() {
            Some(position) if position < self.slots.len() => {
                if let Some(slot) = self.slots.get_mut(position) {
                    *slot = Some(record);
                }
                position
            }
            _ => {
                self.slots.push(Some(record));
                self.slots.len() - 1
            }
        };
        self.by_addr.insert(addr, position);
        (position, None)
    }

    /// Removes what the census `seen` did not see, in the order of the slots.
    pub(super) fn sweep(&mut self, seen: u32, mut gone: impl FnMut(Record)) {
        for (position, slot) in self.slots.iter_mut().enumerate() {
            if slot.as_ref().is_some_and(|record| record.seen != seen)
                && let Some(record) = slot.take()
            {
                self.by_addr.remove(&record.addr);
                gone(record);
                self.free.push(position);
            }
        }
    }

    /// Makes room for this many records in all.
    pub(super) fn reserve(&mut self, total: usize) {
        let more = total.saturating_sub(self.by_addr.len());
        self.by_addr.reserve(more);
        self.slots.reserve(total.saturating_sub(self.slots.len()));
    }

    pub(super) fn guards(&mut self) -> impl Iterator<Item = &mut Guard> {
        self.slots.iter_mut().flatten().map(|record| &mut record.guard)
    }

    /// One more than the last position in use.
    pub(super) const fn len(&self) -> usize {
        self.slots.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Record> {
        self.slots.iter().flatten()
    }
}
