//! `looptrace demo`: the main job on a program of our own.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use clap::Args;

use super::exit::Exit;
use super::launch::Launched;
use super::live::Live;
use super::message::{self, CliError};
use super::python::{self, Python};
use super::{attach, duration, flamegraph, output_file, record, recording_file, report};
use crate::analysis::AnalysisOptions;
use crate::os::signals::Signal;
use crate::sampler::{Outcome, SessionConfig};

const SERVICE: &str = include_str!("../../samples/demo_service.py");

/// How long the service outlives its recording if nobody ends it.
const SPARE: Duration = Duration::from_secs(60);

/// More than the service says.
const LONGEST_LINE: u64 = 1024;

/// Between the end that the service was asked for and the one that it gets.
const GRACE: Duration = Duration::from_secs(5);

/// Try looptrace without a program of your own
///
/// Starts a small asyncio service with its own customers, records it for ten seconds, prints the
/// report, and leaves the recording and a flame graph in this directory.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// The Python to run the service with [default: the first suitable one on the PATH]
    #[arg(long, value_name = "PROGRAM")]
    python: Option<OsString>,
    /// How long to record
    #[arg(short, long, value_name = "TIME", default_value = "10s",
          value_parser = duration::length, allow_hyphen_values = true)]
    duration: Duration,
}

const EXAMPLES: &str = "\
Examples:
  looptrace demo
  looptrace demo --python python3.14 --duration 3s";

/// Runs the command.
///
/// # Errors
///
/// There is no Python, it cannot be read, or this directory cannot be written to.
pub fn run(arguments: &Arguments) -> Result<Exit, CliError> {
    let recording = output_file::unused("looptrace-demo", "looptrace");
    let graph = output_file::unused("looptrace-demo", "svg");
    output_file::check(&recording, false)?;
    let python = python::find(arguments.python.as_deref())?;
    let outcome = record_service(&python, arguments.duration, recording)?;
    let analysis = recording_file::analyze(&outcome.path, AnalysisOptions::default())?;
    report::print_text(&analysis, Some(8), None)?;
    flamegraph::write(&outcome.path, &graph)?;
    say_what_next(&outcome.path, &graph);
    Ok(Exit::Done)
}

fn record_service(python: &Python, length: Duration, output: PathBuf) -> Result<Outcome, CliError> {
    let script = Script::write().map_err(|error| {
        CliError::new("cannot write the demo's service to a temporary directory")
            .because(&error as &dyn std::error::Error)
            .hint("name a writable one: TMPDIR=/path looptrace demo")
    })?;
    let lifetime = (length + SPARE).as_secs().to_string();
    let command = [python.executable.clone(), "-I".into(), script.path().into(), lifetime.into()];
    let mut launched = Launched::start_with(&command, Stdio::piped())
        .map_err(|error| error.exit(Exit::Unmeasurable))?;
    wait_until_open(&mut launched);
    let (major, minor) = python.version;
    message::note(&format!(
        "demo: a small web shop on Python {major}.{minor}, process {}; recording it for {length:?}",
        launched.pid()
    ));
    let outcome = record_launched(&launched, length, output);
    launched.signal(Signal::SIGTERM);
    if !launched.ends_within(GRACE) {
        launched.signal(Signal::SIGKILL);
    }
    launched.wait()?;
    outcome
}

/// The shop says one line once its customers are in. Without one it has ended, which shows later.
fn wait_until_open(launched: &mut Launched) {
    let mut line = String::new();
    if let Some(stdout) = launched.take_stdout() {
        BufReader::new(stdout.take(LONGEST_LINE)).read_line(&mut line).unwrap_or_default();
    }
}

fn record_launched(
    launched: &Launched,
    length: Duration,
    output: PathBuf,
) -> Result<Outcome, CliError> {
    let config = SessionConfig {
        rate_hz: 1000,
        census_rate_hz: 20,
        duration: Some(length),
        subprocesses: false,
        blocking: false,
        max_cpu_percent: None,
        kernel_stream: true,
        stall_threshold: super::record::STALL_THRESHOLD,
        redact: false,
        force_unverified: false,
        output,
        force_overwrite: false,
    };
    let (_, session) = attach::when_ready(launched, &config)?.ok_or_else(|| {
        CliError::new("the demo's service ended at once")
            .hint("see why: python3 samples/demo_service.py")
    })?;
    let mut live = Live::new(true);
    let outcome =
        session.run(&AtomicBool::new(false), &mut |progress| live.show(progress), &mut |_stall| {});
    drop(live);
    let outcome = outcome.map_err(|error| attach::failed(&error))?;
    record::ended_well(&outcome)?;
    Ok(outcome)
}

fn say_what_next(recording: &Path, graph: &Path) {
    let (recording, graph) = (recording.display(), graph.display());
    message::note("");
    message::note(&format!("wrote {recording} (the recording) and {graph} (open it in a browser)"));
    message::note("what next:");
    message::note(
        "  looptrace dump --pid PID                   every task of a program of yours, now",
    );
    message::note("  looptrace record --pid PID -d 30s          record it");
    message::note("  looptrace record -- python app.py          start and record one");
    message::note(&format!("  looptrace flamegraph {recording} --state waiting -o waits.svg"));
}

/// The service in a directory of its own, which goes when this does.
#[derive(Debug)]
struct Script(PathBuf);

impl Script {
    fn write() -> io::Result<Self> {
        let name = format!("lt-{}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        // Fails if it exists: somebody else may have put it there.
        DirBuilder::new().mode(0o700).create(&directory)?;
        let script = Self(directory);
        let mut file = OpenOptions::new().write(true).create_new(true).open(script.path())?;
        file.write_all(SERVICE.as_bytes())?;
        Ok(script)
    }

    fn path(&self) -> PathBuf {
        self.0.join("demo_service.py")
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        // A directory left behind in the temporary one is no reason to fail.
        fs::remove_dir_all(&self.0).unwrap_or_default();
    }
}
