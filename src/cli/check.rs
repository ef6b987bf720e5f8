//! `looptrace check`: recordings against budgets, and against a baseline.

use std::path::PathBuf;

use clap::Args;

use super::exit::Exit;
use super::gate::budgets::{self, Budgets};
use super::gate::runs;
use super::gate::verdict::Saying;
use super::message::CliError;
use super::output;
use crate::analysis::check::{Clock, Inputs, METRICS, Scope, align, judge};

/// Check recordings against budgets, and against a baseline
///
/// Each file is one run. Absolute budgets (max) are checked with any number of runs, relative ones
/// (max_increase) need a baseline. Figures of wall-clock time are compared only if the runs of both
/// sides were recorded in turns, as `looptrace ab` does.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, after_long_help = EXAMPLES_AND_EXIT_CODES)]
pub struct Arguments {
    /// The recordings to judge, one per run
    #[arg(value_name = "FILE", required_unless_present = "list_metrics")]
    files: Vec<PathBuf>,
    /// The recordings to compare with, one per run
    #[arg(short, long, value_name = "FILE", num_args = 1..)]
    baseline: Vec<PathBuf>,
    #[command(flatten)]
    budgets: Budgets,
    #[command(flatten)]
    saying: Saying,
    /// Print what can be budgeted
    #[arg(long)]
    list_metrics: bool,
}

macro_rules! examples {
    () => {
        "\
Examples:
  looptrace check run.looptrace
  looptrace check head-*.looptrace --baseline base-*.looptrace
  looptrace check run.looptrace --format text,junit=check.xml,html=check.html
  looptrace check run.looptrace --format github
  looptrace check --list-metrics

What next: looptrace diff BASE HEAD; docs/ci.md tells how to gate merges"
    };
}

const EXAMPLES: &str = examples!();

const EXAMPLES_AND_EXIT_CODES: &str = concat!(
    examples!(),
    "

Exit codes:
  0  every budget of level error is kept, or inconclusive
  1  a budget of level error failed
  2  wrong usage, or a mistake in the budgets
  3  could not measure: a recording is missing, empty, too short, or without a loop
  4  inconclusive, with --fail-on-inconclusive"
);

/// Runs the command.
///
/// # Errors
///
/// The budgets have a mistake, or the recordings are of no use.
pub fn run(arguments: &Arguments) -> Result<Exit, CliError> {
    if arguments.list_metrics {
        return list_metrics();
    }
    arguments.saying.check()?;
    let rules = arguments.budgets.read()?;
    for (side, files) in [("", &arguments.files), ("baseline ", &arguments.baseline)] {
        if let Some(missing) = files.iter().find(|file| !file.exists()) {
            let message = format!("there is no such {side}recording: {}", missing.display());
            return Err(CliError::new(message).hint(if side.is_empty() {
                "record one: looptrace record -o run.looptrace -- python app.py"
            } else {
                "record one from the main branch, or compare both at once: \
                 looptrace ab --base 'CMD' --head 'CMD'"
            }));
        }
    }
    let mut head = runs::read(&arguments.files, &rules.config.run)?;
    let mut base = runs::read(&arguments.baseline, &rules.config.run)?;
    align([&mut base, &mut head]);
    let report = judge(Inputs {
        config: &rules.config,
        head: &head,
        base: &base,
        noise: rules.noise.as_ref().map(|(noise, file)| (noise, file.as_str())),
        today: budgets::today(),
    });
    arguments.saying.say(&report)
}

fn list_metrics() -> Result<Exit, CliError> {
    output::to_stdout(|out| {
        for metric in METRICS {
            let scope = match metric.scope {
                Scope::Run => "",
                Scope::Coroutine => "  [coroutine, top]",
                Scope::Stalls => "  [cause, at, test]",
                Scope::Locks => "  [at]",
            };
            let clock = match metric.clock {
                Clock::Cpu => "CPU",
                Clock::Blocked => "off CPU",
                Clock::Wall => "wall",
                Clock::None => "",
            };
            writeln!(out, "{:<34} {clock:<8} {}{scope}", metric.id, metric.about)?;
        }
        Ok(())
    })?;
    Ok(Exit::Done)
}
