//! Opening recordings for the commands that read them.

use std::path::Path;

use super::message::{self, CliError};
use super::source::SourceFiles;
use crate::analysis::{self, Analysis, AnalysisOptions, Source};
use crate::recording::{Flaw, RecordingError};

/// All facts of a recording. Says so if it is cut short.
///
/// # Errors
///
/// It cannot be read, or is no recording.
pub(super) fn analyze(path: &Path, options: AnalysisOptions) -> Result<Analysis, CliError> {
    checked(analysis::analyze_file_with(path, options))
}

/// The same, with what the program's source tells; it lies in `root`, if the program had another
/// root directory.
///
/// # Errors
///
/// As [`analyze`].
pub(super) fn analyze_with_source(
    path: &Path,
    options: AnalysisOptions,
    root: Option<&Path>,
) -> Result<Analysis, CliError> {
    checked(analysis::analyze_file_reading(path, options, |at| SourceFiles::new(at, root)))
}

fn checked(analysis: Result<Analysis, RecordingError>) -> Result<Analysis, CliError> {
    let analysis = analysis.map_err(|error| unreadable(&error))?;
    warn_if_cut(&analysis.source);
    Ok(analysis)
}

/// Says that a recording is cut short.
pub(super) fn warn_if_cut(source: &Source) {
    if source.truncated {
        message::warn(&format!(
            "{}; everything before is shown: {}",
            source.flaw.unwrap_or(Flaw::Cut),
            source.file
        ));
    }
}

/// The message for a recording that cannot be read.
pub(super) fn unreadable(error: &RecordingError) -> CliError {
    let mut shown = CliError::new(error.to_string()).because(std::error::Error::source(error));
    shown.hints = error.hints();
    shown
}
