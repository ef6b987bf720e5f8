//! What each task waited for, by kind.

use rustc_hash::FxHashMap;

use crate::model::{
    Dictionary, Duration, Event, StackId, TaskId, TaskRow, TaskState, Timestamp, WaitId, WaitKind,
};

use super::task_clock::Stretch;

/// How long and how often a task waited for one kind of thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaskWait {
    /// The kind.
    pub kind: WaitKind,
    /// How long, all in all.
    pub total: Duration,
    /// How often it was seen to begin; what began and ended between two censuses is not in it.
    pub count: u64,
}

/// What a task waits for since when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Waiting {
    pub(super) wait: Option<WaitId>,
    pub(super) chain: Option<StackId>,
    pub(super) since: Timestamp,
}

/// A stretch of a task's waiting for something, now known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Waited {
    pub(super) task: TaskId,
    pub(super) waiting: Waiting,
    pub(super) counted: Duration,
    pub(super) until: Timestamp,
}

/// Sums up the waits of all tasks.
#[derive(Debug, Default)]
pub(super) struct Waits {
    current: FxHashMap<TaskId, Waiting>,
    /// What a task waited for before the last stretch, for time that is taken back.
    last: FxHashMap<TaskId, WaitKind>,
    sums: FxHashMap<TaskId, Vec<TaskWait>>,
}

impl Waits {
    /// Takes an event with the stretch that has become known by it.
    pub(super) fn event(
        &mut self,
        event: &Event,
        stretch: Option<(TaskId, Stretch)>,
        dictionary: &Dictionary,
        time: Timestamp,
    ) -> Option<Waited> {
        let waited = stretch.and_then(|(task, stretch)| self.close(task, stretch, dictionary));
        match event {
            Event::TaskRow(row) => self.row(row, dictionary, time),
            Event::TaskGone { task } => {
                self.current.remove(task);
                self.last.remove(task);
            }
            _ => {}
        }
        waited
    }

    fn row(&mut self, row: &TaskRow, dictionary: &Dictionary, time: Timestamp) {
        if row.state != TaskState::Waiting {
            self.current.remove(&row.task);
            return;
        }
        // A row that is the same as before says that the task ran in between.
        let now = Waiting { wait: row.wait, chain: row.chain, since: time };
        if let Some(kind) = kind(dictionary, row.wait) {
            self.sum(row.task, kind).count += 1;
        }
        self.current.insert(row.task, now);
    }

    /// A stretch of a task ended.
    pub(super) fn close(
        &mut self,
        task: TaskId,
        stretch: Stretch,
        dictionary: &Dictionary,
    ) -> Option<Waited> {
        if stretch.state != TaskState::Waiting {
            self.last.remove(&task);
            return None;
        }
        let waiting = *self.current.get(&task)?;
        let kind = kind(dictionary, waiting.wait)?;
        let sum = self.sum(task, kind);
        sum.total = sum.total + stretch.counted;
        self.last.insert(task, kind);
        Some(Waited { task, waiting, counted: stretch.counted, until: stretch.until })
    }

    /// Time of the last stretch that the task ran after all.
    pub(super) fn take_back(&mut self, task: TaskId, time: Duration) {
        if let Some(&kind) = self.last.get(&task) {
            let sum = self.sum(task, kind);
            sum.total = sum.total - time;
        }
    }

    fn sum(&mut self, task: TaskId, kind: WaitKind) -> &mut TaskWait {
        let sums = self.sums.entry(task).or_default();
        let index = sums.iter().position(|sum| sum.kind == kind).unwrap_or_else(|| {
            sums.push(TaskWait { kind, total: Duration::ZERO, count: 0 });
            sums.len() - 1
        });
        &mut sums[index]
    }

    /// All sums, the longest of each task first.
    pub(super) fn finish(mut self) -> FxHashMap<TaskId, Vec<TaskWait>> {
        self.sums.values_mut().for_each(|sums| {
            sums.sort_unstable_by_key(|sum| (std::cmp::Reverse(sum.total), sum.kind));
        });
        self.sums
    }
}

fn kind(dictionary: &Dictionary, wait: Option<WaitId>) -> Option<WaitKind> {
    dictionary.get_wait(wait?).map(|reason| reason.kind)
}
