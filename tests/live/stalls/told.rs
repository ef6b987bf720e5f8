//! What a sample says about its own stalls, and a recording of it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use looptrace::analysis::{Analysis, AnalysisOptions, analyze_file_with};
use looptrace::model::{Activity, Duration, Event};
use looptrace::recording::Reader;
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
    /// For how long the program's threads waited for a CPU around it: its own clock may be off by so
    /// much.
    #[serde(default)]
    pub(crate) starved_ns: u64,
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
    /// When the recorder looked at a loop's thread, in order.
    looks: Vec<u64>,
}

/// Looks further apart than this leave something unseen. Outside of callbacks a loop may have polled
/// between them.
const APART: u64 = 4_000_000;

impl Compared {
    /// Whether the recorder looked often enough while a stall was planted for what it says of it to
    /// be held against it. Where others take its CPU it does not, and may not know; what it has seen
    /// it must know on every machine.
    pub(crate) fn saw(&self, planted: &ToldStall, threshold: Duration) -> bool {
        // What the program did for most of the time was not what it planted.
        let starved = planted.starved_ns * 2 > planted.length().as_nanos();
        if starved && planted.cause != "starved" {
            return false;
        }
        let first = self.looks.partition_point(|&time| time < planted.start_ns);
        let last = self.looks.partition_point(|&time| time <= planted.end_ns);
        let Some(looks) = self.looks.get(first..last).filter(|looks| looks.len() > 1) else {
            return false;
        };
        let span = looks[looks.len() - 1] - looks[0];
        let mut at = planted.start_ns;
        let mut unseen = 0;
        for &next in looks.iter().chain([&planted.end_ns]) {
            unseen += Some(next - at).filter(|&gap| gap > APART).unwrap_or(0);
            at = next;
        }
        let allowed = if planted.cause == "gil_wait" { 0 } else { planted.length().as_nanos() / 5 };
        span >= threshold.as_nanos() && unseen <= allowed
    }
}

fn looks(recording: &Path) -> Vec<u64> {
    let mut reader = Reader::open(recording).expect("the recording opens");
    let mut times = Vec::new();
    let mut off_until = BTreeMap::new();
    while let Some(event) = reader.next_event().expect("the recording can be read") {
        match event {
            Event::Sample(sample) if sample.activity != Activity::NoLoop => {
                times.push(sample.time.as_nanos());
            }
            Event::OffCpu(off) => {
                // A thread leaves its CPU after it took it again.
                let until = off_until.insert(off.thread, off.end).unwrap_or(off.end.min(off.start));
                assert!(off.start >= until && off.end >= off.start, "{until:?} before {off:?}");
            }
            _ => {}
        }
    }
    times.sort_unstable();
    times
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
    Compared { told: told.shifted(start), facts, looks: looks(&kept) }
}

/// Lets the recorder go first. For measurements on a machine that does other things.
fn pin(recorder: u32) {
    let status = std::process::Command::new("chrt")
        .args(["-a", "-f", "-p", "50"])
        .arg(recorder.to_string())
        .status();
    assert!(status.is_ok_and(|status| status.success()), "chrt");
}
