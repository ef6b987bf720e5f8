//! An hour of recording, for measuring:
//! `cargo test --release --test report hour -- --ignored --nocapture`.

use looptrace::analysis::flame::{FlameOptions, FlameStates};
use looptrace::analysis::{analyze_file, flame_file};
use looptrace::model::{Event, StackId, TaskId, TaskRow, TaskState, WaitKind};
use looptrace::recording::Writer;

use crate::world::{COROUTINE, FUNCTION, World, meta, ms, row};

const HOUR: u64 = 3_600_000;

/// 1 kHz and 20 Hz for an hour: 3.6 M samples and 72,000 censuses of a service with 1,000 tasks,
/// 100 of which change between two censuses; 200 stacks of 40 frames.
fn record(path: &std::path::Path) -> u64 {
    let mut writer = Writer::create(path, &meta(), true).unwrap();
    let mut world = World::new();
    let thread = world.thread("MainThread", 1);
    let event_loop = world.event_loop(thread);
    let root = world.task("root", "main", event_loop);
    let tasks: Vec<TaskId> =
        (0..1000).map(|n| world.task(&format!("worker-{n}"), "work", event_loop)).collect();
    let stacks: Vec<StackId> = (0..200)
        .map(|leaf| {
            let mut frames = vec![("run", "run.py", 1, FUNCTION)];
            frames.extend((0..38).map(|n| ("work", "app.py", n, COROUTINE)));
            frames.push(("leaf", "leaf.py", leaf, FUNCTION));
            world.stack(&frames)
        })
        .collect();
    let wait = world.wait(WaitKind::Socket);
    for &task in &tasks {
        world.push(Event::AwaitedBy { task, awaiters: vec![root] });
    }
    let mut events = 0;
    let mut random = 1_u64;
    for at in 1..=HOUR {
        random =
            random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let pick = usize::try_from(random >> 40).unwrap();
        let (task, stack) = (tasks[pick % tasks.len()], stacks[pick % stacks.len()]);
        world.sample(ms(at), thread, stack, Some(task));
        if at % 50 == 0 {
            let rows: Vec<TaskRow> = (0..100)
                .map(|n| {
                    let task = tasks[(pick + n * 7) % tasks.len()];
                    let chain = Some(stacks[(pick + n) % stacks.len()]);
                    TaskRow { chain, wait, ..row(task, TaskState::Waiting) }
                })
                .collect();
            world.census(ms(at), &rows, &[]);
        }
        for event in world.events.drain(..) {
            writer.push(&event).unwrap();
            events += 1;
        }
    }
    world.end(ms(HOUR));
    for event in world.events.drain(..) {
        writer.push(&event).unwrap();
    }
    writer.finish().unwrap();
    events
}

fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
#[ignore = "a measurement, not a check"]
fn hour() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("hour.looptrace");
    let events = record(&path);
    let bytes = std::fs::metadata(&path).unwrap().len();
    println!("{events} events, {} MiB, peak {} KiB", bytes >> 20, peak_kib());
    let start = std::time::Instant::now();
    let facts = analyze_file(&path).unwrap();
    println!(
        "analysis {:.2?}, {} stacks, peak {} KiB",
        start.elapsed(),
        facts.stacks.len(),
        peak_kib()
    );
    drop(facts);
    for states in [FlameStates::Running, FlameStates::Waiting] {
        let start = std::time::Instant::now();
        let flame = flame_file(&path, FlameOptions { states, ..FlameOptions::default() }).unwrap();
        println!("flame {states:?} {:.2?}, peak {} KiB", start.elapsed(), peak_kib());
        let start = std::time::Instant::now();
        looptrace::export::svg(&flame, states, &mut std::io::sink()).unwrap();
        println!("  svg {:.2?}", start.elapsed());
    }
    let start = std::time::Instant::now();
    let options = FlameOptions { in_order: true, ..FlameOptions::default() };
    let flame = flame_file(&path, options).unwrap();
    let mut out = Vec::new();
    looptrace::export::speedscope(&flame, &mut out).unwrap();
    println!(
        "speedscope {:.2?}, {} MiB, peak {} KiB",
        start.elapsed(),
        out.len() >> 20,
        peak_kib()
    );
}
