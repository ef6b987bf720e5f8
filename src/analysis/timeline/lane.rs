//! A row of the timeline.

use crate::model::{CodeId, LoopId, ProcessId, StringId, TaskId, ThreadId, Timestamp};

use super::spans::Spans;

/// What a lane belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LaneKind {
    /// An event loop.
    Loop(LoopId),
    /// One task.
    Task(TaskId),
    /// So many tasks of one group that follow each other.
    Packed(usize),
    /// A thread without a loop.
    Thread(ThreadId),
    /// The garbage collector of a process.
    Gc(ProcessId),
}

/// A row of the timeline.
#[derive(Debug)]
pub struct Lane {
    /// What it belongs to.
    pub kind: LaneKind,
    /// What was done.
    pub spans: Spans,
}

/// The tasks of one coroutine.
#[derive(Debug)]
pub struct Group {
    /// The coroutine's qualified name.
    pub name: Option<StringId>,
    /// Its code, where it is Python.
    pub code: Option<CodeId>,
    /// How many tasks.
    pub tasks: usize,
    /// When the first was seen.
    pub first: Timestamp,
    /// The positions of its lanes.
    pub lanes: std::ops::Range<usize>,
}
