//! Points in time and lengths of time, in nanoseconds.

use std::fmt;
use std::ops::{Add, Sub};

/// Nanoseconds since the recording began, on the target's `CLOCK_MONOTONIC`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The start of the recording.
    pub const ZERO: Self = Self(0);

    /// The point this many nanoseconds after the start of the recording.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the start of the recording.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// The time from `earlier` to here; zero if `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, length: Duration) -> Self {
        Self(self.0.saturating_add(length.0))
    }
}

/// A length of time in nanoseconds; arithmetic saturates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Duration(u64);

impl Duration {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// This many nanoseconds.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// The length in nanoseconds.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// This part of it: `part / whole`; nothing of nothing.
    #[must_use]
    pub(crate) fn scaled(self, part: Self, whole: Self) -> Self {
        let scaled = u128::from(self.0) * u128::from(part.0) / u128::from(whole.0.max(1));
        Self(u64::try_from(scaled).unwrap_or(u64::MAX))
    }

    /// The length in seconds, rounded to a double.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "for display; 2⁵³ ns are 104 days")]
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }
}

impl Add for Duration {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Duration {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl fmt::Display for Duration {
    /// Three significant digits in the fitting unit: `840 ns`, `12.3 µs`, `1.05 ms`, `2.50 s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (divisor, unit) = match self.0 {
            0..1_000 => return write!(f, "{} ns", self.0),
            1_000..1_000_000 => (1e3, "µs"),
            1_000_000..1_000_000_000 => (1e6, "ms"),
            _ => (1e9, "s"),
        };
        #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
        let value = self.0 as f64 / divisor;
        let digits = if value < 9.995 {
            2
        } else if value < 99.95 {
            1
        } else {
            0
        };
        write!(f, "{value:.digits$} {unit}")
    }
}

/// Ties a recording's clock to the target's monotonic clock and to wall time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TimeAnchor {
    /// `CLOCK_MONOTONIC` as the target reads it, in nanoseconds, at timestamp 0.
    pub monotonic_start_ns: u64,
    /// Nanoseconds since the Unix epoch at timestamp 0.
    pub wall_start_ns: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_show_three_digits() {
        let shown = |nanos| Duration::from_nanos(nanos).to_string();
        assert_eq!(shown(840), "840 ns");
        assert_eq!(shown(12_345), "12.3 µs");
        assert_eq!(shown(1_050_000), "1.05 ms");
        assert_eq!(shown(150_000_000), "150 ms");
        assert_eq!(shown(2_500_000_000), "2.50 s");
    }

    #[test]
    fn arithmetic_saturates() {
        let end = Timestamp::from_nanos(u64::MAX);
        assert_eq!(end + Duration::from_nanos(1), end);
        assert_eq!(Timestamp::ZERO.since(end), Duration::ZERO);
    }
}
