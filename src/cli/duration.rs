//! Lengths and points of time on the command line: `10`, `10s`, `500ms`, `2m`, `1h`, `1.5s`.

use std::time::Duration;

use thiserror::Error;

const ACCEPTED: &str = "give a number with ms, s, m or h, such as 500ms, 10s, 2m; seconds if bare";

/// Why a text is no length of time. The text itself is shown beside it by the parser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum DurationError {
    /// Nothing was given.
    #[error("it is empty; {ACCEPTED}")]
    Empty,
    /// A minus sign.
    #[error("it is negative; {ACCEPTED}")]
    Negative,
    /// Zero, where that makes no sense.
    #[error("it is zero, so nothing would happen; {ACCEPTED}")]
    Zero,
    /// Not a number in front.
    #[error("it is not a length of time; {ACCEPTED}")]
    NotANumber,
    /// A number with something else than a known unit behind.
    #[error("its unit is not known; {ACCEPTED}")]
    UnknownUnit,
    /// Finer than a nanosecond.
    #[error("it is finer than a nanosecond; {ACCEPTED}")]
    TooFine,
    /// More than a recording can hold.
    #[error("it is more than 1000 hours; {ACCEPTED}")]
    TooLong,
}

const LONGEST: Duration = Duration::from_secs(1000 * 3600);

/// A point of time counted from a start; zero is one.
///
/// # Errors
///
/// See [`DurationError`].
pub fn offset(text: &str) -> Result<Duration, DurationError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(DurationError::Empty);
    }
    if text.starts_with(['-', '−']) {
        return Err(DurationError::Negative);
    }
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let nanos_per_unit: u64 = match unit.trim_start() {
        _ if number.is_empty() => return Err(DurationError::NotANumber),
        "" | "s" => 1_000_000_000,
        "ms" => 1_000_000,
        "m" | "min" => 60 * 1_000_000_000,
        "h" => 3600 * 1_000_000_000,
        _ => return Err(DurationError::UnknownUnit),
    };
    let nanos = decimal_times(number, nanos_per_unit)?;
    let length = Duration::from_nanos(nanos);
    if length > LONGEST { Err(DurationError::TooLong) } else { Ok(length) }
}

/// A length of time that is not zero.
///
/// # Errors
///
/// See [`DurationError`].
pub fn length(text: &str) -> Result<Duration, DurationError> {
    match offset(text)? {
        Duration::ZERO => Err(DurationError::Zero),
        length => Ok(length),
    }
}

/// `number` × `unit`, exactly.
fn decimal_times(number: &str, unit: u64) -> Result<u64, DurationError> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if fraction.contains('.') || (whole.is_empty() && fraction.is_empty()) {
        return Err(DurationError::NotANumber);
    }
    let digits = |text: &str| match text {
        "" => Ok(0),
        _ => text.parse::<u64>().map_err(|_overflow| DurationError::TooLong),
    };
    let whole = digits(whole)?.checked_mul(unit).ok_or(DurationError::TooLong)?;
    let fraction = fraction.trim_end_matches('0');
    let places = u32::try_from(fraction.len()).map_err(|_overflow| DurationError::TooFine)?;
    let scale = 10_u64.checked_pow(places).ok_or(DurationError::TooFine)?;
    let scaled = u128::from(digits(fraction)?) * u128::from(unit);
    if scaled % u128::from(scale) != 0 {
        return Err(DurationError::TooFine);
    }
    let part =
        u64::try_from(scaled / u128::from(scale)).map_err(|_overflow| DurationError::TooLong)?;
    whole.checked_add(part).ok_or(DurationError::TooLong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_forms_are_understood() {
        let cases = [
            ("10", 10_000),
            ("10s", 10_000),
            ("500ms", 500),
            ("2m", 120_000),
            ("2min", 120_000),
            ("1h", 3_600_000),
            ("1.5s", 1_500),
            (".25", 250),
            (" 3 s ", 3_000),
        ];
        for (text, millis) in cases {
            assert_eq!(length(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        assert_eq!(offset("0"), Ok(Duration::ZERO));
    }

    #[test]
    fn nonsense_is_told_apart() {
        let cases = [
            ("", DurationError::Empty),
            ("  ", DurationError::Empty),
            ("-5", DurationError::Negative),
            ("-5s", DurationError::Negative),
            ("0", DurationError::Zero),
            ("0ms", DurationError::Zero),
            ("abc", DurationError::NotANumber),
            (".", DurationError::NotANumber),
            ("1.2.3", DurationError::NotANumber),
            ("s", DurationError::NotANumber),
            ("inf", DurationError::NotANumber),
            ("10x", DurationError::UnknownUnit),
            ("10sec", DurationError::UnknownUnit),
            ("1e3", DurationError::UnknownUnit),
            ("1m30s", DurationError::UnknownUnit),
            ("0.0000000001", DurationError::TooFine),
            ("0.00000000000000000000001", DurationError::TooFine),
            ("1001h", DurationError::TooLong),
            ("18446744073709551616", DurationError::TooLong),
            ("99999999999999h", DurationError::TooLong),
        ];
        for (text, error) in cases {
            assert_eq!(length(text), Err(error), "{text:?}");
        }
    }
}
