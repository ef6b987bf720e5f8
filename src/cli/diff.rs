//! `looptrace diff`: what differs between two recordings.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::exit::Exit;
use super::flame::to_file;
use super::message::{self, CliError};
use super::{duration, output, output_file, rate, recording_file};
use crate::analysis::check::Run;
use crate::analysis::diff::{Diff, Half};
use crate::analysis::flame::{FlameOptions, FlameStates};
use crate::analysis::{AnalysisOptions, analyze_file_with, flame_file};
use crate::{export, model, report};

/// Show what differs between two recordings
///
/// Figures, stalls by guilty function, coroutines, and what tasks waited for; all per minute recorded,
/// so that the recordings need not be equally long.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// The recording to compare with
    #[arg(value_name = "BEFORE")]
    before: PathBuf,
    /// The other one
    #[arg(value_name = "AFTER")]
    after: PathBuf,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    format: Format,
    /// The most entries of each list, in text
    #[arg(long, value_name = "N", default_value = "10", value_parser = rate::entries)]
    limit: usize,
    /// Draw a differential flame graph: as wide as AFTER, red where it grew
    #[arg(long, value_name = "FILE")]
    flamegraph: Option<PathBuf>,
    /// Overwrite the picture if it exists
    #[arg(long)]
    force: bool,
    /// The shortest stall that counts, such as 10ms
    #[arg(long, value_name = "TIME", default_value = "50ms", value_parser = duration::length)]
    stall_threshold: Duration,
}

const EXAMPLES: &str = "\
Examples:
  looptrace diff before.looptrace after.looptrace
  looptrace diff before.looptrace after.looptrace --flamegraph diff.svg
  looptrace diff before.looptrace after.looptrace --format json | jq '.stalls[0]'

What next: looptrace ab tells differences from noise";

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
/// A recording cannot be read, or something cannot be written.
pub fn run(arguments: &Arguments) -> Result<Exit, CliError> {
    if let Some(picture) = &arguments.flamegraph {
        output_file::check(picture, arguments.force)?;
    }
    let before = half(&arguments.before, arguments.stall_threshold)?;
    let after = half(&arguments.after, arguments.stall_threshold)?;
    let diff = Diff::between(before, after);
    output::to_stdout(|mut out| match arguments.format {
        Format::Text => {
            report::diff::text(&diff, arguments.limit, output::stdout_style(), &mut out)
        }
        Format::Json => report::diff::json(&diff, &mut out),
    })?;
    if let Some(picture) = &arguments.flamegraph {
        let flame = |file: &Path| {
            flame_file(file, FlameOptions::default())
                .map_err(|error| recording_file::unreadable(&error))
        };
        let (before, after) = (flame(&arguments.before)?, flame(&arguments.after)?);
        to_file(picture, arguments.force, |mut out| {
            export::differential(&before, &after, &mut out)
        })?;
        message::note(&format!("wrote {} (open it in a browser)", picture.display()));
    }
    Ok(Exit::Done)
}

fn half(file: &Path, stall_threshold: Duration) -> Result<Half, CliError> {
    let nanos = u64::try_from(stall_threshold.as_nanos()).unwrap_or(u64::MAX);
    let options = AnalysisOptions { stall_threshold: model::Duration::from_nanos(nanos) };
    let unreadable = |error| recording_file::unreadable(&error);
    let analysis = analyze_file_with(file, options).map_err(unreadable)?;
    recording_file::warn_if_cut(&analysis.source);
    let waiting = FlameOptions { states: FlameStates::Waiting, ..FlameOptions::default() };
    let waiting = flame_file(file, waiting).map_err(unreadable)?;
    Ok(Half::new(Run::of(&analysis), &waiting))
}
