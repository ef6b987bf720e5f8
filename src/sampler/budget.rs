//! The recorder's own CPU time, and rates that keep within it.

use std::time::Instant;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;

use crate::model::Duration;
use crate::os::clock::thread_cpu;

/// Slower than this neither looks nor censuses get.
const MIN_RATE_HZ: u32 = 10;
const MIN_CENSUS_RATE_HZ: u32 = 1;
/// The CPU time of a census may be at most one part in so many of the time between two of them,
/// unless censuses were asked for more often than looks.
const CENSUS_DUTY: u32 = 4;
/// The same of all the time that it takes, more on a machine whose CPUs others want, too.
const CENSUS_SPAN: u32 = 2;
/// Rates rise again only when this part of the budget is unused.
const RISE_BELOW: f64 = 0.7;

/// CPU time that this process has used so far.
pub(super) fn own_cpu() -> Duration {
    getrusage(UsageWho::RUSAGE_SELF).map_or(Duration::ZERO, |usage| {
        let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
        Duration::from_nanos(u64::try_from(micros).unwrap_or(0).saturating_mul(1000))
    })
}

/// The rates asked for and the rates in force.
#[derive(Debug)]
pub(super) struct Budget {
    wanted_rate_hz: u32,
    wanted_census_hz: u32,
    max_cpu_percent: Option<f64>,
    rate_hz: u32,
    census_hz: u32,
    at_start: Duration,
    last_cpu: Duration,
    last_at: Instant,
    percent: f64,
    /// The time that the last censuses needed between two of them, the newest first.
    took: [std::time::Duration; 3],
}

impl Budget {
    pub(super) fn new(rate_hz: u32, census_hz: u32, max_cpu_percent: Option<f64>) -> Self {
        let cpu = own_cpu();
        Self {
            wanted_rate_hz: rate_hz,
            wanted_census_hz: census_hz,
            max_cpu_percent,
            rate_hz,
            census_hz,
            at_start: cpu,
            last_cpu: cpu,
            last_at: Instant::now(),
            percent: 0.0,
            took: [std::time::Duration::ZERO; 3],
        }
    }

    pub(super) const fn rate_hz(&self) -> u32 {
        self.rate_hz
    }

    pub(super) const fn census_hz(&self) -> u32 {
        self.census_hz
    }

    /// Share of one core used lately, in percent.
    pub(super) const fn percent(&self) -> f64 {
        self.percent
    }

    /// CPU time used since the recording began.
    pub(super) fn used(&self) -> Duration {
        own_cpu() - self.at_start
    }

    /// Takes a census that was due at `begun`, and learns from what it took.
    pub(super) fn take_census(&mut self, begun: Instant, census: impl FnOnce()) {
        let cpu = thread_cpu();
        census();
        self.census_took(begun.elapsed(), thread_cpu().saturating_sub(cpu));
    }

    /// Slows censuses down when they take up too much of the time between two: of which `cpu` was
    /// their own. A single long one says nothing about those to come: the first finds everything
    /// cold, any may be interrupted.
    fn census_took(&mut self, took: std::time::Duration, cpu: std::time::Duration) {
        let needed = if self.wanted_census_hz > self.wanted_rate_hz {
            took
        } else {
            cpu.saturating_mul(CENSUS_DUTY).max(took.saturating_mul(CENSUS_SPAN))
        };
        let [last, before, _] = self.took;
        self.took = [needed, last, before];
        let mut sorted = self.took;
        sorted.sort_unstable();
        let [_, needed, _] = sorted;
        let affordable = 1.0 / needed.as_secs_f64().max(1e-6);
        let limit = clamped(affordable, MIN_CENSUS_RATE_HZ, self.wanted_census_hz);
        self.census_hz = match self.max_cpu_percent {
            None => limit,
            Some(_) => self.census_hz.min(limit),
        };
    }

    /// Measures the CPU time used since the last call, and adapts the rates to the budget.
    pub(super) fn adapt(&mut self, now: Instant) {
        let cpu = own_cpu();
        let wall = now.saturating_duration_since(self.last_at).as_secs_f64();
        if wall < 0.1 {
            return;
        }
        self.percent = (cpu - self.last_cpu).as_secs_f64() / wall * 100.0;
        self.last_cpu = cpu;
        self.last_at = now;
        let Some(budget) = self.max_cpu_percent else { return };
        let factor = if self.percent > budget {
            (budget / self.percent).max(0.25)
        } else if self.percent < budget * RISE_BELOW {
            1.25
        } else {
            return;
        };
        let scaled = |rate: u32, least, most| {
            let scaled = f64::from(rate) * factor;
            // A quarter of a low rate is less than the next whole number.
            let risen = if factor > 1.0 { scaled.max(f64::from(rate) + 1.0) } else { scaled };
            clamped(risen, least, most)
        };
        self.rate_hz = scaled(self.rate_hz, MIN_RATE_HZ, self.wanted_rate_hz);
        self.census_hz = scaled(self.census_hz, MIN_CENSUS_RATE_HZ, self.wanted_census_hz);
    }
}

/// `rate` rounded to a whole number between `least` and `most`; `most` where that is smaller.
fn clamped(rate: f64, least: u32, most: u32) -> u32 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
    let rate = rate.round() as u32;
    rate.max(least).min(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_census_is_held_less_often() {
        let mut budget = Budget::new(1000, 20, None);
        let mut take = |millis| {
            let took = std::time::Duration::from_millis(millis);
            budget.census_took(took, took);
            budget.census_hz()
        };
        assert_eq!([take(1), take(25), take(25)], [20, 20, 10]);
        assert_eq!([take(10_000), take(10_000)], [10, 1]);
        assert_eq!([take(1), take(1)], [1, 20]);
    }

    #[test]
    fn the_first_census_and_a_single_long_one_slow_nothing_down() {
        let mut budget = Budget::new(1000, 20, None);
        for millis in [300, 5, 5, 5, 300, 5, 5] {
            let took = std::time::Duration::from_millis(millis);
            budget.census_took(took, took);
            assert_eq!(budget.census_hz(), 20);
        }
    }

    #[test]
    fn what_others_took_of_the_cpu_slows_censuses_down_half_as_much() {
        let mut budget = Budget::new(1000, 20, None);
        let mut take = |took, cpu| {
            let millis = std::time::Duration::from_millis;
            budget.census_took(millis(took), millis(cpu));
            budget.census_took(millis(took), millis(cpu));
            budget.census_hz()
        };
        assert_eq!([take(25, 12), take(50, 12), take(25, 25), take(25, 0)], [20, 10, 10, 20]);
    }

    #[test]
    fn within_its_budget_a_rate_rises_from_the_lowest_again() {
        let mut budget = Budget::new(1000, 20, Some(1e9));
        for _ in 0..2 {
            let took = std::time::Duration::from_secs(10);
            budget.census_took(took, took);
        }
        assert_eq!(budget.census_hz(), 1);
        budget.adapt(Instant::now() + std::time::Duration::from_secs(1));
        assert_eq!(budget.census_hz(), 2);
    }
}
