//! The lanes of threads: event loops, and threads without one.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use crate::model::{Duration, LoopId, StackId, TaskId, ThreadId, Timestamp};

use super::spans::{Span, SpanState, Spans};

/// A stretch in which no look found a loop in its poll call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BusyStretch {
    /// The loop.
    pub event_loop: LoopId,
    /// The end of the last time it was seen polling, or the first look.
    pub start: Timestamp,
    /// Where it was next seen polling, or the last look.
    pub end: Timestamp,
}

/// What a thread does, look by look.
#[derive(Debug, Default)]
pub(super) struct ThreadTracks {
    loop_of: FxHashMap<ThreadId, LoopId>,
    loops: FxHashMap<LoopId, Spans>,
    threads: FxHashMap<ThreadId, Spans>,
}

/// One look, weighted.
pub(super) struct Weighted {
    pub(super) thread: ThreadId,
    pub(super) event_loop: Option<LoopId>,
    pub(super) time: Timestamp,
    pub(super) length: Duration,
    pub(super) state: SpanState,
    pub(super) task: Option<TaskId>,
    pub(super) stack: Option<StackId>,
}

impl ThreadTracks {
    pub(super) fn runs(&mut self, event_loop: LoopId, thread: Option<ThreadId>) {
        self.loops.entry(event_loop).or_default();
        if let Some(thread) = thread {
            self.loop_of.insert(thread, event_loop);
        }
    }

    pub(super) fn look(&mut self, look: &Weighted) {
        let Weighted { thread, event_loop, time, length, state, task, stack } = *look;
        let start = Timestamp::from_nanos(time.as_nanos().saturating_sub(length.as_nanos()));
        let spans = match event_loop.or_else(|| self.loop_of.get(&thread).copied()) {
            Some(event_loop) => self.loops.entry(event_loop).or_default(),
            None => self.threads.entry(thread).or_default(),
        };
        spans.extend_or_push(Span { start, end: time, state, task, stack, wait: None });
    }

    /// Loops and threads with their spans, by id.
    pub(super) fn finish(self) -> (BTreeMap<LoopId, Spans>, BTreeMap<ThreadId, Spans>) {
        let mut loops: BTreeMap<LoopId, Spans> = self.loops.into_iter().collect();
        let mut threads: BTreeMap<ThreadId, Spans> = self.threads.into_iter().collect();
        loops.values_mut().chain(threads.values_mut()).for_each(Spans::finish);
        (loops, threads)
    }
}

/// The stretches in which a loop was seen in its poll call, in order.
#[derive(Debug, Default)]
pub(super) struct Polls(Vec<(Timestamp, Timestamp)>);

impl Polls {
    pub(super) fn new(spans: &Spans) -> Self {
        let idle = spans.iter().filter(|span| span.state == SpanState::Idle);
        Self(idle.map(|span| (span.start, span.end)).collect())
    }

    /// When it was first seen polling between two times.
    pub(super) fn first(&self, from: Timestamp, to: Timestamp) -> Option<Timestamp> {
        let next = self.0.partition_point(|&(_, end)| end <= from);
        self.0.get(next).map(|&(start, _)| start.max(from)).filter(|&start| start < to)
    }
}

/// The stretches of one loop in which it was seen running and not seen polling.
pub(super) fn busy_stretches(event_loop: LoopId, spans: &Spans, into: &mut Vec<BusyStretch>) {
    let mut open: Option<BusyStretch> = None;
    for span in spans.iter() {
        match (&mut open, span.state) {
            (Some(stretch), SpanState::Running) if stretch.end == span.start => {
                stretch.end = span.end;
            }
            (_, SpanState::Running) => {
                into.extend(open.take());
                open = Some(BusyStretch { event_loop, start: span.start, end: span.end });
            }
            _ => into.extend(open.take()),
        }
    }
    into.extend(open);
}
