//! One look at everything: what `dump` shows.
//!
//! The reading side fills in ids; names, frames and definitions are looked up in the snapshot's
//! own [`Dictionary`].

use super::dictionary::Dictionary;
use super::event::Target;
use super::id::{LoopId, ObjectId, ProcessId, StackId, StringId, TaskId, ThreadId};
use super::sample::Activity;
use super::task::{TaskNote, TaskRow};
use super::wait::ObjectState;

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
    /// How the things that tasks wait for stand, in the order of their ids.
    pub objects: Vec<(ObjectId, ObjectState)>,
    /// Tasks that await each other in a circle, each list so that a task awaits the
    /// next one, and the last awaits the first. Only what was read twice,
    /// unchanged.
    pub cycles: Vec<Vec<TaskId>>,
    /// What is noteworthy about tasks.
    pub notes: Vec<(TaskId, TaskNote)>,
    /// Text, file and line of the warnings that Python gave for coroutines that were never awaited.
    pub warned: Vec<(StringId, StringId, u32)>,
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
    /// More about what it waits for; `None` where nothing more is known.
    pub detail: Option<Box<WaitDetail>>,
}

/// What one look tells about a wait beyond its [`super::WaitReason`]: too much, and too different
/// from task to task, to be recorded all the time. What is unknown is `None`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WaitDetail {
    /// When it ends by itself, on the loop's clock (`loop.time()`), in nanoseconds.
    pub deadline_ns: Option<u64>,
    /// What is left until then; negative when it is late.
    pub remaining_ns: Option<i64>,
    /// The timeout scopes around it, outermost first.
    pub timeouts: Vec<TimeoutScope>,
    /// How many tasks or futures a group had when it was made.
    pub members: Option<u32>,
    /// How many of them are not done.
    pub pending: Option<u32>,
    /// `read`, `write`, `accept` or `connect`.
    pub operation: Option<&'static str>,
    /// The descriptor.
    pub fd: Option<u32>,
    /// The address of this end.
    pub local: Option<String>,
    /// The address of the other end.
    pub peer: Option<String>,
    /// The child process's id.
    pub pid: Option<u32>,
    /// The child process's command line.
    pub command: Option<String>,
    /// The thread that runs the job.
    pub worker: Option<ThreadId>,
}

/// `asyncio.timeout`, or the time limit of `wait_for` or `wait`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TimeoutScope {
    /// When it ends, on the loop's clock, in nanoseconds; `None` for a scope without a limit.
    pub deadline_ns: Option<u64>,
    /// What is left until then; negative when it is late.
    pub remaining_ns: Option<i64>,
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
