//! What a task waits for, in words and as JSON.

use serde::Serialize;

use crate::analysis::task_name;
use crate::model::{
    Dictionary, ObjectState, Snapshot, TaskView, TimeoutScope, WaitDetail, WaitKind, WaitReason,
};

use super::super::style::clean;
use super::super::words;

/// Holders that are named.
const NAMED: usize = 3;

#[derive(Serialize)]
pub(super) struct WaitingJson<'a> {
    kind: &'static str,
    object: Option<u32>,
    #[serde(rename = "type")]
    type_name: Option<&'a str>,
    detail: Option<&'a str>,
    holders: Vec<HolderJson<'a>>,
    waiters: Option<u32>,
    value: Option<u32>,
    size: Option<u32>,
    capacity: Option<u32>,
    deadline_ns: Option<u64>,
    remaining_ns: Option<i64>,
    timeouts: Vec<TimeoutJson>,
    members: Option<u32>,
    pending: Option<u32>,
    operation: Option<&'static str>,
    fd: Option<u32>,
    local: Option<&'a str>,
    peer: Option<&'a str>,
    pid: Option<u32>,
    command: Option<&'a str>,
    worker: Option<u32>,
}

#[derive(Serialize)]
struct HolderJson<'a> {
    id: u32,
    name: Option<&'a str>,
}

#[derive(Serialize)]
struct TimeoutJson {
    deadline_ns: Option<u64>,
    remaining_ns: Option<i64>,
}

/// A wait as JSON.
pub(super) fn json<'a>(
    snapshot: &'a Snapshot,
    view: &'a TaskView,
    reason: &WaitReason,
) -> WaitingJson<'a> {
    let dictionary = &snapshot.dictionary;
    let text = |id| Some(dictionary.text(id)).filter(|text| !text.is_empty());
    let object_type = reason.object.and_then(|object| dictionary.get_object(object));
    let state = state_of(snapshot, reason);
    let nothing = WaitDetail::default();
    let detail = view.detail.as_deref();
    let found: &WaitDetail = detail.unwrap_or(&nothing);
    let WaitDetail { deadline_ns, remaining_ns, members, pending, operation, fd, pid, .. } = *found;
    WaitingJson {
        kind: reason.kind.name(),
        object: reason.object.map(crate::model::ObjectId::get),
        type_name: reason.type_name.or(object_type).and_then(text),
        detail: reason.detail.and_then(text),
        holders: state.map_or_else(Vec::new, |state| holders(dictionary, state)),
        waiters: state.and_then(|state| state.waiters),
        value: state.and_then(|state| state.value),
        size: state.and_then(|state| state.size),
        capacity: state.and_then(|state| state.capacity),
        deadline_ns,
        remaining_ns,
        timeouts: found.timeouts.iter().map(timeout).collect(),
        members,
        pending,
        operation,
        fd,
        local: detail.and_then(|detail| detail.local.as_deref()),
        peer: detail.and_then(|detail| detail.peer.as_deref()),
        pid,
        command: detail.and_then(|detail| detail.command.as_deref()),
        worker: found
            .worker
            .and_then(|thread| dictionary.get_thread(thread))
            .map(|thread| thread.native_id)
            .filter(|&id| id > 0),
    }
}

fn holders<'a>(dictionary: &'a Dictionary, state: &ObjectState) -> Vec<HolderJson<'a>> {
    let holder =
        |&id: &crate::model::TaskId| HolderJson { id: id.get(), name: task_name(dictionary, id) };
    state.holders.iter().map(holder).collect()
}

const fn timeout(scope: &TimeoutScope) -> TimeoutJson {
    TimeoutJson { deadline_ns: scope.deadline_ns, remaining_ns: scope.remaining_ns }
}

fn state_of<'a>(snapshot: &'a Snapshot, reason: &WaitReason) -> Option<&'a ObjectState> {
    let object = reason.object?;
    let index = snapshot.objects.binary_search_by_key(&object, |(id, _)| *id).ok()?;
    snapshot.objects.get(index).map(|(_, state)| state)
}

/// `, held by writer, 3 in line`: what is known beyond the kind; empty if nothing is.
pub(super) fn more_words(snapshot: &Snapshot, view: &TaskView) -> String {
    let Some(reason) = view.row.wait.and_then(|wait| snapshot.dictionary.get_wait(wait)) else {
        return String::new();
    };
    let mut parts = Vec::new();
    if let Some(state) = state_of(snapshot, reason) {
        state_parts(snapshot, reason.kind, state, &mut parts);
    }
    if let Some(detail) = &view.detail {
        detail_parts(snapshot, detail, &mut parts);
    }
    parts.iter().map(|part| format!(", {part}")).collect()
}

fn state_parts(snapshot: &Snapshot, kind: WaitKind, state: &ObjectState, parts: &mut Vec<String>) {
    match (kind, state.value, state.size, state.capacity) {
        (WaitKind::Semaphore, Some(free), _, Some(most)) => {
            parts.push(format!("{free} of {most} free"));
        }
        (WaitKind::Semaphore, Some(free), ..) => parts.push(format!("{free} free")),
        (WaitKind::Barrier, Some(there), _, Some(parties)) => {
            parts.push(format!("{there} of {parties} there"));
        }
        (WaitKind::QueueJoin, Some(left), ..) => parts.push(format!("{left} unfinished")),
        (WaitKind::QueueGet | WaitKind::QueuePut, _, Some(size), Some(most)) => {
            parts.push(format!("{size} of {most} items"));
        }
        (WaitKind::QueueGet, _, Some(size), None) => parts.push(format!("{size} items")),
        (WaitKind::Executor, busy, queued, most) => {
            if let (Some(busy), Some(most)) = (busy, most) {
                parts.push(format!("{busy} of {most} workers busy"));
            }
            parts.extend(queued.map(|queued| format!("{queued} queued")));
        }
        _ => {}
    }
    if !state.holders.is_empty() {
        let names: Vec<_> = state
            .holders
            .iter()
            .take(NAMED)
            .map(|&id| words::name_of(&snapshot.dictionary, id).into_owned())
            .collect();
        let more = state.holders.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        parts.push(format!("held by {}{more}", names.join(", ")));
    }
    parts.extend(state.waiters.filter(|&n| n > 1).map(|waiters| format!("{waiters} in line")));
}

fn detail_parts(snapshot: &Snapshot, detail: &WaitDetail, parts: &mut Vec<String>) {
    parts.extend(detail.remaining_ns.map(left));
    match (detail.pending, detail.members) {
        (Some(pending), Some(members)) if members > 1 => {
            parts.push(format!("{pending} of {members} pending"));
        }
        (Some(pending), None) => parts.push(format!("{pending} pending")),
        _ => {}
    }
    parts.extend(detail.operation.map(str::to_owned));
    parts.extend(detail.fd.map(|fd| format!("fd {fd}")));
    match (&detail.local, &detail.peer) {
        (Some(local), Some(peer)) => parts.push(format!("{} ↔ {}", clean(local), clean(peer))),
        (None, Some(address)) | (Some(address), None) => parts.push(clean(address).into_owned()),
        (None, None) => {}
    }
    parts.extend(detail.pid.map(|pid| format!("pid {pid}")));
    parts.extend(detail.command.as_deref().map(|command| format!("`{}`", clean(command))));
    parts.extend(
        detail.worker.map(|id| format!("on {}", words::thread_words(&snapshot.dictionary, id))),
    );
    for scope in &detail.timeouts {
        parts.extend(scope.remaining_ns.map(|rest| format!("timeout: {}", left(rest))));
    }
}

#[expect(clippy::cast_precision_loss, reason = "for display")]
fn left(remaining_ns: i64) -> String {
    let seconds = remaining_ns as f64 / 1e9;
    if remaining_ns < 0 {
        format!("due {:.3} s ago", -seconds)
    } else if seconds < 10.0 {
        format!("{seconds:.3} s left")
    } else {
        format!("{seconds:.0} s left")
    }
}
