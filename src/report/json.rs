//! A recording's facts as `looptrace.report/1`.

mod stalls;
mod waits;

use std::io::{self, Write};

use serde::Serialize;

use crate::analysis::{
    Analysis, CoroutineTime, HotStack, LoopTime, TaskTime, code_place, task_coroutine, task_name,
};
use crate::model::{Activity, Dictionary, EndReason, LoopId, ProcessId, TaskId, ThreadId};

use super::findings::{self, FindingJson};
use super::frames::{FrameJson, frames_json};

#[derive(Serialize)]
struct ReportJson<'a, Tasks, Stacks, Stalls, Contention> {
    schema: &'static str,
    recording: RecordingJson<'a>,
    loops: Vec<LoopJson>,
    tasks: Tasks,
    coroutines: Vec<CoroutineJson<'a>>,
    stacks: Stacks,
    stalls: Stalls,
    contention: Contention,
    executors: Vec<waits::ExecutorJson<'a>>,
    population: waits::PopulationJson<'a>,
    findings: Vec<FindingJson<'a>>,
}

#[derive(Serialize)]
struct RecordingJson<'a> {
    file: &'a str,
    looptrace: &'a str,
    duration_ns: u64,
    monotonic_start_ns: u64,
    wall_start_ns: u64,
    targets: Vec<TargetJson<'a>>,
    rate_hz: u32,
    census_rate_hz: u32,
    lowest_rate_hz: Option<u32>,
    lowest_census_rate_hz: Option<u32>,
    blocking: bool,
    redacted: bool,
    samples: u64,
    idle_ticks: u64,
    censuses: u64,
    partial_censuses: u64,
    misses: MissesJson,
    dropped: u64,
    partial_stacks: u64,
    gaps: Vec<GapJson>,
    truncated: bool,
    lost_bytes: u64,
    end: Option<&'static str>,
    recorder_cpu_ns: Option<u64>,
    edges: &'static str,
    lost_switch_records: u64,
    vague_stalls: u64,
    switches: Vec<stalls::SwitchesJson<'a>>,
    stall_threshold_ns: u64,
}

#[derive(Serialize)]
struct TargetJson<'a> {
    pid: u32,
    command: &'a [String],
    python: &'a str,
    attached_ns: u64,
    ended_ns: Option<u64>,
}

#[derive(Serialize)]
struct MissesJson {
    late: u64,
    torn: u64,
    unreadable: u64,
    exited: u64,
}

#[derive(Serialize)]
struct GapJson {
    start_ns: u64,
    duration_ns: u64,
}

#[derive(Serialize)]
struct LoopJson {
    id: u32,
    pid: Option<u32>,
    thread: Option<u32>,
    kind: Option<&'static str>,
    busy_ns: u64,
    idle_ns: u64,
    unknown_ns: u64,
    lag: Option<stalls::LagJson>,
    lag_corrected: Option<stalls::LagJson>,
    runqueue_ns: Option<u64>,
    callbacks: Option<u64>,
}

#[derive(Serialize)]
struct TaskJson<'a> {
    id: u32,
    pid: Option<u32>,
    name: Option<&'a str>,
    coroutine: Option<&'a str>,
    #[serde(rename = "loop")]
    event_loop: Option<u32>,
    first_seen_ns: u64,
    last_seen_ns: u64,
    state: &'static str,
    running_ns: u64,
    ready_ns: u64,
    waiting_ns: u64,
    waits: Vec<waits::WaitJson>,
}

#[derive(Serialize)]
struct CoroutineJson<'a> {
    name: Option<&'a str>,
    file: Option<&'a str>,
    line: Option<u32>,
    tasks: u64,
    running_ns: u64,
    ready_ns: u64,
    waiting_ns: u64,
}

#[derive(Serialize)]
struct StackJson<'a> {
    samples: u64,
    weight_ns: u64,
    pid: Option<u32>,
    thread: Option<u32>,
    activity: &'static str,
    task: Option<StackTaskJson<'a>>,
    awaited_by: Vec<StackTaskJson<'a>>,
    frames: Vec<FrameJson<'a>>,
    task_depth: Option<u32>,
}

#[derive(Serialize)]
struct StackTaskJson<'a> {
    id: Option<u32>,
    name: Option<&'a str>,
    coroutine: Option<&'a str>,
}

/// A list that is made while it is written: there may be millions of tasks.
struct Streamed<F>(F);

impl<F: Fn() -> I, I: Iterator<Item: Serialize>> Serialize for Streamed<F> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0())
    }
}

/// Writes the facts as `looptrace.report/1`; lists are cut to `limit` entries, if there is one.
///
/// # Errors
/// What the writer gives.
pub fn json(analysis: &Analysis, limit: Option<usize>, out: &mut impl Write) -> io::Result<()> {
    let limit = limit.unwrap_or(usize::MAX);
    let report = ReportJson {
        schema: "looptrace.report/1",
        recording: recording(analysis, limit),
        loops: analysis.loops.iter().take(limit).map(|time| event_loop(analysis, time)).collect(),
        tasks: Streamed(|| analysis.tasks.iter().take(limit).map(|time| task(analysis, time))),
        coroutines: analysis
            .coroutines
            .iter()
            .take(limit)
            .map(|time| coroutine(&analysis.dictionary, time))
            .collect(),
        stacks: Streamed(|| analysis.stacks.iter().take(limit).map(|hot| stack(analysis, hot))),
        stalls: Streamed(|| {
            analysis.stalls.iter().take(limit).map(|it| stalls::stall(analysis, it))
        }),
        contention: Streamed(|| {
            analysis.contention.iter().take(limit).map(|it| waits::contention(analysis, it))
        }),
        executors: analysis
            .executors
            .iter()
            .take(limit)
            .map(|it| waits::executor(analysis, it))
            .collect(),
        population: waits::population(analysis, limit),
        findings: analysis
            .findings
            .iter()
            .take(limit)
            .map(|it| findings::json(&analysis.dictionary, it))
            .collect(),
    };
    serde_json::to_writer(&mut *out, &report)?;
    writeln!(out)
}

fn recording(analysis: &Analysis, limit: usize) -> RecordingJson<'_> {
    let Analysis { source, meta, overview, .. } = analysis;
    RecordingJson {
        file: &source.file,
        looptrace: &meta.looptrace_version,
        duration_ns: overview.duration.as_nanos(),
        monotonic_start_ns: meta.anchor.monotonic_start_ns,
        wall_start_ns: meta.anchor.wall_start_ns,
        targets: targets(analysis),
        rate_hz: meta.rate_hz,
        census_rate_hz: meta.census_rate_hz,
        lowest_rate_hz: overview.lowest_rate_hz,
        lowest_census_rate_hz: overview.lowest_census_rate_hz,
        blocking: meta.blocking,
        redacted: meta.redacted,
        samples: overview.samples,
        idle_ticks: overview.idle_ticks,
        censuses: overview.censuses,
        partial_censuses: overview.partial_censuses,
        misses: MissesJson {
            late: overview.misses.late,
            torn: overview.misses.torn,
            unreadable: overview.misses.unreadable,
            exited: overview.misses.exited,
        },
        dropped: overview.dropped,
        partial_stacks: overview.partial_stacks,
        gaps: overview
            .gaps
            .iter()
            .take(limit)
            .map(|gap| GapJson {
                start_ns: gap.start.as_nanos(),
                duration_ns: gap.length.as_nanos(),
            })
            .collect(),
        truncated: source.truncated,
        lost_bytes: source.lost_bytes,
        end: overview.end.map(end_name),
        recorder_cpu_ns: overview.recorder_cpu.map(crate::model::Duration::as_nanos),
        edges: overview.edges.name(),
        lost_switch_records: overview.lost_switch_records,
        vague_stalls: overview.vague_stalls,
        switches: stalls::switches(analysis, limit),
        stall_threshold_ns: analysis.stall_threshold.as_nanos(),
    }
}

fn targets(analysis: &Analysis) -> Vec<TargetJson<'_>> {
    let facts = analysis.overview.targets.iter();
    facts
        .map(|facts| TargetJson {
            pid: facts.target.pid,
            command: &facts.target.command,
            python: &facts.target.python,
            attached_ns: facts.target.attached.as_nanos(),
            ended_ns: facts.ended.map(crate::model::Timestamp::as_nanos),
        })
        .collect()
}

const fn end_name(end: EndReason) -> &'static str {
    match end {
        EndReason::Interrupted => "interrupted",
        EndReason::Duration => "duration",
        EndReason::TargetExited => "target_exited",
        EndReason::Failed => "failed",
    }
}

fn event_loop(analysis: &Analysis, time: &LoopTime) -> LoopJson {
    let definition = analysis.dictionary.get_loop(time.id);
    LoopJson {
        id: time.id.get(),
        pid: definition.and_then(|definition| pid(analysis, definition.process)),
        thread: time.thread.and_then(|thread| native_id(&analysis.dictionary, thread)),
        kind: definition.map(|definition| definition.kind.name()),
        busy_ns: time.busy.as_nanos(),
        idle_ns: time.idle.as_nanos(),
        unknown_ns: time.unknown.as_nanos(),
        lag: time.lag.map(stalls::lag),
        lag_corrected: time.lag_corrected.map(stalls::lag),
        runqueue_ns: time.runqueue.map(crate::model::Duration::as_nanos),
        callbacks: time.callbacks,
    }
}

fn task<'a>(analysis: &'a Analysis, time: &TaskTime) -> TaskJson<'a> {
    let dictionary = &analysis.dictionary;
    let definition = dictionary.get_task(time.id);
    TaskJson {
        id: time.id.get(),
        pid: definition.and_then(|task| pid(analysis, task.process)),
        name: task_name(dictionary, time.id),
        coroutine: task_coroutine(dictionary, time.id),
        event_loop: definition.and_then(|task| task.event_loop).map(LoopId::get),
        first_seen_ns: time.first_seen.as_nanos(),
        last_seen_ns: time.last_seen.as_nanos(),
        state: time.state.name(),
        running_ns: time.running.as_nanos(),
        ready_ns: time.ready.as_nanos(),
        waiting_ns: time.waiting.as_nanos(),
        waits: analysis.waits(time.id).iter().map(waits::wait).collect(),
    }
}

fn coroutine<'a>(dictionary: &'a Dictionary, time: &CoroutineTime) -> CoroutineJson<'a> {
    let code = time.code.and_then(|code| dictionary.get_code(code));
    let (file, line) = code.map_or((None, None), |code| code_place(dictionary, code));
    CoroutineJson {
        name: time.name.map(|name| dictionary.text(name)).filter(|name| !name.is_empty()),
        file,
        line,
        tasks: time.tasks,
        running_ns: time.running.as_nanos(),
        ready_ns: time.ready.as_nanos(),
        waiting_ns: time.waiting.as_nanos(),
    }
}

fn stack<'a>(analysis: &'a Analysis, hot: &HotStack) -> StackJson<'a> {
    let dictionary = &analysis.dictionary;
    let known = |text: Option<crate::model::StringId>| {
        text.map(|text| dictionary.text(text)).filter(|text| !text.is_empty())
    };
    let awaiters = hot.task.and_then(|task| task.id).map(|id| analysis.awaiters(id));
    let thread = dictionary.get_thread(hot.thread);
    StackJson {
        samples: hot.samples,
        weight_ns: hot.weight.as_nanos(),
        pid: thread.and_then(|thread| pid(analysis, thread.process)),
        thread: native_id(dictionary, hot.thread),
        activity: match hot.activity {
            Activity::Busy => "busy",
            Activity::Polling => "polling",
            Activity::NoLoop => "no_loop",
        },
        task: hot.task.map(|task| StackTaskJson {
            id: task.id.map(TaskId::get),
            name: known(task.name),
            coroutine: known(task.coroutine),
        }),
        awaited_by: awaiters
            .unwrap_or_default()
            .into_iter()
            .map(|id| StackTaskJson {
                id: Some(id.get()),
                name: task_name(dictionary, id),
                coroutine: task_coroutine(dictionary, id),
            })
            .collect(),
        frames: hot.stack.map_or_else(Vec::new, |stack| frames_json(dictionary, stack)),
        task_depth: hot.task_depth,
    }
}

fn pid(analysis: &Analysis, process: ProcessId) -> Option<u32> {
    analysis.target(process).map(|target| target.pid)
}

fn native_id(dictionary: &Dictionary, thread: ThreadId) -> Option<u32> {
    dictionary.get_thread(thread).map(|thread| thread.native_id).filter(|&id| id > 0)
}
