//! Perfetto traces, taken apart by hand: what is written must be what Perfetto's schema says,
//! whatever wrote it.

use std::collections::BTreeMap;

use looptrace::analysis::path::critical_path;
use looptrace::analysis::timeline::{SpanState, Timeline, TimelineBuilder};
use looptrace::analysis::{Analysis, AnalysisOptions, Analyzer, Source};
use looptrace::model::{Dictionary, Event, TaskId, TaskRow, TaskState, Timestamp, WaitKind};
use looptrace::{export, report};

use super::perfetto_fields::strays;
use super::schema::mistakes;
use super::world::{COROUTINE, FUNCTION, World, meta, ms, row};

/// A parent waits for a child, which waits for a sleep, runs and ends; then the parent runs.
fn parent_and_child() -> (World, TaskId, TaskId) {
    let mut world = World::new();
    let thread = world.thread("MainThread", 4242);
    let event_loop = world.event_loop(thread);
    let parent = world.task("parent", "handle", event_loop);
    let child = world.task("child", "fetch", event_loop);
    let (waits, sleeps) = (world.wait(WaitKind::Task), world.wait(WaitKind::Sleep));
    let waiting = |task, wait| TaskRow { wait, ..row(task, TaskState::Waiting) };
    let work = world.stack(&[("main", "app.py", 1, FUNCTION), ("fetch", "app.py", 7, COROUTINE)]);
    world.census(ms(0), &[waiting(parent, waits), waiting(child, sleeps)], &[]);
    world.push(Event::AwaitedBy { task: child, awaiters: vec![parent] });
    for at in [301, 302, 303] {
        world.sample(ms(at), thread, work, Some(child));
    }
    for at in [401, 402, 403] {
        world.sample(ms(at), thread, work, Some(parent));
    }
    world.census(ms(500), &[row(parent, TaskState::Ready)], &[child]);
    world.census(ms(600), &[row(parent, TaskState::Ready)], &[]);
    world.end(ms(600));
    (world, parent, child)
}

fn facts(events: Vec<Event>) -> (Analysis, Timeline) {
    let mut analyzer = Analyzer::new(meta(), AnalysisOptions::default());
    let mut builder = TimelineBuilder::new(&meta());
    let mut dictionary = Dictionary::new();
    for event in events {
        dictionary.apply(&event);
        builder.event(&event, &dictionary);
        analyzer.event(event);
    }
    (analyzer.finish(Source::default()), builder.finish(&dictionary))
}

/// A field of a message.
#[derive(Debug, Clone)]
enum Field<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

/// The fields of a message, by number, in order.
fn fields(mut bytes: &[u8]) -> Vec<(u64, Field<'_>)> {
    let mut all = Vec::new();
    while !bytes.is_empty() {
        let tag = varint(&mut bytes);
        let field = match tag & 7 {
            0 => Field::Number(varint(&mut bytes)),
            1 => {
                let (fixed, rest) = bytes.split_at(8);
                bytes = rest;
                Field::Number(u64::from_le_bytes(fixed.try_into().unwrap()))
            }
            2 => {
                let length = usize::try_from(varint(&mut bytes)).unwrap();
                let (content, rest) = bytes.split_at(length);
                bytes = rest;
                Field::Bytes(content)
            }
            other => panic!("wire type {other}"),
        };
        all.push((tag >> 3, field));
    }
    all
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first().expect("a whole varint");
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return value;
        }
    }
    panic!("a varint without end");
}

fn numbers(fields: &[(u64, Field<'_>)], wanted: u64) -> Vec<u64> {
    let of = fields.iter().filter(|(number, _)| *number == wanted);
    of.map(|(_, field)| match field {
        Field::Number(value) => *value,
        Field::Bytes(_) => panic!("{wanted} is no number"),
    })
    .collect()
}

fn texts(fields: &[(u64, Field<'_>)], wanted: u64) -> Vec<String> {
    let of = fields.iter().filter(|(number, _)| *number == wanted);
    of.map(|(_, field)| match field {
        Field::Bytes(bytes) => String::from_utf8((*bytes).to_vec()).unwrap(),
        Field::Number(_) => panic!("{wanted} is no text"),
    })
    .collect()
}

/// What a trace holds.
#[derive(Debug, Default)]
struct Trace {
    /// Name and parent of each track.
    tracks: BTreeMap<u64, (String, Option<u64>)>,
    /// Slices by track: name, start, end.
    slices: BTreeMap<u64, Vec<(String, u64, u64)>>,
    begins: Vec<u64>,
    ends: Vec<u64>,
    frames: usize,
    values: usize,
}

fn take_apart(bytes: &[u8]) -> Trace {
    let mut trace = Trace::default();
    let mut open: BTreeMap<u64, (String, u64)> = BTreeMap::new();
    for (number, packet) in fields(bytes) {
        assert_eq!(number, 1, "a trace is packets");
        let Field::Bytes(packet) = packet else { panic!("a packet is a message") };
        let packet = fields(packet);
        assert_eq!(numbers(&packet, 10), [1], "the sequence");
        for (number, field) in &packet {
            match (number, field) {
                (60, Field::Bytes(track)) => {
                    let track = fields(track);
                    let uuid = numbers(&track, 1)[0];
                    let name = texts(&track, 2).pop().unwrap_or_default();
                    let parent = numbers(&track, 5).pop();
                    assert!(parent.is_none_or(|parent| trace.tracks.contains_key(&parent)));
                    assert!(trace.tracks.insert(uuid, (name, parent)).is_none(), "uuid twice");
                }
                (11, Field::Bytes(event)) => {
                    let time = numbers(&packet, 8)[0];
                    event_of(&mut trace, &mut open, time, &fields(event));
                }
                _ => {}
            }
        }
    }
    assert!(open.is_empty(), "slices that do not end: {open:?}");
    trace
}

fn event_of(
    trace: &mut Trace,
    open: &mut BTreeMap<u64, (String, u64)>,
    time: u64,
    event: &[(u64, Field<'_>)],
) {
    let track = numbers(event, 11)[0];
    assert!(trace.tracks.contains_key(&track), "a track that was not described");
    match numbers(event, 9)[0] {
        1 => {
            let name = texts(event, 23).pop().expect("a slice has a name");
            assert!(open.insert(track, (name, time)).is_none(), "slices overlap");
            trace.begins.extend(numbers(event, 47));
            trace.ends.extend(numbers(event, 48));
            trace.frames += event.iter().filter(|(number, _)| *number == 55).count();
        }
        2 => {
            let (name, start) = open.remove(&track).expect("an end has a beginning");
            assert!(start <= time);
            trace.slices.entry(track).or_default().push((name, start, time));
        }
        4 => {
            assert_eq!(numbers(event, 30).len(), 1, "a counter has a value");
            trace.values += 1;
        }
        other => panic!("an event of type {other}"),
    }
}

#[test]
fn tasks_are_tracks_and_await_edges_flows() {
    let (world, ..) = parent_and_child();
    let (analysis, timeline) = facts(world.events);
    let mut bytes = Vec::new();
    export::perfetto(&analysis, &timeline, &mut bytes).unwrap();
    assert_eq!(strays(&bytes), [""; 0]);
    let trace = take_apart(&bytes);
    let slices_of = |name: &str| -> Vec<&str> {
        let track = trace.tracks.iter().find(|(_, (of, _))| of == name).unwrap().0;
        trace.slices[track].iter().map(|(name, ..)| name.as_str()).collect()
    };
    assert_eq!(slices_of("child fetch"), ["await sleep", "running", "await sleep"]);
    let parent = slices_of("parent handle");
    assert_eq!(parent[..2], ["await task", "running"]);
    assert_eq!(trace.begins.len(), 1, "the child's end wakes its parent");
    assert_eq!(trace.begins, trace.ends);
    assert!(trace.frames > 0 && trace.values > 0, "{trace:?}");
    assert!(trace.tracks.values().any(|(name, _)| name == "event loop 1"));
}

#[test]
fn a_path_goes_through_the_task_that_was_waited_for() {
    let (world, parent, child) = parent_and_child();
    let (analysis, timeline) = facts(world.events);
    let path = critical_path(&timeline, &analysis.dictionary, &analysis.stalls, parent);
    let shown: Vec<(TaskId, SpanState, Option<WaitKind>)> =
        path.iter().map(|step| (step.task, step.state, step.wait)).collect();
    assert_eq!(shown[0], (child, SpanState::Waiting, Some(WaitKind::Sleep)));
    assert_eq!(shown[1], (child, SpanState::Running, None));
    assert!(shown.contains(&(parent, SpanState::Running, None)), "{shown:?}");
    let mut json = Vec::new();
    report::path_json(&analysis, parent, &path, &mut json).unwrap();
    let json = serde_json::from_slice(&json).unwrap();
    assert_eq!(mistakes(include_str!("../../docs/schema/path-1.json"), &json), [""; 0]);
    let mut at = Timestamp::ZERO;
    for step in &path {
        assert!(step.start >= at && step.end > step.start, "{path:?}");
        at = step.end;
    }
}
