//! One look at everything: what `dump` shows.
//!
//! The reading side fills in ids; names, frames and definitions are looked up in the snapshot's
//! own [`Dictionary`].

use super::dictionary::Dictionary;
use super::event::Target;
use super::id::{LoopId, ProcessId, StackId, TaskId, ThreadId};
use super::sample::Activity;
use super::task::TaskRow;

/// Everything that one look found.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// The definitions behind every id of this snapshot.
    pub dictionary: Dictionary,
    /// The processes looked at.
    pub targets: Vec<TargetView>,
    /// Their threads.
    pub threads: Vec<ThreadView>,
    /// Their event loops.
    pub loops: Vec<LoopView>,
    /// All tasks that are not done, in the order of their ids.
    pub tasks: Vec<TaskView>,
    /// Tasks that await each other in a circle, each list so that a task awaits the
    /// next one, and the last awaits the first. Only what was read twice,
    /// unchanged.
    pub cycles: Vec<Vec<TaskId>>,
    /// What was looked at and not kept.
    pub rejected: Rejected,
}

/// A process that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetView {
    /// Its id in this snapshot.
    pub id: ProcessId,
    /// What is known about it.
    pub target: Target,
    /// Whether it has imported asyncio. Without it there are threads and nothing else.
    pub has_asyncio: bool,
}

/// A thread and its stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ThreadView {
    /// Its process.
    pub process: ProcessId,
    /// The thread.
    pub thread: ThreadId,
    /// Its whole stack; `None` when it has no Python frame or could not be read consistently.
    pub stack: Option<StackId>,
    /// What it was doing.
    pub activity: Activity,
    /// The task whose step it ran.
    pub task: Option<TaskId>,
    /// The index of that task's root coroutine in the stack, as in [`super::Sample`].
    pub task_depth: Option<u32>,
}

/// An event loop; its thread and kind are in the dictionary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoopView {
    /// The loop.
    pub id: LoopId,
    /// The task whose step it ran.
    pub current_task: Option<TaskId>,
}

/// A task and who awaits it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskView {
    /// What it was doing.
    pub row: TaskRow,
    /// The tasks that await it.
    pub awaited_by: Vec<TaskId>,
}

/// What one look found and did not keep, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rejected {
    /// Threads or tasks that changed under the read, every time it was tried.
    pub torn: u64,
    /// Threads or tasks whose memory could not be read or made no sense.
    pub unreadable: u64,
    /// Censuses (one per process) that may have missed tasks.
    pub partial_census: u64,
}
