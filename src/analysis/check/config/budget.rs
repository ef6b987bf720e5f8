//! Budgets and allowances.

use super::super::metric::Metric;
use super::super::place::Pattern;
use super::values::Date;

/// What a broken budget does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Level {
    /// Nothing: it is not looked at.
    Off,
    /// It is said.
    Warn,
    /// The build fails.
    #[default]
    Error,
}

impl Level {
    /// The word in `looptrace.toml` and every output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

/// What a budget limits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Limit {
    /// The figure itself, in the metric's unit.
    Max(f64),
    /// How much of the baseline's figure it may be above it: 0.1 is 10 %.
    Increase(f64),
}

/// One `[[budget]]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Budget {
    /// What it is about.
    pub metric: &'static Metric,
    /// What happens when it is broken.
    pub level: Level,
    /// What it limits; at least one.
    pub limits: Vec<Limit>,
    /// Only coroutines that match.
    pub coroutine: Option<Pattern>,
    /// Only so many coroutines, those that ran longest.
    pub top: Option<usize>,
    /// Differences between figures that are both below this are let pass.
    pub min_value: Option<f64>,
    /// Only stalls of this cause.
    pub cause: Option<String>,
    /// Only stalls whose guilty function matches.
    pub at: Option<Pattern>,
    /// Only stalls in tests that match; each test by itself.
    pub test: Option<Pattern>,
    /// Its line in the file, from 1.
    pub line: u32,
}

/// One `[[allow]]`: what is known and let pass, until when, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Allowance {
    /// Stalls whose guilty function matches are not counted.
    pub stall: Option<Pattern>,
    /// Results of budgets for this metric are let pass.
    pub metric: Option<&'static Metric>,
    /// With `metric`: only for coroutines that match.
    pub coroutine: Option<Pattern>,
    /// The last day it holds.
    pub until: Date,
    /// Why.
    pub reason: String,
    /// Its line in the file, from 1.
    pub line: u32,
}
