//! The recording's clock.

use nix::time::{ClockId, clock_gettime};

use crate::model::{TimeAnchor, Timestamp};

/// Nanoseconds since the recording began, on our `CLOCK_MONOTONIC`. A target in another time
/// namespace reads that clock with a constant offset, which the recording's anchor carries.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    start: u64,
}

impl Clock {
    /// A clock that shows 0 now.
    pub(super) fn start() -> Self {
        Self { start: read(ClockId::CLOCK_MONOTONIC) }
    }

    pub(super) fn now(self) -> Timestamp {
        Timestamp::from_nanos(read(ClockId::CLOCK_MONOTONIC).saturating_sub(self.start))
    }

    /// A reading of the same clock as a time of the recording; what was before it is its start.
    pub(super) const fn at(self, monotonic: u64) -> Timestamp {
        Timestamp::from_nanos(monotonic.saturating_sub(self.start))
    }

    /// Ties this clock to wall time and to the target's monotonic clock, which is `offset_ns`
    /// ahead of ours.
    pub(super) fn anchor(self, offset_ns: i64) -> TimeAnchor {
        let since_start = self.now().as_nanos();
        TimeAnchor {
            monotonic_start_ns: self.start.saturating_add_signed(offset_ns),
            wall_start_ns: read(ClockId::CLOCK_REALTIME).saturating_sub(since_start),
        }
    }
}

/// A clock's reading in nanoseconds. Linux knows both clocks always.
fn read(clock: ClockId) -> u64 {
    clock_gettime(clock).map_or(0, |time| {
        let seconds = u64::try_from(time.tv_sec()).unwrap_or(0);
        seconds
            .saturating_mul(1_000_000_000)
            .saturating_add(u64::try_from(time.tv_nsec()).unwrap_or(0))
    })
}
