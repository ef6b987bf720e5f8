//! Events → the payload of one block.

use std::collections::HashMap;

use rustc_hash::FxBuildHasher;

use super::census::Shape;
use super::clock::Clock;
use super::kind::EventKind;
use super::samples::{Callback, Look};
use crate::model::{Event, ThreadId};
use crate::recording::column::{Column, ColumnsOut};
use crate::recording::varint;

/// Collects the events of one block. Reused from block to block, so that it stops allocating.
#[derive(Debug)]
pub(crate) struct Encoder {
    pub(super) columns: ColumnsOut,
    pub(super) clock: Clock,
    pub(super) looks: HashMap<Look, u64, FxBuildHasher>,
    pub(super) shapes: HashMap<Shape, u64, FxBuildHasher>,
    pub(super) callbacks: HashMap<ThreadId, Callback, FxBuildHasher>,
    pub(super) cut: u64,
    events: usize,
    run: Option<(EventKind, u64)>,
}

impl Encoder {
    pub(crate) fn new() -> Self {
        Self {
            columns: ColumnsOut::new(),
            clock: Clock::default(),
            looks: HashMap::default(),
            shapes: HashMap::default(),
            callbacks: HashMap::default(),
            cut: 0,
            events: 0,
            run: None,
        }
    }

    /// Events collected.
    pub(crate) fn events(&self) -> usize {
        self.events
    }

    /// Bytes collected, before compression.
    pub(crate) fn bytes(&self) -> usize {
        self.columns.len()
    }

    /// The recorded time the events span, in nanoseconds.
    pub(crate) fn span_ns(&self) -> u64 {
        self.clock.span_ns()
    }

    /// Events whose text or list was cut at the format's limits, since the recording began.
    pub(crate) fn cut(&self) -> u64 {
        self.cut
    }

    /// Collects one event.
    pub(crate) fn push(&mut self, event: &Event) {
        self.count(EventKind::of(event));
        match event {
            Event::String { id, text } => self.string(*id, text),
            Event::Target { id, target } => self.target(*id, target),
            Event::Thread { id, thread } => self.thread(*id, thread),
            Event::Loop { id, event_loop } => self.event_loop(*id, event_loop),
            Event::Code { id, code } => self.code(*id, code),
            Event::Frame { id, frame } => self.frame(*id, *frame),
            Event::Stack { id, node } => self.stack(*id, *node),
            Event::Task { id, task } => self.task(*id, task),
            Event::Object { id, type_name } => self.object(*id, *type_name),
            Event::Wait { id, reason } => self.wait(*id, reason),
            Event::Sample(sample) => self.sample(sample),
            Event::Idle { thread, time, ticks } => self.idle(*thread, *time, *ticks),
            Event::Miss(miss) => self.miss(miss),
            Event::CensusBegin { process, time } => self.census_begin(*process, *time),
            Event::TaskRow(row) => self.task_row(row),
            Event::AwaitedBy { task, awaiters } => self.awaited_by(*task, awaiters),
            Event::ObjectState { object, state } => self.object_state(*object, state),
            Event::TaskNote { task, note } => self.task_note(*task, *note),
            Event::Warned { process, text, file, line } => {
                self.warned(*process, *text, *file, *line);
            }
            Event::TaskGone { task } => self.task_gone(*task),
            Event::CensusEnd { process, end } => self.census_end(*process, end),
            Event::TargetEnded { id, time } => self.target_ended(*id, *time),
            Event::Gap { start, length } => self.gap(*start, *length),
            Event::Stats(stats) => self.stats(stats),
            Event::End { time, reason } => self.end(*time, *reason),
            Event::Edges { .. }
            | Event::OffCpu(_)
            | Event::OffCpuRun(_)
            | Event::LostSwitches(_)
            | Event::ThreadClocks(_)
            | Event::MachineClocks(_)
            | Event::KernelCall { .. }
            | Event::Blocked(_)
            | Event::NativeCode { .. }
            | Event::NativeSample(_) => self.kernel(event),
            Event::Gil(_)
            | Event::Gc(_)
            | Event::GcPause(_)
            | Event::Callee(_)
            | Event::Queues(_)
            | Event::Lock(_)
            | Event::Turn(_) => self.interpreter(event),
        }
    }

    fn kernel(&mut self, event: &Event) {
        match event {
            Event::Edges { thread, time, source } => self.edges(*thread, *time, *source),
            Event::OffCpu(off) => self.off_cpu(off),
            Event::OffCpuRun(run) => self.off_cpu_run(run),
            Event::LostSwitches(lost) => self.lost_switches(lost),
            Event::ThreadClocks(clocks) => self.thread_clocks(clocks),
            Event::MachineClocks(clocks) => self.machine_clocks(clocks),
            Event::KernelCall { id, call } => self.kernel_call(*id, call),
            Event::Blocked(look) => self.blocked(look),
            Event::NativeCode { id, code } => self.native_code(*id, *code),
            Event::NativeSample(sample) => self.native_sample(sample),
            _ => {}
        }
    }

    fn interpreter(&mut self, event: &Event) {
        match event {
            Event::Gil(look) => self.gil(look),
            Event::Gc(look) => self.gc(look),
            Event::GcPause(pause) => self.gc_pause(pause),
            Event::Callee(callee) => self.callee(callee),
            Event::Queues(queues) => self.queues(queues),
            Event::Lock(look) => self.lock(look),
            Event::Turn(turn) => self.turn(turn),
            _ => {}
        }
    }

    /// Appends the block's payload to `out` and begins the next block.
    pub(crate) fn drain_into(&mut self, out: &mut Vec<u8>) {
        self.close_run();
        varint::put(out, self.events as u64);
        self.columns.drain_into(out);
        self.clock.reset();
        self.looks.clear();
        self.shapes.clear();
        self.callbacks.clear();
        self.events = 0;
    }

    fn count(&mut self, kind: EventKind) {
        self.events += 1;
        match &mut self.run {
            Some((last, length)) if *last == kind => *length += 1,
            _ => {
                self.close_run();
                self.run = Some((kind, 1));
            }
        }
    }

    fn close_run(&mut self) {
        if let Some((kind, length)) = self.run.take() {
            self.columns.put(Column::Kinds, u64::from(kind as u8));
            self.columns.put(Column::Kinds, length);
        }
    }
}
