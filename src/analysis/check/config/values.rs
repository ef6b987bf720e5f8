//! Figures and dates as people write them.

use std::fmt;

use super::super::metric::Unit;
use super::error::Mistake;
use super::table::Entry;

/// A day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

impl Date {
    /// The day `days` after 1970-01-01 (UTC).
    #[must_use]
    pub fn from_days(days: u64) -> Self {
        // Days in eras of 400 years that begin on a 1st of March, so that leap days come last.
        let days = days.min(2_900_000) + 719_468;
        let of_era = days % 146_097;
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * of_year + 2) / 153;
        let day = of_year - (153 * shifted + 2) / 5 + 1;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        let year = days / 146_097 * 400 + year_of_era + u64::from(month <= 2);
        let small = |number: u64| u8::try_from(number).unwrap_or(u8::MAX);
        Self { year: u16::try_from(year).unwrap_or(u16::MAX), month: small(month), day: small(day) }
    }

    /// `2027-01-31`.
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() || year.len() != 4 || month.len() != 2 || day.len() != 2 {
            return None;
        }
        let date =
            Self { year: year.parse().ok()?, month: month.parse().ok()?, day: day.parse().ok()? };
        let leap = date.year.is_multiple_of(4)
            && (!date.year.is_multiple_of(100) || date.year.is_multiple_of(400));
        let longest = match date.month {
            2 => 28 + u8::from(leap),
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => return None,
        };
        (1..=longest).contains(&date.day).then_some(date)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

/// A date, with or without quotes.
pub(super) fn date(entry: &Entry<'_, '_>) -> Result<Date, Mistake> {
    let text = match entry.value.as_datetime() {
        Some(datetime) => datetime.to_string(),
        None => entry.value.as_str().unwrap_or_default().to_owned(),
    };
    Date::parse(&text).ok_or_else(|| {
        entry.wrong(&entry.shown()).hint(format!("write a day: {} = \"2027-01-31\"", entry.key))
    })
}

/// A length of time in seconds.
pub(super) fn seconds(entry: &Entry<'_, '_>) -> Result<f64, Mistake> {
    figure(entry, Unit::Seconds)
}

/// A share: `0.1` or `"10%"`.
pub(super) fn share(entry: &Entry<'_, '_>) -> Result<f64, Mistake> {
    figure(entry, Unit::Ratio)
}

/// A figure in the unit of its metric; never negative.
pub(super) fn figure(entry: &Entry<'_, '_>, unit: Unit) -> Result<f64, Mistake> {
    let value = match (entry.number(), entry.value.as_str()) {
        (Some(number), _) => Some(number),
        (None, Some(text)) => written(text.trim(), unit),
        (None, None) => None,
    };
    value.filter(|value| value.is_finite() && *value >= 0.0).ok_or_else(|| {
        let example = match unit {
            Unit::Seconds | Unit::SecondsPerMinute => {
                "a time such as \"100ms\" or \"1.5s\" (a bare number is seconds)"
            }
            Unit::Ratio => "a share such as \"10%\" or 0.1",
            Unit::Count | Unit::PerMinute => "a number such as 5",
        };
        entry.wrong(&entry.shown()).hint(format!("write {example}"))
    })
}

fn written(text: &str, unit: Unit) -> Option<f64> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, suffix) = text.split_at(end);
    let number: f64 = number.parse().ok()?;
    let factor = match (unit, suffix.trim()) {
        (Unit::Seconds | Unit::SecondsPerMinute, suffix) => match suffix {
            "us" | "µs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" | "min" => 60.0,
            "h" => 3600.0,
            _ => return None,
        },
        (Unit::Ratio, "%") => 0.01,
        (Unit::Ratio | Unit::Count | Unit::PerMinute, "") => 1.0,
        _ => return None,
    };
    Some(number * factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_from_1970() {
        let cases = [
            (0, "1970-01-01"),
            (11_016, "2000-02-29"),
            (20_778, "2026-11-21"),
            (47_541, "2100-03-01"),
        ];
        for (days, shown) in cases {
            assert_eq!(Date::from_days(days).to_string(), shown);
            assert_eq!(Date::parse(shown), Some(Date::from_days(days)));
        }
        for wrong in ["2027-02-29", "2027-13-01", "2027-1-1", "27-01-01", "2027-01-01-", "never"] {
            assert_eq!(Date::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn figures_need_their_unit() {
        assert_eq!(written("100ms", Unit::Seconds), Some(0.1));
        assert_eq!(written("100", Unit::Seconds), None);
        assert_eq!(written("10%", Unit::Ratio), Some(0.1));
        assert_eq!(written("10%", Unit::Count), None);
        assert_eq!(written("", Unit::Count), None);
    }
}
