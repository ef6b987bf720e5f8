//! How much time each look stands for.

use crate::model::{Duration, RecorderStats, RecordingMeta, Timestamp};

/// What one look may stand for, in ticks, when the looks before it are missing: a few, for a
/// recorder that comes late or rejects a look does so again on the next tick.
const MOST_TICKS: u64 = 5;

/// A loop thread unseen for this many ticks, and for [`SHORTEST_GAP`], is a gap.
const GAP_TICKS: u64 = 10;
const SHORTEST_GAP: Duration = Duration::from_nanos(100_000_000);

/// The sampling interval, as asked for and as adapted since.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    asked: u64,
    in_force: u64,
}

impl Pace {
    pub(super) fn new(meta: &RecordingMeta) -> Self {
        let asked = interval(meta.rate_hz).unwrap_or(1_000_000);
        Self { asked, in_force: asked }
    }

    /// Takes over the rate in force.
    pub(super) fn adapt(&mut self, stats: &RecorderStats) {
        self.in_force = interval(stats.rate_hz).unwrap_or(self.in_force);
    }

    /// One tick, in nanoseconds; the longer one of what was asked for and what is in force.
    pub(super) fn tick(self) -> u64 {
        self.asked.max(self.in_force)
    }

    /// The shortest time without a look that counts as a gap.
    pub(super) fn gap(self) -> Duration {
        Duration::from_nanos(self.tick().saturating_mul(GAP_TICKS)).max(SHORTEST_GAP)
    }
}

fn interval(rate_hz: u32) -> Option<u64> {
    1_000_000_000_u64.checked_div(u64::from(rate_hz))
}

/// The looks at one thread.
///
/// A look stands for the time since the one before it, as far back as [`MOST_TICKS`]: what lies
/// before is unknown, not guessed. A run of idle ticks stands for its whole length. Threads
/// without a loop are looked at more slowly, at a pace that is learnt from the looks themselves.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Looks {
    last: Option<Timestamp>,
    learnt: u64,
}

impl Looks {
    /// The time that a look at a thread with a loop stands for: it ends at `time`.
    pub(super) fn look(&mut self, time: Timestamp, pace: Pace) -> Duration {
        self.span(time, pace.tick(), 1)
    }

    /// The same for a run of ticks in which the thread slept in its poll call.
    pub(super) fn idle(&mut self, time: Timestamp, ticks: u32, pace: Pace) -> Duration {
        self.span(time, pace.tick(), u64::from(ticks).max(1))
    }

    /// The same for a thread without a loop.
    pub(super) fn slow_look(&mut self, time: Timestamp, pace: Pace) -> Duration {
        let tick = self.learnt.max(pace.tick());
        if let Some(last) = self.last {
            let interval = time.since(last).as_nanos().min(tick.saturating_mul(MOST_TICKS));
            self.learnt = tick - tick / 8 + interval / 8;
        }
        self.span(time, tick, 1)
    }

    /// The time that a look stands for, or a run of `ticks`.
    fn span(&mut self, time: Timestamp, tick: u64, ticks: u64) -> Duration {
        let before = self.last.replace(time.max(self.last.unwrap_or_default()));
        let (since, most) = match before {
            Some(last) => (time.since(last), ticks.saturating_mul(MOST_TICKS)),
            // Nothing is known of the time before the first look but that it took one.
            None => (time.since(Timestamp::ZERO), ticks),
        };
        since.min(Duration::from_nanos(tick.saturating_mul(most)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    fn at(ms: u64) -> Timestamp {
        Timestamp::from_nanos(ms * MS)
    }

    fn pace() -> Pace {
        Pace::new(&RecordingMeta { rate_hz: 1000, ..RecordingMeta::default() })
    }

    #[test]
    fn a_look_reaches_back_to_the_one_before_but_not_far() {
        let mut looks = Looks::default();
        let weights: Vec<u64> =
            [5, 6, 8, 50].map(|ms| looks.look(at(ms), pace()).as_nanos() / MS).into();
        assert_eq!(weights, [1, 1, 2, 5]);
        assert_eq!(looks.look(at(40), pace()), Duration::ZERO);
        assert_eq!(looks.look(at(51), pace()).as_nanos(), MS);
    }

    #[test]
    fn an_idle_run_counts_in_full() {
        let mut looks = Looks::default();
        assert_eq!(looks.look(at(1), pace()).as_nanos(), MS);
        assert_eq!(looks.idle(at(101), 100, pace()).as_nanos(), 100 * MS);
        assert_eq!(looks.idle(at(1101), 100, pace()).as_nanos(), 500 * MS);
    }

    #[test]
    fn a_slow_thread_finds_its_pace() {
        let mut looks = Looks::default();
        let total: u64 =
            (1..=1000).map(|n| looks.slow_look(at(n * 50), pace()).as_nanos() / MS).sum();
        assert!((48_000..=50_000).contains(&total), "{total}");
    }
}
