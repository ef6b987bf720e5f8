//! The times that one thread was off the CPU.

use std::collections::VecDeque;

use crate::model::{Duration, OffCpu, OffCpuRun, OffReason, Timestamp};

/// A time off the CPU.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Off {
    pub(super) start: Timestamp,
    pub(super) end: Timestamp,
    /// It waited for something; otherwise it could have run on.
    pub(super) blocked: bool,
}

/// So many are kept; a thread that is stuck for an hour may have more.
const MOST: usize = 100_000;

/// The times off the CPU that may still matter, in order.
#[derive(Debug, Default)]
pub(super) struct Offs {
    offs: VecDeque<Off>,
    runs: VecDeque<OffCpuRun>,
}

impl Offs {
    pub(super) fn push(&mut self, off: Off) {
        if let Some(last) = self.offs.back_mut()
            && last.end == off.start
            && last.blocked == off.blocked
        {
            last.end = off.end;
            return;
        }
        if off.end <= off.start || self.offs.back().is_some_and(|last| off.start < last.start) {
            return;
        }
        if self.offs.len() == MOST {
            self.offs.pop_front();
        }
        self.offs.push_back(off);
    }

    pub(super) fn take(&mut self, off: &OffCpu) {
        let blocked = off.reason == OffReason::Blocked;
        self.push(Off { start: off.start, end: off.end, blocked });
    }

    pub(super) fn take_run(&mut self, run: OffCpuRun) {
        if self.runs.len() == MOST {
            self.runs.pop_front();
        }
        self.runs.push_back(run);
    }

    /// Forgets what ended before `horizon`.
    pub(super) fn forget(&mut self, horizon: Timestamp) {
        while self.offs.front().is_some_and(|off| off.end < horizon) {
            self.offs.pop_front();
        }
        while self.runs.front().is_some_and(|run| run.end < horizon) {
            self.runs.pop_front();
        }
    }

    /// The time off the CPU that this point falls into.
    pub(super) fn covering(&self, time: Timestamp) -> Option<Off> {
        let after = self.offs.partition_point(|off| off.start <= time);
        let off = *self.offs.get(after.checked_sub(1)?)?;
        (time < off.end).then_some(off)
    }

    /// Those in a stretch, cut to it.
    pub(super) fn within(&self, from: Timestamp, to: Timestamp) -> impl Iterator<Item = Off> {
        let begin = self.offs.partition_point(|off| off.end <= from);
        self.offs.range(begin..).take_while(move |off| off.start < to).map(move |off| Off {
            start: off.start.max(from),
            end: off.end.min(to),
            blocked: off.blocked,
        })
    }

    /// How many short waits of those that were summed up touch a stretch.
    pub(super) fn waits(&self, from: Timestamp, to: Timestamp) -> u64 {
        let runs = self.runs.iter().filter(|run| run.start < to && run.end > from);
        runs.map(|run| u64::from(run.blocked.count)).sum()
    }

    /// Time in a stretch that short waits and preemptions took, of those that were summed up:
    /// blocked and preempted. What lies across an edge counts in proportion.
    pub(super) fn summed(&self, from: Timestamp, to: Timestamp) -> (Duration, Duration) {
        let mut sums = (0_u64, 0_u64);
        for run in self.runs.iter().filter(|run| run.start < to && run.end > from) {
            let inside = run.end.min(to).since(run.start.max(from)).as_nanos();
            let whole = run.end.since(run.start).as_nanos().max(1);
            let part = |time: Duration| {
                let scaled = u128::from(time.as_nanos()) * u128::from(inside) / u128::from(whole);
                u64::try_from(scaled).unwrap_or(u64::MAX)
            };
            sums.0 = sums.0.saturating_add(part(run.blocked.time));
            sums.1 = sums.1.saturating_add(part(run.preempted.time));
        }
        (Duration::from_nanos(sums.0), Duration::from_nanos(sums.1))
    }
}
