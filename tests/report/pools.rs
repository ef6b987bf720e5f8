//! Connection pools by the line of the library that waits, whatever each task waits for there.

use looptrace::analysis::Analysis;
use looptrace::analysis::contention::Contention;
use looptrace::model::{
    Event, FrameKind, StackId, TaskId, TaskRow, TaskState, WaitKind, WaitReason,
};

use crate::facts::analysis;
use crate::world::{COROUTINE, MS, World, ms, row};

const SITE: &str = "/v/lib/python3.12/site-packages";

type Frames<'a> = [(&'a str, &'a str, u32, FrameKind)];

fn path(file: &str) -> String {
    format!("{SITE}/{file}")
}

fn waiting(world: &mut World, task: TaskId, frames: &Frames<'_>, reason: WaitReason) -> TaskRow {
    let chain: StackId = world.stack(frames);
    let wait = world.dictionary.wait(reason);
    TaskRow { chain: Some(chain), wait, ..row(task, TaskState::Waiting) }
}

fn tasks(world: &mut World, count: usize) -> Vec<TaskId> {
    let thread = world.thread("MainThread", 1);
    let event_loop = world.event_loop(thread);
    (0..count).map(|number| world.task(&format!("t{number}"), "get", event_loop)).collect()
}

/// The tasks wait from 0 on; the first of them stops at 100 ms, the others go on until 300 ms.
fn watched(mut world: World, rows: &[TaskRow]) -> Analysis {
    world.census(ms(0), rows, &[]);
    world.census(ms(100), &[row(rows[0].task, TaskState::Ready)], &[]);
    world.census(ms(300), &[], &[]);
    world.end(ms(300));
    analysis(world)
}

fn only(facts: &Analysis) -> &Contention {
    let [line] = facts.contention.as_slice() else { panic!("{:#?}", facts.contention) };
    line
}

#[test]
fn futures_of_a_pool_are_one_line_and_other_futures_none() {
    let mut world = World::new();
    let tasks = tasks(&mut world, 4);
    let connector = path("aiohttp/connector.py");
    let wait = "BaseConnector._wait_for_available_connection";
    let pool = [("get", "app.py", 5, COROUTINE), (wait, connector.as_str(), 717, COROUTINE)];
    let protocol = path("aiohttp/streams.py");
    let reply = [("get", "app.py", 6, COROUTINE), ("read", protocol.as_str(), 9, COROUTINE)];
    let future = WaitReason::plain(WaitKind::Future);
    let mut rows: Vec<TaskRow> =
        tasks[..3].iter().map(|&task| waiting(&mut world, task, &pool, future)).collect();
    rows.push(waiting(&mut world, tasks[3], &reply, future));

    let facts = watched(world, &rows);
    let line = only(&facts);
    assert_eq!(line.label(&facts.dictionary), "aiohttp connector");
    assert_eq!(facts.dictionary.get_frame(line.place.unwrap()).unwrap().line, 717);
    assert_eq!((line.object, line.objects, line.waits, line.tasks), (None, 0, 3, 3));
    assert_eq!(line.total.as_nanos(), (100 + 300 + 300) * MS);
    assert_eq!((line.longest.as_nanos(), line.most_waiters), (300 * MS, 3));
    let points: Vec<_> = line.waiters.points().iter().map(|p| (p.0.as_nanos() / MS, p.1)).collect();
    assert_eq!(points, [(0, 3), (100, 2)]);
}

#[test]
fn an_event_for_each_request_makes_one_line() {
    let mut world = World::new();
    let tasks = tasks(&mut world, 3);
    let pool = path("httpcore/_async/connection_pool.py");
    let wait = "AsyncPoolRequest.wait_for_connection";
    let frames = [("get", "app.py", 5, COROUTINE), (wait, pool.as_str(), 35, COROUTINE)];
    let rows: Vec<TaskRow> = tasks
        .iter()
        .map(|&task| waiting_for_own(&mut world, task, &frames, WaitKind::Event))
        .collect();

    let facts = watched(world, &rows);
    let line = only(&facts);
    assert_eq!(line.label(&facts.dictionary), "httpcore pool");
    assert_eq!((line.object, line.objects, line.waits, line.most_waiters), (None, 3, 3, 3));
}

#[test]
fn one_lock_for_each_task_stays_one_row_for_each() {
    let mut world = World::new();
    let tasks = tasks(&mut world, 2);
    let frames = [("get", "app.py", 5, COROUTINE)];
    let rows: Vec<TaskRow> = tasks
        .iter()
        .map(|&task| waiting_for_own(&mut world, task, &frames, WaitKind::Lock))
        .collect();
    let facts = watched(world, &rows);
    assert_eq!(facts.contention.len(), 2);
    assert!(facts.contention.iter().all(|line| line.object.is_some() && line.objects == 1));
}

fn waiting_for_own(
    world: &mut World,
    task: TaskId,
    frames: &Frames<'_>,
    kind: WaitKind,
) -> TaskRow {
    let type_name = world.dictionary.string("Event").unwrap();
    let object = world.dictionary.add_object(type_name);
    waiting(world, task, frames, WaitReason { object, ..WaitReason::plain(kind) })
}

#[test]
fn a_task_made_by_wait_for_waits_where_its_awaiter_does() {
    let mut world = World::new();
    let tasks = tasks(&mut world, 2);
    let library = "/usr/lib/python3.9/asyncio";
    let (queues, waits) = (format!("{library}/queues.py"), format!("{library}/tasks.py"));
    let spawn = path("sqlalchemy/util/_concurrency_py3k.py");
    let engine = path("sqlalchemy/ext/asyncio/engine.py");
    let outer = [
        ("get", "app.py", 5, COROUTINE),
        ("AsyncConnection.start", engine.as_str(), 275, COROUTINE),
        ("greenlet_spawn", spawn.as_str(), 201, COROUTINE),
        ("wait_for", waits.as_str(), 479, COROUTINE),
    ];
    let inner = [("get", queues.as_str(), 166, COROUTINE)];
    let type_name = world.dictionary.string("Queue").unwrap();
    let object = world.dictionary.add_object(type_name);
    let queue = WaitReason { object, ..WaitReason::plain(WaitKind::QueueGet) };
    let rows = [
        waiting(&mut world, tasks[0], &inner, queue),
        waiting(&mut world, tasks[1], &outer, WaitReason::plain(WaitKind::WaitFor)),
    ];
    world.push(Event::AwaitedBy { task: tasks[0], awaiters: vec![tasks[1]] });
    let facts = watched(world, &rows);
    let line = only(&facts);
    assert_eq!(line.label(&facts.dictionary), "SQLAlchemy pool #1");
    assert_eq!(facts.dictionary.get_frame(line.place.unwrap()).unwrap().line, 275);
    assert_eq!(line.total.as_nanos(), 100 * MS);
}
