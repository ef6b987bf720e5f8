//! `looptrace.toml`: budgets, what a run must be, how sides are compared, allowances.

mod budget;
mod error;
mod parse;
mod table;
mod values;

pub use budget::{Allowance, Budget, Level, Limit};
pub use error::ConfigError;
pub use values::Date;

/// How the runs of a side become one figure, for absolute budgets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Aggregate {
    /// The middle one.
    #[default]
    Median,
    /// The best one: passes if any run does.
    Optimistic,
    /// The worst one: passes if every run does.
    Pessimistic,
}

/// What to do when the sides were recorded in different environments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mismatch {
    /// Say so.
    #[default]
    Warn,
    /// Fail.
    Fail,
    /// Nothing.
    Ignore,
}

/// `[run]`: what a run must be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RunOptions {
    /// Runs per side that a comparison needs.
    pub min_runs: usize,
    /// How long a recording must be, in seconds.
    pub min_duration: f64,
    /// The shortest stall that is looked for, in seconds.
    pub stall_threshold: f64,
    /// How runs become one figure.
    pub aggregate: Aggregate,
}

/// `[stats]`: how sides are compared.
#[derive(Debug, Clone, PartialEq)]
pub struct StatsOptions {
    /// What adjusted p-values must stay below.
    pub alpha: f64,
    /// The noise file, as the configuration names it.
    pub noise: Option<String>,
    /// The share of time that a loop's thread may wait for a CPU before wall-clock figures mean nothing.
    pub max_runq_wait: f64,
    /// What to do when the sides' environments differ.
    pub env_mismatch: Mismatch,
}

/// A whole `looptrace.toml`.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The file, for people.
    pub file: String,
    /// `[run]`.
    pub run: RunOptions,
    /// `[stats]`.
    pub stats: StatsOptions,
    /// `[[budget]]`, in order.
    pub budgets: Vec<Budget>,
    /// `[[allow]]`, in order.
    pub allowances: Vec<Allowance>,
}

impl Default for RunOptions {
    fn default() -> Self {
        Self {
            min_runs: 10,
            min_duration: 1.0,
            stall_threshold: 0.05,
            aggregate: Aggregate::Median,
        }
    }
}

impl Default for StatsOptions {
    fn default() -> Self {
        Self { alpha: 0.05, noise: None, max_runq_wait: 0.05, env_mismatch: Mismatch::Warn }
    }
}

impl Config {
    /// Reads a configuration; `file` is its name for people.
    ///
    /// # Errors
    /// The first mistake in it, with its place and what would be right.
    pub fn parse(text: &str, file: &str) -> Result<Self, ConfigError> {
        parse::config(text, file)
    }
}
