//! Flows: where a task ended that another one had waited for.

use rustc_hash::FxHashMap;

use crate::analysis::timeline::{SpanState, Timeline};
use crate::model::{TaskId, Timestamp};

/// Which flows begin and end in which slice, by task and the slice's start.
#[derive(Debug, Default)]
pub(super) struct Flows {
    begins: FxHashMap<(TaskId, Timestamp), Vec<u64>>,
    ends: FxHashMap<(TaskId, Timestamp), Vec<u64>>,
}

impl Flows {
    /// From the last slice of each task that ended to the next slice of those that awaited it.
    pub(super) fn new(timeline: &Timeline) -> Self {
        let mut flows = Self::default();
        let mut tasks: Vec<TaskId> = timeline.awaits.tasks().collect();
        tasks.sort_unstable();
        let mut next = 0;
        for task in tasks {
            let Some(last) = timeline.task_spans(task).last() else { continue };
            if last.end >= timeline.end {
                continue;
            }
            for &awaiter in timeline.awaits.awaiters(task, last.start) {
                let goes_on = timeline.task_spans(awaiter).find(|span| {
                    let runs = matches!(span.state, SpanState::Running | SpanState::Ready);
                    // One that soon waits again may never have been seen running.
                    (span.start >= last.start && runs) || span.start >= last.end
                });
                let Some(goes_on) = goes_on else { continue };
                next += 1;
                flows.begins.entry((task, last.start)).or_default().push(next);
                flows.ends.entry((awaiter, goes_on.start)).or_default().push(next);
            }
        }
        flows
    }

    /// The flows that begin and end in a slice.
    pub(super) fn of(&self, task: TaskId, start: Timestamp) -> (Vec<u64>, Vec<u64>) {
        let of = |map: &FxHashMap<(TaskId, Timestamp), Vec<u64>>| {
            map.get(&(task, start)).cloned().unwrap_or_default()
        };
        (of(&self.begins), of(&self.ends))
    }
}
