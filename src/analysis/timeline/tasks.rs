//! What every task did, from censuses and looks.

use std::collections::BTreeMap;

use crate::model::{Duration, LoopId, StackId, TaskId, TaskRow, TaskState, Timestamp, WaitId};

use super::ready::{Cutter, Surroundings};
use super::spans::{Span, SpanState};

/// How many tasks there were at one census.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TaskCount {
    /// When.
    pub time: Timestamp,
    /// All that were not done.
    pub tasks: u32,
    /// Those that could run and did not.
    pub ready: u32,
    /// Those that waited.
    pub waiting: u32,
}

/// All tasks, by the index of their ids.
#[derive(Debug, Default)]
pub(super) struct TaskTracks {
    tracks: Vec<Track>,
    count: TaskCount,
    ready: BTreeMap<LoopId, u32>,
}

#[derive(Debug, Default)]
struct Track {
    spans: Vec<Span>,
    /// What the last census found, from when on it has not been told yet.
    open: Option<Open>,
    /// The state it is counted as, and its loop.
    counted: Option<(TaskState, Option<LoopId>)>,
}

#[derive(Debug, Clone, Copy)]
struct Open {
    since: Timestamp,
    state: TaskState,
    chain: Option<StackId>,
    wait: Option<WaitId>,
}

impl TaskTracks {
    fn track(&mut self, task: TaskId) -> &mut Track {
        let index = task.index();
        if self.tracks.len() <= index {
            self.tracks.resize_with(index + 1, Track::default);
        }
        &mut self.tracks[index]
    }

    /// A look found the task running; it stands for `length` before `time`.
    pub(super) fn ran(
        &mut self,
        task: TaskId,
        time: Timestamp,
        length: Duration,
        stack: Option<StackId>,
    ) {
        let start = Timestamp::from_nanos(time.as_nanos().saturating_sub(length.as_nanos()));
        let track = self.track(task);
        track.close(task, start);
        track.take_back(start);
        let span = Span {
            start,
            end: time,
            state: SpanState::Running,
            task: Some(task),
            stack,
            wait: None,
        };
        track.push(span);
        if let Some(open) = &mut track.open {
            open.since = open.since.max(time);
        }
    }

    /// A census found the task.
    pub(super) fn found(&mut self, row: &TaskRow, event_loop: Option<LoopId>, time: Timestamp) {
        let track = self.track(row.task);
        track.close(row.task, time);
        let since = track.spans.last().map_or(time, |last| last.end.max(time));
        track.open = Some(Open { since, state: row.state, chain: row.chain, wait: row.wait });
        self.counts_as(row.task, Some((row.state, event_loop)));
    }

    /// A census found it no more.
    pub(super) fn gone(&mut self, task: TaskId, time: Timestamp) {
        let track = self.track(task);
        track.close(task, time);
        track.open = None;
        self.counts_as(task, None);
    }

    fn counts_as(&mut self, task: TaskId, now: Option<(TaskState, Option<LoopId>)>) {
        let before = std::mem::replace(&mut self.track(task).counted, now);
        let count = &mut self.count;
        for (counted, add) in [(before, false), (now, true)] {
            let Some((state, event_loop)) = counted else { continue };
            let change = |slot: &mut u32| {
                *slot = if add { slot.saturating_add(1) } else { slot.saturating_sub(1) };
            };
            match state {
                TaskState::Done => continue,
                TaskState::Running => {}
                TaskState::Waiting => change(&mut count.waiting),
                TaskState::Ready => {
                    change(&mut count.ready);
                    event_loop.into_iter().for_each(|id| change(self.ready.entry(id).or_default()));
                }
            }
            change(&mut count.tasks);
        }
    }

    /// How many tasks of each loop were ready at the end of a census.
    pub(super) fn ready_by_loop(&self) -> impl Iterator<Item = (LoopId, u32)> + '_ {
        self.ready.iter().map(|(&event_loop, &ready)| (event_loop, ready))
    }

    /// The count at the end of a census.
    pub(super) fn count(&self, time: Timestamp) -> TaskCount {
        TaskCount { time, ..self.count }
    }

    /// The spans of every task, by index; states that hold still hold up to the last complete
    /// census.
    pub(super) fn finish<'a>(
        mut self,
        around: impl Fn(TaskId) -> Surroundings<'a>,
    ) -> Vec<Vec<Span>> {
        let mut cutter = Cutter::default();
        for (index, track) in self.tracks.iter_mut().enumerate() {
            if let Some(task) = TaskId::from_index(index) {
                let around = around(task);
                track.close(task, around.censuses.last().copied().unwrap_or_default());
                cutter.cut(&mut track.spans, around);
            }
        }
        self.tracks.into_iter().map(|track| track.spans).collect()
    }
}

impl Track {
    /// Ends what the last census found; it goes on after `time` if nothing else begins.
    fn close(&mut self, task: TaskId, time: Timestamp) {
        let Some(open) = &mut self.open else { return };
        if open.since >= time {
            return;
        }
        let state = match open.state {
            TaskState::Ready => SpanState::Ready,
            TaskState::Waiting => SpanState::Waiting,
            // Found running by a census, and by no look: what it did is not known.
            TaskState::Running => SpanState::Unknown,
            TaskState::Done => return,
        };
        let span = Span {
            start: open.since,
            end: time,
            state,
            task: Some(task),
            stack: open.chain,
            wait: open.wait,
        };
        open.since = time;
        self.push(span);
    }

    /// Takes back what a census made of the time after `start`: a look knows better.
    fn take_back(&mut self, start: Timestamp) {
        while let Some(last) = self.spans.last_mut() {
            if last.state == SpanState::Running || last.end <= start {
                return;
            }
            if last.start < start {
                last.end = start;
                return;
            }
            self.spans.pop();
        }
    }

    fn push(&mut self, mut span: Span) {
        if let Some(last) = self.spans.last_mut() {
            span.start = span.start.max(last.end);
            let same = (last.state, last.wait) == (span.state, span.wait)
                && (span.state == SpanState::Running || last.stack == span.stack);
            if same && last.end == span.start && span.end > span.start {
                last.end = span.end;
                return;
            }
        }
        if span.end > span.start {
            self.spans.push(span);
        }
    }
}
