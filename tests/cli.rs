//! The command line as users and scripts see it: exit codes, messages, pipes.
#![cfg(test)]

#[path = "cli/check.rs"]
mod check;
#[path = "cli/doctor.rs"]
mod doctor;
#[path = "cli/live.rs"]
mod live;
#[path = "cli/record.rs"]
mod record;
#[path = "cli/report.rs"]
mod report;
#[path = "cli/support.rs"]
mod support;
#[path = "cli/usage.rs"]
mod usage;
