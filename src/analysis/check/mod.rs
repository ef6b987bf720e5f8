//! Budgets, and comparisons that a noisy machine does not fool. Pure: runs and a configuration in,
//! verdicts out.

mod align;
mod cause;
mod config;
mod environment;
mod figures;
mod growth;
mod judge;
mod metric;
mod noise;
mod place;
mod run;
pub mod stats;
mod suggest;
mod tests_seen;

pub use align::align;
pub use config::{
    Aggregate, Allowance, Budget, Config, ConfigError, Date, Level, Limit, Mismatch, RunOptions,
    StatsOptions,
};
pub use environment::{Difference, Environment, differences};
pub use figures::{Selection, value};
pub use judge::{
    Allowed, CheckReport, Effect, Figure, Guilty, Inputs, Outcome, Side, Verdict, interleaved,
    judge, percent,
};
pub use metric::{Clock, METRICS, Metric, Scope, Unit};
pub use noise::{Floor, NOISE_SCHEMA, Noise};
pub use place::{Pattern, Place};
pub use run::{CoroutineRun, LockRun, Run, StallRun};
