//! What every loop, task and thread did, and when: lists of spans, to draw and to look things up in.
//!
//! [`TimelineBuilder`] takes the events of a recording in one pass. A [`Timeline`] is plain data;
//! drawing any stretch of it costs time by the pixels drawn, not by the spans it holds.

mod awaits;
mod builder;
mod fold;
mod gc;
mod lane;
mod lanes;
mod loops;
mod queues;
mod ready;
mod samples;
mod spans;
mod tasks;

pub use awaits::AwaitHistory;
pub use builder::TimelineBuilder;
pub use fold::Fold;
pub use lane::{Group, Lane, LaneKind};
pub use loops::BusyStretch;
pub use queues::QueueDepth;
pub use samples::{LookAt, Samples};
pub use spans::{Span, SpanState, Spans};
pub use tasks::TaskCount;

use std::collections::BTreeMap;

use crate::model::{LoopId, TaskId, Timestamp};

/// A whole recording, ready to be drawn.
#[derive(Debug, Default)]
pub struct Timeline {
    /// The last instant anything is known of.
    pub end: Timestamp,
    /// All lanes: loops, then groups of tasks, then threads without a loop, then garbage collectors.
    pub lanes: Vec<Lane>,
    /// Tasks by outermost coroutine; their lanes lie behind each other.
    pub groups: Vec<Group>,
    /// Every look that found something running.
    pub samples: Samples,
    /// How many tasks there were, census by census.
    pub counts: Vec<TaskCount>,
    /// How much each loop had queued, in order of time; where nothing is known of it, or nothing was
    /// queued, there is no entry.
    pub queues: BTreeMap<LoopId, Vec<QueueDepth>>,
    /// Stretches in which no look found a loop in its poll call, in order of their start.
    pub busy: Vec<BusyStretch>,
    /// Who awaited whom, and when.
    pub awaits: AwaitHistory,
    /// Where the spans of each task are, by the task's index.
    places: Vec<Place>,
}

/// Where the spans of a task are.
#[derive(Debug, Clone, Copy)]
struct Place {
    /// The lane, or `u32::MAX` for none.
    lane: u32,
    /// The position of its first span there, and the one behind its last.
    first: u32,
    end: u32,
}

impl Place {
    const NOWHERE: Self = Self { lane: u32::MAX, first: 0, end: 0 };
}

impl Timeline {
    /// The lane that shows a task, if any does.
    #[must_use]
    pub fn lane_of(&self, task: TaskId) -> Option<usize> {
        let place = self.places.get(task.index())?;
        (place.lane != u32::MAX).then_some(place.lane as usize)
    }

    /// The lanes of all tasks.
    pub fn task_lanes(&self) -> impl Iterator<Item = &Lane> + '_ {
        self.groups.iter().filter_map(|group| self.lanes.get(group.lanes.clone())).flatten()
    }

    /// The spans of one task, in order.
    pub fn task_spans(&self, task: TaskId) -> impl DoubleEndedIterator<Item = Span> + '_ {
        let place = self.places.get(task.index()).copied().unwrap_or(Place::NOWHERE);
        let lane = self.lane_of(task).and_then(|lane| self.lanes.get(lane));
        let within = place.first as usize..place.end as usize;
        lane.into_iter().flat_map(move |lane| within.clone().filter_map(|at| lane.spans.get(at)))
    }

    /// What a task did at `time`, if anything is known of it.
    #[must_use]
    pub fn task_at(&self, task: TaskId, time: Timestamp) -> Option<Span> {
        let lane = self.lanes.get(self.lane_of(task)?)?;
        lane.spans.at(time).filter(|span| span.task == Some(task))
    }

    /// How many spans there are.
    #[must_use]
    pub fn span_count(&self) -> usize {
        self.lanes.iter().map(|lane| lane.spans.len()).sum()
    }

    /// The last count of tasks at or before `time`.
    #[must_use]
    pub fn count_at(&self, time: Timestamp) -> Option<TaskCount> {
        let next = self.counts.partition_point(|count| count.time <= time);
        next.checked_sub(1).and_then(|at| self.counts.get(at)).copied()
    }
}
