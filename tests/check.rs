//! Budgets and comparisons: statistics, configurations, verdicts, and everything they are said in.
#![cfg(test)]

#[path = "check/config.rs"]
mod config;
#[path = "check/outputs.rs"]
mod outputs;
#[path = "check/runs.rs"]
mod runs;
#[path = "check/stats.rs"]
mod stats;
#[path = "check/verdicts.rs"]
mod verdicts;
