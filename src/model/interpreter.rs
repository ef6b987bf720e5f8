//! What the interpreter's own state tells beside its stacks: its lock, its garbage collector, and
//! what a loop has queued.

use super::id::{LoopId, ProcessId, StringId, TaskId, ThreadId};
use super::time::Timestamp;

/// One look at the interpreter's lock, taken while a loop's thread waits for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GilLook {
    /// The process.
    pub process: ProcessId,
    /// When.
    pub time: Timestamp,
    /// Whether it was held.
    pub locked: bool,
    /// Who holds it, or held it last. A sample of that thread at the same time tells its stack.
    pub holder: Option<ThreadId>,
    /// How often it went from one thread to another, so far.
    pub switches: u64,
}

/// A thread waits for a lock whose holder is known from the lock itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LockLook {
    /// The thread that waits.
    pub thread: ThreadId,
    /// When.
    pub time: Timestamp,
    /// Who holds the lock. A sample of that thread at the same time tells its stack.
    pub holder: ThreadId,
}

/// One look at the garbage collector: written when a collection is seen, and when its counts changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GcLook {
    /// The process.
    pub process: ProcessId,
    /// When.
    pub time: Timestamp,
    /// Whether it was collecting.
    pub collecting: bool,
    /// Collections so far, by generation, where memory shows them.
    pub collections: Option<[u64; 3]>,
}

/// A collection by the collector's own clock (from 3.15 on).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GcPause {
    /// The process.
    pub process: ProcessId,
    /// When it began.
    pub start: Timestamp,
    /// When it was done.
    pub end: Timestamp,
    /// The oldest generation that was collected, from 0.
    pub generation: u8,
    /// Objects that were collected.
    pub collected: u64,
}

/// A loop has not come back to its poll call for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    /// The thread that runs the loop.
    pub thread: ThreadId,
    /// The time of the sample that this comes before.
    pub time: Timestamp,
    /// When, by its own clock, the loop began to run the callbacks that it still ran at `time`.
    pub began: Timestamp,
}

/// The native function that the sample of the same thread and time was calling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Callee {
    /// Which thread.
    pub thread: ThreadId,
    /// The time of the sample.
    pub time: Timestamp,
    /// Its name, with its module where known, e.g. `zlib.compress`.
    pub function: StringId,
}

/// Why an entry is in a loop's queues.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum QueueReason {
    /// It could run and waits for the loop.
    Ready,
    /// It is due at a certain time.
    Timer,
}

impl QueueReason {
    /// Every one, in the order of their codes in a recording.
    pub const ALL: &'static [Self] = &[Self::Ready, Self::Timer];

    /// The word used in every output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Timer => "timer",
        }
    }
}

/// Something that a loop is to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueEntry {
    /// The task that goes on with it, where one is known.
    pub task: Option<TaskId>,
    /// Why it is queued.
    pub reason: QueueReason,
    /// When it is due, for timers; what was due before the recording began is due at 0.
    pub due: Option<Timestamp>,
}

/// What a loop has queued, taken when a stall is seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoopQueues {
    /// The loop.
    pub event_loop: LoopId,
    /// When.
    pub time: Timestamp,
    /// Whether all ready callbacks and timers that are due soon are listed; a loop that hides its
    /// queues, or has too many entries, has an incomplete list.
    pub complete: bool,
    /// The entries, in no order that matters. Cancelled ones are left out.
    pub entries: Vec<QueueEntry>,
}
