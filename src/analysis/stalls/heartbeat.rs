//! A loop's lag: how long work that arrives at a random moment waits until the loop comes round.
//!
//! Work that arrives during a stretch of length `L` in which the loop does not come round waits
//! between `L` and nothing, each alike. So the time in which the wait is longer than `x` is the sum
//! of `L − x` over all stretches longer than `x`: a histogram of lengths gives every quantile.

use crate::model::{Duration, Lag, LagSeries, LoopId, Timestamp};

/// Steps per doubling: lengths are known to 1.1 %.
const STEPS: u32 = 64;
const STEP_BITS: u32 = STEPS.trailing_zeros();

/// Lengths of stretches, in steps that grow with them.
#[derive(Debug, Clone, Default)]
pub(super) struct Heartbeat {
    /// How many, and their sum.
    steps: Vec<(u64, u64)>,
    max: u64,
}

impl Heartbeat {
    pub(super) fn add(&mut self, length: Duration) {
        let length = length.as_nanos();
        let step = step_of(length);
        if self.steps.len() <= step {
            self.steps.resize(step + 1, (0, 0));
        }
        if let Some(slot) = self.steps.get_mut(step) {
            *slot = (slot.0 + 1, slot.1.saturating_add(length));
        }
        self.max = self.max.max(length);
    }

    /// The distribution over `total` time.
    pub(super) fn lag(&self, total: Duration) -> Lag {
        let at =
            |thousandths: u64| Duration::from_nanos(self.quantile(total.as_nanos(), thousandths));
        Lag {
            p50: at(500),
            p90: at(900),
            p99: at(990),
            p999: at(999),
            max: Duration::from_nanos(self.max),
        }
    }

    /// The lag that is exceeded in all but so many thousandths of the time.
    fn quantile(&self, total: u64, thousandths: u64) -> u64 {
        let allowed = u128::from(total) * u128::from(1000 - thousandths) / 1000;
        let (mut low, mut high) = (0, self.max);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.exceeding(middle) > allowed {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// For how long the lag is longer than this.
    fn exceeding(&self, lag: u64) -> u128 {
        let longer = self.steps.iter().skip(step_of(lag));
        longer
            .map(|&(count, sum)| {
                u128::from(sum).saturating_sub(u128::from(count) * u128::from(lag))
            })
            .sum()
    }
}

/// Exact up to [`STEPS`], then so many steps per doubling.
fn step_of(length: u64) -> usize {
    let bits = u64::BITS - length.leading_zeros();
    if bits <= STEP_BITS {
        return usize::try_from(length).unwrap_or(0);
    }
    let shift = bits - STEP_BITS - 1;
    let fine = (length >> shift) - u64::from(STEPS);
    usize::try_from(u64::from((shift + 1) * STEPS) + fine).unwrap_or(usize::MAX)
}

/// The longest lag per bucket; buckets grow as the recording does.
#[derive(Debug, Clone)]
pub(super) struct Series {
    bucket: u64,
    max: Vec<(u64, u64)>,
}

impl Default for Series {
    fn default() -> Self {
        Self { bucket: 10_000_000, max: Vec::new() }
    }
}

impl Series {
    const MOST: usize = 4096;

    /// A stretch from `start` of this length, of which so much was no fault of the program.
    pub(super) fn add(&mut self, start: Timestamp, length: Duration, corrected: Duration) {
        let end = (start + length).as_nanos();
        while end / self.bucket >= Self::MOST as u64 {
            self.bucket = self.bucket.saturating_mul(2);
            let pairs = self.max.chunks(2);
            self.max = pairs
                .map(|pair| pair.iter().fold((0, 0), |max, at| (max.0.max(at.0), max.1.max(at.1))))
                .collect();
        }
        let last = usize::try_from(end / self.bucket).unwrap_or(0);
        let first = usize::try_from(start.as_nanos() / self.bucket).unwrap_or(0);
        if self.max.len() <= last {
            self.max.resize(last + 1, (0, 0));
        }
        for at in first..=last {
            // Within the stretch the lag falls towards its end.
            let begun = (at as u64).saturating_mul(self.bucket).max(start.as_nanos());
            let left = end.saturating_sub(begun);
            if let Some(slot) = self.max.get_mut(at) {
                *slot = (slot.0.max(left), slot.1.max(left.min(corrected.as_nanos())));
            }
        }
    }

    pub(super) fn finish(self, event_loop: LoopId) -> LagSeries {
        let part = |take: fn(&(u64, u64)) -> u64| {
            self.max.iter().map(|slot| Duration::from_nanos(take(slot))).collect()
        };
        LagSeries {
            event_loop,
            bucket: Duration::from_nanos(self.bucket),
            max: part(|slot| slot.0),
            max_corrected: part(|slot| slot.1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    fn ms(length: u64) -> Duration {
        Duration::from_nanos(length * MS)
    }

    fn near(found: Duration, expected: u64) -> bool {
        found.as_nanos().abs_diff(expected * MS) * 50 <= expected * MS
    }

    #[test]
    fn an_always_busy_loop_of_equal_callbacks_has_an_even_lag() {
        let mut heartbeat = Heartbeat::default();
        for _ in 0..100 {
            heartbeat.add(ms(100));
        }
        let lag = heartbeat.lag(ms(10_000));
        assert!(near(lag.p50, 50) && near(lag.p90, 90) && near(lag.p99, 99), "{lag:?}");
        assert_eq!(lag.max, ms(100));
    }

    #[test]
    fn one_stall_in_an_idle_recording_shows_in_the_tail_only() {
        let mut heartbeat = Heartbeat::default();
        heartbeat.add(ms(200));
        let lag = heartbeat.lag(ms(10_000));
        assert_eq!(lag.p90, Duration::ZERO);
        // 1 % of 10 s is 100 ms: the lag is above 100 ms for that long.
        assert!(near(lag.p99, 100) && near(lag.p999, 190), "{lag:?}");
        assert_eq!(Heartbeat::default().lag(ms(5)), Lag::default());
    }

    #[test]
    fn lag_over_time_falls_within_a_stretch() {
        let mut series = Series::default();
        series.add(Timestamp::from_nanos(15 * MS), ms(20), ms(8));
        let series = series.finish(LoopId::new(1).unwrap());
        let max: Vec<u64> = series.max.iter().map(|lag| lag.as_nanos() / MS).collect();
        assert_eq!(max, [0, 20, 15, 5]);
        assert_eq!(series.max_corrected.iter().map(|lag| lag.as_nanos() / MS).max(), Some(8));
    }

    #[test]
    fn steps_grow_without_holes() {
        let mut last = 0;
        for length in 0..100_000 {
            let step = step_of(length);
            assert!(step == last || step == last + 1, "{length}: {step} after {last}");
            last = step;
        }
    }
}
