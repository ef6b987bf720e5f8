//! `looptrace report`: what a recording holds.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::exit::Exit;
use super::message::CliError;
use super::source::SourceFiles;
use super::{duration, output, rate, recording_file};
use crate::analysis::flame::Glob;
use crate::analysis::path::critical_path;
use crate::analysis::{Analysis, AnalysisOptions, task_name, timeline_file};
use crate::model::Duration;
use crate::report::{self, TextOptions};

/// Show what was recorded: stalls and their causes, loops, tasks, coroutines, hottest stacks
///
/// Every stall of an event loop with its cause, its place, and whom it held up; per event loop busy
/// and idle time and lag; per task and per coroutine the time running, ready and
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
    /// Only where the time of this task went: its name or number, or the first it matches with *
    #[arg(long, value_name = "TASK")]
    task: Option<String>,
    /// The shortest stall to show
    #[arg(long, value_name = "TIME", value_parser = duration::length, default_value = "50ms")]
    stall_threshold: std::time::Duration,
    /// Also look for awaits that could run side by side, in the program's source on this machine
    #[arg(long, conflicts_with = "task")]
    independent_awaits: bool,
    /// The root directory that the program had, if not this machine's: a container's
    #[arg(long, value_name = "DIR")]
    source_root: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  looptrace report slow.looptrace
  looptrace report slow.looptrace --limit 5
  looptrace report slow.looptrace --stall-threshold 10ms
  looptrace report slow.looptrace --task checkout-17
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
    let threshold = u64::try_from(arguments.stall_threshold.as_nanos()).unwrap_or(u64::MAX);
    let options = AnalysisOptions { stall_threshold: Duration::from_nanos(threshold) };
    let root = arguments.source_root.as_deref();
    if let Some(wanted) = &arguments.task {
        return path(&arguments.file, wanted, arguments.format);
    }
    let analysis = if arguments.independent_awaits {
        recording_file::analyze_with_source(&arguments.file, options, root)?
    } else {
        recording_file::analyze(&arguments.file, options)?
    };
    match arguments.format {
        Format::Text => print_text(&analysis, arguments.limit, root)?,
        Format::Json => {
            output::to_stdout(|mut out| report::json(&analysis, arguments.limit, &mut out))?;
        }
    }
    Ok(Exit::Done)
}

/// Prints the report for people.
///
/// # Errors
///
/// Stdout cannot be written.
pub(super) fn print_text(
    analysis: &Analysis,
    limit: Option<usize>,
    root: Option<&Path>,
) -> Result<(), CliError> {
    let source = SourceFiles::new(analysis.meta.anchor.wall_start_ns, root);
    let options = limit.map_or_else(TextOptions::default, |limit| TextOptions { limit });
    let style = output::stdout_style();
    output::to_stdout(|mut out| report::text(analysis, options, style, &source, &mut out))
}

/// Prints where the time of one task went.
fn path(file: &Path, wanted: &str, format: Format) -> Result<Exit, CliError> {
    let (analysis, timeline) =
        timeline_file(file).map_err(|error| recording_file::unreadable(&error))?;
    recording_file::warn_if_cut(&analysis.source);
    let glob = Glob::new(wanted);
    let found = analysis.tasks.iter().find(|time| {
        let name = task_name(&analysis.dictionary, time.id);
        name.is_some_and(|name| glob.matches(name)) || time.id.to_string() == wanted
    });
    let Some(time) = found else {
        return Err(CliError::usage(format!("no task {wanted} in {}", file.display()))
            .hint(format!("see which there are: looptrace report {}", file.display())));
    };
    let path = critical_path(&timeline, &analysis.dictionary, &analysis.stalls, time.id);
    let style = output::stdout_style();
    output::to_stdout(|mut out| match format {
        Format::Text => report::path_text(&analysis, time.id, &path, style, &mut out),
        Format::Json => report::path_json(&analysis, time.id, &path, &mut out),
    })?;
    Ok(Exit::Done)
}
