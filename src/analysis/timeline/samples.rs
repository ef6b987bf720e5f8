//! Every look that found something running, by time.

use crate::model::{Activity, StackId, TaskId, ThreadId, Timestamp};

/// A look, and how much time it stands for: it ends at `time`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LookAt {
    /// When it was taken.
    pub time: Timestamp,
    /// The time it stands for, in nanoseconds.
    pub nanos: u32,
    /// Of which thread.
    pub thread: ThreadId,
    /// The whole thread stack.
    pub stack: Option<StackId>,
    /// The task whose step was running.
    pub task: Option<TaskId>,
    /// What the thread was doing.
    pub activity: Activity,
}

/// Looks in the order of their times.
#[derive(Debug, Default)]
pub struct Samples {
    looks: Vec<LookAt>,
}

impl Samples {
    pub(super) fn push(&mut self, look: LookAt) {
        self.looks.push(look);
    }

    /// Puts the looks of several threads in order.
    pub(super) fn finish(&mut self) {
        if !self.looks.is_sorted_by_key(|look| look.time) {
            self.looks.sort_by_key(|look| look.time);
        }
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> &[LookAt] {
        &self.looks
    }

    /// Those taken after `from` and up to `to`.
    #[must_use]
    pub fn between(&self, from: Timestamp, to: Timestamp) -> &[LookAt] {
        let first = self.looks.partition_point(|look| look.time <= from);
        let end = self.looks.partition_point(|look| look.time <= to);
        self.looks.get(first..end).unwrap_or_default()
    }
}
