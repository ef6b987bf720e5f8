//! Where the time of a task went: its critical path, step by step and summed up.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use looptrace::analysis::path::{Step, critical_path};
use looptrace::analysis::timeline::SpanState;
use looptrace::model::{StallId, TaskId, WaitKind};

use crate::snapshot::Snapshot;

/// The critical path of a task.
#[derive(Debug, Clone, Default)]
pub struct Critical {
    /// Step by step, in order.
    pub steps: Vec<Step>,
    /// The same summed up, what took longest first.
    pub sums: Vec<Sum>,
    /// How long all of it took, in nanoseconds.
    pub total: u64,
}

/// All steps of one kind in one task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sum {
    /// What was done.
    pub state: SpanState,
    /// What was waited for.
    pub wait: Option<WaitKind>,
    /// In which task: the one asked for, or one that it waited for.
    pub task: TaskId,
    /// How long, in nanoseconds.
    pub nanos: u64,
    /// The stall behind which it was ready for longest, if it was behind stalls.
    pub stall: Option<StallId>,
}

impl Sum {
    /// What was done, in words.
    #[must_use]
    pub fn words(&self) -> String {
        match (self.state, self.wait) {
            (SpanState::Waiting, Some(kind)) => {
                format!("waiting for {}", kind.name().replace('_', " "))
            }
            (SpanState::Ready, _) if self.stall.is_some() => "ready, behind stalls".to_owned(),
            (state, _) => state.name().to_owned(),
        }
    }
}

/// The critical path of a task of a snapshot.
#[must_use]
pub fn critical(snapshot: &Snapshot, task: TaskId) -> Critical {
    let (analysis, timeline) = (&snapshot.analysis, &snapshot.timeline);
    let steps = critical_path(timeline, &analysis.dictionary, &analysis.stalls, task);
    let sums = sums(&steps);
    let total = sums.iter().fold(0_u64, |total, sum| total.saturating_add(sum.nanos));
    Critical { steps, sums, total }
}

fn sums(steps: &[Step]) -> Vec<Sum> {
    type Key = (SpanState, Option<WaitKind>, TaskId, bool);
    let mut sums: BTreeMap<Key, (Sum, u64)> = BTreeMap::new();
    for step in steps {
        let Step { state, wait, task, stall, .. } = *step;
        let key = (state, wait, task, stall.is_some());
        let fresh = Sum { state, wait, task, nanos: 0, stall };
        let (sum, longest) = sums.entry(key).or_insert((fresh, 0));
        let nanos = step.length().as_nanos();
        sum.nanos = sum.nanos.saturating_add(nanos);
        if nanos > *longest {
            (*longest, sum.stall) = (nanos, stall);
        }
    }
    let mut sums: Vec<Sum> = sums.into_values().map(|(sum, _)| sum).collect();
    sums.sort_by_key(|sum| Reverse(sum.nanos));
    sums
}

#[cfg(test)]
mod tests {
    use super::*;
    use looptrace::model::Timestamp;

    #[test]
    fn equal_steps_are_summed_up_and_the_worst_stall_is_named() {
        let (task, other) = (TaskId::new(1).unwrap(), TaskId::new(2).unwrap());
        let step = |from, to, task, state, stall| Step {
            start: Timestamp::from_nanos(from),
            end: Timestamp::from_nanos(to),
            task,
            state,
            wait: None,
            stall: StallId::new(stall),
        };
        let steps = [
            step(0, 10, task, SpanState::Ready, 1),
            step(10, 12, task, SpanState::Running, 0),
            step(12, 62, task, SpanState::Ready, 2),
            step(62, 162, other, SpanState::Running, 0),
            step(162, 165, task, SpanState::Ready, 0),
        ];
        let found: Vec<_> = sums(&steps)
            .into_iter()
            .map(|sum| (sum.nanos, sum.task, sum.words(), sum.stall.map_or(0, StallId::get)))
            .collect();
        let words = |words: &str| words.to_owned();
        assert_eq!(
            found,
            [
                (100, other, words("running"), 0),
                (60, task, words("ready, behind stalls"), 2),
                (3, task, words("ready"), 0),
                (2, task, words("running"), 0),
            ]
        );
    }
}
