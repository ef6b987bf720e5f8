//! When the next tick is due.

use std::time::{Duration, Instant};

/// While nothing happens, so many ticks are let pass before the next look.
const DOZE_TICKS: u32 = 3;
/// And not more than this.
const LONGEST_DOZE: Duration = Duration::from_millis(4);

/// Ticks at a steady rate. Deadlines are absolute, so a late tick does not shift those after it;
/// ticks that passed while the recorder was busy are counted and not made up for.
#[derive(Debug)]
pub(super) struct Pacer {
    period: Duration,
    next: Instant,
}

impl Pacer {
    /// Ticks `rate_hz` times a second from `now` on.
    pub(super) fn new(rate_hz: u32, now: Instant) -> Self {
        Self { period: period(rate_hz), next: now }
    }

    /// Changes the rate from the next tick on.
    pub(super) fn set_rate(&mut self, rate_hz: u32) {
        self.period = period(rate_hz);
    }

    /// The time until the next tick; zero when it is due.
    pub(super) fn until_due(&self, now: Instant) -> Duration {
        self.next.saturating_duration_since(now)
    }

    /// As [`Pacer::until_due`], a few ticks later: they are overtaken then.
    pub(super) fn until_doze_ends(&self, now: Instant) -> Duration {
        let doze = self.period.saturating_mul(DOZE_TICKS);
        let doze = if doze <= LONGEST_DOZE { doze } else { Duration::ZERO };
        (self.next + doze).saturating_duration_since(now)
    }

    /// Takes the tick that is due and gives the number of ticks that were overtaken before it.
    pub(super) fn take(&mut self, now: Instant) -> u32 {
        let behind = now.saturating_duration_since(self.next);
        let missed = behind.as_nanos() / self.period.as_nanos().max(1);
        let missed = u32::try_from(missed).unwrap_or(u32::MAX);
        self.next += self.period.saturating_mul(missed.saturating_add(1));
        missed
    }
}

fn period(rate_hz: u32) -> Duration {
    Duration::from_secs(1) / rate_hz.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_tick_counts_those_it_overtook_and_keeps_the_grid() {
        let start = Instant::now();
        let mut pacer = Pacer::new(1000, start);
        assert_eq!(pacer.take(start), 0);
        assert_eq!(pacer.until_due(start), Duration::from_millis(1));
        let late = start + Duration::from_micros(4300);
        assert_eq!(pacer.take(late), 3);
        assert_eq!(pacer.until_due(late), Duration::from_micros(700));
    }

    #[test]
    fn a_doze_lets_a_few_ticks_pass_unless_ticks_are_rare() {
        let start = Instant::now();
        let mut pacer = Pacer::new(1000, start);
        assert_eq!(pacer.until_doze_ends(start), Duration::from_millis(3));
        let longer = start + Duration::from_millis(5);
        assert_eq!(pacer.until_doze_ends(longer), Duration::ZERO);
        assert_eq!(pacer.take(start + Duration::from_millis(3)), 3);
        let rare = Pacer::new(100, start);
        assert_eq!(rare.until_doze_ends(start), Duration::ZERO);
    }
}
