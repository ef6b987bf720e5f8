//! The command line: one file per command. The only part of looptrace that prints.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

pub mod ab;
mod attach;
pub mod calibrate;
pub mod check;
pub mod demo;
pub mod diff;
pub mod doctor;
pub mod dump;
pub mod duration;
pub mod exit;
pub mod export;
mod flame;
pub mod flamegraph;
mod gate;
pub mod init_ci;
pub mod launch;
pub mod live;
pub mod message;
pub mod output;
pub mod output_file;
mod python;
pub mod rate;
pub mod record;
mod recording_file;
mod refused;
pub mod report;
mod source;
pub mod stop;
pub mod units;
pub mod view;

pub use exit::Exit;
pub use message::{CliError, Hint};

/// See what every task and coroutine of a running Python program is doing.
///
/// looptrace reads asyncio programs from outside, without changing or stopping them.
#[derive(Debug, Parser)]
#[command(name = "looptrace", version, propagate_version = true, max_term_width = 100)]
#[command(after_help = EXAMPLES, after_long_help = EXAMPLES_AND_EXIT_CODES)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

macro_rules! examples {
    () => {
        "\
Examples:
  looptrace demo                            try it without a program of your own
  looptrace dump --pid 4242                 every task of process 4242, now
  looptrace record --pid 4242 -d 30s        record it for 30 seconds
  looptrace record -- python app.py         start a program and record it
  looptrace report FILE                     show what was recorded
  looptrace flamegraph FILE -o out.svg      draw it
  looptrace view FILE                       explore it in a window
  looptrace check run.looptrace             check it against budgets
  looptrace ab --base 'CMD' --head 'CMD'    compare two versions of a program
  looptrace doctor 4242                     say what attaching to it needs"
    };
}

const EXAMPLES: &str =
    concat!(examples!(), "\n\n`looptrace help COMMAND` tells more about a command.");

const EXAMPLES_AND_EXIT_CODES: &str = concat!(
    examples!(),
    "

Exit codes:
  0  done (also after Ctrl-C and when the target exits)
  1  a budget failed
  2  wrong usage
  3  could not measure or read
  4  inconclusive
  record -- COMMAND passes the command's own exit code on (128 + signal), and exits
  with 125 when looptrace itself could not do its part.

`looptrace help COMMAND` tells more about a command."
);

#[derive(Debug, Subcommand)]
enum Command {
    Record(record::Arguments),
    Dump(dump::Arguments),
    Report(report::Arguments),
    Flamegraph(flamegraph::Arguments),
    Export(export::Arguments),
    Check(check::Arguments),
    Ab(ab::Arguments),
    Calibrate(calibrate::Arguments),
    Diff(diff::Arguments),
    InitCi(init_ci::Arguments),
    Doctor(doctor::Arguments),
    Demo(demo::Arguments),
    View(view::Arguments),
}

/// Runs the command that `args` (the program's name first) ask for.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    match Arguments::try_parse_from(args) {
        Ok(Arguments { command: Some(command) }) => finish(run(&command)),
        Ok(Arguments { command: None }) => finish(output::help(&mut Arguments::command())),
        Err(error) => usage(&error),
    }
}

fn run(command: &Command) -> Result<Exit, CliError> {
    match command {
        Command::Record(arguments) => record::run(arguments),
        Command::Dump(arguments) => dump::run(arguments),
        Command::Report(arguments) => report::run(arguments),
        Command::Flamegraph(arguments) => flamegraph::run(arguments),
        Command::Export(arguments) => export::run(arguments),
        Command::Check(arguments) => check::run(arguments),
        Command::Ab(arguments) => ab::run(arguments),
        Command::Calibrate(arguments) => calibrate::run(arguments),
        Command::Diff(arguments) => diff::run(arguments),
        Command::InitCi(arguments) => init_ci::run(arguments),
        Command::Doctor(arguments) => doctor::run(arguments),
        Command::Demo(arguments) => demo::run(arguments),
        Command::View(arguments) => view::run(arguments),
    }
}

fn finish(result: Result<Exit, CliError>) -> ExitCode {
    match result {
        Ok(exit) => exit.into(),
        Err(error) => {
            message::print_error(&error);
            error.exit.into()
        }
    }
}

/// clap's own messages: help and version go to stdout, the rest to stderr.
fn usage(error: &clap::Error) -> ExitCode {
    let asked_for = !error.use_stderr();
    match error.print() {
        Err(io) if io.kind() != std::io::ErrorKind::BrokenPipe => Exit::Unmeasurable.into(),
        _ if asked_for => Exit::Done.into(),
        _ => Exit::Usage.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_command_and_option_has_help() {
        let command = Arguments::command();
        for sub in command.get_subcommands() {
            assert!(sub.get_about().is_some(), "{}", sub.get_name());
            assert!(sub.get_after_help().is_some(), "{} lacks examples", sub.get_name());
            for argument in sub.get_arguments() {
                assert!(argument.get_help().is_some(), "{} {}", sub.get_name(), argument.get_id());
            }
        }
    }
}
