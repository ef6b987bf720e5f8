//! What findings need beyond the facts that everybody shows.

use rustc_hash::FxHashMap;

use super::successive::{AwaitLines, Run};
use crate::analysis::source::SourceLines;
use crate::model::{
    Dictionary, Duration, Event, Sample, StackId, StringId, TaskId, TaskNote, TaskState, Timestamp,
};

/// A cancel request that is not honoured yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cancelling {
    pub(super) since: Timestamp,
    pub(super) until: Timestamp,
    pub(super) requests: u32,
}

/// So many tasks are remembered of each stack.
const FEW: usize = 8;

/// Facts for findings.
#[derive(Debug, Default)]
pub(in crate::analysis) struct Collected {
    /// Tasks that nothing referred to, and that nobody came to await.
    pub(super) orphans: Vec<TaskId>,
    /// Tasks that ended with an exception, and how long nobody asked for it.
    pub(super) unretrieved: Vec<(TaskId, Duration)>,
    /// The longest cancel request of each task.
    pub(super) cancelling: FxHashMap<TaskId, Cancelling>,
    /// Who awaited whom at the end, as far as nothing moved for the last censuses.
    pub(super) awaiters: FxHashMap<TaskId, Vec<TaskId>>,
    /// Since when each task's row is what it is.
    pub(super) still_since: FxHashMap<TaskId, Timestamp>,
    /// The time of the last census.
    pub(super) end: Timestamp,
    /// A few of the tasks that were seen to run with each stack.
    pub(super) ran: FxHashMap<StackId, Vec<TaskId>>,
    /// Text, file and line of warnings about coroutines that were never awaited.
    pub(super) warned: Vec<(StringId, StringId, u32)>,
    /// Awaits that could run side by side, where they were asked for.
    pub(super) successive: Vec<Run>,
}

/// Gathers them.
#[derive(Debug, Default)]
pub(in crate::analysis) struct Collector {
    collected: Collected,
    failed: FxHashMap<TaskId, Timestamp>,
    cancelled: FxHashMap<TaskId, (Timestamp, u32)>,
}

impl Collector {
    pub(in crate::analysis) fn event(&mut self, event: &Event, time: Timestamp) {
        let collected = &mut self.collected;
        match event {
            Event::TaskRow(row) => {
                collected.still_since.insert(row.task, time);
                let requests = row.cancel_requests.unwrap_or(0);
                if requests > 0 && row.state != TaskState::Done {
                    self.cancelled.entry(row.task).or_insert((time, requests)).1 = requests;
                } else {
                    self.honoured(row.task, time);
                }
            }
            Event::TaskNote { task, note: TaskNote::Orphan } => collected.orphans.push(*task),
            Event::TaskNote { task, note: TaskNote::Unretrieved } => {
                self.failed.insert(*task, time);
            }
            Event::TaskNote { task, note: TaskNote::Nothing } => {
                self.failed.remove(task);
            }
            Event::AwaitedBy { task, awaiters } => {
                collected.still_since.insert(*task, time);
                if awaiters.is_empty() {
                    collected.awaiters.remove(task);
                } else {
                    collected.orphans.retain(|orphan| orphan != task);
                    collected.awaiters.insert(*task, awaiters.clone());
                }
            }
            Event::TaskGone { task } => {
                collected.awaiters.remove(task);
                collected.still_since.remove(task);
                // Whether somebody asked before it went is not known.
                self.failed.remove(task);
                self.honoured(*task, time);
            }
            Event::Sample(Sample { stack: Some(stack), task: Some(task), .. }) => {
                let tasks = collected.ran.entry(*stack).or_default();
                if tasks.len() < FEW && !tasks.contains(task) {
                    tasks.push(*task);
                }
            }
            Event::Warned { text, file, line, .. } => collected.warned.push((*text, *file, *line)),
            Event::CensusEnd { end, .. } => collected.end = collected.end.max(end.time),
            _ => {}
        }
    }

    fn honoured(&mut self, task: TaskId, time: Timestamp) {
        let Some((since, requests)) = self.cancelled.remove(&task) else { return };
        let now = Cancelling { since, until: time, requests };
        let longest = self.collected.cancelling.entry(task).or_insert(now);
        if now.until.since(now.since) > longest.until.since(longest.since) {
            *longest = now;
        }
    }

    pub(in crate::analysis) fn finish(mut self) -> Collected {
        let end = self.collected.end;
        let open: Vec<TaskId> = self.cancelled.keys().copied().collect();
        for task in open {
            self.honoured(task, end);
        }
        let mut failed: Vec<(TaskId, Duration)> =
            self.failed.into_iter().map(|(task, since)| (task, end.since(since))).collect();
        failed.sort_unstable();
        self.collected.unretrieved = failed;
        self.collected
    }
}

impl Collected {
    /// Adds what only the program's source can tell.
    pub(in crate::analysis) fn read(
        &mut self,
        awaits: &AwaitLines,
        dictionary: &Dictionary,
        source: &dyn SourceLines,
    ) {
        self.successive = awaits.runs(dictionary, source);
    }
}
