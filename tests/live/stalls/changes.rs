//! Processes that execute themselves again, also from a thread that is not the leader, that fork, and
//! whose switches come faster than the recorder takes them: held against what the program says.
//!
//! A hold lasts until the recorder is seen to have looked at it for long enough, so that nothing here
//! depends on how fast anything is.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use looptrace::analysis::{Analysis, AnalysisOptions, FrameNames, analyze_file_with};
use looptrace::model::{
    Activity, CauseKind, Duration, EdgeSource, Event, ProcessId, Sample, Stall, StallEdges,
    ThreadId,
};
use looptrace::recording::Reader;
use nix::sys::signal::Signal;
use nix::time::{ClockId, clock_gettime};
use serde::Deserialize;

use crate::support::Target;
use crate::support::interpreter::{Interpreter, interpreter};
use crate::support::recorder::Recorder;
use crate::support::sample;

const THRESHOLD: Duration = Duration::from_nanos(10_000_000);
/// For so long a hold is looked at: longer than the threshold, whatever its edges may be off by.
const SEEN_FOR: u64 = 40_000_000;
/// A look that is interrupted for longer than this is thrown away.
const LOOK: u64 = 1_000_000;
/// More records than a ring holds.
const MANY: &str = "switch 6000";

/// What the program says of a hold or of its switches.
#[derive(Debug, Deserialize)]
struct Told {
    pid: u32,
    start_ns: u64,
    end_ns: u64,
    #[serde(default)]
    from_ns: u64,
    #[serde(default)]
    to_ns: u64,
    #[serde(default)]
    switches: u64,
    /// When it was asked for, at the earliest.
    #[serde(skip)]
    asked_ns: u64,
}

/// A program and its recorder.
struct Watch {
    target: Target,
    recorder: Recorder,
    holds: Vec<Told>,
}

impl Watch {
    fn start(python: &Interpreter) -> Self {
        let target = Target::start(python, &sample::Sample::named("changes"));
        let recorder = Recorder::start(&target, &["--subprocesses"]);
        Self { target, recorder, holds: Vec::new() }
    }

    /// Waits for a look at the loop of the process with this number in the recording.
    fn wait_for_look(&mut self, what: &str, nth: usize, wanted: impl Fn(&Sample) -> bool) {
        let process = ProcessId::from_index(nth);
        let threads: RefCell<BTreeMap<ThreadId, ProcessId>> = RefCell::default();
        self.recorder.wait_for(what, |event| match event {
            Event::Thread { id, thread } => {
                threads.borrow_mut().insert(*id, thread.process);
                false
            }
            Event::Sample(sample) => {
                threads.borrow().get(&sample.thread).copied() == process && wanted(sample)
            }
            _ => false,
        });
    }

    /// Waits until that loop was seen in its poll call.
    fn wait_for_loop(&mut self, nth: usize) {
        self.wait_for_look("the loop", nth, |look| look.activity == Activity::Polling);
    }

    /// Holds that loop up until it was looked at for long enough, and until it was seen to poll again.
    fn hold(&mut self, whose: &str, nth: usize) {
        let asked_ns = monotonic();
        self.target.send(&format!("{whose}hold"));
        let holds = self.target.expect_line("HOLDS");
        let begun = self.recorder.read().meta.anchor.monotonic_start_ns;
        let start = holds["start_ns"].as_u64().expect("a time").saturating_sub(begun);
        let first = Cell::new(None);
        self.wait_for_look("looks at the hold", nth, |look| {
            let time = look.time.as_nanos();
            if look.activity != Activity::Busy || time <= start {
                return false;
            }
            let since = first.get().unwrap_or(time);
            first.set(Some(since));
            time.saturating_sub(since) > SEEN_FOR
        });
        self.target.send(&format!("{whose}go"));
        let told = self.target.expect_line("HELD");
        let told: Told = serde_json::from_value(told).expect("the program says when it was");
        let end = told.end_ns.saturating_sub(begun);
        self.wait_for_look("the loop after the hold", nth, |look| {
            // A look bears its tick's time and may come later; after it an idle loop is not looked at.
            look.activity == Activity::Polling && look.time.as_nanos() + LOOK > end
        });
        self.holds.push(Told { asked_ns, ..told });
    }

    /// Ends the recording, and holds every hold against it.
    fn finish(self) -> (Analysis, Vec<Event>) {
        let label = self.target.label.clone();
        let directory = tempfile::tempdir().expect("a temporary directory");
        let kept = directory.path().join("run.looptrace");
        self.recorder.stop_into(&kept);
        let options = AnalysisOptions { stall_threshold: THRESHOLD };
        let facts = analyze_file_with(&kept, options).expect("the recording can be read");
        for told in &self.holds {
            let found = found(told, &facts);
            let stall = found.unwrap_or_else(|| panic!("{label}: {told:?} in {:?}", facts.stalls));
            check(told, stall, &facts, &label);
        }
        let mut reader = Reader::open(&kept).expect("the recording opens");
        let mut events = Vec::new();
        while let Some(event) = reader.next_event().expect("the recording can be read") {
            events.push(event);
        }
        (facts, events)
    }
}

/// The stall of this process that shares most of its time with a hold.
fn found<'a>(told: &Told, facts: &'a Analysis) -> Option<&'a Stall> {
    let begun = facts.meta.anchor.monotonic_start_ns;
    let shared = |stall: &&Stall| {
        let start = (stall.start.as_nanos() + begun).max(told.start_ns);
        (stall.end().as_nanos() + begun).min(told.end_ns).saturating_sub(start)
    };
    let of =
        |stall: &&Stall| facts.target(stall.process).is_some_and(|target| target.pid == told.pid);
    facts.stalls.iter().filter(of).max_by_key(shared).filter(|stall| shared(stall) > 0)
}

fn check(told: &Told, stall: &Stall, facts: &Analysis, label: &str) {
    let begun = facts.meta.anchor.monotonic_start_ns;
    let (start, end) = (stall.start.as_nanos() + begun, stall.end().as_nanos() + begun);
    let (early, late) = (stall.start_error.as_nanos(), stall.end_error.as_nanos());
    // It began after it was asked for, and before the program's own mark; it ended after the other.
    assert!(start <= told.start_ns + early + LOOK, "{label}: {told:?}, but {stall:?}");
    assert!(start + early + LOOK >= told.asked_ns, "{label}: {told:?}, but {stall:?}");
    assert!(end + late + LOOK >= told.end_ns, "{label}: {told:?}, but {stall:?}");
    assert!(!stall.ongoing, "{label}: {stall:?}");
    let place = stall.location.map(|id| FrameNames::of(&facts.dictionary, id));
    assert_eq!(place.and_then(|names| names.function), Some("hold"), "{label}: {stall:?}");
    let share = |kind| {
        let of = stall.causes.iter().filter(move |cause| cause.kind == kind);
        of.map(|cause| cause.share).sum::<f64>()
    };
    // On a busy machine the thread may wait for a CPU for most of the time before it comes to read.
    let read = share(CauseKind::BlockingCall) + share(CauseKind::Starved);
    assert!(read > 0.5, "{label}: {stall:?}");
}

fn monotonic() -> u64 {
    let now = clock_gettime(ClockId::CLOCK_MONOTONIC).expect("the clock can be read");
    u64::try_from(now.tv_sec() * 1_000_000_000 + now.tv_nsec()).expect("the clock is positive")
}

/// Whether each thread with a loop had its switches from the kernel.
fn has_stream(facts: &Analysis) -> bool {
    let sources = facts.overview.switches.iter();
    let refused = sources.filter(|(_, source)| *source != EdgeSource::Kernel).count();
    if refused > 0 {
        println!("SKIPPED: the kernel refuses {refused} streams of switches here");
    }
    refused == 0
}

/// The second life is another process of the recording, under the same pid: nothing of the first one
/// reaches into it.
fn executes(python: &Interpreter, how: &str) {
    let mut watch = Watch::start(python);
    watch.wait_for_loop(0);
    watch.hold("", 0);
    let sent = monotonic();
    watch.target.send(how);
    let reborn = watch.target.expect_line("READY")["monotonic_ns"].as_u64().expect("a time");
    watch.wait_for_loop(1);
    watch.hold("", 1);
    let label = format!("{} {how}", watch.target.label);
    let (facts, _) = watch.finish();
    let begun = facts.meta.anchor.monotonic_start_ns;
    let (sent, reborn) = (sent.saturating_sub(begun), reborn.saturating_sub(begun));
    for stall in &facts.stalls {
        let first_life = Some(stall.process) == ProcessId::from_index(0);
        let (start, end) = (stall.start.as_nanos(), stall.end().as_nanos());
        let apart = if first_life { end < reborn } else { start >= sent };
        assert!(apart, "{label}: reborn from {sent} to {reborn}, but {stall:?}");
    }
    if has_stream(&facts) {
        let whole = if facts.overview.lost_switch_records == 0 {
            StallEdges::Kernel
        } else {
            StallEdges::Mixed
        };
        assert_eq!(facts.overview.edges, whole, "{label}");
    }
}

on_every_version! { an_exec_is_a_new_life:
    exec_on_3_08 = 8, exec_on_3_09 = 9, exec_on_3_10 = 10, exec_on_3_11 = 11,
    exec_on_3_12 = 12, exec_on_3_13 = 13, exec_on_3_14 = 14, exec_on_3_15 = 15,
}

fn an_exec_is_a_new_life(python: &Interpreter) {
    executes(python, "exec");
    executes(python, "thread-exec");
}

on_every_version! { a_child_has_its_own_stalls:
    fork_on_3_08 = 8, fork_on_3_09 = 9, fork_on_3_10 = 10, fork_on_3_11 = 11,
    fork_on_3_12 = 12, fork_on_3_13 = 13, fork_on_3_14 = 14, fork_on_3_15 = 15,
}

fn a_child_has_its_own_stalls(python: &Interpreter) {
    let mut watch = Watch::start(python);
    watch.wait_for_loop(0);
    watch.target.send("fork");
    watch.target.expect_line("FORKED");
    watch.wait_for_loop(1);
    watch.hold("child ", 1);
    watch.hold("", 0);
    let pids: Vec<u32> = watch.holds.iter().map(|told| told.pid).collect();
    assert_eq!(pids.get(1), Some(&watch.target.pid()), "{}", watch.target.label);
    assert_ne!(pids.first(), pids.get(1), "{}", watch.target.label);
    watch.finish();
}

on_every_version! { every_switch_is_recorded_or_known_to_be_lost:
    switches_on_3_08 = 8, switches_on_3_11 = 11, switches_on_3_13 = 13, switches_on_3_15 = 15,
}

fn every_switch_is_recorded_or_known_to_be_lost(python: &Interpreter) {
    let mut watch = Watch::start(python);
    watch.wait_for_loop(0);
    watch.target.send("switch 300");
    let few = watch.target.expect_line("SWITCHED");
    // A recorder that stands still loses what the ring has no room for.
    watch.recorder.signal(Signal::SIGSTOP);
    watch.target.send(MANY);
    let many = watch.target.expect_line("SWITCHED");
    watch.recorder.signal(Signal::SIGCONT);
    watch.hold("", 0);
    let label = watch.target.label.clone();
    let (facts, events) = watch.finish();
    if !has_stream(&facts) {
        return;
    }
    assert!(facts.overview.lost_switch_records > 0, "{label}: nothing was lost");
    assert_eq!(facts.overview.edges, StallEdges::Mixed, "{label}");
    let begun = facts.meta.anchor.monotonic_start_ns;
    for told in [few, many] {
        let told: Told = serde_json::from_value(told).expect("the program counts");
        let counted = Counted::of(&events, begun, &told);
        assert!(counted.inside <= told.switches, "{label}: {told:?}, but {counted:?}");
        let known = 2 * counted.touching + counted.lost + 2 * counted.stretches;
        assert!(known >= 2 * told.switches, "{label}: {told:?}, but {counted:?}");
    }
}

/// Times off the CPU of the loop's thread.
#[derive(Debug, Default)]
struct Counted {
    /// That lie in the time in which the program made them.
    inside: u64,
    /// That touch it.
    touching: u64,
    /// Records lost in it, and in how many stretches.
    lost: u64,
    stretches: u64,
}

impl Counted {
    fn of(events: &[Event], begun: u64, told: &Told) -> Self {
        let mut counted = Self::default();
        let first = ThreadId::from_index(0);
        for event in events {
            let (thread, start, end, count) = match event {
                Event::OffCpu(off) => (off.thread, off.start, off.end, 1),
                Event::OffCpuRun(run) => {
                    let count = run.blocked.count + run.preempted.count;
                    (run.thread, run.start, run.end, u64::from(count))
                }
                Event::LostSwitches(lost) => (lost.thread, lost.start, lost.end, lost.count),
                _ => continue,
            };
            let (start, end) = (start.as_nanos() + begun, end.as_nanos() + begun);
            if Some(thread) != first || start > told.to_ns || end < told.from_ns {
                continue;
            }
            if matches!(event, Event::LostSwitches(_)) {
                counted.lost += count;
                counted.stretches += 1;
                continue;
            }
            counted.touching += count;
            if start >= told.start_ns && end <= told.end_ns {
                counted.inside += count;
            }
        }
        counted
    }
}
