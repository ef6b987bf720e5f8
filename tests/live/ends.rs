//! Targets that die, exec, fork or import asyncio late; recorders that are killed.

use std::collections::BTreeSet;

use looptrace::model::{EndReason, Event};
use nix::sys::signal::Signal;
use nix::time::{ClockId, clock_gettime};

use crate::support::Target;
use crate::support::interpreter::{Interpreter, interpreter};
use crate::support::recorded::Recorded;
use crate::support::recorder::Recorder;
use crate::support::sample::Sample;

on_every_version! { a_recording_survives_whatever_happens:
    ends_on_3_08 = 8, ends_on_3_09 = 9, ends_on_3_10 = 10, ends_on_3_11 = 11,
    ends_on_3_12 = 12, ends_on_3_13 = 13, ends_on_3_14 = 14, ends_on_3_15 = 15,
}

fn a_recording_survives_whatever_happens(python: &Interpreter) {
    a_target_that_dies_ends_the_recording(python);
    asyncio_imported_late_is_found(python);
    an_exec_makes_no_mixed_rows(python);
    workers_are_followed_as_they_come_and_go(python);
    a_killed_recorder_loses_a_second_at_most(python, &[]);
    a_killed_recorder_loses_a_second_at_most(python, &["--blocking"]);
}

fn task_names(recorded: &Recorded) -> BTreeSet<String> {
    recorded.rows.iter().map(|row| recorded.task_name(row.task).to_owned()).collect()
}

fn a_target_that_dies_ends_the_recording(python: &Interpreter) {
    let mut target = Target::start(python, &Sample::named("churn"));
    let mut recorder = Recorder::start(&target, &[]);
    target.kill();
    let recorded = recorder.finish();
    assert_eq!(recorded.end, Some(EndReason::TargetExited), "{}", target.label);
    assert!(!recorded.samples.is_empty(), "{}: samples", target.label);
}

fn asyncio_imported_late_is_found(python: &Interpreter) {
    let mut target = Target::start(python, &Sample::named("late_import"));
    let mut recorder = Recorder::start(&target, &[]);
    target.send("go");
    target.expect_line("STARTED");
    recorder.wait_for("a task", |event| matches!(event, Event::TaskRow(_)));
    let recorded = recorder.stop();
    let names = task_names(&recorded);
    assert!(names.contains("late"), "{}: {names:?}", target.label);
}

fn an_exec_makes_no_mixed_rows(python: &Interpreter) {
    let mut target = Target::start(python, &Sample::named("execer"));
    let mut recorder = Recorder::start(&target, &[]);
    recorder.wait_for("a task", |event| matches!(event, Event::TaskRow(_)));
    target.send("again");
    target.expect_line("READY");
    let second = |event: &Event| matches!(event, Event::String { text, .. } if text == "life-2");
    recorder.wait_for("the second life", second);
    let recorded = recorder.stop();
    for row in &recorded.rows {
        let (name, coroutine) = (recorded.task_name(row.task), recorded.task_coroutine(row.task));
        let right = match name {
            "life-1" | "life-2" => coroutine == "ticking",
            _ => coroutine == "main",
        };
        assert!(right, "{}: {name} is shown as {coroutine}", target.label);
    }
}

fn workers_are_followed_as_they_come_and_go(python: &Interpreter) {
    let mut target = Target::start(python, &Sample::named("forker"));
    let mut recorder = Recorder::start(&target, &["--subprocesses"]);
    target.send("fork");
    let first = target.expect_line("WORKER");
    let appears = |name: &'static str| move |event: &Event| matches!(event, Event::String { text, .. } if text == name);
    recorder.wait_for("worker-1", appears("worker-1"));
    target.send("end");
    target.expect_line("ENDED");
    target.send("fork");
    target.expect_line("WORKER");
    recorder.wait_for("the end of a worker", |event| matches!(event, Event::TargetEnded { .. }));
    let recorded = recorder.stop();
    let pids: BTreeSet<u32> = recorded.targets.iter().map(|target| target.pid).collect();
    let worker = first["pid"].as_u64().and_then(|pid| u32::try_from(pid).ok());
    assert!(pids.contains(&target.pid()), "{}: {pids:?}", target.label);
    assert!(worker.is_some_and(|pid| pids.contains(&pid)), "{}: {pids:?}", target.label);
    assert!(task_names(&recorded).contains("parent"), "{}: the parent's task", target.label);
}

fn a_killed_recorder_loses_a_second_at_most(python: &Interpreter, arguments: &[&str]) {
    let target = Target::start(python, &Sample::named("churn"));
    let mut recorder = Recorder::start(&target, arguments);
    recorder.wait_for_many("a sample", 500, |event| matches!(event, Event::Sample(_)));
    let killed = clock_gettime(ClockId::CLOCK_MONOTONIC).expect("the clock can be read");
    recorder.signal(Signal::SIGKILL);
    recorder.wait();
    let recorded = recorder.read();
    let label = format!("{} {arguments:?}", target.label);
    assert!(recorded.truncated, "{label}: a killed recorder cannot have finished");
    let killed_ns = u64::try_from(killed.tv_sec() * 1_000_000_000 + killed.tv_nsec())
        .expect("the clock is positive");
    let last_ns = recorded.meta.anchor.monotonic_start_ns + recorded.last.as_nanos();
    let lost_ns = killed_ns.saturating_sub(last_ns);
    assert!(lost_ns <= 1_000_000_000, "{label}: {lost_ns} ns before the kill are lost");
    assert!(!target.is_held(), "{label}: the target is left stopped");
}
