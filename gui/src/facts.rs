//! Facts that are summed up from the timeline when a recording has been read.

use std::collections::BTreeMap;

use looptrace::analysis::Analysis;
use looptrace::analysis::timeline::{LaneKind, SpanState, Timeline};
use looptrace::model::{Duration, ObjectId, TaskId, WaitId, WaitKind};
use rustc_hash::FxHashMap;

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

/// What the spans of each task tell, by the task's index, in nanoseconds.
#[derive(Debug, Clone, Copy, Default)]
pub struct Steps {
    /// The longest time it ran without a break.
    pub longest: u64,
    /// How long it is known to have been ready.
    pub ready: u64,
}

/// The steps of every task.
#[must_use]
pub fn steps(timeline: &Timeline) -> Vec<Steps> {
    let mut all: Vec<Steps> = Vec::new();
    for span in timeline.lanes.iter().flat_map(|lane| lane.spans.iter()) {
        let is_told = matches!(span.state, SpanState::Running | SpanState::Ready);
        let Some(task) = span.task.filter(|_| is_told) else { continue };
        if all.len() <= task.index() {
            all.resize(task.index() + 1, Steps::default());
        }
        let (steps, length) = (&mut all[task.index()], span.length().as_nanos());
        if span.state == SpanState::Running {
            steps.longest = length.max(steps.longest);
        } else {
            steps.ready = steps.ready.saturating_add(length);
        }
    }
    all
}

/// Leaves of the ready time of tasks and coroutines what is known of it: a census finds a task ready,
/// and its loop runs it before it polls again, not only before the next census.
pub fn only_known_ready(analysis: &mut Analysis, steps: &[Steps]) {
    let mut sums: FxHashMap<_, u64> = FxHashMap::default();
    for time in &mut analysis.tasks {
        let known = steps.get(time.id.index()).map_or(0, |steps| steps.ready);
        time.ready = time.ready.min(Duration::from_nanos(known));
        let task = analysis.dictionary.get_task(time.id);
        let key = task.map_or((None, None), |task| (task.coroutine, task.code));
        *sums.entry(key).or_default() += time.ready.as_nanos();
    }
    for time in &mut analysis.coroutines {
        let known = sums.get(&(time.name, time.code)).copied().unwrap_or(0);
        time.ready = time.ready.min(Duration::from_nanos(known));
    }
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
