//! `looptrace report`: what a recording holds.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::exit::Exit;
use super::message::CliError;
use super::{output, rate, recording_file};
use crate::report::{self, TextOptions};

/// Show what was recorded: loops, tasks, coroutines, hottest stacks
///
/// Per event loop busy and idle time; per task and per coroutine the time running, ready and
/// waiting; the heaviest stacks under their await chains; and what was missed.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// The recording
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    format: Format,
    /// The most entries of each list [default: 20 in text, all in JSON]
    #[arg(long, value_name = "N", value_parser = rate::entries)]
    limit: Option<usize>,
}

const EXAMPLES: &str = "\
Examples:
  looptrace report slow.looptrace
  looptrace report slow.looptrace --limit 5
  looptrace report slow.looptrace --format json | jq '.coroutines[0]'

What next: looptrace flamegraph FILE -o out.svg";

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For programs
    Json,
}

/// Runs the command.
///
/// # Errors
///
/// The recording cannot be read, or stdout cannot be written.
pub fn run(arguments: &Arguments) -> Result<Exit, CliError> {
    match arguments.format {
        Format::Text => print_text(&arguments.file, arguments.limit)?,
        Format::Json => {
            let analysis = recording_file::analyze(&arguments.file)?;
            output::to_stdout(|mut out| report::json(&analysis, arguments.limit, &mut out))?;
        }
    }
    Ok(Exit::Done)
}

/// Prints the report for people.
///
/// # Errors
///
/// As [`run`].
pub(super) fn print_text(file: &Path, limit: Option<usize>) -> Result<(), CliError> {
    let analysis = recording_file::analyze(file)?;
    let options = limit.map_or_else(TextOptions::default, |limit| TextOptions { limit });
    let style = output::stdout_style();
    output::to_stdout(|mut out| report::text(&analysis, options, style, &mut out))
}
