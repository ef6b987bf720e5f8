//! One look, as tree, table and JSON.

use looptrace::model::{
    Activity, LoopView, Rejected, Snapshot, TargetView, TaskId, TaskRow, TaskState, TaskView,
    ThreadView, WaitKind,
};
use looptrace::report::Style;
use looptrace::report::dump::{TreeOptions, json, table, tree};

use crate::golden;
use crate::world::{COROUTINE, FUNCTION, World, process, row, target};

fn snapshot_of(world: World, tasks: Vec<TaskView>) -> Snapshot {
    let loops = world
        .dictionary
        .loops()
        .iter()
        .zip(1..)
        .map(|(_, id)| LoopView {
            id: looptrace::model::LoopId::new(id).unwrap(),
            current_task: None,
        })
        .collect();
    Snapshot {
        dictionary: world.dictionary,
        targets: vec![TargetView { id: process(), target: target(), has_asyncio: true }],
        loops,
        tasks,
        ..Snapshot::default()
    }
}

fn view(row: TaskRow, awaited_by: &[TaskId]) -> TaskView {
    TaskView { row, awaited_by: awaited_by.to_vec(), detail: None }
}

fn shown(snapshot: &Snapshot, all: bool) -> String {
    let mut out = Vec::new();
    tree(snapshot, TreeOptions { all }, Style::PLAIN, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// A service with a bit of everything.
pub(crate) fn service() -> Snapshot {
    let mut world = World::default();
    let thread = world.thread("MainThread", 4242);
    let worker = world.thread("ThreadPoolExecutor-0_0", 4243);
    let event_loop = world.event_loop(thread);
    let main = world.task("Task-1", "main", event_loop);
    let spin = world.task("spinner", "spin", event_loop);
    let shared = world.task("shared", "load", event_loop);
    let main_chain = world.stack(&[("main", "app.py", 40, COROUTINE)]);
    let load_chain = world.stack(&[
        ("load", "app.py", 20, COROUTINE),
        ("StreamReader.read", "/usr/lib/python3.14/asyncio/streams.py", 730, COROUTINE),
    ]);
    let spin_chain = world.stack(&[("spin", "app.py", 9, COROUTINE)]);
    let gather = world.wait(WaitKind::Gather);
    let stream = world.wait(WaitKind::Stream);
    let waiting =
        |task, chain, wait| TaskRow { chain: Some(chain), wait, ..row(task, TaskState::Waiting) };
    let mut tasks = vec![
        view(waiting(main, main_chain, gather), &[]),
        view(TaskRow { chain: Some(spin_chain), ..row(spin, TaskState::Running) }, &[]),
        view(
            TaskRow { cancel_requests: Some(1), ..waiting(shared, load_chain, stream) },
            &[main, spin],
        ),
    ];
    for number in 0..5 {
        let task = world.task(&format!("Task-{}", number + 4), "load", event_loop);
        tasks.push(view(waiting(task, load_chain, stream), &[main]));
    }
    let busy =
        world.stack(&[("<module>", "app.py", 50, FUNCTION), ("spin", "app.py", 9, COROUTINE)]);
    let idle = world.stack(&[("wait", "/usr/lib/python3.14/threading.py", 369, FUNCTION)]);
    let mut snapshot = snapshot_of(world, tasks);
    snapshot.loops[0].current_task = Some(spin);
    let thread_view = |thread, stack, activity, task| ThreadView {
        process: process(),
        thread,
        stack: Some(stack),
        activity,
        task,
        task_depth: task.map(|_| 1),
    };
    snapshot.threads = vec![
        thread_view(thread, busy, Activity::Busy, Some(spin)),
        thread_view(worker, idle, Activity::NoLoop, None),
    ];
    snapshot.rejected = Rejected { torn: 1, unreadable: 0, partial_census: 0 };
    snapshot
}

#[test]
fn a_service_as_tree() {
    golden::check("dump-tree.txt", &shown(&service(), false));
    let all = shown(&service(), true);
    assert!((4..9).all(|number| all.contains(&format!("Task-{number} load()"))), "{all}");
}

#[test]
fn tasks_that_look_the_same_stand_below_the_first_of_them() {
    let mut world = World::default();
    let thread = world.thread("MainThread", 1);
    let event_loop = world.event_loop(thread);
    let chains = ["even", "odd"].map(|name| world.stack(&[(name, "app.py", 1, COROUTINE)]));
    let tasks = (0..8_usize)
        .map(|number| {
            let task = world.task(&format!("t-{number}"), "f", event_loop);
            let chain = Some(chains[number % 2]);
            view(TaskRow { chain, ..row(task, TaskState::Waiting) }, &[])
        })
        .collect();
    let text = shown(&snapshot_of(world, tasks), false);
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let after = |frame: &str| {
        let found = lines.iter().position(|line| line.starts_with(frame)).expect("the frame");
        lines[found + 1]
    };
    assert_eq!(after("even "), "× 3 more like this  (t-2 … t-6)", "{text}");
    assert_eq!(after("odd "), "× 3 more like this  (t-3 … t-7)", "{text}");
}

#[test]
fn a_service_as_table() {
    let mut out = Vec::new();
    table(&service(), Style::PLAIN, &mut out).unwrap();
    golden::check("dump-table.txt", &String::from_utf8(out).unwrap());
}

#[test]
fn a_service_as_json() {
    let mut out = Vec::new();
    json(&service(), &mut out).unwrap();
    let value: serde_json::Value = serde_json::from_slice(&out).unwrap();
    golden::check("dump.json", &format!("{}\n", serde_json::to_string_pretty(&value).unwrap()));
}

#[test]
fn tasks_that_await_each_other_are_flagged_and_shown_once() {
    let mut world = World::default();
    let thread = world.thread("MainThread", 1);
    let event_loop = world.event_loop(thread);
    let ids: Vec<TaskId> =
        ["a", "b", "c", "hanger"].iter().map(|name| world.task(name, "f", event_loop)).collect();
    let waiting = |index: usize| row(ids[index], TaskState::Waiting);
    let tasks = vec![
        view(waiting(0), &[ids[1]]),
        view(waiting(1), &[ids[2]]),
        view(waiting(2), &[ids[0]]),
        view(waiting(3), &[ids[1]]),
    ];
    let mut snapshot = snapshot_of(world, tasks);
    snapshot.cycles = vec![vec![ids[0], ids[2], ids[1]]];
    let text = shown(&snapshot, false);
    assert!(text.contains("‼ await cycle"), "{text}");
    assert!(text.contains("a f()  awaits  c f()"), "{text}");
    for name in ["a", "b", "c", "hanger"] {
        assert_eq!(text.matches(&format!("● {name} f()")).count(), 1, "{name}: {text}");
    }
    assert!(text.contains("↗ a f()"), "{text}");
}

#[test]
fn a_task_that_awaits_itself_is_not_lost() {
    let mut world = World::default();
    let thread = world.thread("MainThread", 1);
    let event_loop = world.event_loop(thread);
    let me = world.task("me", "f", event_loop);
    let snapshot = snapshot_of(world, vec![view(row(me, TaskState::Waiting), &[me])]);
    let text = shown(&snapshot, false);
    assert!(text.contains("● me f()") && text.contains("↗ me f()"), "{text}");
}

#[test]
fn very_deep_chains_stay_readable() {
    let mut world = World::default();
    let thread = world.thread("MainThread", 1);
    let event_loop = world.event_loop(thread);
    let ids: Vec<TaskId> =
        (0..20_000).map(|n| world.task(&format!("t{n}"), "f", event_loop)).collect();
    let tasks = ids
        .iter()
        .enumerate()
        .map(|(n, &id)| {
            let awaiters = n.checked_sub(1).map(|before| ids[before]);
            view(row(id, TaskState::Waiting), awaiters.as_slice())
        })
        .collect();
    let text = shown(&snapshot_of(world, tasks), false);
    assert!(text.contains("t19999 f()"));
    assert!(text.lines().all(|line| line.chars().count() < 250));
}

#[test]
fn names_cannot_break_lines() {
    let mut world = World::default();
    let thread = world.thread("MainThread", 1);
    let event_loop = world.event_loop(thread);
    let task = world.task("evil\x1b[2J\nname", "f", event_loop);
    let snapshot = snapshot_of(world, vec![view(row(task, TaskState::Ready), &[])]);
    let text = shown(&snapshot, false);
    assert!(text.contains("evil\\u{1b}[2J\\nname"), "{text}");
}
