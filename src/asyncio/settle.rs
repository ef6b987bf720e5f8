//! From drafts to rows: each is kept only if a second read finds the same words.

use super::census::{Census, InterpreterState, Lasting};
use super::reading::Reading;
use crate::memory::{MemoryError, ReadMemory, RemoteAddr, Seen, Span};
use crate::python::objects::types::Types;

/// A task that changes under the read is read this often more.
const TRIES: usize = 3;

/// Of a reading.
enum Proof {
    /// There is no task (any more).
    NoTask,
    /// The same words were there in two reads; what they fold to, and when they did at the earliest.
    Proven(Reading, (u64, Seen)),
    /// It changed in between, or made no sense.
    Unproven(Option<Reading>),
}

impl<M: ReadMemory> Census<'_, M> {
    /// Reads a task a first time.
    pub(super) fn draft(
        &mut self,
        types: &mut Types,
        addr: RemoteAddr,
        stepping: bool,
        place: usize,
    ) -> Result<(), MemoryError> {
        let reading = match self.read(types, addr, stepping) {
            // A dead weak reference, or the registry had gone on.
            Ok(None) => return Ok(()),
            Ok(Some(reading)) => Some(reading).filter(|reading| reading.consistent),
            Err(MemoryError::Unreadable { .. } | MemoryError::Nonsense { .. }) => None,
            Err(error) => return Err(error),
        };
        let Lasting { drafts, scratch, spans, .. } = &mut *self.lasting;
        let seen = self.memory.seen();
        let folded = self.memory.fold(spans);
        let reading = if folded.is_ok() { reading } else { None };
        drafts.push((addr, place, stepping), reading, scratch, spans, (folded.unwrap_or(0), seen));
        Ok(())
    }

    /// Proves the drafts, all together, and keeps them; reads again, one by one, what changed.
    pub(super) fn settle(
        &mut self,
        state: &mut InterpreterState,
        threads: &[RemoteAddr],
        order: &mut [usize],
    ) -> Result<(), MemoryError> {
        let mut drafts = std::mem::take(&mut self.lasting.drafts);
        if drafts.len() > 0 {
            self.memory.read_again(drafts.all_spans())?;
        }
        let mut failed = Vec::new();
        let mut prepared = std::mem::take(&mut self.lasting.prepared);
        self.lasting.more_spans.clear();
        for index in 0..drafts.len() {
            let Some(draft) = drafts.get(index) else { break };
            let Some(position) = order.get_mut(draft.place) else { continue };
            let same = self.memory.fold_again(drafts.spans(&draft)) == Some(draft.folded.0);
            match draft.reading {
                Some(reading) if same => {
                    let Lasting { scratch, spans, .. } = &mut *self.lasting;
                    drafts.restore(&draft, scratch, spans);
                    let mut row = self.prepare(state, threads, draft.addr, &reading, position)?;
                    row.draft = index;
                    prepared.push(row);
                }
                _ => failed.push(draft),
            }
        }
        self.read_waits_again()?;
        for row in prepared.drain(..) {
            let Some(draft) = drafts.get(row.draft) else { continue };
            let Some(reading) = draft.reading else { continue };
            if !self.holds(&row) && self.lasting.detailed {
                failed.push(draft);
                continue;
            }
            let Lasting { scratch, spans, .. } = &mut *self.lasting;
            drafts.restore(&draft, scratch, spans);
            self.remember(row, &reading, draft.folded);
        }
        self.lasting.prepared = prepared;
        for draft in failed {
            let Some(position) = order.get_mut(draft.place) else { continue };
            self.forget(draft.addr, drafts.spans(&draft));
            self.insist(state, threads, (draft.addr, draft.stepping), position)?;
        }
        drafts.clear();
        self.lasting.drafts = drafts;
        Ok(())
    }

    /// Reads one task again until two reads agree; else counts it.
    fn insist(
        &mut self,
        state: &mut InterpreterState,
        threads: &[RemoteAddr],
        (addr, stepping): (RemoteAddr, bool),
        position: &mut usize,
    ) -> Result<(), MemoryError> {
        let mut last = None;
        for _ in 0..TRIES {
            match self.prove(&mut state.types, addr, stepping)? {
                Proof::NoTask => return Ok(()),
                Proof::Proven(reading, folded) => {
                    self.lasting.more_spans.clear();
                    let row = self.prepare(state, threads, addr, &reading, position)?;
                    self.read_waits_again()?;
                    self.remember(row, &reading, folded);
                    return Ok(());
                }
                Proof::Unproven(reading) => last = reading,
            }
            let spans = std::mem::take(&mut self.lasting.spans);
            self.forget(addr, &spans);
            self.lasting.spans = spans;
        }
        self.give_up(addr, last.is_some(), position);
        Ok(())
    }

    fn prove(
        &mut self,
        types: &mut Types,
        addr: RemoteAddr,
        stepping: bool,
    ) -> Result<Proof, MemoryError> {
        let reading = match self.read(types, addr, stepping) {
            Ok(None) => return Ok(Proof::NoTask),
            Ok(Some(reading)) => reading,
            Err(MemoryError::Unreadable { .. } | MemoryError::Nonsense { .. }) => {
                return Ok(Proof::Unproven(None));
            }
            Err(error) => return Err(error),
        };
        let spans = &self.lasting.spans;
        let seen = self.memory.seen();
        let folded = self.memory.fold(spans);
        self.memory.read_again(spans)?;
        Ok(match folded {
            Ok(folded) if reading.consistent && self.memory.fold_again(spans) == Some(folded) => {
                Proof::Proven(reading, (folded, seen))
            }
            _ => Proof::Unproven(Some(reading)),
        })
    }

    /// A task without a proven row keeps its identity and loses its chain.
    fn give_up(&mut self, addr: RemoteAddr, readable: bool, position: &mut usize) {
        if readable {
            self.summary.torn += 1;
        } else {
            self.summary.unreadable += 1;
        }
        let Lasting { records, guards, epoch, .. } = &mut *self.lasting;
        *position = records.position(addr).unwrap_or(usize::MAX);
        let Some(record) = records.at_mut(*position) else { return };
        record.seen = *epoch;
        guards.drop(&mut record.guard);
        record.wants = None;
        record.held.clear();
        record.detail = None;
        let row = record.row.map(|row| crate::model::TaskRow { chain: None, wait: None, ..row });
        if record.row != row {
            self.events.extend(row.map(crate::model::Event::TaskRow));
            record.row = row;
        }
        self.summary.tasks += 1;
    }

    fn forget(&mut self, addr: RemoteAddr, spans: &[Span]) {
        for span in spans {
            self.memory.forget(span.start(), Span::BYTES);
        }
        self.memory.forget(addr, Span::BYTES);
    }
}
