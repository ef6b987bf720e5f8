//! Recordings as runs, and those that are good for nothing.

use std::path::{Path, PathBuf};

use super::super::message::CliError;
use super::super::recording_file;
use super::budgets::unmeasurable;
use crate::analysis::check::{Run, RunOptions};
use crate::analysis::{AnalysisOptions, analyze_file_with};
use crate::model::Duration;

/// Reads the recordings of one side.
///
/// # Errors
///
/// One cannot be read, holds nothing, no event loop, or too little; exit code 3.
pub(in super::super) fn read(
    files: &[PathBuf],
    options: &RunOptions,
) -> Result<Vec<Run>, CliError> {
    files.iter().map(|file| one(file, options)).collect()
}

fn one(file: &Path, options: &RunOptions) -> Result<Run, CliError> {
    let analysis = analyze_file_with(file, analysis_options(options))
        .map_err(|error| recording_file::unreadable(&error))?;
    let run = Run::of(&analysis);
    usable(&run, options)?;
    Ok(run)
}

/// How recordings are looked at.
pub(in super::super) fn analysis_options(options: &RunOptions) -> AnalysisOptions {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates")]
    let nanos = (options.stall_threshold * 1e9) as u64;
    AnalysisOptions { stall_threshold: Duration::from_nanos(nanos.max(1)) }
}

/// Refuses a run that says nothing.
fn usable(run: &Run, options: &RunOptions) -> Result<(), CliError> {
    let Run { file, seconds, .. } = run;
    let cut = if run.truncated { " before it was cut short" } else { "" };
    if run.samples == 0 && run.loops == 0 {
        return Err(unmeasurable(
            format!("the recording holds no look at the program{cut}: {file}"),
            "the program ended before it could be read, or was not the Python process; record it \
             again, for longer",
        ));
    }
    if run.loops == 0 {
        return Err(unmeasurable(
            format!("no event loop ran in the {seconds:.1} s recorded{cut}: {file}"),
            "the program never started its loop while it was recorded; with workers or launchers \
             record their children too: --subprocesses",
        ));
    }
    if *seconds < options.min_duration {
        return Err(unmeasurable(
            format!(
                "the recording is {seconds:.2} s long{cut}, budgets need {:.1} s: {file}",
                options.min_duration
            ),
            "record for longer, or lower min_duration in [run]",
        ));
    }
    Ok(())
}
