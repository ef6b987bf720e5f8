//! Asyncio tasks.

use super::id::{CodeId, LoopId, ProcessId, StackId, StringId, TaskId, WaitId};

/// What a task is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TaskState {
    /// Its step is on the loop's thread right now.
    Running,
    /// It could run and waits for the loop to come round.
    Ready,
    /// It waits for something.
    Waiting,
    /// It has finished (returned, raised or was cancelled).
    Done,
}

impl TaskState {
    /// The word used in every output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Ready => "ready",
            Self::Waiting => "waiting",
            Self::Done => "done",
        }
    }
}

/// What is noteworthy about a task beyond its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TaskNote {
    /// Nothing refers to it but what will wake it.
    Orphan,
    /// It ended with an exception that nobody has asked for.
    Unretrieved,
    /// What was noteworthy before is so no more.
    Nothing,
}

/// What never changes about a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Task {
    /// Its process.
    pub process: ProcessId,
    /// `Task.get_name()`.
    pub name: Option<StringId>,
    /// The outermost coroutine's qualified name.
    pub coroutine: Option<StringId>,
    /// The outermost coroutine's code, where it is Python.
    pub code: Option<CodeId>,
    /// Its loop, where known.
    pub event_loop: Option<LoopId>,
}

/// One task as a census found it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TaskRow {
    /// The task.
    pub task: TaskId,
    /// What it was doing.
    pub state: TaskState,
    /// Its await chain, root coroutine outermost; `None` when it could not be read.
    pub chain: Option<StackId>,
    /// What it waits for; `None` unless [`TaskState::Waiting`].
    pub wait: Option<WaitId>,
    /// Pending cancel requests; `None` before 3.11, where nothing counts them.
    pub cancel_requests: Option<u32>,
}
