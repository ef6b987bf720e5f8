//! What a sample says about its own stalls, and a recording of it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use looptrace::analysis::{Analysis, AnalysisOptions, analyze_file_with};
use looptrace::model::Duration;
use serde::Deserialize;

use crate::support::Target;
use crate::support::interpreter::Interpreter;
use crate::support::recorder::Recorder;
use crate::support::sample::Sample;

/// Longer than any sample takes.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(900);

/// A stall as its program wrote it down.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ToldStall {
    pub(crate) cause: String,
    pub(crate) function: String,
    pub(crate) line: Option<u32>,
    pub(crate) start_ns: u64,
    pub(crate) end_ns: u64,
    /// What the text or the evidence of the cause must contain.
    #[serde(default)]
    pub(crate) names: Vec<String>,
    /// Where in the loop's turn it was.
    pub(crate) kind: Option<String>,
    /// Tasks that suffered: how, and for how long in nanoseconds.
    #[serde(default)]
    pub(crate) victims: BTreeMap<String, (String, u64)>,
}

/// Everything a program wrote down, on its own monotonic clock.
#[derive(Debug, Deserialize)]
pub(crate) struct Told {
    pub(crate) stalls: Vec<ToldStall>,
    /// When a heartbeat was due, and when it ran, where it came late.
    pub(crate) beats: Vec<(u64, u64)>,
    /// From when to when it watched itself.
    pub(crate) watched: (u64, u64),
    /// What it could not do here.
    #[serde(default)]
    skipped: Vec<String>,
}

/// A program's own account and the facts of its recording.
pub(crate) struct Compared {
    pub(crate) told: Told,
    pub(crate) facts: Analysis,
}

impl Compared {
    /// Whether the recorder came too late for many of its ticks: other programs had the CPU, and
    /// what it could not see says nothing about it. Says so.
    pub(crate) fn disturbed(&self) -> bool {
        let overview = &self.facts.overview;
        let late = overview.misses.late;
        let ticks = overview.samples + overview.idle_ticks + late;
        let disturbed = late * 50 > ticks;
        if disturbed {
            println!("SKIPPED: {late} of {ticks} ticks were late: the machine has too much to do");
        }
        disturbed
    }
}

impl Told {
    /// The same on the recording's clock.
    fn shifted(mut self, start: u64) -> Self {
        for stall in &mut self.stalls {
            stall.start_ns = stall.start_ns.saturating_sub(start);
            stall.end_ns = stall.end_ns.saturating_sub(start);
        }
        for (due, ran) in &mut self.beats {
            *due = due.saturating_sub(start);
            *ran = ran.saturating_sub(start);
        }
        let (from, to) = self.watched;
        self.watched = (from.saturating_sub(start), to.saturating_sub(start));
        self
    }
}

impl ToldStall {
    pub(crate) fn length(&self) -> Duration {
        Duration::from_nanos(self.end_ns.saturating_sub(self.start_ns))
    }
}

/// Lets a sample plant its stalls under a recorder.
pub(crate) fn record(
    python: &Interpreter,
    sample: &str,
    arguments: &[&str],
    options: &[&str],
    threshold: Duration,
) -> Compared {
    let pinned = std::env::var_os("LOOPTRACE_TEST_REALTIME").is_some();
    let wrapper: &[&str] = if pinned { &["chrt", "-f", "40"] } else { &[] };
    let mut target = Target::start_wrapped(wrapper, python, &Sample::named(sample), arguments);
    let recorder = Recorder::start(&target, options);
    if pinned {
        pin(recorder.pid());
    }
    target.send("go");
    let told = target.expect_line_within("PLANTED", PATIENCE);
    let told: Told = serde_json::from_value(told).expect("the sample says what it did");
    for what in &told.skipped {
        println!("SKIPPED: {sample} on {python}: {what}");
    }
    let words = recorder.pid();
    let directory = tempfile::tempdir().expect("a temporary directory");
    let kept = directory.path().join("run.looptrace");
    recorder.stop_into(&kept);
    let options = AnalysisOptions { stall_threshold: threshold };
    let facts = analyze_file_with(&kept, options)
        .unwrap_or_else(|error| panic!("the recording of {words}: {error}"));
    if let Some(keep) = std::env::var_os("LOOPTRACE_KEEP") {
        let name = format!("{sample}-{}-{}.looptrace", python.version.1, words);
        std::fs::copy(&kept, PathBuf::from(keep).join(name)).expect("it can be kept");
    }
    let start = facts.meta.anchor.monotonic_start_ns;
    Compared { told: told.shifted(start), facts }
}

/// Lets the recorder go first. For measurements on a machine that does other things.
fn pin(recorder: u32) {
    let status = std::process::Command::new("chrt")
        .args(["-a", "-f", "-p", "50"])
        .arg(recorder.to_string())
        .status();
    assert!(status.is_ok_and(|status| status.success()), "chrt");
}
