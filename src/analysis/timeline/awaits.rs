//! Who awaited whom, and when.

use rustc_hash::FxHashMap;

use crate::model::{TaskId, Timestamp};

/// Since when, and who.
type Change = (Timestamp, Box<[TaskId]>);

/// The awaiters of every task over time, as censuses found them.
#[derive(Debug, Default)]
pub struct AwaitHistory {
    by_task: FxHashMap<TaskId, Vec<Change>>,
}

impl AwaitHistory {
    pub(super) fn found(&mut self, task: TaskId, time: Timestamp, awaiters: &[TaskId]) {
        self.by_task.entry(task).or_default().push((time, awaiters.into()));
    }

    /// The tasks that awaited `task` at `time`.
    #[must_use]
    pub fn awaiters(&self, task: TaskId, time: Timestamp) -> &[TaskId] {
        let changes = self.by_task.get(&task).map(Vec::as_slice).unwrap_or_default();
        let next = changes.partition_point(|(since, _)| *since <= time);
        next.checked_sub(1).and_then(|at| changes.get(at)).map_or(&[], |(_, awaiters)| awaiters)
    }

    /// Every task that ever awaited `task`, once each.
    #[must_use]
    pub fn ever(&self, task: TaskId) -> Vec<TaskId> {
        let changes = self.by_task.get(&task).map(Vec::as_slice).unwrap_or_default();
        let mut all: Vec<TaskId> =
            changes.iter().flat_map(|(_, awaiters)| awaiters.iter().copied()).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Every task that is known to have been awaited, in no particular order.
    pub fn tasks(&self) -> impl Iterator<Item = TaskId> + '_ {
        self.by_task.keys().copied()
    }
}
