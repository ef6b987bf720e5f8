//! Data for programs and people, on stdout.

use std::env;
use std::io::{self, BufWriter, IsTerminal as _, Write};

use super::exit::Exit;
use super::message::CliError;
use crate::report::Style;

/// Whether colour may be used on a stream: on terminals that know it, unless `NO_COLOR` is set.
#[must_use]
pub fn colour_wanted(is_terminal: bool) -> bool {
    let set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    let dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
    is_terminal && !set("NO_COLOR") && !dumb
}

/// Whether colour may be used on stdout.
#[must_use]
pub fn stdout_colour() -> bool {
    colour_wanted(io::stdout().is_terminal())
}

/// How text on stdout looks, fitted to the terminal.
#[must_use]
pub fn stdout_style() -> Style {
    let size = terminal_size::terminal_size_of(io::stdout());
    let width = size.map_or(Style::PLAIN.width, |(width, _)| usize::from(width.0).max(40));
    Style { color: stdout_colour(), width }
}

/// Writes to stdout with `write`. A reader that has seen enough (`looptrace … | head`) is no
/// error: it ends the command quietly and well.
///
/// # Errors
///
/// Any other failure to write.
pub fn to_stdout(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), CliError> {
    let mut stdout = BufWriter::new(io::stdout().lock());
    match write(&mut stdout).and_then(|()| stdout.flush()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
            // What is left in the buffer would fail again when it is dropped.
            drop(stdout.into_parts());
            Ok(())
        }
        Err(error) => Err(CliError::new("cannot write to stdout")
            .because(&error as &dyn std::error::Error)
            .hint("check that the disk is not full, or send the output elsewhere")),
    }
}

/// Prints the long help of a command.
pub(super) fn help(command: &mut clap::Command) -> Result<Exit, CliError> {
    let help = command.render_long_help();
    let colour = stdout_colour();
    to_stdout(|out| if colour { write!(out, "{}", help.ansi()) } else { write!(out, "{help}") })?;
    Ok(Exit::Done)
}
