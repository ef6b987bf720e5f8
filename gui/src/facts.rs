//! Facts that are summed up from the timeline when a recording has been read.

use std::collections::BTreeMap;

use looptrace::analysis::Analysis;
use looptrace::analysis::timeline::{LaneKind, SpanState, Timeline};
use looptrace::model::{ObjectId, TaskId, WaitId, WaitKind};

/// Something that tasks queued for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contended {
    /// What it is.
    pub kind: WaitKind,
    /// The thing.
    pub object: ObjectId,
    /// A reason to wait that names it.
    pub wait: WaitId,
    /// How often a wait for it was seen.
    pub waits: u64,
    /// How many tasks waited.
    pub tasks: u64,
    /// All waiting time together, in nanoseconds.
    pub total: u64,
    /// The median wait.
    pub p50: u64,
    /// 99 of 100 waits were no longer.
    pub p99: u64,
    /// The longest wait.
    pub longest: u64,
    /// Who waited longest, and when that began.
    pub longest_by: Option<(TaskId, u64)>,
}

#[derive(Debug, Default)]
struct Queue {
    lengths: Vec<u64>,
    tasks: Vec<TaskId>,
    longest: Option<(u64, TaskId, u64)>,
    wait: Option<(WaitId, WaitKind)>,
}

/// What tasks queued for, longest waits first.
#[must_use]
pub fn contention(analysis: &Analysis, timeline: &Timeline) -> Vec<Contended> {
    let mut queues: BTreeMap<ObjectId, Queue> = BTreeMap::new();
    let task_lanes = timeline
        .lanes
        .iter()
        .filter(|lane| matches!(lane.kind, LaneKind::Task(_) | LaneKind::Packed));
    for span in task_lanes.flat_map(|lane| lane.spans.iter()) {
        if span.state != SpanState::Waiting {
            continue;
        }
        let (Some(wait), Some(task)) = (span.wait, span.task) else { continue };
        let Some(reason) = analysis.dictionary.get_wait(wait) else { continue };
        let Some(object) = reason.object.filter(|_| is_queue(reason.kind)) else { continue };
        let queue = queues.entry(object).or_default();
        let length = span.length().as_nanos();
        queue.lengths.push(length);
        queue.tasks.push(task);
        queue.wait = Some((wait, reason.kind));
        if queue.longest.is_none_or(|(longest, ..)| length > longest) {
            queue.longest = Some((length, task, span.start.as_nanos()));
        }
    }
    let mut found: Vec<Contended> =
        queues.into_iter().filter_map(|(object, queue)| contended(object, queue)).collect();
    found.sort_by_key(|row| std::cmp::Reverse(row.total));
    found
}

fn contended(object: ObjectId, mut queue: Queue) -> Option<Contended> {
    let (wait, kind) = queue.wait?;
    queue.lengths.sort_unstable();
    queue.tasks.sort_unstable();
    queue.tasks.dedup();
    Some(Contended {
        kind,
        object,
        wait,
        waits: queue.lengths.len() as u64,
        tasks: queue.tasks.len() as u64,
        total: queue.lengths.iter().fold(0, |sum, length| sum.saturating_add(*length)),
        p50: quantile(&queue.lengths, 0.5),
        p99: quantile(&queue.lengths, 0.99),
        longest: queue.lengths.last().copied().unwrap_or(0),
        longest_by: queue.longest.map(|(_, task, since)| (task, since)),
    })
}

fn is_queue(kind: WaitKind) -> bool {
    matches!(
        kind,
        WaitKind::Lock
            | WaitKind::Semaphore
            | WaitKind::Condition
            | WaitKind::Event
            | WaitKind::Barrier
            | WaitKind::QueueGet
            | WaitKind::QueuePut
            | WaitKind::QueueJoin
            | WaitKind::Executor
    )
}

/// The value that a share of all sorted values does not exceed; 0 of none.
#[must_use]
pub fn quantile(sorted: &[u64], share: f64) -> u64 {
    let rank = (sorted.len() as f64 * share).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0)
}

/// For each task, by its index: the longest time it ran without a break.
#[must_use]
pub fn steps(timeline: &Timeline) -> Vec<u64> {
    let mut longest = Vec::new();
    for span in timeline.lanes.iter().flat_map(|lane| lane.spans.iter()) {
        if let Some(task) = span.task.filter(|_| span.state == SpanState::Running) {
            if longest.len() <= task.index() {
                longest.resize(task.index() + 1, 0);
            }
            let slot = &mut longest[task.index()];
            *slot = span.length().as_nanos().max(*slot);
        }
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::quantile;

    #[test]
    fn quantiles_are_values_that_occurred() {
        let values: Vec<u64> = (1..=100).collect();
        assert_eq!(quantile(&values, 0.5), 50);
        assert_eq!(quantile(&values, 0.99), 99);
        assert_eq!(quantile(&[7], 0.5), 7);
        assert_eq!(quantile(&[], 0.5), 0);
    }
}
