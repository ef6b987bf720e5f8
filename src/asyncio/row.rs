//! From a proven reading to a row: what the task waits for, and what it holds.

use super::census::{Census, InterpreterState, Lasting};
use super::chain::{Element, Leaf};
use super::detail;
use super::env::Env;
use super::frames::stack;
use super::held;
use super::jobs::Jobs;
use super::naming::{Known, define};
use super::notes;
use super::reading::Reading;
use super::subject::{Subject, subject};
use super::wait::{self, Found};
use super::watch::Watch;
use crate::memory::{MemoryError, ReadMemory, RemoteAddr, Seen, Span};
use crate::model::{Event, TaskNote, TaskRow, TaskState, WaitDetail, WaitKind, WaitReason};
use crate::python::objects::types::Types;

/// A row whose wait is not proven yet.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) draft: usize,
    position: usize,
    row: Option<TaskRow>,
    /// The kind of its wait, which the task's own words prove.
    kind: Option<WaitKind>,
    wants: Option<RemoteAddr>,
    held: Vec<RemoteAddr>,
    detail: Option<Box<WaitDetail>>,
    note: Option<TaskNote>,
    /// Where in `more_spans` its words are, and what they fold to.
    spans: (usize, usize),
    folded: Option<u64>,
}

/// What is known about a wait.
#[derive(Debug, Default)]
struct Wait {
    reason: Option<WaitReason>,
    wants: Option<RemoteAddr>,
    held: Vec<RemoteAddr>,
    detail: Option<Box<WaitDetail>>,
}

impl<M: ReadMemory> Census<'_, M> {
    /// Turns a reading into a row. The words that its wait was decided by are added to
    /// `more_spans`, to be read again.
    pub(super) fn prepare(
        &mut self,
        state: &mut InterpreterState,
        threads: &[RemoteAddr],
        addr: RemoteAddr,
        reading: &Reading,
        position: &mut usize,
    ) -> Result<Prepared, MemoryError> {
        let root = self.resolve_chain(&mut state.types, threads, addr, reading)?;
        let event_loop = self.loop_id(reading.fields.event_loop);
        let known = define(self, &mut state.types, addr, reading, root, event_loop)?;
        let id = match known {
            Known::Same(id) | Known::New(Some(id)) => Some(id),
            Known::New(None) => None,
        };
        if self.lasting.records.at(*position).is_none_or(|record| record.addr != addr) {
            *position = self.lasting.records.position(addr).unwrap_or(usize::MAX);
        }
        let start = self.lasting.more_spans.len();
        let mut wait = Wait::default();
        let stands = matches!(reading.state, TaskState::Waiting | TaskState::Ready);
        if id.is_some() && reading.consistent && stands && reading.leaf != Leaf::NotStarted {
            wait = self.wait(state, threads, reading)?;
        }
        let Lasting { scratch, .. } = &*self.lasting;
        let noted = notes::note(
            self.memory,
            self.layout,
            &mut state.types,
            (addr, &scratch.chain),
            reading,
            !scratch.awaiters.is_empty(),
        );
        let note = noted.filter(|_| id.is_some());
        let end = self.lasting.more_spans.len();
        let spans = self.lasting.more_spans.get(start..end).unwrap_or_default();
        let folded = self.memory.fold(spans).ok();
        self.summary.tasks += u32::from(reading.state != TaskState::Done);
        let chain = stack(self.dictionary, &self.lasting.frames);
        let row = id.map(|task| TaskRow {
            task,
            state: reading.state,
            chain,
            wait: wait.reason.and_then(|reason| self.dictionary.wait(reason)),
            cancel_requests: reading.fields.cancel_requests,
        });
        Ok(Prepared {
            draft: 0,
            position: *position,
            row,
            kind: wait.reason.map(|reason| reason.kind),
            wants: wait.wants,
            held: wait.held,
            detail: wait.detail,
            note,
            spans: (start, end),
            folded,
        })
    }

    /// What a task waits for and holds; what cannot be understood is left out.
    fn wait(
        &mut self,
        state: &mut InterpreterState,
        threads: &[RemoteAddr],
        reading: &Reading,
    ) -> Result<Wait, MemoryError> {
        let mut wait = Wait::default();
        left_out(self.held(&mut state.types))?;
        wait.held.clone_from(&self.lasting.held.locks);
        if reading.state != TaskState::Waiting {
            return Ok(wait);
        }
        let awaited = (reading.fields.fut_waiter, reading.leaf);
        let Some(found) = left_out(self.reason(&mut state.types, awaited))? else {
            return Ok(wait);
        };
        wait.reason = Some(found.reason);
        if found.reason.kind == WaitKind::Executor && state.jobs.is_none() {
            state.jobs = Some(Jobs::look(self.memory, self.layout, &mut state.types, threads)?);
        }
        let future = reading.fields.fut_waiter;
        let subject = left_out(self.subject(state, &found, future))?.unwrap_or_default();
        if let Some(thing) = subject.thing {
            let Lasting { more_spans, .. } = &mut *self.lasting;
            let mut watch = Watch::new(self.memory, more_spans);
            let mut env = Env { layout: self.layout, types: &mut state.types };
            let id = state.objects.id(&mut watch, &mut env, self.dictionary, thing);
            if let Some(Some(id)) = left_out(id)? {
                wait.reason = Some(WaitReason { object: Some(id), ..found.reason });
                wait.wants = Some(thing.addr);
            }
        }
        if let Some(job) = &subject.job
            && let Some(reason) = &mut wait.reason
        {
            reason.detail = self.dictionary.string(job);
        }
        if self.lasting.detailed {
            wait.detail = self.detail(&mut state.types, &found, future, &subject)?;
        }
        Ok(wait)
    }

    fn held(&mut self, types: &mut Types) -> Result<(), MemoryError> {
        let Lasting { more_spans, held, functions, scratch, .. } = &mut *self.lasting;
        let start = more_spans.len();
        let mut watch = Watch::new(self.memory, more_spans);
        let mut env = Env { layout: self.layout, types };
        let found = held::collect(&mut watch, &mut env, functions, &scratch.chain, held);
        if found.is_err() {
            held.clear();
            more_spans.truncate(start);
        }
        found
    }

    fn reason(
        &mut self,
        types: &mut Types,
        awaited: (Option<RemoteAddr>, Leaf),
    ) -> Result<Found, MemoryError> {
        let Lasting { more_spans, frames, waits, scratch, .. } = &mut *self.lasting;
        let mut watch = Watch::new(self.memory, more_spans);
        let mut env = Env { layout: self.layout, types };
        let places = (frames.as_slice(), scratch.chain.as_slice());
        wait::reason(&mut watch, &mut env, waits, self.dictionary, places, awaited)
    }

    fn subject(
        &mut self,
        state: &mut InterpreterState,
        found: &Found,
        future: Option<RemoteAddr>,
    ) -> Result<Subject, MemoryError> {
        let Lasting { more_spans, waits, .. } = &mut *self.lasting;
        let mut watch = Watch::new(self.memory, more_spans);
        let mut env = Env { layout: self.layout, types: &mut state.types };
        let nothing = Jobs::default();
        let jobs = state.jobs.as_ref().unwrap_or(&nothing);
        subject(&mut watch, &mut env, waits, jobs, found, future)
    }

    fn detail(
        &mut self,
        types: &mut Types,
        found: &Found,
        future: Option<RemoteAddr>,
        subject: &Subject,
    ) -> Result<Option<Box<WaitDetail>>, MemoryError> {
        let Lasting { more_spans, waits, held, .. } = &mut *self.lasting;
        let mut watch = Watch::new(self.memory, more_spans);
        let mut env = Env { layout: self.layout, types };
        let detail = detail::detail(&mut watch, &mut env, waits, (found, future), held);
        let Some(mut detail) = left_out(detail)? else { return Ok(None) };
        detail.worker = subject.worker.and_then(|state| {
            self.thread_ids.iter().find(|&&(of, _)| of == state).map(|&(_, thread)| thread)
        });
        if let Some(place) = found.standing
            && let Some(code) = self.dictionary.get_code(place.id)
        {
            let function = self.dictionary.text(code.function);
            detail.operation = detail::operation(found.reason.kind, function);
        }
        Ok((detail != WaitDetail::default()).then(|| Box::new(detail)))
    }

    /// Reads the words behind the waits of the rows prepared a second time.
    pub(super) fn read_waits_again(&mut self) -> Result<(), MemoryError> {
        if self.lasting.more_spans.is_empty() {
            return Ok(());
        }
        self.memory.read_again(&self.lasting.more_spans)
    }

    /// Whether the second read found the same.
    pub(super) fn holds(&self, row: &Prepared) -> bool {
        row.spans.0 == row.spans.1
            || (row.folded.is_some() && self.memory.fold_again(self.words(row)) == row.folded)
    }

    fn words(&self, row: &Prepared) -> &[Span] {
        self.lasting.more_spans.get(row.spans.0..row.spans.1).unwrap_or_default()
    }

    /// Keeps a row. `folded` is what the words of the reading fold to, and `seen` when at the earliest. A wait that changed between
    /// its two reads keeps its kind, and is read again next time.
    pub(super) fn remember(
        &mut self,
        prepared: Prepared,
        reading: &Reading,
        (folded, seen): (u64, Seen),
    ) {
        let proven = self.holds(&prepared);
        let Prepared { position, mut row, kind, wants, held, detail, note, spans: range, .. } =
            prepared;
        if !proven && let Some(row) = &mut row {
            row.wait = kind.and_then(|kind| self.dictionary.wait(WaitReason::plain(kind)));
        }
        let Lasting { records, guards, spans, more_spans, scratch, epoch, edges_changed, .. } =
            &mut *self.lasting;
        let Some(record) = records.at_mut(position) else { return };
        record.seen = *epoch;
        record.started |= !matches!(reading.leaf, Leaf::NotStarted);
        let turn = turn(reading, &scratch.chain);
        // The same row again says that it went on in between.
        if record.row != row || record.turn != turn {
            self.events.extend(row.map(Event::TaskRow));
            record.row = row;
            record.turn = turn;
        }
        if let Some(task) = record.id
            && record.note != note
        {
            record.note = note;
            let note = note.unwrap_or(TaskNote::Nothing);
            self.events.push(Event::TaskNote { task, note });
        }
        record.wants = wants.filter(|_| proven);
        record.held = if proven { held } else { Vec::new() };
        record.detail = detail.filter(|_| proven);
        if record.awaiters != scratch.awaiters {
            record.awaiters.clone_from(&scratch.awaiters);
            *edges_changed = true;
        }
        // What was torn, is running or has no chain is read again next time.
        let settled = proven && reading.consistent && reading.state != TaskState::Running;
        let more = more_spans.get(range.0..range.1).unwrap_or_default();
        match self.memory.fold_onto(folded, more) {
            Ok(folded) if settled => {
                spans.extend_from_slice(more);
                guards.replace(self.memory, &mut record.guard, spans, (folded, seen));
            }
            _ => guards.drop(&mut record.guard),
        }
    }

    /// How the things stand that the tasks of this census wait for, and who holds them.
    pub(super) fn objects(&mut self, state: &mut InterpreterState) -> Result<(), MemoryError> {
        if state.objects.is_empty() {
            return Ok(());
        }
        let epoch = self.lasting.epoch;
        let seen = |record: &&super::record::Record| record.seen == epoch;
        let mut holding = std::mem::take(&mut self.lasting.holding);
        holding.clear();
        for record in self.lasting.records.iter().filter(seen) {
            if let Some(addr) = record.wants {
                state.objects.want(addr, epoch);
            }
            if let Some(id) = record.id {
                holding.extend(record.held.iter().map(|&addr| (addr, id)));
            }
        }
        for &(addr, id) in &holding {
            state.objects.hold(addr, id, epoch);
        }
        self.lasting.holding = holding;
        let mut env = Env { layout: self.layout, types: &mut state.types };
        state.objects.update(self.memory, &mut env, epoch, self.events)
    }
}

/// A number that changes, as a rule, when a task waits anew: from the future it awaits and the
/// frames it stands in. Their addresses may be reused, so that equal numbers prove nothing.
fn turn(reading: &Reading, chain: &[Element]) -> u64 {
    if reading.state != TaskState::Waiting {
        return 0;
    }
    let mut turn = reading.fields.fut_waiter.map_or(0, RemoteAddr::get);
    for element in chain {
        if let Element::Python { frame, .. } = element {
            turn = turn.rotate_left(7) ^ frame.get();
        }
    }
    turn
}

/// Without what cannot be read or makes no sense.
fn left_out<T>(result: Result<T, MemoryError>) -> Result<Option<T>, MemoryError> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(MemoryError::Unreadable { .. } | MemoryError::Nonsense { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
