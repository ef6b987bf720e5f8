//! Stalls and lag as the JSON contract has them.

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use crate::analysis::{Analysis, task_name};
use crate::model::{Cause, Duration, EvidenceValue, Lag, Stall, TaskId, ThreadId, Victim};

use super::super::frames::{FrameJson, frames_json};
use super::{native_id, pid};

#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "the names are the contract's")]
pub(super) struct LagJson {
    p50_ns: u64,
    p90_ns: u64,
    p99_ns: u64,
    p999_ns: u64,
    max_ns: u64,
}

#[derive(Serialize)]
pub(super) struct SwitchesJson<'a> {
    thread: ThreadJson<'a>,
    source: &'static str,
}

#[derive(Serialize)]
pub(super) struct StallJson<'a> {
    id: u32,
    pid: Option<u32>,
    #[serde(rename = "loop")]
    event_loop: u32,
    thread: Option<u32>,
    kind: &'static str,
    start_ns: u64,
    duration_ns: u64,
    start_error_ns: u64,
    end_error_ns: u64,
    contiguity: &'static str,
    ongoing: bool,
    task: Option<TaskJson<'a>>,
    await_chain: Vec<FrameJson<'a>>,
    stacks: Vec<StackJson<'a>>,
    location: Option<FrameJson<'a>>,
    call: Option<FrameJson<'a>>,
    on_cpu_ns: Option<u64>,
    runqueue_ns: Option<u64>,
    blocked_ns: Option<u64>,
    causes: Vec<CauseJson<'a>>,
    victims: Vec<VictimJson<'a>>,
    victims_complete: bool,
    advice: Option<&'static str>,
}

#[derive(Serialize)]
struct TaskJson<'a> {
    id: u32,
    name: Option<&'a str>,
}

#[derive(Serialize)]
struct StackJson<'a> {
    weight_ns: u64,
    task_depth: Option<u32>,
    callback_depth: u32,
    frames: Vec<FrameJson<'a>>,
}

#[derive(Serialize)]
struct CauseJson<'a> {
    kind: &'static str,
    share: f64,
    text: &'a str,
    evidence: EvidenceJson<'a>,
}

struct EvidenceJson<'a> {
    analysis: &'a Analysis,
    entries: &'a [(&'static str, EvidenceValue)],
}

#[derive(Serialize)]
#[serde(untagged)]
enum ValueJson<'a> {
    Unknown,
    Text(&'a str),
    Count(u64),
    Flag(bool),
    Thread(ThreadJson<'a>),
    Stack(Vec<FrameJson<'a>>),
    Lines(Vec<LineJson<'a>>),
}

#[derive(Serialize)]
struct ThreadJson<'a> {
    native_id: Option<u32>,
    name: Option<&'a str>,
}

#[derive(Serialize)]
struct LineJson<'a> {
    weight_ns: u64,
    frame: FrameJson<'a>,
}

#[derive(Serialize)]
struct VictimJson<'a> {
    task: TaskJson<'a>,
    reason: &'static str,
    delay_ns: u64,
    error_ns: u64,
}

pub(super) const fn lag(lag: Lag) -> LagJson {
    LagJson {
        p50_ns: lag.p50.as_nanos(),
        p90_ns: lag.p90.as_nanos(),
        p99_ns: lag.p99.as_nanos(),
        p999_ns: lag.p999.as_nanos(),
        max_ns: lag.max.as_nanos(),
    }
}

/// How the times on and off the CPU of each thread are known.
pub(super) fn switches(analysis: &Analysis, limit: usize) -> Vec<SwitchesJson<'_>> {
    let sources = analysis.overview.switches.iter().take(limit);
    sources
        .map(|&(id, source)| SwitchesJson { thread: thread(analysis, id), source: source.name() })
        .collect()
}

pub(super) fn stall<'a>(analysis: &'a Analysis, stall: &'a Stall) -> StallJson<'a> {
    let frame = |id| FrameJson::new(&analysis.dictionary, id);
    StallJson {
        id: stall.id.get(),
        pid: pid(analysis, stall.process),
        event_loop: stall.event_loop.get(),
        thread: native_id(&analysis.dictionary, stall.thread),
        kind: stall.kind.name(),
        start_ns: stall.start.as_nanos(),
        duration_ns: stall.duration.as_nanos(),
        start_error_ns: stall.start_error.as_nanos(),
        end_error_ns: stall.end_error.as_nanos(),
        contiguity: stall.contiguity.name(),
        ongoing: stall.ongoing,
        task: stall.task.map(|id| task(analysis, id)),
        await_chain: stall.await_chain.iter().copied().map(frame).collect(),
        stacks: stacks(analysis, stall),
        location: stall.location.map(frame),
        call: stall.call.map(frame),
        on_cpu_ns: stall.on_cpu.map(Duration::as_nanos),
        runqueue_ns: stall.runqueue.map(Duration::as_nanos),
        blocked_ns: stall.blocked.map(Duration::as_nanos),
        causes: stall.causes.iter().map(|it| cause(analysis, it)).collect(),
        victims: stall.victims.iter().map(|it| victim(analysis, it)).collect(),
        victims_complete: stall.victims_complete,
        advice: stall.advice,
    }
}

fn task(analysis: &Analysis, id: TaskId) -> TaskJson<'_> {
    TaskJson { id: id.get(), name: task_name(&analysis.dictionary, id) }
}

fn stacks<'a>(analysis: &'a Analysis, stall: &Stall) -> Vec<StackJson<'a>> {
    let stacks = stall.stacks.iter();
    stacks
        .map(|it| StackJson {
            weight_ns: it.weight.as_nanos(),
            task_depth: it.task_depth,
            callback_depth: it.callback_depth,
            frames: frames_json(&analysis.dictionary, it.stack),
        })
        .collect()
}

fn cause<'a>(analysis: &'a Analysis, cause: &'a Cause) -> CauseJson<'a> {
    CauseJson {
        kind: cause.kind.name(),
        share: cause.share,
        text: &cause.text,
        evidence: EvidenceJson { analysis, entries: &cause.evidence },
    }
}

fn victim<'a>(analysis: &'a Analysis, victim: &Victim) -> VictimJson<'a> {
    VictimJson {
        task: task(analysis, victim.task),
        reason: victim.reason.name(),
        delay_ns: victim.delay.as_nanos(),
        error_ns: victim.error.as_nanos(),
    }
}

impl Serialize for EvidenceJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.entries.len()))?;
        for (key, value) in self.entries {
            map.serialize_entry(key, &evidence(self.analysis, value))?;
        }
        map.end()
    }
}

fn evidence<'a>(analysis: &'a Analysis, value: &'a EvidenceValue) -> ValueJson<'a> {
    let dictionary = &analysis.dictionary;
    match value {
        EvidenceValue::Unknown => ValueJson::Unknown,
        EvidenceValue::Text(text) => ValueJson::Text(text),
        EvidenceValue::Count(count) => ValueJson::Count(*count),
        EvidenceValue::Flag(flag) => ValueJson::Flag(*flag),
        EvidenceValue::Thread(id) => ValueJson::Thread(thread(analysis, *id)),
        EvidenceValue::Stack(stack) => ValueJson::Stack(frames_json(dictionary, *stack)),
        EvidenceValue::Lines(lines) => ValueJson::Lines(
            lines
                .iter()
                .map(|&(frame, weight)| LineJson {
                    weight_ns: weight.as_nanos(),
                    frame: FrameJson::new(dictionary, frame),
                })
                .collect(),
        ),
    }
}

fn thread(analysis: &Analysis, id: ThreadId) -> ThreadJson<'_> {
    let dictionary = &analysis.dictionary;
    let name = dictionary.get_thread(id).and_then(|thread| thread.name);
    ThreadJson {
        native_id: native_id(dictionary, id),
        name: name.map(|name| dictionary.text(name)).filter(|name| !name.is_empty()),
    }
}
