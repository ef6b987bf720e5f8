//! What was seen around one thread and its process: everything a stall is explained with.

use std::collections::VecDeque;

use crate::model::{
    BlockedLook, Callee, Duration, GcLook, GcPause, LoopQueues, MachineClocks, NativeSample,
    StackId, StringId, ThreadClocks, ThreadId, Timestamp,
};

/// Something with a time.
pub(super) trait At {
    fn at(&self) -> Timestamp;
}

macro_rules! at {
    ($($name:ident . $field:ident),+ $(,)?) => {$(
        impl At for $name {
            fn at(&self) -> Timestamp {
                self.$field
            }
        }
    )+};
}

at!(BlockedLook.time, Callee.time, NativeSample.time, ThreadClocks.time, MachineClocks.time);
at!(GcLook.time, GcPause.start, Held.time, LoopQueues.time);

/// Things in the order of their times, of which the oldest are forgotten.
#[derive(Debug)]
pub(super) struct Log<T>(VecDeque<T>);

impl<T> Default for Log<T> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<T: At> Log<T> {
    const MOST: usize = 100_000;

    pub(super) fn push(&mut self, entry: T) {
        if self.0.len() == Self::MOST {
            self.0.pop_front();
        }
        self.0.push_back(entry);
    }

    pub(super) fn forget(&mut self, horizon: Timestamp) {
        while self.0.front().is_some_and(|entry| entry.at() < horizon) {
            self.0.pop_front();
        }
    }

    /// Those from `from` to `to`, both included.
    pub(super) fn within(&self, from: Timestamp, to: Timestamp) -> impl Iterator<Item = &T> {
        let begin = self.0.partition_point(|entry| entry.at() < from);
        self.0.range(begin..).take_while(move |entry| entry.at() <= to)
    }

    /// The last one at or before this time.
    pub(super) fn before(&self, time: Timestamp) -> Option<&T> {
        let after = self.0.partition_point(|entry| entry.at() <= time);
        self.0.get(after.checked_sub(1)?)
    }

    /// The first one at or after this time.
    pub(super) fn after(&self, time: Timestamp) -> Option<&T> {
        self.0.get(self.0.partition_point(|entry| entry.at() < time))
    }

    pub(super) fn last_mut(&mut self) -> Option<&mut T> {
        self.0.back_mut()
    }
}

/// A look at a lock: at the interpreter's own, or at one that a thread waits for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held {
    pub(super) time: Timestamp,
    pub(super) holder: Option<ThreadId>,
    /// Where the holder was.
    pub(super) stack: Option<StackId>,
    /// The native function that it was in.
    pub(super) callee: Option<StringId>,
}

/// What is known of one thread.
#[derive(Debug, Default)]
pub(super) struct ThreadLogs {
    pub(super) offs: super::offs::Offs,
    pub(super) blocked: Log<BlockedLook>,
    pub(super) callees: Log<Callee>,
    /// The locks that it waits for.
    pub(super) locks: Log<Held>,
    pub(super) native: Log<NativeSample>,
    pub(super) clocks: Log<ThreadClocks>,
    pub(super) queues: Log<LoopQueues>,
    /// Stretches whose switch records were lost.
    pub(super) lost: VecDeque<(Timestamp, Timestamp)>,
    /// Since when, if at all, switches are recorded.
    pub(super) exact_since: Option<Timestamp>,
}

impl ThreadLogs {
    /// Whether every switch in this stretch was recorded.
    pub(super) fn exact(&self, from: Timestamp, to: Timestamp) -> bool {
        self.exact_since.is_some_and(|since| since <= from)
            && !self.lost.iter().any(|&(start, end)| start < to && end > from)
    }

    pub(super) fn forget(&mut self, horizon: Timestamp) {
        self.offs.forget(horizon);
        self.blocked.forget(horizon);
        self.callees.forget(horizon);
        self.locks.forget(horizon);
        self.native.forget(horizon);
        self.queues.forget(horizon);
        // The last readings before a stall tell where its counters began.
        let second = Duration::from_nanos(3_000_000_000);
        let earlier = horizon.as_nanos().saturating_sub(second.as_nanos());
        self.clocks.forget(Timestamp::from_nanos(earlier));
        while self.lost.front().is_some_and(|&(_, end)| end < horizon) {
            self.lost.pop_front();
        }
    }
}

/// What is known of one process.
#[derive(Debug, Default)]
pub(super) struct ProcessLogs {
    pub(super) gil: Log<Held>,
    pub(super) gc: Log<GcLook>,
    pub(super) pauses: Log<GcPause>,
}

impl ProcessLogs {
    pub(super) fn forget(&mut self, horizon: Timestamp) {
        self.gil.forget(horizon);
        self.gc.forget(horizon);
        let earlier = horizon.as_nanos().saturating_sub(60_000_000_000);
        self.pauses.forget(Timestamp::from_nanos(earlier));
    }
}
