//! The things that tasks of a process wait for, from one census to the next.

use rustc_hash::FxHashMap;

use super::env::Env;
use super::guard::{Guard, Guards};
use super::things::{self, Thing};
use super::watch::Watch;
use crate::memory::{MemoryError, PagedMemory, ReadMemory, RemoteAddr, Seen, Span};
use crate::model::{Dictionary, Event, ObjectId, ObjectState, TaskId};
use crate::python::objects;

/// Things that nobody has waited for this long (in censuses) are forgotten.
const FORGOTTEN_AFTER: u32 = 400;
/// More things than this are not remembered.
const MAX_OBJECTS: usize = 1 << 18;

#[derive(Debug)]
struct Entry {
    id: ObjectId,
    thing: Thing,
    of: RemoteAddr,
    mark: RemoteAddr,
    /// As last reported.
    state: Option<ObjectState>,
    /// As just read and proven.
    read: Option<ObjectState>,
    guard: Guard,
    /// The last census in which a task waited for it.
    wanted: u32,
    /// Whether a later census still has to see it without waiters.
    stale: bool,
    /// Whether it is not remembered any more.
    forgotten: bool,
    holders: Vec<TaskId>,
}

/// All things of one process.
#[derive(Debug, Default)]
pub(super) struct Objects {
    /// In the order of ids.
    entries: Vec<Entry>,
    by_addr: FxHashMap<RemoteAddr, usize>,
    guards: Guards,
    /// Their states, read once and not proven yet.
    drafts: Vec<Draft>,
    spans: Vec<Span>,
    all_spans: Vec<Span>,
}

#[derive(Debug)]
struct Draft {
    /// Its place among the entries.
    index: usize,
    state: ObjectState,
    mark: RemoteAddr,
    folded: (u64, Seen),
    spans: (usize, usize),
}

impl Objects {
    /// The id of a thing; it is defined at first sight.
    pub(super) fn id<M: ReadMemory>(
        &mut self,
        memory: &mut Watch<'_, PagedMemory<M>>,
        env: &mut Env<'_>,
        dictionary: &mut Dictionary,
        thing: Thing,
    ) -> Result<Option<ObjectId>, MemoryError> {
        let of = objects::ob_type(memory, env.layout, thing.addr)?;
        if let Some(entry) = self.entry(thing.addr) {
            let mark = things::mark(memory, env, thing)?;
            // A line of waiters is made when the first one comes.
            let same_mark = entry.mark == mark || entry.mark.is_null();
            if (entry.of, entry.thing.kind) == (of, thing.kind) && same_mark {
                return Ok(Some(entry.id));
            }
        }
        if self.by_addr.len() >= MAX_OBJECTS {
            return Ok(None);
        }
        let mark = things::mark(memory, env, thing)?;
        let type_name = env.types.name(memory.raw(), env.layout, of)?;
        let type_name = type_name.rsplit('.').next().unwrap_or(type_name);
        let id = dictionary.string(type_name).and_then(|name| dictionary.add_object(name));
        let Some(id) = id else { return Ok(None) };
        let replaced = self.by_addr.insert(thing.addr, self.entries.len());
        self.entries.push(Entry {
            id,
            thing,
            of,
            mark,
            state: None,
            read: None,
            guard: Guard::default(),
            wanted: 0,
            stale: false,
            forgotten: false,
            holders: Vec::new(),
        });
        if let Some(old) = replaced.and_then(|index| self.entries.get_mut(index)) {
            (old.forgotten, old.stale) = (true, false);
            self.guards.drop(&mut old.guard);
        }
        Ok(Some(id))
    }

    fn entry(&mut self, addr: RemoteAddr) -> Option<&mut Entry> {
        self.entries.get_mut(*self.by_addr.get(&addr)?)
    }

    /// Notes that a task waits for the thing at `addr`.
    pub(super) fn want(&mut self, addr: RemoteAddr, epoch: u32) {
        if let Some(entry) = self.entry(addr)
            && entry.wanted != epoch
        {
            entry.holders.clear();
            entry.wanted = epoch;
            entry.stale = true;
        }
    }

    /// Notes that a task holds the thing at `addr`.
    pub(super) fn hold(&mut self, addr: RemoteAddr, task: TaskId, epoch: u32) {
        if let Some(entry) = self.entry(addr)
            && entry.wanted == epoch
        {
            entry.holders.push(task);
        }
    }

    /// Whether anything is remembered.
    pub(super) fn is_empty(&self) -> bool {
        self.by_addr.is_empty()
    }

    /// Reads the things that are waited for, or were until now, and reports what changed.
    pub(super) fn update<M: ReadMemory>(
        &mut self,
        memory: &mut PagedMemory<M>,
        env: &mut Env<'_>,
        epoch: u32,
        events: &mut Vec<Event>,
    ) -> Result<(), MemoryError> {
        self.forget_old(epoch);
        for index in 0..self.entries.len() {
            self.draft(memory, env, index)?;
        }
        if !self.drafts.is_empty() {
            memory.read_again(&self.all_spans)?;
        }
        for draft in self.drafts.drain(..) {
            let spans = self.all_spans.get(draft.spans.0..draft.spans.1).unwrap_or_default();
            let Some(entry) = self.entries.get_mut(draft.index) else { continue };
            if memory.fold_again(spans) == Some(draft.folded.0) {
                self.guards.replace(memory, &mut entry.guard, spans, draft.folded);
                entry.mark = draft.mark;
                entry.read = Some(draft.state);
            }
        }
        self.all_spans.clear();
        for entry in self.entries.iter_mut().filter(|entry| entry.stale) {
            entry.report(epoch, events);
        }
        if self.guards.is_wasteful() {
            self.guards.compact(self.entries.iter_mut().map(|entry| &mut entry.guard));
        }
        Ok(())
    }

    /// Forgets what nobody has waited for in a long time.
    fn forget_old(&mut self, epoch: u32) {
        for entry in self.entries.iter_mut().filter(|entry| !entry.forgotten) {
            if entry.wanted != 0 && epoch.wrapping_sub(entry.wanted) >= FORGOTTEN_AFTER {
                (entry.forgotten, entry.stale) = (true, false);
                self.by_addr.remove(&entry.thing.addr);
                self.guards.drop(&mut entry.guard);
            }
        }
        if self.entries.len() > 2 * self.by_addr.len() + 64 {
            self.entries.retain(|entry| !entry.forgotten);
            let places = self.entries.iter().enumerate();
            self.by_addr = places.map(|(index, entry)| (entry.thing.addr, index)).collect();
        }
    }

    /// Reads a thing a first time, unless it is what it was or nobody wants it.
    fn draft<M: ReadMemory>(
        &mut self,
        memory: &mut PagedMemory<M>,
        env: &mut Env<'_>,
        index: usize,
    ) -> Result<(), MemoryError> {
        let Some(entry) = self.entries.get_mut(index) else { return Ok(()) };
        if !entry.stale || self.guards.unchanged(memory, &mut entry.guard) {
            return Ok(());
        }
        self.guards.drop(&mut entry.guard);
        self.spans.clear();
        let mut watch = Watch::new(memory, &mut self.spans);
        let of = objects::ob_type(&mut watch, env.layout, entry.thing.addr);
        let read = things::state(&mut watch, env, entry.thing)
            .and_then(|state| Ok((state, things::mark(&mut watch, env, entry.thing)?)));
        let seen = memory.seen();
        match (of, read, memory.fold(&self.spans)) {
            (Ok(of), Ok((state, mark)), Ok(folded)) if of == entry.of => {
                let start = self.all_spans.len();
                self.all_spans.append(&mut self.spans);
                let spans = (start, self.all_spans.len());
                self.drafts.push(Draft { index, state, mark, folded: (folded, seen), spans });
            }
            (_, Err(error @ (MemoryError::Exited | MemoryError::Denied)), _) => return Err(error),
            _ => {}
        }
        Ok(())
    }

    /// How everything that is waited for stands, in the order of ids.
    pub(super) fn states(&self) -> Vec<(ObjectId, ObjectState)> {
        let known = self.entries.iter().filter(|entry| !entry.forgotten);
        known.filter_map(|entry| Some((entry.id, entry.state.clone()?))).collect()
    }
}

impl Entry {
    /// Reports the state read, or the old one where it has not changed, with the holders of now.
    fn report(&mut self, epoch: u32, events: &mut Vec<Event>) {
        let wanted = self.wanted == epoch;
        self.stale = wanted;
        if !wanted {
            self.holders.clear();
        }
        self.holders.sort_unstable();
        self.holders.dedup();
        let holds = self.guard != Guard::default();
        let state = match (&self.read, &self.state) {
            (Some(read), _) => read,
            (None, Some(old)) if holds => old,
            // It changes all the time, or is gone: nothing is known but who holds it.
            _ => &ObjectState::default(),
        };
        if !plausible(state, self.holders.len(), self.thing) {
            self.holders.clear();
        }
        let same = self.state.as_ref().is_some_and(|old| {
            let values = std::ptr::eq(old, state) || *old == with(state, &old.holders);
            values && old.holders == self.holders
        });
        if !same {
            let state = with(state, &self.holders);
            events.push(Event::ObjectState { object: self.id, state: state.clone() });
            self.state = Some(state);
        }
        self.read = None;
    }
}

/// The state with these holders.
fn with(state: &ObjectState, holders: &[TaskId]) -> ObjectState {
    ObjectState { holders: holders.to_vec(), ..*state }
}

/// Whether the holders found agree with what the object says. They need not: a frame may have
/// released by hand what it entered.
fn plausible(state: &ObjectState, holders: usize, thing: Thing) -> bool {
    use things::ThingKind::{Condition, Lock, Semaphore};
    match thing.kind {
        Lock | Condition => holders == 0 || (holders == 1 && state.value == Some(1)),
        Semaphore => match (state.capacity, state.value) {
            (Some(most), Some(free)) => holders <= most.saturating_sub(free) as usize,
            _ => true,
        },
        _ => holders == 0,
    }
}
