//! `looptrace dump`: one look at every task and thread of a program.

use std::io;

use clap::{Args, ValueEnum};

use super::exit::Exit;
use super::message::{self, CliError};
use super::{attach, output};
use crate::report::dump::{self, TreeOptions};
use crate::sampler::{self, DumpConfig};

/// Show what every task of a running program is doing, now
///
/// One look: a tree of tasks with their coroutines and the tasks they await, threads with their
/// stacks, several event loops if there are several. The program is neither changed nor stopped.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// The process to look at
    #[arg(short, long, value_parser = clap::value_parser!(u32).range(1..))]
    pid: u32,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Tree, value_name = "FORMAT")]
    format: Format,
    /// The most entries of each list: tasks, threads, loops, cycles [default: all]
    #[arg(long, value_name = "N", value_parser = super::rate::entries)]
    limit: Option<usize>,
    /// In the tree, show every task even where many look the same
    #[arg(long)]
    all: bool,
    /// Pause the program for the look: everything is from the same instant
    #[arg(long)]
    blocking: bool,
    /// Read interpreters whose memory layout was never verified on a running one
    #[arg(long)]
    force_unverified: bool,
}

const EXAMPLES: &str = "\
Examples:
  looptrace dump --pid 4242
  looptrace dump --pid 4242 --format table | sort -k4
  looptrace dump --pid 4242 --format json | jq '.tasks[] | select(.state == \"ready\")'";

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Tasks as a tree: who awaits whom
    Tree,
    /// One line per task
    Table,
    /// For programs
    Json,
}

/// Runs the command.
///
/// # Errors
///
/// The program cannot be read, or stdout cannot be written.
pub fn run(arguments: &Arguments) -> Result<Exit, CliError> {
    let pid = arguments.pid;
    let config =
        DumpConfig { blocking: arguments.blocking, force_unverified: arguments.force_unverified };
    let mut snapshot = sampler::snapshot(pid, &config).map_err(|error| attach::failed(&error))?;
    if let Some(limit) = arguments.limit {
        if snapshot.tasks.len() > limit {
            message::note(&format!("showing {limit} of {} tasks", snapshot.tasks.len()));
        }
        snapshot.tasks.truncate(limit);
        snapshot.threads.truncate(limit);
        snapshot.loops.truncate(limit);
        snapshot.cycles.truncate(limit);
    }
    let style = output::stdout_style();
    output::to_stdout(|mut out| -> io::Result<()> {
        match arguments.format {
            Format::Tree => {
                dump::tree(&snapshot, TreeOptions { all: arguments.all }, style, &mut out)
            }
            Format::Table => dump::table(&snapshot, style, &mut out),
            Format::Json => dump::json(&snapshot, &mut out),
        }
    })?;
    if arguments.format != Format::Json && snapshot.targets.iter().all(|view| !view.has_asyncio) {
        message::warn("asyncio was not imported: there are threads and their stacks only");
    }
    Ok(Exit::Done)
}
