//! How long a bracketed call usually takes.

use std::time::Duration;

/// A call that took so many times as long as usual, in percent, was interrupted: its two copies may
/// be too far apart to prove anything, since the same short moment of a fast program may have come
/// twice. Up to 3.10, where many copies prove one stack, a call with cold caches is too long, too.
pub(super) const PAIRWISE_PERCENT: u64 = 150;
/// From 3.11 on the copies that matter are neighbours, and only an interruption is too long.
pub(super) const STACK_PERCENT: u64 = 400;
/// What a call costs beside its ranges, in ranges.
const OVERHEAD: u64 = 3;

/// A running estimate of the median time per range, in picoseconds: it moves by a sixteenth at
/// each call.
#[derive(Debug, Clone, Copy)]
pub(super) struct Usual {
    picos: u64,
}

impl Default for Usual {
    fn default() -> Self {
        Self { picos: 5_000_000 }
    }
}

impl Usual {
    /// Learns from the duration of a call for so many ranges, and tells whether it was short
    /// enough.
    pub(super) fn admits(&mut self, took: Duration, ranges: usize, percent: u64) -> bool {
        let picos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX).saturating_mul(1000);
        let picos = picos / (ranges as u64 + OVERHEAD);
        let limit = self.picos.saturating_mul(percent) / 100;
        let step = self.picos / 16 + 1;
        self.picos =
            if picos > self.picos { self.picos.saturating_add(step) } else { self.picos - step };
        picos <= limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interrupted_call_is_not_believed_and_slow_ones_become_usual() {
        let mut usual = Usual::default();
        let micros = Duration::from_micros;
        for _ in 0..200 {
            usual.admits(micros(2), 5, PAIRWISE_PERCENT);
        }
        assert!(usual.admits(Duration::from_nanos(2500), 5, PAIRWISE_PERCENT));
        assert!(!usual.admits(micros(50), 5, PAIRWISE_PERCENT));
        assert!(usual.admits(micros(10), 37, PAIRWISE_PERCENT));
        for _ in 0..200 {
            usual.admits(micros(50), 5, PAIRWISE_PERCENT);
        }
        assert!(usual.admits(micros(50), 5, PAIRWISE_PERCENT));
    }
}
