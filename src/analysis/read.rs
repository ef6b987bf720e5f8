//! From a file to facts.

use std::path::Path;

use crate::recording::{Reader, RecordingError};

use super::facts::{Analysis, AnalysisOptions, Source};
use super::flame::{Flame, FlameBuilder, FlameOptions};
use super::pass::Analyzer;
use super::source::SourceLines;
use super::timeline::{Timeline, TimelineBuilder};

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

/// The facts of the recording in a file, and those that only the program's source can tell: awaits
/// that could run side by side. `source_at` is given the wall time at which the recording began.
///
/// # Errors
/// As [`analyze_file`].
pub fn analyze_file_reading<S: SourceLines>(
    path: &Path,
    options: AnalysisOptions,
    source_at: impl FnOnce(u64) -> S,
) -> Result<Analysis, RecordingError> {
    let mut reader = Reader::open(path)?;
    let lines = source_at(reader.meta().anchor.wall_start_ns);
    let mut analyzer = Analyzer::new(reader.meta().clone(), options).with_awaits();
    while let Some(event) = reader.next_event()? {
        analyzer.event(event);
    }
    Ok(analyzer.finish_reading(source(&reader, path), &lines))
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

/// The facts of the recording in a file, and its timeline, in one pass.
///
/// # Errors
/// As [`analyze_file`].
pub fn timeline_file(path: &Path) -> Result<(Analysis, Timeline), RecordingError> {
    let mut reader = Reader::open(path)?;
    let mut analyzer = Analyzer::new(reader.meta().clone(), AnalysisOptions::default());
    let mut builder = TimelineBuilder::new(reader.meta());
    while let Some(event) = reader.next_event()? {
        // A definition must be known to both before it is used.
        analyzer.event(event.clone());
        builder.event(&event, analyzer.dictionary());
    }
    let timeline = builder.finish(analyzer.dictionary());
    Ok((analyzer.finish(source(&reader, path)), timeline))
}

fn source(reader: &Reader, path: &Path) -> Source {
    Source {
        file: path.display().to_string(),
        truncated: reader.is_truncated(),
        flaw: reader.flaw(),
        lost_bytes: reader.lost_bytes(),
    }
}
