//! Where the time of one task went: its critical path through the tasks that it waited for.
//!
//! While a task waits for others, what counts is what the last of them to end did; so the path
//! goes on there. A task that awaits several, or is awaited by several, is followed as it was at
//! that time.

use rustc_hash::FxHashMap;

use crate::model::{Dictionary, Duration, Stall, StallId, TaskId, Timestamp, WaitKind};

use super::timeline::{Span, SpanState, Timeline};

/// Tasks that wait for tasks that wait for tasks …
const DEEPEST: usize = 64;
/// Longer paths are cut; what is left out counts as waiting.
const MOST_STEPS: usize = 1 << 16;

/// A stretch of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Where it begins.
    pub start: Timestamp,
    /// Where it ends.
    pub end: Timestamp,
    /// The task that it was spent in: the one asked for, or one that it waited for.
    pub task: TaskId,
    /// What that one did.
    pub state: SpanState,
    /// What it waited for.
    pub wait: Option<WaitKind>,
    /// The stall behind which it was ready, if there was one.
    pub stall: Option<StallId>,
}

impl Step {
    /// How long it took.
    #[must_use]
    pub fn length(&self) -> Duration {
        self.end.since(self.start)
    }
}

/// The critical path of `task`, in order.
#[must_use]
pub fn critical_path(
    timeline: &Timeline,
    dictionary: &Dictionary,
    stalls: &[Stall],
    task: TaskId,
) -> Vec<Step> {
    let mut awaited: FxHashMap<TaskId, Vec<TaskId>> = FxHashMap::default();
    let mut all: Vec<TaskId> = timeline.awaits.tasks().collect();
    all.sort_unstable();
    for child in all {
        for awaiter in timeline.awaits.ever(child) {
            awaited.entry(awaiter).or_default().push(child);
        }
    }
    let mut walk = Walk { timeline, dictionary, stalls, awaited, path: Vec::new(), above: vec![] };
    walk.task(task, Timestamp::ZERO, timeline.end);
    walk.path
}

struct Walk<'a> {
    timeline: &'a Timeline,
    dictionary: &'a Dictionary,
    stalls: &'a [Stall],
    /// The tasks that each task awaited at any time.
    awaited: FxHashMap<TaskId, Vec<TaskId>>,
    path: Vec<Step>,
    /// The tasks that are being followed.
    above: Vec<TaskId>,
}

impl Walk<'_> {
    fn task(&mut self, task: TaskId, from: Timestamp, to: Timestamp) {
        self.above.push(task);
        let spans: Vec<Span> = self
            .timeline
            .task_spans(task)
            .filter(|span| span.end > from && span.start < to)
            .collect();
        for span in spans {
            let (start, end) = (span.start.max(from), span.end.min(to));
            let wait = span.wait.and_then(|wait| self.dictionary.get_wait(wait));
            let wait = wait.map(|reason| reason.kind);
            let step = Step { start, end, task, state: span.state, wait, stall: None };
            match span.state {
                SpanState::Waiting => self.waited(step),
                SpanState::Ready => self.ready(step),
                _ => self.path.push(step),
            }
        }
        self.above.pop();
    }

    /// Goes on in the task that was waited for, the last one to end.
    fn waited(&mut self, step: Step) {
        let Step { start, end, task, .. } = step;
        if self.above.len() >= DEEPEST || self.path.len() >= MOST_STEPS {
            self.path.push(step);
            return;
        }
        let children = self.awaited.get(&task).map(Vec::as_slice).unwrap_or_default();
        let last = children
            .iter()
            .filter(|child| !self.above.contains(child))
            .filter(|&&child| {
                let middle = Timestamp::from_nanos(u64::midpoint(start.as_nanos(), end.as_nanos()));
                let at = |time| self.timeline.awaits.awaiters(child, time).contains(&task);
                at(start) || at(middle)
            })
            .filter_map(|&child| Some((self.timeline.task_spans(child).last()?.end, child)))
            .max();
        let Some((_, child)) = last else {
            self.path.push(step);
            return;
        };
        let before = self.path.len();
        self.task(child, start, end);
        let mut at = start;
        let found: Vec<Step> = self.path.drain(before..).collect();
        // What the other task is not known to have done stays this one's wait.
        for inner in found {
            if inner.start > at {
                self.path.push(Step { start: at, end: inner.start, ..step });
            }
            at = inner.end;
            self.path.push(inner);
        }
        if end > at {
            self.path.push(Step { start: at, ..step });
        }
    }

    /// The parts behind a stall of the task's loop, and what is left.
    fn ready(&mut self, step: Step) {
        let event_loop = self.dictionary.get_task(step.task).and_then(|task| task.event_loop);
        let of_loop = self.stalls.iter().filter(|stall| Some(stall.event_loop) == event_loop);
        let stalls = of_loop.map(|stall| (stall.start, stall.end(), stall.id));
        cut(step, stalls, &mut self.path);
    }
}

/// Cuts a step where stalls begin and end; they come in the order of their starts.
fn cut(
    step: Step,
    stalls: impl Iterator<Item = (Timestamp, Timestamp, StallId)>,
    path: &mut Vec<Step>,
) {
    let mut at = step.start;
    for (start, end, id) in stalls {
        let (start, end) = (start.max(at), end.min(step.end));
        if start >= end {
            continue;
        }
        if start > at {
            path.push(Step { start: at, end: start, ..step });
        }
        path.push(Step { start, end, stall: Some(id), ..step });
        at = end;
    }
    if at < step.end {
        path.push(Step { start: at, ..step });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_overlaps_a_stall_is_behind_it() {
        let time = Timestamp::from_nanos;
        let step = Step {
            start: time(10),
            end: time(100),
            task: TaskId::new(1).unwrap(),
            state: SpanState::Ready,
            wait: None,
            stall: None,
        };
        let stall = |start, end, id| (time(start), time(end), StallId::new(id).unwrap());
        let stalls = [stall(0, 5, 1), stall(5, 20, 2), stall(40, 60, 3), stall(90, 200, 4)];
        let mut path = Vec::new();
        cut(step, stalls.into_iter(), &mut path);
        let found: Vec<_> = path
            .iter()
            .map(|it| (it.start.as_nanos(), it.end.as_nanos(), it.stall.map_or(0, StallId::get)))
            .collect();
        assert_eq!(found, [(10, 20, 2), (20, 40, 0), (40, 60, 3), (60, 90, 0), (90, 100, 4)]);
    }
}
