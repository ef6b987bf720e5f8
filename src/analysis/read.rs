//! From a file to facts.

use std::path::Path;

use crate::recording::{Reader, RecordingError};

use super::facts::{Analysis, AnalysisOptions, Source};
use super::flame::{Flame, FlameBuilder, FlameOptions};
use super::pass::Analyzer;

/// The facts of the recording in a file, with the usual options.
///
/// # Errors
/// The file cannot be read or is no recording. One that was cut short is no error: the facts are
/// those of what is there, and say so.
pub fn analyze_file(path: &Path) -> Result<Analysis, RecordingError> {
    analyze_file_with(path, AnalysisOptions::default())
}

/// The facts of the recording in a file.
///
/// # Errors
/// As [`analyze_file`].
pub fn analyze_file_with(
    path: &Path,
    options: AnalysisOptions,
) -> Result<Analysis, RecordingError> {
    let mut reader = Reader::open(path)?;
    let mut analyzer = Analyzer::new(reader.meta().clone(), options);
    while let Some(event) = reader.next_event()? {
        analyzer.event(event);
    }
    Ok(analyzer.finish(source(&reader, path)))
}

/// Where the time of the recording in a file went.
///
/// # Errors
/// As [`analyze_file`].
pub fn flame_file(path: &Path, options: FlameOptions) -> Result<Flame, RecordingError> {
    let mut reader = Reader::open(path)?;
    let mut builder = FlameBuilder::new(reader.meta(), options);
    while let Some(event) = reader.next_event()? {
        builder.event(&event);
    }
    Ok(builder.finish(source(&reader, path)))
}

fn source(reader: &Reader, path: &Path) -> Source {
    Source {
        file: path.display().to_string(),
        truncated: reader.is_truncated(),
        lost_bytes: reader.lost_bytes(),
    }
}
