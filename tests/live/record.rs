//! Recordings of running targets hold nothing that cannot have been.

use std::collections::{BTreeMap, BTreeSet};

use looptrace::model::{Event, StackId};

use crate::full_run;
use crate::support::Target;
use crate::support::interpreter::{Interpreter, interpreter};
use crate::support::recorded::{Recorded, Shown};
use crate::support::recorder::Recorder;
use crate::support::sample::Sample;

on_every_version! { no_stack_of_torn_is_impossible:
    torn_on_3_08 = 8, torn_on_3_09 = 9, torn_on_3_10 = 10, torn_on_3_11 = 11,
    torn_on_3_12 = 12, torn_on_3_13 = 13, torn_on_3_14 = 14, torn_on_3_15 = 15,
}

fn no_stack_of_torn_is_impossible(python: &Interpreter) {
    let wanted = if full_run() { 200_000 } else { 20_000 };
    let target = Target::start(python, &Sample::named("torn"));
    let mut recorder = Recorder::start(&target, &["--rate", "10000"]);
    recorder.wait_for_many("a sample", wanted, |event| matches!(event, Event::Sample(_)));
    let recorded = recorder.stop();
    let mut impossible: BTreeMap<Vec<Shown>, u64> = BTreeMap::new();
    let mut known: BTreeMap<StackId, bool> = BTreeMap::new();
    for stack in recorded.samples.iter().filter_map(|sample| sample.stack) {
        if !*known.entry(stack).or_insert_with(|| can_exist(&recorded.stack(stack))) {
            *impossible.entry(recorded.stack(stack)).or_default() += 1;
        }
    }
    let label = &target.label;
    let samples = recorded.samples.len();
    println!("{label}: {samples} samples, misses {:?}", recorded.misses);
    assert!(impossible.is_empty(), "{label}: of {samples} samples {impossible:#?}");
    assert!(known.len() > 4, "{label}: only {} different stacks", known.len());
}

/// `torn.py`: the module calls `run`, which calls a1 a2 a3 or b1 b2 b3, each from one line.
fn can_exist(stack: &[Shown]) -> bool {
    let own: Vec<(&str, u32)> = stack
        .iter()
        .filter(|frame| frame.file.ends_with("torn.py"))
        .map(|frame| (frame.function.as_str(), frame.line))
        .collect();
    if own.last().is_some_and(|(function, _)| *function == "end_with_input") {
        return own.len() == 1;
    }
    if own.len() != stack.len() {
        return false;
    }
    let calls: [&[(&str, u32)]; 2] = [
        &[
            ("<module>", 0),
            ("run", line_of("a1(20)")),
            ("a1", line_of("return a2(count)")),
            ("a2", line_of("return a3(count)")),
            ("a3", 0),
        ],
        &[
            ("<module>", 0),
            ("run", line_of("b1(20)")),
            ("b1", line_of("return b2(count)")),
            ("b2", line_of("return b3(count)")),
            ("b3", 0),
        ],
    ];
    calls.iter().any(|chain| {
        own.len() <= chain.len()
            && own.iter().zip(chain.iter()).enumerate().all(|(depth, (seen, told))| {
                // Where a frame is the innermost one it may be at any of its lines.
                seen.0 == told.0 && (depth + 1 == own.len() || told.1 == 0 || seen.1 == told.1)
            })
    })
}

fn line_of(text: &str) -> u32 {
    let source = std::fs::read_to_string(Sample::named("torn").path).expect("torn.py is there");
    let index = source.lines().position(|line| line.trim() == text).expect("the line is there");
    u32::try_from(index + 1).expect("it is short")
}

on_every_version! { no_loop_frames_lie_under_a_task:
    churn_on_3_08 = 8, churn_on_3_09 = 9, churn_on_3_10 = 10, churn_on_3_11 = 11,
    churn_on_3_12 = 12, churn_on_3_13 = 13, churn_on_3_14 = 14, churn_on_3_15 = 15,
}

fn no_loop_frames_lie_under_a_task(python: &Interpreter) {
    let recorded = record_churn(python, if full_run() { 20_000 } else { 4_000 }, &[]);
    let with_task = recorded.samples.iter().filter(|sample| sample.task_depth.is_some()).count();
    assert!(with_task > 0, "{python}: no sample inside a task");
    if full_run() {
        let kept = recorded.samples.len() as u64;
        let torn = recorded.misses.torn;
        // How often a reader is interrupted depends on what else the machine does, so this is
        // asked of a full run only, which needs a quiet machine.
        assert!(torn * 20 < kept + torn, "{python}: {torn} torn samples beside {kept} kept ones");
        steps_outside_their_coroutine_are_seen(python);
    }
}

fn record_churn(python: &Interpreter, samples: u64, arguments: &[&str]) -> Recorded {
    let target = Target::start_with(python, &Sample::named("churn"), &["20"]);
    let mut recorder = Recorder::start(&target, arguments);
    recorder.wait_for_many("a sample", samples, |event| matches!(event, Event::Sample(_)));
    let recorded = recorder.stop();
    println!("{python} {arguments:?}: {samples} samples, misses {:?}", recorded.misses);
    let complaints = misplaced(&recorded);
    assert!(complaints.is_empty(), "{python} {arguments:?}: {complaints:#?}");
    recorded
}

/// Of the samples with a task, a share has its coroutine not on the stack, and no less than half of what
/// it is where the target is paused for each sample, in runs of both kinds that take turns. Pausing
/// itself stops a loop at its poll too often and there too rarely, so that a larger share may be nearer to
/// the truth: that is about a quarter on the versions where perf knows (docs/testing.md).
fn steps_outside_their_coroutine_are_seen(python: &Interpreter) {
    let mut counts = [(0_u32, 0_u32); 2];
    for _ in 0..5 {
        for (arguments, (outside, all)) in [&[][..], &["--blocking"]].iter().zip(&mut counts) {
            for sample in &record_churn(python, 5_000, arguments).samples {
                if sample.task.is_some() {
                    *all += 1;
                    *outside += u32::from(sample.task_depth.is_none());
                }
            }
        }
    }
    let [unpaused, paused] = counts.map(|(outside, all)| {
        let share = f64::from(outside) / f64::from(all);
        (share, 1.96 * (share * (1.0 - share) / f64::from(all)).sqrt())
    });
    println!("{python}: outside the coroutine {unpaused:?}, when paused {paused:?}");
    assert!(
        unpaused.0 + unpaused.1 >= paused.0 / 2.0 && unpaused.0 - unpaused.1 <= 0.4,
        "{python}: {unpaused:?} unpaused, {paused:?} paused ({counts:?})"
    );
}

/// Samples whose running task and stack do not belong together.
fn misplaced(recorded: &Recorded) -> BTreeSet<String> {
    let mut complaints = BTreeSet::new();
    for sample in &recorded.samples {
        let (Some(stack), Some(task), Some(depth)) = (sample.stack, sample.task, sample.task_depth)
        else {
            continue;
        };
        let stack = recorded.stack(stack);
        let coroutine = recorded.task_coroutine(task);
        let inside = stack.get(depth as usize..).unwrap_or_default();
        match inside.first() {
            None => _ = complaints.insert(format!("depth {depth} in {stack:?}")),
            // Unknown is no mistake: a task may be gone before a census learns what it runs.
            Some(root) if !coroutine.is_empty() && root.function != coroutine => {
                complaints.insert(format!("{coroutine} runs, {} is there", root.function));
            }
            Some(_) => {}
        }
        if let Some(frame) = inside.iter().find(|frame| is_loop_frame(frame)) {
            complaints.insert(format!("{} inside {coroutine}", frame.function));
        }
    }
    complaints
}

fn is_loop_frame(frame: &Shown) -> bool {
    let name = frame.function.rsplit('.').next().unwrap_or_default();
    ["run_forever", "run_until_complete", "_run_once", "_run"].contains(&name)
        && frame.file.contains("asyncio")
}

on_every_version! { short_lived_tasks_have_the_right_rows:
    short_lived_on_3_08 = 8, short_lived_on_3_09 = 9, short_lived_on_3_10 = 10,
    short_lived_on_3_11 = 11, short_lived_on_3_12 = 12, short_lived_on_3_13 = 13,
    short_lived_on_3_14 = 14, short_lived_on_3_15 = 15,
}

fn short_lived_tasks_have_the_right_rows(python: &Interpreter) {
    let target = Target::start(python, &Sample::named("short_lived"));
    let mut recorder = Recorder::start(&target, &["--rate", "1000", "--census-rate", "100"]);
    recorder.wait_for_many("a census", 100, |event| matches!(event, Event::CensusEnd { .. }));
    let recorded = recorder.stop();
    let label = &target.label;
    let mut complaints = BTreeSet::new();
    for row in &recorded.rows {
        let (name, coroutine) = (recorded.task_name(row.task), recorded.task_coroutine(row.task));
        let expected: &[&str] = match name {
            "main" => &["main"],
            "churn" => &["churn"],
            "stayer-1" | "stayer-2" => &["stay"],
            _ if name.starts_with("named-") => &["other", ""],
            // A task of `other` is named after its creation.
            _ => &["brief", "other", ""],
        };
        if !expected.contains(&coroutine) {
            complaints.insert(format!("{name} is shown as {coroutine}"));
        }
        if let Some(chain) = row.chain {
            let chain: Vec<String> =
                recorded.stack(chain).into_iter().map(|frame| frame.function).collect();
            let allowed: &[&str] = match coroutine {
                "brief" => &["brief", "pause", "sleep", "__sleep0"],
                "other" => &["other", "sleep", "__sleep0"],
                "stay" => &["stay", "sleep"],
                "churn" => &["churn"],
                "" => &[],
                _ => &["main"],
            };
            if chain.len() > allowed.len() || chain.iter().zip(allowed).any(|(a, b)| a != b) {
                complaints.insert(format!("{coroutine} has the chain {chain:?}"));
            }
        }
    }
    assert!(complaints.is_empty(), "{label}: {complaints:#?}");
    for stayer in ["stayer-1", "stayer-2"] {
        let rows = recorded.rows.iter().filter(|row| recorded.task_name(row.task) == stayer);
        assert_ne!(rows.count(), 0, "{label}: {stayer} is missing");
    }
}
