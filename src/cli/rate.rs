//! Rates, shares and numbers on the command line.

use thiserror::Error;

/// The highest sampling rate. A sample is a system call of one to a few microseconds, so that rates
/// near this one mean "as fast as it goes", on a core of the recorder's own.
pub const MAX_SAMPLES_HZ: u32 = 1_000_000;

/// The highest census rate. A census reads every task; the sampler between two of them shows
/// what changes faster.
pub const MAX_CENSUS_HZ: u32 = 20_000;

/// Why a text is no rate or share. The text itself is shown beside it by the parser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum RateError {
    /// Not a whole number.
    #[error("it is not a whole number; give {min} to {max} looks per second")]
    NotWhole {
        /// The least that is accepted.
        min: u32,
        /// The most that is accepted.
        max: u32,
    },
    /// Out of bounds.
    #[error("it is not within {min} to {max} looks per second")]
    OutOfBounds {
        /// The least that is accepted.
        min: u32,
        /// The most that is accepted.
        max: u32,
    },
    /// Not a number of percent within bounds.
    #[error("give 0.1 to 100 percent of one core, such as 5 or 2.5")]
    NotPercent,
    /// Not a number of entries.
    #[error("give a whole number from 1 on")]
    NotEntries,
}

/// Samples per second.
///
/// # Errors
///
/// See [`RateError`].
pub fn samples(text: &str) -> Result<u32, RateError> {
    bounded(text, 1, MAX_SAMPLES_HZ)
}

/// Censuses per second; 0 takes none.
///
/// # Errors
///
/// See [`RateError`].
pub fn censuses(text: &str) -> Result<u32, RateError> {
    bounded(text, 0, MAX_CENSUS_HZ)
}

fn bounded(text: &str, min: u32, max: u32) -> Result<u32, RateError> {
    let number = text.trim();
    let number = number.strip_suffix("Hz").unwrap_or(number).trim_end();
    let negative = number.strip_prefix('-').is_some_and(is_digits);
    if !negative && !is_digits(number) {
        return Err(RateError::NotWhole { min, max });
    }
    // A number that does not fit is out of bounds like any other.
    match number.parse() {
        Ok(rate) if (min..=max).contains(&rate) => Ok(rate),
        _ => Err(RateError::OutOfBounds { min, max }),
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Percent of one core.
///
/// # Errors
///
/// See [`RateError`].
pub fn percent(text: &str) -> Result<f64, RateError> {
    let number = text.trim();
    let number = number.strip_suffix('%').unwrap_or(number).trim_end();
    match number.parse() {
        Ok(share) if (0.1..=100.0).contains(&share) => Ok(share),
        _ => Err(RateError::NotPercent),
    }
}

/// The most entries of a list.
///
/// # Errors
///
/// See [`RateError`].
pub fn entries(text: &str) -> Result<usize, RateError> {
    match text.trim().parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(RateError::NotEntries),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_within_bounds_are_taken() {
        assert_eq!(samples("1"), Ok(1));
        assert_eq!(samples("20000"), Ok(20_000));
        assert_eq!(samples("100 Hz"), Ok(100));
        assert_eq!(censuses("0"), Ok(0));
        assert_eq!(percent("2.5%"), Ok(2.5));
        assert_eq!(percent("100"), Ok(100.0));
    }

    #[test]
    fn rates_out_of_bounds_are_refused() {
        let out = Err(RateError::OutOfBounds { min: 1, max: 1_000_000 });
        for text in ["0", "1000001", "-1", "99999999999999999999"] {
            assert_eq!(samples(text), out, "{text}");
        }
        for text in ["", "fast", "1.5", "1e3", "-", "NaN"] {
            assert_eq!(
                samples(text),
                Err(RateError::NotWhole { min: 1, max: 1_000_000 }),
                "{text}"
            );
        }
        for text in ["0", "0.05", "101", "NaN", "inf", "-5", "", "half"] {
            assert_eq!(percent(text), Err(RateError::NotPercent), "{text}");
        }
    }
}
