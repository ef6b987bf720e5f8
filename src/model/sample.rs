//! One look at one thread, and ticks without one.

use std::num::NonZeroU32;

use super::id::{StackId, TaskId, ThreadId};
use super::time::Timestamp;

/// What a sampled thread was doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Activity {
    /// An event-loop thread outside its poll call: it runs callbacks or its own machinery.
    Busy,
    /// An event-loop thread asleep in its poll call.
    Polling,
    /// A thread without an event loop.
    NoLoop,
}

/// One consistent look at one thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// When it was taken.
    pub time: Timestamp,
    /// Of which thread.
    pub thread: ThreadId,
    /// The whole thread stack, native helpers excluded; `None` when no Python frame exists.
    pub stack: Option<StackId>,
    /// The task whose step was running.
    pub task: Option<TaskId>,
    /// The index (from 0, outermost first) of that task's root coroutine in the stack; `None`
    /// while the step runs before or after its coroutine.
    pub task_depth: Option<u32>,
    /// What the thread was doing.
    pub activity: Activity,
    /// `PyThreadState.context_ver`: rises by one whenever a context is entered and whenever it is
    /// left. Equal values in two samples of a loop's thread that are inside a callback prove that
    /// it is the same callback. `None` for threads without a loop.
    pub context_ver: Option<u64>,
    /// Which callback of its loop runs, by number in this thread; `None` outside of callbacks, or
    /// where that cannot be told. The same number with different `context_ver` means that all that
    /// was seen is the same (the handle, the task, and every frame but the innermost), so that it is
    /// likely the same callback.
    pub callback: Option<NonZeroU32>,
}

/// Why a tick has no sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MissReason {
    /// The recorder itself came too late, and this tick was overtaken by a later one.
    Late,
    /// The target changed while it was read.
    Torn,
    /// Memory could not be read or made no sense.
    Unreadable,
    /// The thread or process was gone.
    Exited,
}

impl MissReason {
    /// Every reason, in the order of their codes in a recording.
    pub const ALL: [Self; 4] = [Self::Late, Self::Torn, Self::Unreadable, Self::Exited];

    /// The word used in every output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Late => "late",
            Self::Torn => "torn",
            Self::Unreadable => "unreadable",
            Self::Exited => "exited",
        }
    }
}

/// A run of ticks without a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Miss {
    /// When (the last of the run).
    pub time: Timestamp,
    /// Of which thread.
    pub thread: ThreadId,
    /// Why.
    pub reason: MissReason,
    /// How many ticks.
    pub count: u32,
}

/// Misses by reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MissCounts {
    /// See [`MissReason::Late`].
    pub late: u64,
    /// See [`MissReason::Torn`].
    pub torn: u64,
    /// See [`MissReason::Unreadable`].
    pub unreadable: u64,
    /// See [`MissReason::Exited`].
    pub exited: u64,
}

impl MissCounts {
    /// Counts `count` more misses.
    pub fn add(&mut self, reason: MissReason, count: u64) {
        let slot = match reason {
            MissReason::Late => &mut self.late,
            MissReason::Torn => &mut self.torn,
            MissReason::Unreadable => &mut self.unreadable,
            MissReason::Exited => &mut self.exited,
        };
        *slot = slot.saturating_add(count);
    }

    /// All misses.
    #[must_use]
    pub fn total(&self) -> u64 {
        let Self { late, torn, unreadable, exited } = *self;
        late.saturating_add(torn).saturating_add(unreadable).saturating_add(exited)
    }
}
