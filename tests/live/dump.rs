//! `dump` of a paused target shows what the target says of itself, and the stacks py-spy reads.

use std::collections::{BTreeMap, BTreeSet};

use crate::full_run;
use crate::support::interpreter::{Interpreter, interpreter};
use crate::support::look::{Look, LookFrame, LookRejected, LookTask, look_at};
use crate::support::oracle::{comparable, py_spy_stacks};
use crate::support::sample::Sample;
use crate::support::truth::{Truth, TruthFrame, TruthTask};
use crate::support::{Target, interpreters, samples};

on_every_version! { every_sample_is_shown_as_it_is:
    samples_on_3_08 = 8, samples_on_3_09 = 9, samples_on_3_10 = 10, samples_on_3_11 = 11,
    samples_on_3_12 = 12, samples_on_3_13 = 13, samples_on_3_14 = 14, samples_on_3_15 = 15,
}

fn every_sample_is_shown_as_it_is(python: &Interpreter) {
    let mut complaints = Vec::new();
    for sample in samples().iter().filter(|sample| sample.runs_on(python)) {
        let mut target = Target::start(python, sample);
        let truth = target.truth();
        target.wait_until_idle();
        target.pause();
        let found = match look_at(&target) {
            Ok(look) => compare(&truth, &look, &target, python),
            Err(error) => vec![error],
        };
        assert!(target.is_stopped(), "{}: dump has let it go on", target.label);
        complaints.extend(found.into_iter().map(|text| format!("{}: {text}", target.label)));
    }
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

#[test]
fn samples_on_free_threaded_builds() {
    for python in interpreters().iter().filter(|python| python.free_threaded) {
        every_sample_is_shown_as_it_is(python);
    }
}

on_every_version! { many_tasks_are_all_seen:
    many_on_3_08 = 8, many_on_3_09 = 9, many_on_3_10 = 10, many_on_3_11 = 11,
    many_on_3_12 = 12, many_on_3_13 = 13, many_on_3_14 = 14, many_on_3_15 = 15,
}

fn many_tasks_are_all_seen(python: &Interpreter) {
    let count = if full_run() { "100000" } else { "10000" };
    let target = Target::start_with(python, &Sample::named("sleepers"), &[count]);
    target.wait_until_idle();
    target.pause();
    let look = look_at(&target).unwrap_or_else(|error| panic!("{}: {error}", target.label));
    let label = &target.label;
    assert_eq!(look.rejected, LookRejected::default(), "{label}");
    let mut names: BTreeSet<&str> = BTreeSet::new();
    for task in &look.tasks {
        let name = task.name.as_deref().unwrap_or_else(|| panic!("{label}: a task without name"));
        assert!(names.insert(name), "{label}: {name} twice");
        let kind = task.waiting_on.as_ref().map(|wait| wait.kind.as_str());
        let frames = task.await_chain.as_ref().map_or(0, Vec::len);
        let (told_kind, told_frames) = match name.strip_prefix("sleeper-") {
            Some(number) => (Some("sleep"), number.parse().map_or(0, |n: usize| n % 3 + 2)),
            None => (Some("future"), 2),
        };
        assert_eq!((kind, frames), (told_kind, told_frames), "{label}: {name}");
    }
    assert_eq!(names.len().to_string(), format!("{}", count.parse().map_or(0, |n: u32| n + 1)));
}

fn compare(truth: &Truth, look: &Look, target: &Target, python: &Interpreter) -> Vec<String> {
    let mut complaints = compare_loops(truth, look);
    complaints.extend(compare_tasks(truth, look));
    complaints.extend(compare_threads(truth, look));
    complaints.extend(compare_stacks(look, target, python));
    if look.rejected != LookRejected::default() {
        complaints.push(format!("rejected {:?}", look.rejected));
    }
    complaints
}

fn compare_loops(truth: &Truth, look: &Look) -> Vec<String> {
    let told: BTreeSet<(u32, &str)> =
        truth.loops.iter().map(|row| (row.thread, row.kind.as_str())).collect();
    let seen: BTreeSet<(u32, &str)> =
        look.loops.iter().filter_map(|row| Some((row.thread?, row.kind.as_str()))).collect();
    let mut complaints = differs("loops", &told, &seen);
    for task in look.tasks.iter().filter(|task| task.state == "running") {
        if !look.loops.iter().any(|row| row.current_task == Some(task.id)) {
            complaints.push(format!("no loop has {:?} as its current task", task.name));
        }
    }
    complaints
}

fn compare_tasks(truth: &Truth, look: &Look) -> Vec<String> {
    let alive: Vec<&LookTask> = look.tasks.iter().filter(|task| task.state != "done").collect();
    let told: Vec<&str> = truth.tasks.iter().map(|task| task.name.as_str()).collect();
    let mut seen: Vec<&str> = alive.iter().filter_map(|task| task.name.as_deref()).collect();
    seen.sort_unstable();
    let mut complaints = differs("task names", &told, &seen);
    let names: BTreeMap<u32, &str> =
        look.tasks.iter().filter_map(|task| Some((task.id, task.name.as_deref()?))).collect();
    for expected in &truth.tasks {
        if let Some(task) = alive.iter().find(|task| task.name.as_ref() == Some(&expected.name)) {
            complaints.extend(compare_task(truth, expected, look, task, &names));
        }
    }
    let mut cycles: Vec<Vec<&str>> =
        look.cycles.iter().map(|cycle| names_of(cycle, &names)).collect();
    cycles.sort();
    let mut told_cycles = truth.cycles.clone();
    told_cycles.sort();
    complaints.extend(differs("cycles", &format!("{told_cycles:?}"), &format!("{cycles:?}")));
    complaints
}

fn compare_task(
    truth: &Truth,
    expected: &TruthTask,
    look: &Look,
    task: &LookTask,
    names: &BTreeMap<u32, &str>,
) -> Vec<String> {
    let name = &expected.name;
    let told_thread = truth.loops.get(expected.event_loop).map(|row| row.thread);
    let seen_thread = look.loops.iter().find(|row| Some(row.id) == task.event_loop);
    let awaited_by: Vec<&str> = names_of(&task.awaited_by, names);
    let mut complaints = Vec::new();
    complaints.extend(differs("state", &expected.state, &task.state));
    complaints.extend(differs("coroutine", &Some(&expected.coroutine), &task.coroutine.as_ref()));
    complaints.extend(differs("loop", &told_thread, &seen_thread.and_then(|row| row.thread)));
    complaints.extend(differs(
        "awaited by",
        &format!("{:?}", expected.awaited_by),
        &format!("{awaited_by:?}"),
    ));
    complaints.extend(differs("cancel requests", &expected.cancel_requests, &task.cancel_requests));
    let kind = task.waiting_on.as_ref().map(|wait| &wait.kind);
    if expected.state != "waiting" || expected.waiting_on.is_some() {
        complaints.extend(differs("waits for", &expected.waiting_on.as_ref(), &kind));
    }
    if let Some(chain) = &expected.chain {
        let seen: Option<Vec<TruthFrame>> = task
            .await_chain
            .as_ref()
            .map(|frames| frames.iter().filter_map(LookFrame::told).collect());
        complaints.extend(differs("chain", &Some(chain), &seen.as_ref()));
    }
    complaints.into_iter().map(|text| format!("{name}: {text}")).collect()
}

fn compare_threads(truth: &Truth, look: &Look) -> Vec<String> {
    let told: BTreeSet<u32> = truth.threads.iter().map(|row| row.native_id).collect();
    let seen: BTreeSet<u32> = look.threads.iter().filter_map(|row| row.native_id).collect();
    let mut complaints = differs("threads", &told, &seen);
    for thread in &look.threads {
        let told = truth.threads.iter().find(|row| Some(row.native_id) == thread.native_id);
        if let (Some(told), Some(name)) = (told, &thread.name) {
            // The kernel keeps 15 bytes of a thread's name, and CPython sets it from 3.14 only.
            let same = told.name.starts_with(name.as_str()) || told.name == "MainThread";
            if !same && !name.starts_with("python") {
                complaints.push(format!("thread {} is called {name}", told.name));
            }
        }
    }
    complaints
}

fn compare_stacks(look: &Look, target: &Target, python: &Interpreter) -> Vec<String> {
    if python.free_threaded {
        // py-spy does not know builds without the GIL.
        return Vec::new();
    }
    let told = match py_spy_stacks(target) {
        Ok(stacks) => stacks,
        Err(error) => return vec![format!("py-spy: {error}")],
    };
    let qualified = python.version >= (3, 11);
    let mut seen: Vec<_> =
        look.threads.iter().map(|thread| comparable(&thread.stack, qualified)).collect();
    seen.sort();
    let missing = told.iter().filter(|stack| !seen.contains(stack));
    let extra = seen.iter().filter(|stack| !told.contains(stack));
    let mut complaints: Vec<String> =
        missing.map(|stack| format!("py-spy alone has the stack {stack:?}")).collect();
    complaints.extend(extra.map(|stack| format!("py-spy has no stack {stack:?}")));
    complaints.extend(differs("number of stacks", &told.len(), &seen.len()));
    complaints
}

fn names_of<'a>(ids: &[u32], names: &BTreeMap<u32, &'a str>) -> Vec<&'a str> {
    let mut found: Vec<&str> =
        ids.iter().map(|id| names.get(id).copied().unwrap_or("(no such task)")).collect();
    found.sort_unstable();
    found
}

fn differs<T: PartialEq + std::fmt::Debug>(what: &str, told: &T, seen: &T) -> Vec<String> {
    if told == seen {
        return Vec::new();
    }
    vec![format!("{what}: it says {told:?}, dump shows {seen:?}")]
}
