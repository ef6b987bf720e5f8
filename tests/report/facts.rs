//! Recordings whose facts are known exactly.

use looptrace::analysis::NoSource;
use looptrace::analysis::{Analysis, Source, TaskTime, analyze};
use looptrace::model::{
    Contiguity, Duration, Event, Miss, MissReason, RecorderStats, StallKind, TaskId, TaskRow,
    TaskState, ThreadId, Timestamp, WaitKind,
};
use looptrace::report::{Style, TextOptions, json, text};

use crate::golden;
use crate::world::{COROUTINE, FUNCTION, MS, World, meta, ms, row};

pub(crate) fn analysis(world: World) -> Analysis {
    let source =
        Source { file: "run.looptrace".to_owned(), truncated: false, flaw: None, lost_bytes: 0 };
    analyze(meta(), world.events, source)
}

fn task(analysis: &Analysis, id: TaskId) -> TaskTime {
    *analysis.tasks.iter().find(|time| time.id == id).unwrap()
}

fn times(time: TaskTime) -> (u64, u64, u64) {
    let of = |length: Duration| length.as_nanos() / MS;
    (of(time.running), of(time.ready), of(time.waiting))
}

/// 200 ms: `worker` runs from 0 to 60 and waits for `Task-1`'s lock afterwards; the loop sleeps
/// from 60 to 160 (50 of these ticks were skipped); a callback runs from 160 to 200.
pub(crate) fn service() -> (World, TaskId, TaskId, ThreadId) {
    let mut world = World::new();
    let thread = world.thread("MainThread", 4242);
    let event_loop = world.event_loop(thread);
    let main = world.task("Task-1", "main", event_loop);
    let worker = world.task("worker", "work", event_loop);
    let run =
        ("BaseEventLoop._run_once", "/usr/lib/python3.14/asyncio/base_events.py", 2050, FUNCTION);
    let work = ("work", "app.py", 12, COROUTINE);
    let hash = ("digest", "app.py", 31, FUNCTION);
    let running = world.stack(&[run, work, hash]);
    let callback = world.stack(&[run, ("on_timer", "app.py", 44, FUNCTION)]);
    let poll = world
        .stack(&[run, ("EpollSelector.select", "/usr/lib/python3.14/selectors.py", 452, FUNCTION)]);
    let main_chain = world.stack(&[("main", "app.py", 7, COROUTINE)]);
    let work_chain = world.stack(&[work]);
    let gather = world.wait(WaitKind::Gather);
    let lock = world.wait(WaitKind::Lock);
    let waiting =
        |task, chain, wait| TaskRow { chain: Some(chain), wait, ..row(task, TaskState::Waiting) };
    world.census(ms(0), &[waiting(main, main_chain, gather), row(worker, TaskState::Ready)], &[]);
    world.push(Event::AwaitedBy { task: worker, awaiters: vec![main] });
    world.context_ver = Some(3);
    for at in 1..=60 {
        if at == 50 {
            world.census(ms(50), &[row(worker, TaskState::Running)], &[]);
        }
        world.sample(ms(at), thread, running, Some(worker));
    }
    for at in 61..=110 {
        world.polling(ms(at), thread, poll);
    }
    world.census(ms(100), &[waiting(worker, work_chain, lock)], &[]);
    world.push(Event::Idle { thread, time: ms(160), ticks: 50 });
    world.census(ms(150), &[], &[]);
    world.context_ver = Some(5);
    for at in 161..=200 {
        world.sample(ms(at), thread, callback, None);
    }
    world.census(ms(200), &[], &[]);
    world.push(Event::Stats(RecorderStats {
        time: ms(200),
        cpu: Duration::from_nanos(3 * MS),
        dropped: 0,
        partial_stacks: 0,
        rate_hz: 1000,
        census_rate_hz: 20,
    }));
    world.end(ms(200));
    (world, main, worker, thread)
}

#[test]
fn a_service_is_accounted_to_the_millisecond() {
    let (world, main, worker, _) = service();
    let facts = analysis(world);
    assert_eq!(times(task(&facts, main)), (0, 0, 200));
    // Ready for none of its first 50 ms, for it ran; waiting from the census at 100 ms on.
    assert_eq!(times(task(&facts, worker)), (60, 0, 100));
    assert_eq!(task(&facts, worker).state, TaskState::Waiting);
    let event_loop = facts.loops[0];
    assert_eq!(event_loop.busy.as_nanos() / MS, 100);
    assert_eq!(event_loop.idle.as_nanos() / MS, 100);
    assert_eq!(event_loop.unknown, Duration::ZERO);
    assert_eq!(facts.overview.samples, 150);
    assert_eq!(facts.overview.idle_ticks, 50);
    assert_eq!(facts.overview.censuses, 5);
    assert_eq!(facts.overview.duration.as_nanos(), 200 * MS);
    assert!(facts.overview.gaps.is_empty());
    let weights: Vec<(u64, u64)> =
        facts.stacks.iter().map(|hot| (hot.samples, hot.weight.as_nanos() / MS)).collect();
    assert_eq!(weights, [(60, 60), (40, 40), (50, 50)], "the poll call comes last");
    assert_eq!(facts.awaiters(worker), [main]);
}

#[test]
fn a_long_callback_is_a_stall() {
    let (world, _, worker, _) = service();
    let facts = analysis(world);
    let [stall] = facts.stalls.as_slice() else { panic!("{:?}", facts.stalls) };
    assert_eq!((stall.task, stall.kind), (Some(worker), StallKind::Callback));
    assert_eq!(stall.duration.as_nanos() / 100_000, 595, "from its first look to before the next");
    assert_eq!(stall.contiguity, Contiguity::Proven);
    let location = facts.dictionary.get_frame(stall.location.unwrap()).unwrap();
    assert_eq!(location.line, 31);
    let shares: f64 = stall.causes.iter().map(|cause| cause.share).sum();
    assert!((shares - 1.0).abs() < 1e-9);
}

#[test]
fn a_service_as_text() {
    let mut out = Vec::new();
    text(&analysis(service().0), TextOptions::default(), Style::PLAIN, &NoSource, &mut out)
        .unwrap();
    golden::check("report.txt", &String::from_utf8(out).unwrap());
}

#[test]
fn a_service_as_json() {
    let facts = analysis(service().0);
    let mut out = Vec::new();
    json(&facts, None, &mut out).unwrap();
    let value: serde_json::Value = serde_json::from_slice(&out).unwrap();
    golden::check("report.json", &format!("{}\n", serde_json::to_string_pretty(&value).unwrap()));
    let mut out = Vec::new();
    json(&facts, Some(1), &mut out).unwrap();
    let cut: serde_json::Value = serde_json::from_slice(&out).unwrap();
    for list in ["tasks", "coroutines", "stacks"] {
        assert_eq!(cut[list].as_array().unwrap().len(), 1, "{list}");
        assert_eq!(cut[list][0], value[list][0]);
    }
}

#[test]
fn what_was_not_looked_at_is_not_guessed() {
    let mut world = World::new();
    let thread = world.thread("MainThread", 1);
    let event_loop = world.event_loop(thread);
    let task_id = world.task("t", "f", event_loop);
    let stack = world.stack(&[("run", "a.py", 1, FUNCTION), ("f", "a.py", 2, COROUTINE)]);
    for at in (1..=100).chain(401..=500) {
        world.sample(ms(at), thread, stack, Some(task_id));
    }
    world.end(ms(500));
    let facts = analysis(world);
    let gaps: Vec<(u64, u64)> = facts
        .overview
        .gaps
        .iter()
        .map(|gap| (gap.start.as_nanos() / MS, gap.length.as_nanos() / MS))
        .collect();
    assert_eq!(gaps, [(100, 301)]);
    // The look at 401 stands for five ticks, no more.
    assert_eq!(times(task(&facts, task_id)).0, 204);
    assert_eq!(facts.loops[0].busy.as_nanos() / MS, 204);
    assert_eq!(facts.loops[0].unknown.as_nanos() / MS, 296);
}

#[test]
fn a_task_seen_by_samples_alone_exists() {
    let mut world = World::new();
    let thread = world.thread("MainThread", 1);
    let event_loop = world.event_loop(thread);
    let brief = world.task("brief", "f", event_loop);
    let stack = world.stack(&[("run", "a.py", 1, FUNCTION), ("f", "a.py", 2, COROUTINE)]);
    world.polling(ms(9), thread, stack);
    world.sample(ms(10), thread, stack, Some(brief));
    world.end(ms(20));
    let facts = analysis(world);
    let time = task(&facts, brief);
    assert_eq!(times(time), (1, 0, 0));
    assert_eq!((time.first_seen, time.last_seen), (ms(9), ms(10)));
}

#[test]
fn a_task_that_a_census_misses_is_done() {
    let mut world = World::new();
    let thread = world.thread("MainThread", 1);
    let event_loop = world.event_loop(thread);
    let first = world.task("first", "f", event_loop);
    let stays = world.task("stays", "f", event_loop);
    let rows = [row(first, TaskState::Waiting), row(stays, TaskState::Waiting)];
    world.census(ms(50), &rows, &[]);
    world.census(ms(100), &[], &[]);
    world.census(ms(150), &[], &[first]);
    world.end(ms(170));
    let facts = analysis(world);
    assert_eq!(times(task(&facts, first)), (0, 0, 100));
    assert_eq!(task(&facts, first).state, TaskState::Done);
    assert_eq!(times(task(&facts, stays)), (0, 0, 100));
    assert_eq!(task(&facts, stays).state, TaskState::Waiting);
    let coroutine = facts.coroutines[0];
    assert_eq!((coroutine.tasks, coroutine.waiting.as_nanos() / MS), (2, 200));
}

#[test]
fn misses_and_drops_are_counted_and_told() {
    let mut world = World::new();
    let thread = world.thread("MainThread", 1);
    world.event_loop(thread);
    let miss = |reason, count| Event::Miss(Miss { time: ms(5), thread, reason, count });
    world.push(miss(MissReason::Torn, 3));
    world.push(miss(MissReason::Late, 4));
    world.push(Event::Stats(RecorderStats {
        time: ms(9),
        cpu: Duration::ZERO,
        dropped: 2,
        partial_stacks: 3,
        rate_hz: 500,
        census_rate_hz: 20,
    }));
    let facts = analysis(world);
    assert_eq!((facts.overview.misses.torn, facts.overview.misses.late), (3, 4));
    let mut out = Vec::new();
    text(&facts, TextOptions::default(), Style::PLAIN, &NoSource, &mut out).unwrap();
    let shown = String::from_utf8(out).unwrap();
    for part in [
        "7 (100.0 %): 4 late, 3 torn",
        "2 events were dropped",
        "3 samples show only the outer frames",
        "went down to 500 Hz",
        "may still be growing",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
}

#[test]
fn loops_that_take_a_thread_one_after_the_other_have_their_own_stalls_and_lag() {
    let mut world = World::new();
    let thread = world.thread("MainThread", 1);
    let stack = world.stack(&[("run", "a.py", 1, FUNCTION), ("f", "a.py", 2, COROUTINE)]);
    let poll =
        world.stack(&[("run", "a.py", 1, FUNCTION), ("select", "selectors.py", 3, FUNCTION)]);
    let mut loops = Vec::new();
    // Each is busy for so long, and polls for the rest of 300 ms.
    for busy in [100, 200] {
        let began = 300 * loops.len() as u64;
        let event_loop = world.event_loop(thread);
        let task = world.task("test", "f", event_loop);
        world.context_ver = Some(busy);
        for at in began + 1..began + 300 {
            if at <= began + busy {
                world.sample(ms(at), thread, stack, Some(task));
            } else {
                world.polling(ms(at), thread, poll);
            }
        }
        loops.push(event_loop);
    }
    world.end(ms(600));
    let facts = analysis(world);
    let of_stalls: Vec<_> = facts.stalls.iter().map(|stall| stall.event_loop).collect();
    assert_eq!(of_stalls, loops);
    let near = |id, length: u64| {
        let row = facts.loops.iter().find(|row| row.id == id).unwrap();
        let lag = row.lag.expect("a lag").max.as_nanos() / MS;
        assert!(lag.abs_diff(length) <= 2, "{lag} ms, not {length}");
    };
    near(loops[0], 100);
    near(loops[1], 200);
}

#[test]
fn many_brief_tasks_share_their_stacks() {
    let mut world = World::new();
    let thread = world.thread("MainThread", 1);
    let event_loop = world.event_loop(thread);
    let stack = world.stack(&[("run", "a.py", 1, FUNCTION), ("f", "a.py", 2, COROUTINE)]);
    for at in 1..=20_000 {
        let task = world.task(&format!("Task-{at}"), "f", event_loop);
        world.sample(ms(at), thread, stack, Some(task));
    }
    let facts = analysis(world);
    assert_eq!(facts.tasks.len(), 20_000);
    assert_eq!(facts.stacks.len(), 1);
    assert_eq!(facts.stacks[0].weight, Timestamp::from_nanos(20_000 * MS).since(Timestamp::ZERO));
}

#[test]
fn a_file_gives_the_same_facts_and_says_when_it_was_cut() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("run.looptrace");
    let mut writer = looptrace::recording::Writer::create(&path, &meta(), false).unwrap();
    for event in &service().0.events {
        writer.push(event).unwrap();
    }
    writer.finish().unwrap();
    let facts = looptrace::analysis::analyze_file(&path).unwrap();
    assert_eq!(facts.tasks, analysis(service().0).tasks);
    assert!(!facts.source.truncated);
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    let cut = looptrace::analysis::analyze_file(&path).unwrap();
    assert!(cut.source.truncated);
    let mut out = Vec::new();
    text(&cut, TextOptions::default(), Style::PLAIN, &NoSource, &mut out).unwrap();
    assert!(String::from_utf8(out).unwrap().contains("the recording was cut short"));
}

#[test]
fn imports_and_long_stacks_are_abridged() {
    let mut world = World::new();
    let thread = world.thread("MainThread", 1);
    let mut frames = vec![("<module>", "app.py", 1, FUNCTION)];
    frames.extend([("_find_and_load", "<frozen importlib._bootstrap>", 1, FUNCTION); 5]);
    frames.extend((1..=40).map(|line| ("recurse", "app.py", line, FUNCTION)));
    let stack = world.stack(&frames);
    world.push(Event::Sample(looptrace::model::Sample {
        time: ms(1),
        thread,
        stack: Some(stack),
        task: None,
        task_depth: None,
        activity: looptrace::model::Activity::NoLoop,
        context_ver: None,
        callback: None,
    }));
    let mut out = Vec::new();
    text(&analysis(world), TextOptions::default(), Style::PLAIN, &NoSource, &mut out).unwrap();
    let shown = String::from_utf8(out).unwrap();
    assert!(!shown.contains("_find_and_load") && shown.contains("…         import"), "{shown}");
    assert!(shown.contains("28 more frames") && shown.contains("app.py:40"), "{shown}");
    assert!(shown.contains("no event loop  on MainThread (1)"), "{shown}");
}
