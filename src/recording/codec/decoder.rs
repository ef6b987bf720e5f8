//! The payload of one block → events.

use std::collections::HashMap;

use rustc_hash::FxBuildHasher;

use super::census::Shape;
use super::clock::Clock;
use super::kind::EventKind;
use super::samples::{Callback, Look};
use crate::model::{Event, ThreadId};
use crate::recording::column::{Column, ColumnsIn};
use crate::recording::limits::BLOCK_EVENTS;
use crate::recording::varint::{self, Malformed};

/// Why a block gives no further event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Undecodable {
    /// Its bytes break the format.
    Malformed,
    /// It has events of this kind, which this build does not know and must not skip.
    UnknownKind(u8),
}

impl From<Malformed> for Undecodable {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

/// Gives the events of one block, one after the other.
#[derive(Debug)]
pub(crate) struct Decoder {
    pub(super) columns: ColumnsIn,
    pub(super) clock: Clock,
    pub(super) looks: Vec<Look>,
    pub(super) shapes: Vec<Shape>,
    pub(super) callbacks: HashMap<ThreadId, Callback, FxBuildHasher>,
    events_left: u64,
    run: (u8, u64),
}

impl Decoder {
    /// A block without events.
    pub(crate) fn empty() -> Self {
        Self {
            columns: ColumnsIn::empty(),
            clock: Clock::default(),
            looks: Vec::new(),
            shapes: Vec::new(),
            callbacks: HashMap::default(),
            events_left: 0,
            run: (0, 0),
        }
    }

    /// Goes on to the block with this payload.
    pub(crate) fn open(&mut self, payload: Vec<u8>) -> Result<(), Malformed> {
        self.events_left = 0;
        self.run = (0, 0);
        let mut rest = payload.as_slice();
        let events = varint::take(&mut rest)?;
        if events > BLOCK_EVENTS as u64 {
            return Err(Malformed);
        }
        let directory = payload.len() - rest.len();
        self.columns = ColumnsIn::open(payload, directory)?;
        self.clock.reset();
        self.looks.clear();
        self.shapes.clear();
        self.callbacks.clear();
        self.events_left = events;
        Ok(())
    }

    /// Takes the payload's memory back, for the next block.
    pub(crate) fn take_buffer(&mut self) -> Vec<u8> {
        self.events_left = 0;
        std::mem::replace(&mut self.columns, ColumnsIn::empty()).into_payload()
    }

    /// The next event; `None` at the end of the block.
    pub(crate) fn next_event(&mut self) -> Result<Option<Event>, Undecodable> {
        while self.events_left > 0 {
            if self.run.1 == 0 {
                self.next_run()?;
                continue;
            }
            let Some(kind) = EventKind::from_code(self.run.0) else {
                self.events_left -= self.run.1;
                self.run.1 = 0;
                continue;
            };
            self.events_left -= 1;
            self.run.1 -= 1;
            return Ok(Some(self.event(kind)?));
        }
        Ok(None)
    }

    fn next_run(&mut self) -> Result<(), Undecodable> {
        let code = self.columns.take(Column::Kinds)?;
        let length = self.columns.take(Column::Kinds)?;
        let code = u8::try_from(code).or(Err(Malformed))?;
        if length == 0 || length > self.events_left {
            return Err(Undecodable::Malformed);
        }
        if EventKind::from_code(code).is_none() && code < EventKind::FIRST_OPTIONAL {
            return Err(Undecodable::UnknownKind(code));
        }
        self.run = (code, length);
        Ok(())
    }

    fn event(&mut self, kind: EventKind) -> Result<Event, Malformed> {
        match kind {
            EventKind::String => self.string(),
            EventKind::Target => self.target(),
            EventKind::TargetEnded => self.target_ended(),
            EventKind::Thread => self.thread(),
            EventKind::Loop => self.event_loop(),
            EventKind::Code => self.code(),
            EventKind::Frame => self.frame(),
            EventKind::Stack => self.stack(),
            EventKind::Task => self.task(),
            EventKind::Object => self.object(),
            EventKind::Wait => self.wait(),
            EventKind::Sample => self.sample(),
            EventKind::Idle => self.idle(),
            EventKind::Miss => self.miss(),
            EventKind::CensusBegin => self.census_begin(),
            EventKind::TaskRow => self.task_row(),
            EventKind::AwaitedBy => self.awaited_by(),
            EventKind::ObjectState => self.object_state(),
            EventKind::TaskNote => self.task_note(),
            EventKind::Warned => self.warned(),
            EventKind::TaskGone => self.task_gone(),
            EventKind::CensusEnd => self.census_end(),
            EventKind::Gap => self.gap(),
            EventKind::Stats => self.stats(),
            EventKind::End => self.end(),
            EventKind::Edges => self.edges(),
            EventKind::OffCpu => self.off_cpu(),
            EventKind::OffCpuRun => self.off_cpu_run(),
            EventKind::LostSwitches => self.lost_switches(),
            EventKind::ThreadClocks => self.thread_clocks(),
            EventKind::MachineClocks => self.machine_clocks(),
            EventKind::KernelCall => self.kernel_call(),
            EventKind::Blocked => self.blocked(),
            EventKind::NativeCode => self.native_code(),
            EventKind::NativeSample => self.native_sample(),
            EventKind::Gil => self.gil(),
            EventKind::Gc => self.gc(),
            EventKind::GcPause => self.gc_pause(),
            EventKind::Callee => self.callee(),
            EventKind::Queues => self.queues(),
            EventKind::Turn => self.turn(),
            EventKind::Lock => self.lock(),
        }
    }
}
