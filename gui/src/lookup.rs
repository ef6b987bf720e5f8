//! Names of lanes, and where things are.

use looptrace::analysis::timeline::{Lane, LaneKind, Span};
use looptrace::analysis::{FrameNames, task_coroutine, task_name};
use looptrace::model::{CauseKind, FrameId, LoopId, Stall, ThreadId};

use crate::axis::Range;
use crate::snapshot::Snapshot;
use crate::text;

/// The name of a lane.
#[must_use]
pub fn lane_name(snapshot: &Snapshot, lane: &Lane) -> String {
    let dictionary = &snapshot.analysis.dictionary;
    match lane.kind {
        LaneKind::Loop(id) => loop_name(snapshot, id),
        LaneKind::Thread(id) => thread_name(snapshot, id),
        LaneKind::Task(id) => text::task(dictionary, id),
        LaneKind::Gc(id) => match snapshot.analysis.target(id) {
            Some(target) if snapshot.analysis.overview.targets.len() > 1 => {
                format!("garbage collector (pid {})", target.pid)
            }
            _ => "garbage collector".to_owned(),
        },
        LaneKind::Packed(tasks) => text::many(tasks as u64, "task"),
    }
}

/// The name of an event loop: its thread's.
#[must_use]
pub fn loop_name(snapshot: &Snapshot, id: LoopId) -> String {
    let event_loop = snapshot.analysis.dictionary.get_loop(id);
    match event_loop.and_then(|event_loop| event_loop.thread) {
        Some(thread) => format!("loop in {}", thread_name(snapshot, thread)),
        None => format!("loop {id}"),
    }
}

/// The name of a thread, with its process where there are several.
#[must_use]
pub fn thread_name(snapshot: &Snapshot, id: ThreadId) -> String {
    let analysis = &snapshot.analysis;
    let Some(thread) = analysis.dictionary.get_thread(id) else { return format!("thread {id}") };
    let name = thread
        .name
        .map(|name| analysis.dictionary.text(name))
        .filter(|name| !name.is_empty())
        .map_or_else(|| format!("thread {}", thread.native_id), str::to_owned);
    if analysis.overview.targets.len() < 2 {
        return name;
    }
    match analysis.target(thread.process) {
        Some(target) => format!("{name} (pid {})", target.pid),
        None => name,
    }
}

/// The name of a group of tasks.
#[must_use]
pub fn group_name(snapshot: &Snapshot, group: usize) -> String {
    let group = snapshot.timeline.groups.get(group);
    group
        .and_then(|group| group.name)
        .map(|name| snapshot.analysis.dictionary.text(name))
        .filter(|name| !name.is_empty())
        .unwrap_or("(unknown coroutine)")
        .to_owned()
}

/// Names of a frame.
#[must_use]
pub fn frame(snapshot: &Snapshot, frame: FrameId) -> FrameNames<'_> {
    FrameNames::of(&snapshot.analysis.dictionary, frame)
}

/// The stretch of time of a stall.
#[must_use]
pub fn stall_range(stall: &Stall) -> Range {
    Range { start: stall.start.as_nanos(), end: stall.end().as_nanos() }
}

/// The stretch of time of a span.
#[must_use]
pub fn span_range(span: &Span) -> Range {
    Range { start: span.start.as_nanos(), end: span.end.as_nanos() }
}

/// The guilty line of a stall, for people.
#[must_use]
pub fn stall_place(snapshot: &Snapshot, stall: &Stall) -> String {
    stall.location.map_or_else(|| "unknown".to_owned(), |id| frame(snapshot, id).place())
}

/// The guilty function of a stall, for people.
#[must_use]
pub fn stall_function(snapshot: &Snapshot, stall: &Stall) -> String {
    let function = stall.location.and_then(|id| frame(snapshot, id).function);
    function.unwrap_or("unknown").to_owned()
}

/// The main cause of a stall.
#[must_use]
pub fn stall_kind(stall: &Stall) -> CauseKind {
    stall.main_cause().map_or(CauseKind::Unknown, |cause| cause.kind)
}

/// The main cause of a stall in a word.
#[must_use]
pub fn stall_cause(stall: &Stall) -> &'static str {
    stall_kind(stall).name()
}

/// Every task whose name or coroutine contains `part`, in the order of their numbers; `most` at
/// the most.
#[must_use]
pub fn tasks_named(snapshot: &Snapshot, part: &str, most: usize) -> Vec<looptrace::model::TaskId> {
    let dictionary = &snapshot.analysis.dictionary;
    let mut found: Vec<_> = snapshot
        .analysis
        .tasks
        .iter()
        .map(|time| time.id)
        .filter(|&id| {
            task_name(dictionary, id).is_some_and(|name| crate::state::contains(name, part))
                || task_coroutine(dictionary, id)
                    .is_some_and(|name| crate::state::contains(name, part))
        })
        .take(most)
        .collect();
    found.sort_unstable();
    found
}
