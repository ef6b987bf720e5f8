//! The things that tasks of a process wait for, from one census to the next.

use rustc_hash::FxHashMap;

use super::env::Env;
use super::guard::{Guard, Guards};
use super::things::{self, Thing};
use super::watch::Watch;
use crate::memory::{MemoryError, PagedMemory, ReadMemory, RemoteAddr, Span};
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
    guard: Guard,
    /// The last census in which a task waited for it.
    wanted: u32,
    /// Whether a later census still has to see it without waiters.
    stale: bool,
    holders: Vec<TaskId>,
}

/// All things of one process.
#[derive(Debug, Default)]
pub(super) struct Objects {
    entries: FxHashMap<RemoteAddr, Entry>,
    guards: Guards,
    /// Their states, read once and not proven yet.
    drafts: Vec<Draft>,
    spans: Vec<Span>,
    all_spans: Vec<Span>,
}

#[derive(Debug)]
struct Draft {
    addr: RemoteAddr,
    state: ObjectState,
    mark: RemoteAddr,
    folded: u64,
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
        if let Some(entry) = self.entries.get(&thing.addr) {
            let mark = things::mark(memory, env, thing)?;
            // A line of waiters is made when the first one comes.
            let same_mark = entry.mark == mark || entry.mark.is_null();
            if (entry.of, entry.thing.kind) == (of, thing.kind) && same_mark {
                return Ok(Some(entry.id));
            }
        }
        if self.entries.len() >= MAX_OBJECTS {
            return Ok(None);
        }
        let mark = things::mark(memory, env, thing)?;
        let type_name = env.types.name(memory.raw(), env.layout, of)?;
        let type_name = type_name.rsplit('.').next().unwrap_or(type_name);
        let id = dictionary.string(type_name).and_then(|name| dictionary.add_object(name));
        let Some(id) = id else { return Ok(None) };
        let entry = Entry {
            id,
            thing,
            of,
            mark,
            state: None,
            guard: Guard::default(),
            wanted: 0,
            stale: false,
            holders: Vec::new(),
        };
        if let Some(mut old) = self.entries.insert(thing.addr, entry) {
            self.guards.drop(&mut old.guard);
        }
        Ok(Some(id))
    }

    /// Notes that a task waits for the thing at `addr`.
    pub(super) fn want(&mut self, addr: RemoteAddr, epoch: u32) {
        if let Some(entry) = self.entries.get_mut(&addr) {
            if entry.wanted != epoch {
                entry.holders.clear();
            }
            entry.wanted = epoch;
            entry.stale = true;
        }
    }

    /// Notes that a task holds the thing at `addr`.
    pub(super) fn hold(&mut self, addr: RemoteAddr, task: TaskId, epoch: u32) {
        if let Some(entry) = self.entries.get_mut(&addr)
            && entry.wanted == epoch
        {
            entry.holders.push(task);
        }
    }

    /// Whether anything is remembered.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Reads the things that are waited for, or were until now, and reports what changed.
    pub(super) fn update<M: ReadMemory>(
        &mut self,
        memory: &mut PagedMemory<M>,
        env: &mut Env<'_>,
        epoch: u32,
        events: &mut Vec<Event>,
    ) -> Result<(), MemoryError> {
        self.entries.retain(|_, entry| {
            let keep = entry.wanted == 0 || epoch.wrapping_sub(entry.wanted) < FORGOTTEN_AFTER;
            if !keep {
                self.guards.drop(&mut entry.guard);
            }
            keep
        });
        let mut order: Vec<(ObjectId, RemoteAddr)> = self
            .entries
            .iter()
            .filter(|(_, entry)| entry.stale)
            .map(|(&addr, entry)| (entry.id, addr))
            .collect();
        order.sort_unstable();
        for &(_, addr) in &order {
            self.draft(memory, env, addr)?;
        }
        if !self.drafts.is_empty() {
            memory.read_again(&self.all_spans)?;
        }
        let mut read: FxHashMap<RemoteAddr, ObjectState> = FxHashMap::default();
        for draft in self.drafts.drain(..) {
            let spans = self.all_spans.get(draft.spans.0..draft.spans.1).unwrap_or_default();
            let Some(entry) = self.entries.get_mut(&draft.addr) else { continue };
            if memory.fold_again(spans) == Some(draft.folded) {
                self.guards.replace(&mut entry.guard, spans, draft.folded);
                entry.mark = draft.mark;
                read.insert(draft.addr, draft.state);
            }
        }
        self.all_spans.clear();
        for (_, addr) in order {
            let Some(entry) = self.entries.get_mut(&addr) else { continue };
            entry.report(read.remove(&addr), epoch, events);
        }
        if self.guards.is_wasteful() {
            self.guards.compact(self.entries.values_mut().map(|entry| &mut entry.guard));
        }
        Ok(())
    }

    /// Reads a thing a first time, unless it is what it was.
    fn draft<M: ReadMemory>(
        &mut self,
        memory: &mut PagedMemory<M>,
        env: &mut Env<'_>,
        addr: RemoteAddr,
    ) -> Result<(), MemoryError> {
        let Some(entry) = self.entries.get_mut(&addr) else { return Ok(()) };
        if self.guards.unchanged(memory, &entry.guard) {
            return Ok(());
        }
        self.guards.drop(&mut entry.guard);
        self.spans.clear();
        let mut watch = Watch::new(memory, &mut self.spans);
        let of = objects::ob_type(&mut watch, env.layout, addr);
        let read = things::state(&mut watch, env, entry.thing)
            .and_then(|state| Ok((state, things::mark(&mut watch, env, entry.thing)?)));
        match (of, read, memory.fold(&self.spans)) {
            (Ok(of), Ok((state, mark)), Ok(folded)) if of == entry.of => {
                let start = self.all_spans.len();
                self.all_spans.append(&mut self.spans);
                let spans = (start, self.all_spans.len());
                self.drafts.push(Draft { addr, state, mark, folded, spans });
            }
            (_, Err(error @ (MemoryError::Exited | MemoryError::Denied)), _) => return Err(error),
            _ => {}
        }
        Ok(())
    }

    /// How everything that is waited for stands, in the order of ids.
    pub(super) fn states(&self) -> Vec<(ObjectId, ObjectState)> {
        let mut states: Vec<_> = self
            .entries
            .values()
            .filter_map(|entry| Some((entry.id, entry.state.clone()?)))
            .collect();
        states.sort_unstable_by_key(|(id, _)| *id);
        states
    }
}

impl Entry {
    /// Reports the state read, or the old one where it has not changed, with the holders of now.
    fn report(&mut self, read: Option<ObjectState>, epoch: u32, events: &mut Vec<Event>) {
        let wanted = self.wanted == epoch;
        let mut state = match (read, &self.state) {
            (Some(read), _) => read,
            (None, Some(old)) if self.guard != Guard::default() => old.clone(),
            // It changes all the time, or is gone: nothing is known but who holds it.
            _ => ObjectState::default(),
        };
        self.stale = wanted;
        state.holders = if wanted { std::mem::take(&mut self.holders) } else { Vec::new() };
        state.holders.sort_unstable();
        state.holders.dedup();
        if !plausible(&state, self.thing) {
            state.holders.clear();
        }
        if self.state.as_ref() != Some(&state) {
            events.push(Event::ObjectState { object: self.id, state: state.clone() });
            self.state = Some(state);
        }
    }
}

/// Whether the holders found agree with what the object says. They need not: a frame may have
/// released by hand what it entered.
fn plausible(state: &ObjectState, thing: Thing) -> bool {
    use things::ThingKind::{Condition, Lock, Semaphore};
    let holders = state.holders.len();
    match thing.kind {
        Lock | Condition => holders == 0 || (holders == 1 && state.value == Some(1)),
        Semaphore => match (state.capacity, state.value) {
            (Some(most), Some(free)) => holders <= most.saturating_sub(free) as usize,
            _ => true,
        },
        _ => holders == 0,
    }
}
