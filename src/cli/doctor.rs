//! `looptrace doctor`: what attaching needs, what is there, and what mends it.

use std::io::{self, Write};

use clap::{Args, ValueEnum};
use serde::Serialize;

use self::check::{Check, Verdict};
use super::exit::Exit;
use super::message::CliError;
use super::output;

mod check;
mod machine;
mod switches;
mod target;

/// Check everything that attaching to a program needs
///
/// Shows each precondition with its present value, the value that is needed, and the command
/// that mends it. Nothing is changed, and the program is not stopped.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// The process to attach to; without one, this machine alone is checked
    #[arg(value_name = "PID", value_parser = clap::value_parser!(u32).range(1..))]
    pid: Option<u32>,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    format: Format,
}

const EXAMPLES: &str = "\
Examples:
  looptrace doctor                  check this machine
  looptrace doctor 4242             check attaching to process 4242
  looptrace doctor 4242 --format json | jq '.checks[] | select(.verdict != \"ok\")'

Exits with 0 when attaching works and with 3 when it does not.";

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For programs
    Json,
}

#[derive(Debug, Serialize)]
struct Report {
    schema: &'static str,
    pid: Option<u32>,
    works: bool,
    checks: Vec<Check>,
}

/// Runs the command.
///
/// # Errors
///
/// Stdout cannot be written.
pub fn run(arguments: &Arguments) -> Result<Exit, CliError> {
    let mut found = machine::checks();
    if let Some(pid) = arguments.pid {
        found.extend(target::checks(pid));
    }
    let works = found.iter().all(|check| check.verdict != Verdict::Failed);
    let report = Report { schema: "looptrace.doctor/1", pid: arguments.pid, works, checks: found };
    let colour = output::stdout_colour();
    output::to_stdout(|out| match arguments.format {
        Format::Text => text(&report, colour, out),
        Format::Json => json(&report, out),
    })?;
    Ok(if works { Exit::Done } else { Exit::Unmeasurable })
}

fn json(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, report)?;
    writeln!(out)
}

fn text(report: &Report, colour: bool, out: &mut dyn Write) -> io::Result<()> {
    let width = report.checks.iter().map(|check| check.name.len()).max().unwrap_or(0);
    for check in &report.checks {
        let (mark, code) = match check.verdict {
            Verdict::Ok => ("ok     ", "32"),
            Verdict::Warning => ("warning", "33"),
            Verdict::Failed => ("FAILED ", "31"),
            Verdict::Unknown => ("unknown", "33"),
        };
        let mark = if colour { format!("\x1b[{code}m{mark}\x1b[0m") } else { mark.to_owned() };
        writeln!(out, "{mark}  {:width$}  {}", check.name, check.present)?;
        if check.verdict != Verdict::Ok {
            let indent = " ".repeat(width + 11);
            writeln!(out, "{indent}needed: {}", check.needed)?;
            for fix in &check.fixes {
                writeln!(out, "{indent}fix: {fix}")?;
            }
        }
    }
    let verdict = match (report.works, report.pid) {
        (true, Some(pid)) => format!("attaching to {pid} works"),
        (true, None) => "attaching works on this machine; give a PID to check a program".to_owned(),
        (false, Some(pid)) => format!("attaching to {pid} does not work"),
        (false, None) => "attaching does not work on this machine".to_owned(),
    };
    writeln!(out, "\n{verdict}")
}
