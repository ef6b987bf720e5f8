//! Predicts times, so that only what is unexpected about them is written.

use std::collections::HashMap;

use rustc_hash::FxBuildHasher;

use crate::model::{ThreadId, Timestamp};
use crate::recording::varint::{unzigzag, zigzag};

/// Both sides keep one and feed it the same times in the same order.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    first: Option<u64>,
    latest: u64,
    threads: HashMap<ThreadId, Pace, FxBuildHasher>,
}

/// When a thread was last looked at, and how long after the look before.
#[derive(Debug, Clone, Copy)]
struct Pace {
    last: u64,
    step: u64,
}

impl Clock {
    /// Forgets everything; each block stands alone.
    pub(crate) fn reset(&mut self) {
        self.first = None;
        self.latest = 0;
        self.threads.clear();
    }

    /// The time between the first and the latest time folded, in nanoseconds.
    pub(crate) fn span_ns(&self) -> u64 {
        self.first.map_or(0, |first| self.latest.abs_diff(first))
    }

    /// What to write for a time that is expected to be near the time written before.
    pub(crate) fn fold(&mut self, time: Timestamp) -> u64 {
        let time = time.as_nanos();
        let previous = self.see(time);
        zigzag(time.wrapping_sub(previous))
    }

    /// Undoes [`Self::fold`].
    pub(crate) fn unfold(&mut self, folded: u64) -> Timestamp {
        self.latest = self.latest.wrapping_add(unzigzag(folded));
        Timestamp::from_nanos(self.latest)
    }

    /// What to write for a time of a thread that is looked at with a steady beat.
    pub(crate) fn fold_beat(&mut self, thread: ThreadId, time: Timestamp) -> u64 {
        let time = time.as_nanos();
        let pace = self.pace(thread);
        let expected = pace.last.wrapping_add(pace.step);
        *pace = Pace { last: time, step: time.wrapping_sub(pace.last) };
        self.see(time);
        zigzag(time.wrapping_sub(expected))
    }

    /// Undoes [`Self::fold_beat`].
    pub(crate) fn unfold_beat(&mut self, thread: ThreadId, folded: u64) -> Timestamp {
        let pace = self.pace(thread);
        let time = pace.last.wrapping_add(pace.step).wrapping_add(unzigzag(folded));
        *pace = Pace { last: time, step: time.wrapping_sub(pace.last) };
        self.latest = time;
        Timestamp::from_nanos(time)
    }

    fn see(&mut self, time: u64) -> u64 {
        self.first.get_or_insert(time);
        std::mem::replace(&mut self.latest, time)
    }

    fn pace(&mut self, thread: ThreadId) -> &mut Pace {
        self.threads.entry(thread).or_insert(Pace { last: self.latest, step: 0 })
    }
}
