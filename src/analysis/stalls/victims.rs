//! Whom a stall hurt.

use rustc_hash::FxHashMap;

use crate::model::{
    Duration, LoopQueues, QueueReason, TaskId, TaskRow, TaskState, Timestamp, Victim, VictimReason,
};

/// More are not listed.
const MOST: usize = 200;

/// Tasks that censuses found ready.
#[derive(Debug, Default)]
pub(super) struct ReadyTasks {
    since: FxHashMap<TaskId, Timestamp>,
}

impl ReadyTasks {
    pub(super) fn row(&mut self, row: &TaskRow, census: Timestamp) {
        if row.state == TaskState::Ready {
            self.since.entry(row.task).or_insert(census);
        } else {
            self.since.remove(&row.task);
        }
    }

    pub(super) fn gone(&mut self, task: TaskId) {
        self.since.remove(&task);
    }

    /// Those that are ready now, with the census that first found them so.
    pub(super) fn iter(&self) -> impl Iterator<Item = (TaskId, Timestamp)> {
        self.since.iter().map(|(&task, &since)| (task, since))
    }
}

/// What is known of those who waited.
pub(super) struct Waiting<'a> {
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
    pub(super) end_error: Duration,
    /// The task that held the loop up.
    pub(super) culprit: Option<TaskId>,
    /// Ready tasks of the loop, with the census in the stall that found them.
    pub(super) ready: &'a [(TaskId, Timestamp)],
    /// Tasks that ran right after.
    pub(super) followers: &'a [TaskId],
}

impl Waiting<'_> {
    /// The victims, longest delay first, and whether these are all.
    pub(super) fn victims<'q>(
        &self,
        queues: impl Iterator<Item = &'q LoopQueues>,
    ) -> (Vec<Victim>, bool) {
        let mut found: FxHashMap<TaskId, Victim> = FxHashMap::default();
        let mut complete = false;
        for look in queues {
            complete |= look.complete;
            for entry in &look.entries {
                let Some(task) = entry.task else { continue };
                let victim = match (entry.reason, entry.due) {
                    (QueueReason::Timer, Some(due)) if due >= self.to => continue,
                    (QueueReason::Timer, Some(due)) => self.timer(task, due),
                    (QueueReason::Timer, None) => continue,
                    (QueueReason::Ready, _) => self.ready(task, look.time),
                };
                found.entry(task).or_insert(victim);
            }
        }
        for &(task, census) in self.ready {
            found.entry(task).or_insert_with(|| self.ready(task, census));
        }
        for &task in self.followers {
            let reason = VictimReason::Io;
            let delay = self.to.since(self.from);
            found.entry(task).or_insert(Victim { task, reason, delay, error: delay });
        }
        let mut victims: Vec<Victim> = found.into_values().collect();
        victims.retain(|victim| Some(victim.task) != self.culprit);
        victims.sort_unstable_by_key(|victim| {
            (victim.reason == VictimReason::Io, std::cmp::Reverse(victim.delay), victim.task)
        });
        complete &= victims.len() <= MOST;
        victims.truncate(MOST);
        (victims, complete)
    }

    /// Due at a known time: from then, or from the start of the stall.
    fn timer(&self, task: TaskId, due: Timestamp) -> Victim {
        let delay = self.to.since(due.max(self.from));
        Victim { task, reason: VictimReason::Timer, delay, error: self.end_error }
    }

    /// Became ready at an unknown time, at the latest when it was seen so.
    fn ready(&self, task: TaskId, seen: Timestamp) -> Victim {
        let least = self.to.since(seen).as_nanos();
        let most = self.to.since(self.from).as_nanos();
        let half = most.saturating_sub(least) / 2;
        Victim {
            task,
            reason: VictimReason::Ready,
            delay: Duration::from_nanos(least.saturating_add(half)),
            error: Duration::from_nanos(half) + self.end_error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{LoopId, QueueEntry};

    fn ms(ms: u64) -> Timestamp {
        Timestamp::from_nanos(ms * 1_000_000)
    }

    #[test]
    fn each_is_charged_with_what_it_waited() {
        let task = |number| TaskId::new(number).unwrap();
        let entry = |number, reason, due| QueueEntry { task: Some(task(number)), reason, due };
        let queues = LoopQueues {
            event_loop: LoopId::new(1).unwrap(),
            time: ms(150),
            complete: true,
            entries: vec![
                entry(1, QueueReason::Ready, None),
                entry(2, QueueReason::Timer, Some(ms(120))),
                entry(3, QueueReason::Timer, Some(ms(900))),
                entry(9, QueueReason::Ready, None),
            ],
        };
        let waiting = Waiting {
            from: ms(100),
            to: ms(200),
            end_error: Duration::ZERO,
            culprit: Some(task(9)),
            ready: &[(task(4), ms(110))],
            followers: &[task(1), task(5)],
        };
        let (victims, complete) = waiting.victims([queues].iter());
        assert!(complete);
        let shown: Vec<(u32, &str, u64, u64)> = victims
            .iter()
            .map(|it| {
                let of = |length: Duration| length.as_nanos() / 1_000_000;
                (it.task.get(), it.reason.name(), of(it.delay), of(it.error))
            })
            .collect();
        let expected =
            [(4, "ready", 95, 5), (2, "timer", 80, 0), (1, "ready", 75, 25), (5, "io", 100, 100)];
        assert_eq!(shown, expected);
    }
}
