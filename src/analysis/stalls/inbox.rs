//! Puts what a recording tells back into the order in which it happened.
//!
//! A time off the CPU is recorded when it is over, at the latest after a second, and so comes after
//! samples that were taken in it. Everything is held back for a while and sorted.

use crate::model::{
    BlockedLook, Callee, GcLook, GcPause, GilLook, LockLook, LoopId, LoopQueues, LostSwitches,
    MachineClocks, NativeSample, OffCpu, OffCpuRun, ProcessId, Sample, TaskId, TaskRow,
    ThreadClocks, ThreadId, Timestamp, Turn,
};

/// Something that happened.
#[derive(Debug, Clone)]
pub(super) enum Item {
    Look(Sample),
    /// The thread slept in its poll call up to now.
    Idle(ThreadId),
    Off(OffCpu),
    OffRun(OffCpuRun),
    Lost(LostSwitches),
    Blocked(BlockedLook),
    Native(NativeSample),
    Callee(Callee),
    Gil(GilLook),
    Lock(LockLook),
    Gc(GcLook),
    GcPause(GcPause),
    Clocks(ThreadClocks),
    Machine(MachineClocks),
    Queues(LoopQueues),
    Turn(Turn),
    Census(ProcessId),
    Row(TaskRow),
    TaskGone(TaskId),
    Ended(ProcessId),
    /// A thread runs this loop from now on.
    Runs(ThreadId, LoopId),
}

/// How long things are held back.
const LATEST: u64 = 2_500_000_000;
/// Sorting is worth it from this much on.
const BATCH: u64 = 5_000_000_000;

/// And so many of them are, however close together.
const MANY: usize = 100_000;

/// What was told and not handed on yet.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    items: Vec<(Timestamp, Item)>,
    /// How many were left when some were last handed on. To sort those again for each that is
    /// added would take for ever.
    left: usize,
    oldest: Option<Timestamp>,
    newest: Timestamp,
}

impl Inbox {
    pub(super) fn push(&mut self, time: Timestamp, item: Item) {
        self.newest = self.newest.max(time);
        self.oldest = Some(self.oldest.map_or(time, |oldest| oldest.min(time)));
        self.items.push((time, item));
    }

    /// The time of what happened last.
    pub(super) const fn newest(&self) -> Timestamp {
        self.newest
    }

    /// What nothing can come before any more, in order; empty until there is much of it.
    pub(super) fn ready(&mut self) -> Vec<(Timestamp, Item)> {
        let waits = self.oldest.is_some_and(|oldest| {
            self.newest.since(oldest).as_nanos() < LATEST + BATCH
                && self.items.len() < MANY.max(2 * self.left)
        });
        if waits || self.items.is_empty() {
            return Vec::new();
        }
        let limit = Timestamp::from_nanos(self.newest.as_nanos().saturating_sub(LATEST));
        self.take_until(limit)
    }

    /// Everything.
    pub(super) fn rest(&mut self) -> Vec<(Timestamp, Item)> {
        self.take_until(Timestamp::from_nanos(u64::MAX))
    }

    fn take_until(&mut self, limit: Timestamp) -> Vec<(Timestamp, Item)> {
        // Stable: what was told at the same time stays in the order it was told in.
        self.items.sort_by_key(|(time, _)| *time);
        let count = self.items.partition_point(|(time, _)| *time <= limit);
        let ready: Vec<_> = self.items.drain(..count).collect();
        self.oldest = self.items.first().map(|(time, _)| *time);
        self.left = self.items.len();
        ready
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Timestamp {
        Timestamp::from_nanos(ms * 1_000_000)
    }

    #[test]
    fn what_is_told_late_comes_in_its_place() {
        let mut inbox = Inbox::default();
        let process = ProcessId::new(1).unwrap();
        for ms in [1, 5_000, 3, 2, 9_000] {
            inbox.push(at(ms), Item::Census(process));
        }
        let times = |items: Vec<(Timestamp, Item)>| -> Vec<u64> {
            items.into_iter().map(|(time, _)| time.as_nanos() / 1_000_000).collect()
        };
        assert_eq!(times(inbox.ready()), [1, 2, 3, 5_000]);
        assert!(inbox.ready().is_empty());
        assert_eq!(times(inbox.rest()), [9_000]);
    }

    #[test]
    fn many_at_one_time_are_sorted_a_few_times_only() {
        let mut inbox = Inbox::default();
        let process = ProcessId::new(1).unwrap();
        let mut sorted = 0;
        for _ in 0..20 * MANY {
            let left = inbox.left;
            inbox.push(at(1), Item::Census(process));
            assert!(inbox.ready().is_empty());
            sorted += u32::from(inbox.left != left);
        }
        assert_eq!(sorted, 5);
        assert_eq!(inbox.rest().len(), 20 * MANY);
    }
}
