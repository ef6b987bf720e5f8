//! Where time went, as paths, and in the formats of other tools.

use std::collections::BTreeMap;

use looptrace::analysis::Source;
use looptrace::analysis::flame::{Flame, FlameOptions, FlameStates, Glob, flame};
use looptrace::export::{collapsed, speedscope, svg};
use looptrace::model::{Event, TaskId, TaskRow, TaskState, WaitKind};
use proptest::prelude::*;

use crate::arbitrary::events;
use crate::facts::service;
use crate::golden;
use crate::world::{COROUTINE, FUNCTION, MS, World, meta, ms, row};

fn flame_of(events: Vec<Event>, options: FlameOptions) -> Flame {
    flame(&meta(), events, options, Source::default())
}

fn showing(states: FlameStates) -> FlameOptions {
    FlameOptions { states, ..FlameOptions::default() }
}

fn lines(flame: &Flame) -> String {
    let mut out = Vec::new();
    collapsed(flame, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// Milliseconds by path.
fn paths(flame: &Flame) -> BTreeMap<String, u64> {
    lines(flame)
        .lines()
        .map(|line| line.rsplit_once(' ').unwrap())
        .map(|(path, nanos)| (path.to_owned(), nanos.parse::<u64>().unwrap() / MS))
        .collect()
}

#[test]
fn a_service_as_collapsed_stacks() {
    for (states, name) in [
        (FlameStates::Running, "running"),
        (FlameStates::Waiting, "waiting"),
        (FlameStates::All, "all"),
    ] {
        let flame = flame_of(service().0.events, showing(states));
        golden::check(&format!("collapsed-{name}.txt"), &lines(&flame));
    }
}

#[test]
fn event_loop_frames_never_stand_below_a_task() {
    let flame = flame_of(service().0.events, FlameOptions::default());
    for path in paths(&flame).keys() {
        let below = path.split_once(";worker;").map_or("", |(_, below)| below);
        assert!(!below.contains("base_events.py"), "{path}");
    }
}

#[test]
fn a_window_and_a_glob_cut() {
    let options = FlameOptions { from: Some(ms(10)), to: Some(ms(30)), ..FlameOptions::default() };
    let cut = flame_of(service().0.events, options);
    assert_eq!(cut.tree.total_nanos(), 20 * MS);
    let options = FlameOptions {
        states: FlameStates::Waiting,
        task: Some(Glob::new("work*")),
        ..FlameOptions::default()
    };
    let cut = flame_of(service().0.events, options);
    assert_eq!(cut.tree.total_nanos(), 100 * MS);
    let options = FlameOptions { task: Some(Glob::new("main")), ..FlameOptions::default() };
    let none = flame_of(service().0.events, options);
    assert_eq!(none.tree.total_nanos(), 0, "main never ran");
}

#[test]
fn nameless_tasks_of_one_coroutine_become_one() {
    let mut world = World::new();
    let thread = world.thread("MainThread", 1);
    let event_loop = world.event_loop(thread);
    let run = ("run", "a.py", 1, FUNCTION);
    let stack = world.stack(&[run, ("handle", "a.py", 2, COROUTINE)]);
    for at in 1..=100 {
        let task = world.task(&format!("Task-{at}"), "handle", event_loop);
        world.sample(ms(at), thread, stack, Some(task));
    }
    let named = world.task("cleaner", "handle", event_loop);
    world.sample(ms(101), thread, stack, Some(named));
    let flame = flame_of(world.events, FlameOptions::default());
    let expected = BTreeMap::from([
        ("MainThread;handle() × 100 tasks;handle (a.py:2)".to_owned(), 100),
        ("MainThread;cleaner;handle (a.py:2)".to_owned(), 1),
    ]);
    assert_eq!(paths(&flame), expected);
}

#[test]
fn a_step_outside_its_coroutine_shows_no_loop_frames() {
    let mut world = World::new();
    let thread = world.thread("MainThread", 1);
    let event_loop = world.event_loop(thread);
    let task = world.task("t", "f", event_loop);
    let stack = world.stack(&[("_run_once", "base_events.py", 1, FUNCTION)]);
    world.sample(ms(1), thread, stack, Some(task));
    let flame = flame_of(world.events, FlameOptions::default());
    assert_eq!(paths(&flame), BTreeMap::from([("MainThread;t;[task step]".to_owned(), 1)]));
}

#[test]
fn tasks_that_await_each_other_end() {
    let mut world = World::new();
    let thread = world.thread("MainThread", 1);
    let event_loop = world.event_loop(thread);
    let ids: Vec<TaskId> = ["a", "b"].map(|name| world.task(name, "f", event_loop)).into();
    let wait = world.wait(WaitKind::Task);
    let rows: Vec<TaskRow> =
        ids.iter().map(|&id| TaskRow { wait, ..row(id, TaskState::Waiting) }).collect();
    world.census(ms(0), &rows, &[]);
    world.push(Event::AwaitedBy { task: ids[0], awaiters: vec![ids[1]] });
    world.push(Event::AwaitedBy { task: ids[1], awaiters: vec![ids[0], ids[1]] });
    world.census(ms(50), &[], &[]);
    let flame = flame_of(world.events, showing(FlameStates::Waiting));
    let expected = BTreeMap::from([
        ("MainThread;b;a;[waiting: task]".to_owned(), 50),
        ("MainThread;a;b;[waiting: task]".to_owned(), 50),
    ]);
    assert_eq!(paths(&flame), expected);
}

/// A task whose name would break the format.
fn hostile() -> Flame {
    let mut world = World::new();
    let thread = world.thread("MainThread", 1);
    let event_loop = world.event_loop(thread);
    let stack = world.stack(&[("run", "a.py", 1, FUNCTION), ("f<&\"", "a;b\n.py", 2, COROUTINE)]);
    for (at, name) in ["evil;name\n", "worker 3", "<script>"].into_iter().enumerate() {
        let task = world.task(name, "f", event_loop);
        world.sample(ms(at as u64 + 1), thread, stack, Some(task));
    }
    let in_order = FlameOptions { in_order: true, ..FlameOptions::default() };
    flame_of(world.events, in_order)
}

#[test]
fn inferno_reads_what_is_written() {
    for flame in [flame_of(service().0.events, showing(FlameStates::All)), hostile()] {
        let text = lines(&flame);
        let mut drawn = Vec::new();
        let mut options = inferno::flamegraph::Options::default();
        inferno::flamegraph::from_reader(&mut options, text.as_bytes(), &mut drawn).unwrap();
        let drawn = String::from_utf8(drawn).unwrap();
        // The whole time, and nothing ignored.
        let total = drawn.split("total_samples=\"").nth(1).unwrap();
        let total: u64 = total.split('"').next().unwrap().parse().unwrap();
        assert_eq!(total, flame.tree.total_nanos());
        for line in text.lines() {
            assert!(line.rsplit_once(' ').unwrap().1.parse::<u64>().is_ok(), "{line}");
        }
    }
}

#[test]
fn the_drawing_names_its_target_and_escapes_names() {
    let mut out = Vec::new();
    svg(&hostile(), FlameStates::Running, &mut out).unwrap();
    let drawn = String::from_utf8(out).unwrap();
    assert!(drawn.contains("pid 4242 Python 3.14.2 python app.py"), "subtitle");
    assert!(drawn.contains("3.00 ms recorded, 3 samples, 3.00 ms shown"));
    assert!(drawn.contains("evil\\u{3b}name\\n"));
    assert!(drawn.contains("&lt;script&gt;") && !drawn.contains("<script>"));
    assert!(drawn.contains("rgb(72,163,157)"), "a task's colour");
    let mut out = Vec::new();
    svg(&flame_of(Vec::new(), FlameOptions::default()), FlameStates::Running, &mut out).unwrap();
    assert!(String::from_utf8(out).unwrap().contains("no time was spent"));
}

#[test]
fn a_service_for_speedscope() {
    let options =
        FlameOptions { in_order: true, states: FlameStates::All, ..FlameOptions::default() };
    let flame = flame_of(service().0.events, options);
    let mut out = Vec::new();
    speedscope(&flame, &mut out).unwrap();
    let value: serde_json::Value = serde_json::from_slice(&out).unwrap();
    let frames = value["shared"]["frames"].as_array().unwrap();
    let names: Vec<&str> =
        value["profiles"].as_array().unwrap().iter().map(|p| p["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Tasks running", "Thread MainThread", "Tasks waiting and ready"]);
    for (profile, expected) in value["profiles"].as_array().unwrap().iter().zip([60, 200, 300]) {
        let weights = profile["weights"].as_array().unwrap();
        let samples = profile["samples"].as_array().unwrap();
        assert_eq!(weights.len(), samples.len());
        let total: u64 = weights.iter().map(|weight| weight.as_u64().unwrap()).sum();
        assert_eq!(total, expected * MS, "{}", profile["name"]);
        assert_eq!(profile["endValue"], total);
        for frame in samples.iter().flat_map(|stack| stack.as_array().unwrap()) {
            assert!(frames.get(usize::try_from(frame.as_u64().unwrap()).unwrap()).is_some());
        }
    }
    golden::check(
        "speedscope.json",
        &format!("{}\n", serde_json::to_string_pretty(&value).unwrap()),
    );
}

#[test]
fn a_long_recording_for_speedscope_is_summed_up() {
    let mut world = World::new();
    let thread = world.thread("MainThread", 1);
    let stacks = [1, 2].map(|line| world.stack(&[("f", "a.py", line, FUNCTION)]));
    for at in 1..=400_002_u64 {
        world.sample(ms(at), thread, stacks[usize::from(at % 2 == 0)], None);
    }
    let options = FlameOptions { in_order: true, ..FlameOptions::default() };
    let mut out = Vec::new();
    speedscope(&flame_of(world.events, options), &mut out).unwrap();
    let value: serde_json::Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(value["profiles"][0]["name"], "Thread MainThread, sums");
    let half = 200_001 * MS;
    assert_eq!(value["profiles"][0]["weights"], serde_json::json!([half, half]));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn any_events_give_a_flame_graph(events in events()) {
        for states in [FlameStates::Running, FlameStates::All] {
            let options = FlameOptions { states, in_order: true, ..FlameOptions::default() };
            let flame = flame_of(events.clone(), options);
            let text = lines(&flame);
            let total = text
                .lines()
                .map(|line| line.rsplit_once(' ').unwrap().1.parse::<u64>().unwrap())
                .fold(0, u64::saturating_add);
            prop_assert_eq!(total, flame.tree.total_nanos());
            speedscope(&flame, &mut Vec::new()).unwrap();
            let again = flame_of(events.clone(), showing(states));
            prop_assert_eq!(text, lines(&again), "does not depend on hashing");
        }
    }
}
