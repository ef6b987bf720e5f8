//! `looptrace record`: records a running program, or one that it starts.

use std::cell::RefCell;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use clap::{Args, ValueEnum};

use super::exit::Exit;
use super::launch::Launched;
use super::live::{self, Live};
use super::message::{self, CliError};
use super::{attach, duration, output_file, rate, stop, units};
use crate::model::{self, EndReason};
use crate::sampler::{LiveStall, Outcome, Progress, Session, SessionConfig};

/// Record what a program's tasks and threads do over time
///
/// Attaches to a running program, or starts one. The program is read from outside; it is neither
/// changed nor stopped. The recording ends at Ctrl-C, at the duration, or when the program exits,
/// and the file is complete in every case.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, after_long_help = EXAMPLES_AND_LAUNCHING)]
#[command(override_usage = USAGE)]
#[command(group = clap::ArgGroup::new("target").required(true).args(["pid", "command"]))]
pub struct Arguments {
    /// Record the running process with this pid
    #[arg(short, long, value_parser = clap::value_parser!(u32).range(1..))]
    pid: Option<u32>,
    /// Start this command and record it until it exits
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
    /// Write to this file [default: looptrace-PID-YYYYMMDD-HHMMSS.looptrace, in UTC]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Overwrite the file if it exists
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    how: How,
    /// When to show how it goes
    #[arg(long, value_enum, default_value_t = ShowProgress::Auto, value_name = "WHEN")]
    progress: ShowProgress,
    /// Say nothing but errors
    #[arg(short, long)]
    quiet: bool,
}

#[derive(Debug, Args)]
struct How {
    /// End after this time, such as 10, 10s, 500ms, 2m or 1h (a bare number is seconds)
    #[arg(short, long, value_name = "TIME", value_parser = duration::length,
          allow_hyphen_values = true)]
    duration: Option<Duration>,
    /// Samples of each event loop's thread per second, 1 to 1000000
    #[arg(short, long, value_name = "HZ", default_value = "1000", value_parser = rate::samples,
          allow_hyphen_values = true)]
    rate: u32,
    /// Censuses of all tasks per second, 0 (only one at the start) to 20000
    #[arg(long, value_name = "HZ", default_value = "20", value_parser = rate::censuses,
          allow_hyphen_values = true)]
    census_rate: u32,
    /// Record child processes and workers too, as they come and go
    #[arg(long)]
    subprocesses: bool,
    /// Pause the program for each sample: no sample is torn, but the program slows down
    #[arg(long)]
    blocking: bool,
    /// A callback that runs longer than this is a stall: its loop's queues are looked at, and a line
    /// tells of it when it is over
    #[arg(long, value_name = "TIME", default_value = "50ms", value_parser = duration::length,
          allow_hyphen_values = true)]
    stall_threshold: Duration,
    /// Do not print a line for each stall
    #[arg(long)]
    no_stall_lines: bool,
    /// Do without the kernel's stream of context switches, as where it is not granted
    #[arg(long)]
    no_kernel_stream: bool,
    /// What the recorder itself may use, in percent of one core; rates adapt to it
    #[arg(long, value_name = "PERCENT", value_parser = rate::percent, allow_hyphen_values = true)]
    max_cpu: Option<f64>,
    /// Leave out command lines, paths outside code, peers and task names
    #[arg(long)]
    redact: bool,
    /// Read interpreters whose memory layout was never verified on a running one
    #[arg(long)]
    force_unverified: bool,
}

/// When to show progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ShowProgress {
    /// With --pid; not with a command, which writes to the same terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

const USAGE: &str = "\
looptrace record [OPTIONS] --pid PID
       looptrace record [OPTIONS] -- COMMAND [ARGUMENT]...";

macro_rules! examples {
    () => {
        "\
Examples:
  looptrace record --pid 4242                    until Ctrl-C
  looptrace record --pid 4242 -d 30s -o slow.looptrace
  looptrace record -- python app.py --port 80    start a program and record it
  looptrace record --subprocesses -- gunicorn app:app
  looptrace record --pid 4242 --rate 5000 --max-cpu 10

What next: looptrace report FILE"
    };
}

const EXAMPLES: &str = examples!();

const EXAMPLES_AND_LAUNCHING: &str = concat!(
    examples!(),
    "

A command's standard streams, signals and exit code pass through looptrace: Ctrl-C
reaches the command, and looptrace records until it exits. With --duration the
recording ends earlier and the command goes on. looptrace exits with the command's
code (128 + signal), or with 125 when it could not start or record it."
);

/// The threshold by default.
pub(super) const STALL_THRESHOLD: model::Duration = model::Duration::from_nanos(50_000_000);

fn nanos(length: Duration) -> model::Duration {
    model::Duration::from_nanos(u64::try_from(length.as_nanos()).unwrap_or(u64::MAX))
}

/// A session sees the end of its program by itself. One that goes on for more progress reports
/// than this follows children that the program left behind, and is ended.
const OVERTIME: u32 = 2;

/// Runs the command.
///
/// # Errors
///
/// The program cannot be started or read, or the file cannot be written. With a command the exit
/// code is then 125.
pub fn run(arguments: &Arguments) -> Result<Exit, CliError> {
    match arguments.pid {
        Some(pid) => record_running(pid, arguments),
        None => record_launched(arguments).map_err(|error| error.exit(Exit::LaunchFailed)),
    }
}

fn record_running(pid: u32, arguments: &Arguments) -> Result<Exit, CliError> {
    let config = arguments.config(pid)?;
    let stop = stop::on_interrupt().map_err(|error| {
        CliError::new("cannot install signal handlers").because(&error as &dyn std::error::Error)
    })?;
    let path = config.output.display().to_string();
    let session = Session::attach(pid, config).map_err(|error| attach::failed(&error))?;
    if !arguments.quiet {
        message::note(&format!("recording process {pid} to {path}; Ctrl-C ends it"));
    }
    let live = RefCell::new(Live::new(arguments.shows_progress()));
    let outcome =
        session.run(&stop, &mut |progress| arguments.show(progress, &live), &mut |stall| {
            arguments.tell(stall, &live);
        });
    drop(live);
    let outcome = outcome.map_err(|error| attach::failed(&error))?;
    arguments.summarise(&outcome);
    ended_well(&outcome)?;
    Ok(Exit::Done)
}

fn record_launched(arguments: &Arguments) -> Result<Exit, CliError> {
    if let Some(output) = &arguments.output {
        output_file::check(output, arguments.force)?;
    }
    let launched = Launched::start(&arguments.command)?;
    let result = record_child(&launched, arguments);
    if let Err(error) = &result {
        // The program is worth more than its recording: it goes on, and this is said at once.
        message::print_error(error);
        message::note(&format!(
            "process {} goes on without being recorded; looptrace waits for its end",
            launched.pid()
        ));
    }
    let exit = launched.wait()?;
    Ok(if result.is_ok() { exit } else { Exit::LaunchFailed })
}

fn record_child(launched: &Launched, arguments: &Arguments) -> Result<(), CliError> {
    let config = arguments.config(launched.pid())?;
    let path = config.output.display().to_string();
    let Some((pid, session)) = attach::when_ready(launched, &config)? else {
        message::warn(&format!(
            "process {} ended before it was a running Python: nothing was recorded",
            launched.pid()
        ));
        return Ok(());
    };
    if !arguments.quiet {
        message::note(&format!("looptrace: recording process {pid} to {path}"));
    }
    let live = RefCell::new(Live::new(arguments.shows_progress()));
    let stop = AtomicBool::new(false);
    let mut overtime = 0;
    let outcome = session.run(
        &stop,
        &mut |progress| {
            arguments.show(progress, &live);
            overtime += u32::from(launched.ends_within(Duration::ZERO));
            stop.store(overtime > OVERTIME, Ordering::SeqCst);
        },
        &mut |stall| arguments.tell(stall, &live),
    );
    drop(live);
    let outcome = outcome.map_err(|error| attach::failed(&error))?;
    arguments.summarise(&outcome);
    if !launched.ends_within(Duration::ZERO) && !arguments.quiet {
        message::note(&format!("process {} goes on; looptrace waits for its end", launched.pid()));
    }
    ended_well(&outcome)
}

/// An outcome that is no good end, as an error.
pub(super) fn ended_well(outcome: &Outcome) -> Result<(), CliError> {
    if outcome.end != EndReason::Failed {
        return Ok(());
    }
    Err(CliError::new("the recording had to end early").hint(format!(
        "what was recorded until then is complete: looptrace report {}",
        outcome.path.display()
    )))
}

impl Arguments {
    fn config(&self, pid: u32) -> Result<SessionConfig, CliError> {
        let output = self
            .output
            .clone()
            .unwrap_or_else(|| output_file::default_recording(pid, SystemTime::now()));
        output_file::check(&output, self.force)?;
        Ok(SessionConfig {
            rate_hz: self.how.rate,
            census_rate_hz: self.how.census_rate,
            duration: self.how.duration,
            subprocesses: self.how.subprocesses,
            blocking: self.how.blocking,
            kernel_stream: !self.how.no_kernel_stream,
            stall_threshold: nanos(self.how.stall_threshold),
            max_cpu_percent: self.how.max_cpu,
            redact: self.how.redact,
            force_unverified: self.how.force_unverified,
            force_overwrite: self.force || output_file::is_device(&output),
            output,
        })
    }

    fn tell(&self, stall: &LiveStall, live: &RefCell<Live>) {
        if !(self.quiet || self.how.no_stall_lines) {
            live.borrow_mut().tell(stall);
        }
    }

    fn show(&self, progress: &Progress, live: &RefCell<Live>) {
        let mut live = live.borrow_mut();
        if !self.quiet {
            live.say_refusal(progress);
        }
        live.show(progress);
    }

    fn shows_progress(&self) -> bool {
        match self.progress {
            ShowProgress::Auto => self.pid.is_some() && !self.quiet,
            ShowProgress::Always => true,
            ShowProgress::Never => false,
        }
    }

    fn summarise(&self, outcome: &Outcome) {
        if !self.quiet {
            summarise(outcome);
        }
    }
}

/// Says what was recorded, and what can be done with it.
pub(super) fn summarise(outcome: &Outcome) {
    let progress = &outcome.progress;
    let why = match outcome.end {
        EndReason::Interrupted => "interrupted",
        EndReason::Duration => "the time is over",
        EndReason::TargetExited => "the program exited",
        EndReason::Failed => "it could not go on",
    };
    message::note(&format!(
        "recorded {} ({why}): {}, {}, {}",
        units::elapsed(progress.elapsed),
        units::counted(progress.samples, "sample", "samples"),
        live::misses(&progress.misses),
        units::counted(progress.idle_ticks, "idle tick", "idle ticks"),
    ));
    if !progress.has_asyncio {
        message::warn(
            "asyncio was not imported: the recording holds threads and their stacks only",
        );
    }
    let path = outcome.path.display();
    message::note(&format!("wrote {path} ({})", units::bytes(outcome.bytes)));
    message::note(&format!("next: looptrace report {path}"));
}
