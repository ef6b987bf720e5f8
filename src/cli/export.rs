//! `looptrace export`: a recording in the formats of other tools.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::exit::Exit;
use super::flame::{Destination, Part};
use super::message::{self, CliError};
use super::recording_file;
use crate::analysis::timeline_file;
use crate::export;

/// Convert a recording for other tools
///
/// collapsed: one line per stack and its nanoseconds, for flamegraph.pl, inferno and others.
/// speedscope: for <https://www.speedscope.app>.
/// perfetto: tasks as tracks, await edges as flows, stalls with stacks, for <https://ui.perfetto.dev>.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// The recording
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The format
    #[arg(long, value_enum, value_name = "FORMAT")]
    format: Format,
    #[command(flatten)]
    part: Part,
    #[command(flatten)]
    destination: Destination,
}

const EXAMPLES: &str = "\
Examples:
  looptrace export slow.looptrace --format speedscope -o slow.speedscope.json
  looptrace export slow.looptrace --format perfetto -o slow.pftrace
  looptrace export slow.looptrace --format collapsed | inferno-flamegraph > out.svg
  looptrace export slow.looptrace --format collapsed --state waiting --task 'worker-*'

Without -o the data goes to stdout.";

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Folded stacks, one per line
    Collapsed,
    /// speedscope's own JSON
    Speedscope,
    /// A Perfetto trace; always the whole recording
    Perfetto,
}

/// Runs the command.
///
/// # Errors
///
/// The recording cannot be read, or the output cannot be written.
pub fn run(arguments: &Arguments) -> Result<Exit, CliError> {
    arguments.destination.check()?;
    if arguments.format == Format::Perfetto {
        perfetto(arguments)?;
    } else {
        let in_order = arguments.format == Format::Speedscope;
        let flame = arguments.part.read(&arguments.file, in_order)?;
        arguments.destination.write(|mut out| {
            if in_order {
                export::speedscope(&flame, &mut out)
            } else {
                export::collapsed(&flame, &mut out)
            }
        })?;
        arguments.part.warn_if_empty(&flame);
    }
    if let Some(file) = arguments.destination.file() {
        message::note(&format!("wrote {}", file.display()));
    }
    Ok(Exit::Done)
}

fn perfetto(arguments: &Arguments) -> Result<(), CliError> {
    if !arguments.part.is_all() {
        return Err(CliError::usage("a Perfetto trace always holds the whole recording")
            .hint("leave out --state, --task, --from and --to; Perfetto can search and zoom"));
    }
    let (analysis, timeline) =
        timeline_file(&arguments.file).map_err(|error| recording_file::unreadable(&error))?;
    recording_file::warn_if_cut(&analysis.source);
    arguments.destination.write(|mut out| export::perfetto(&analysis, &timeline, &mut out))
}
