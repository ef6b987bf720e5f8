//! One look as `looptrace.dump/1`.

use std::io::{self, Write};

use serde::Serialize;

use crate::analysis::findings::find_in_look;
use crate::analysis::{task_coroutine, task_name};
use crate::model::{Dictionary, LoopId, ProcessId, Snapshot, TaskId, TaskView, ThreadId};

use super::super::findings::{self, FindingJson};
use super::super::frames::{FrameJson, frames_json};
use super::about::target_of;
use super::waiting::{self, WaitingJson};

#[derive(Serialize)]
struct DumpJson<'a> {
    schema: &'static str,
    targets: Vec<TargetJson<'a>>,
    threads: Vec<ThreadJson<'a>>,
    loops: Vec<LoopJson>,
    tasks: Vec<TaskJson<'a>>,
    cycles: Vec<Vec<u32>>,
    findings: Vec<FindingJson<'a>>,
    rejected: RejectedJson,
}

#[derive(Serialize)]
struct TargetJson<'a> {
    pid: u32,
    command: &'a [String],
    python: &'a str,
    asyncio: bool,
}

#[derive(Serialize)]
struct ThreadJson<'a> {
    pid: Option<u32>,
    native_id: Option<u32>,
    name: Option<&'a str>,
    stack: Vec<FrameJson<'a>>,
}

#[derive(Serialize)]
struct LoopJson {
    id: u32,
    pid: Option<u32>,
    thread: Option<u32>,
    kind: Option<&'static str>,
    current_task: Option<u32>,
}

#[derive(Serialize)]
struct TaskJson<'a> {
    id: u32,
    pid: Option<u32>,
    name: Option<&'a str>,
    coroutine: Option<&'a str>,
    #[serde(rename = "loop")]
    event_loop: Option<u32>,
    state: &'static str,
    await_chain: Option<Vec<FrameJson<'a>>>,
    waiting_on: Option<WaitingJson<'a>>,
    awaited_by: Vec<u32>,
    cancel_requests: Option<u32>,
}

#[derive(Serialize)]
struct RejectedJson {
    torn: u64,
    unreadable: u64,
    partial_census: u64,
}

/// Writes a look as `looptrace.dump/1`.
///
/// # Errors
/// What the writer gives.
pub fn json(snapshot: &Snapshot, out: &mut impl Write) -> io::Result<()> {
    let found = find_in_look(snapshot);
    let dump = DumpJson {
        schema: "looptrace.dump/1",
        targets: snapshot
            .targets
            .iter()
            .map(|view| TargetJson {
                pid: view.target.pid,
                command: &view.target.command,
                python: &view.target.python,
                asyncio: view.has_asyncio,
            })
            .collect(),
        threads: threads(snapshot),
        loops: snapshot.loops.iter().map(|v| event_loop(snapshot, v.id, v.current_task)).collect(),
        tasks: tasks(snapshot),
        cycles: snapshot.cycles.iter().map(|cycle| numbers(cycle)).collect(),
        findings: found.iter().map(|it| findings::json(&snapshot.dictionary, it)).collect(),
        rejected: RejectedJson {
            torn: snapshot.rejected.torn,
            unreadable: snapshot.rejected.unreadable,
            partial_census: snapshot.rejected.partial_census,
        },
    };
    serde_json::to_writer(&mut *out, &dump)?;
    writeln!(out)
}

fn threads(snapshot: &Snapshot) -> Vec<ThreadJson<'_>> {
    let dictionary = &snapshot.dictionary;
    let view = |view: &crate::model::ThreadView| {
        let name = dictionary.get_thread(view.thread).and_then(|thread| thread.name);
        ThreadJson {
            pid: pid(snapshot, view.process),
            native_id: native_id(dictionary, view.thread),
            name: name.map(|name| dictionary.text(name)).filter(|name| !name.is_empty()),
            stack: view.stack.map_or_else(Vec::new, |stack| frames_json(dictionary, stack)),
        }
    };
    snapshot.threads.iter().map(view).collect()
}

fn event_loop(snapshot: &Snapshot, id: LoopId, current_task: Option<TaskId>) -> LoopJson {
    let definition = snapshot.dictionary.get_loop(id);
    let thread = definition.and_then(|definition| definition.thread);
    LoopJson {
        id: id.get(),
        pid: definition.and_then(|definition| pid(snapshot, definition.process)),
        thread: thread.and_then(|thread| native_id(&snapshot.dictionary, thread)),
        kind: definition.map(|definition| definition.kind.name()),
        current_task: current_task.map(TaskId::get),
    }
}

fn tasks(snapshot: &Snapshot) -> Vec<TaskJson<'_>> {
    snapshot.tasks.iter().map(|view| task(snapshot, view)).collect()
}

fn task<'a>(snapshot: &'a Snapshot, view: &'a TaskView) -> TaskJson<'a> {
    let dictionary = &snapshot.dictionary;
    let row = view.row;
    let definition = dictionary.get_task(row.task);
    let reason = row.wait.and_then(|wait| dictionary.get_wait(wait));
    TaskJson {
        id: row.task.get(),
        pid: definition.and_then(|task| pid(snapshot, task.process)),
        name: task_name(dictionary, row.task),
        coroutine: task_coroutine(dictionary, row.task),
        event_loop: definition.and_then(|task| task.event_loop).map(LoopId::get),
        state: row.state.name(),
        await_chain: row.chain.map(|chain| frames_json(dictionary, chain)),
        waiting_on: reason.map(|reason| waiting::json(snapshot, view, reason)),
        awaited_by: numbers(&view.awaited_by),
        cancel_requests: row.cancel_requests,
    }
}

fn pid(snapshot: &Snapshot, process: ProcessId) -> Option<u32> {
    target_of(snapshot, process).map(|view| view.target.pid)
}

fn native_id(dictionary: &Dictionary, thread: ThreadId) -> Option<u32> {
    dictionary.get_thread(thread).map(|thread| thread.native_id).filter(|&id| id > 0)
}

fn numbers(tasks: &[TaskId]) -> Vec<u32> {
    tasks.iter().map(|task| task.get()).collect()
}
