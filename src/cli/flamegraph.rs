//! `looptrace flamegraph`: a recording as a picture.

use std::path::{Path, PathBuf};

use clap::Args;

use super::exit::Exit;
use super::flame::{Destination, Part, to_file};
use super::message::{self, CliError};
use crate::export;

/// Draw a flame graph of a recording, by task
///
/// Each column is a stack weighted by time: the task's name and its await chain, and above them
/// the synchronous stack. The SVG is interactive in a browser.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// The recording
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    part: Part,
    #[command(flatten)]
    destination: Destination,
}

const EXAMPLES: &str = "\
Examples:
  looptrace flamegraph slow.looptrace -o out.svg
  looptrace flamegraph slow.looptrace --state waiting -o waits.svg
  looptrace flamegraph slow.looptrace --task 'worker-*' --from 10s --to 12s -o workers.svg
  looptrace flamegraph slow.looptrace -o - > out.svg

Without -o the picture is written beside the recording, with the ending .svg.";

/// Runs the command.
///
/// # Errors
///
/// The recording cannot be read, or the picture cannot be written.
pub fn run(arguments: &Arguments) -> Result<Exit, CliError> {
    let destination =
        Destination { output: Some(arguments.output()), force: arguments.destination.force };
    destination.check()?;
    let flame = arguments.part.read(&arguments.file, false)?;
    let states = arguments.part.states();
    destination.write(|mut out| export::svg(&flame, states, &mut out))?;
    arguments.part.warn_if_empty(&flame);
    if let Some(file) = destination.file() {
        message::note(&format!("wrote {} (open it in a browser)", file.display()));
    }
    Ok(Exit::Done)
}

impl Arguments {
    fn output(&self) -> PathBuf {
        let beside = || self.file.with_extension("svg");
        self.destination.output.clone().unwrap_or_else(beside)
    }
}

/// Draws what ran in a recording.
///
/// # Errors
///
/// As [`run`].
pub fn write(recording: &Path, picture: &Path) -> Result<(), CliError> {
    let part = Part::default();
    let flame = part.read(recording, false)?;
    to_file(picture, false, |mut out| export::svg(&flame, part.states(), &mut out))
}
