//! Words that dump and report share.

use std::borrow::Cow;

use crate::analysis::{task_coroutine, task_name};
use crate::model::{
    Dictionary, EdgeSource, TaskId, TaskRow, TaskState, Thread, ThreadId, WaitReason,
};

use super::style::{Paint, clean};

/// A task's name, or its number where the name is unknown or left out.
pub(super) fn name_of(dictionary: &Dictionary, task: TaskId) -> Cow<'_, str> {
    task_name(dictionary, task).map_or_else(|| Cow::Owned(format!("task #{task}")), clean)
}

/// `fetch()`; empty where the coroutine is unknown.
pub(super) fn call_of(dictionary: &Dictionary, task: TaskId) -> String {
    task_coroutine(dictionary, task).map_or_else(String::new, |name| format!("{}()", clean(name)))
}

/// `lock #3 (Lock)`: what a task waits for.
pub(super) fn reason_words(dictionary: &Dictionary, reason: &WaitReason) -> String {
    let mut words = reason.kind.name().replace('_', " ");
    if let Some(object) = reason.object {
        words.push_str(&format!(" #{object}"));
    }
    let object_type = reason.object.and_then(|object| dictionary.get_object(object));
    if let Some(type_name) = reason.type_name.or(object_type) {
        let type_name = dictionary.text(type_name);
        if !type_name.is_empty() && !type_name.eq_ignore_ascii_case(&words) {
            words.push_str(&format!(" ({})", clean(type_name)));
        }
    }
    if let Some(detail) = reason.detail {
        words.push_str(&format!(": {}", clean(dictionary.text(detail))));
    }
    words
}

/// `waiting: socket`, `running`, ….
pub(super) fn state_words(dictionary: &Dictionary, row: &TaskRow) -> String {
    let reason = row.wait.and_then(|wait| dictionary.get_wait(wait));
    match (row.state, reason) {
        (TaskState::Waiting, Some(reason)) => {
            format!("waiting: {}", reason_words(dictionary, reason))
        }
        (state, _) => state.name().to_owned(),
    }
}

/// `cancel requested ×2`, where any request is known.
pub(super) fn cancel_words(row: &TaskRow) -> Option<String> {
    row.cancel_requests.filter(|&count| count > 0).map(|n| format!("cancel requested ×{n}"))
}

/// The mark in front of a task.
pub(super) const fn mark(state: TaskState) -> &'static str {
    match state {
        TaskState::Running => "▶",
        TaskState::Ready => "◆",
        TaskState::Waiting => "●",
        TaskState::Done => "✓",
    }
}

/// The colour of a state.
pub(super) const fn paint(state: TaskState) -> Paint {
    match state {
        TaskState::Running => Paint::Running,
        TaskState::Ready => Paint::Ready,
        TaskState::Waiting => Paint::Waiting,
        TaskState::Done => Paint::Dim,
    }
}

/// `MainThread (4242)`.
pub(super) fn thread_words(dictionary: &Dictionary, id: ThreadId) -> String {
    let Some(&Thread { native_id, name, .. }) = dictionary.get_thread(id) else {
        return format!("thread #{id}");
    };
    let name = name.map(|name| clean(dictionary.text(name))).filter(|name| !name.is_empty());
    match (name, native_id) {
        (Some(name), 0) => name.into_owned(),
        (Some(name), native_id) => format!("{name} ({native_id})"),
        (None, 0) => format!("thread #{id}"),
        (None, native_id) => format!("thread {native_id}"),
    }
}

/// `3 tasks`, `1 task`.
pub(super) fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// `12,345`.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The share of `part` in `whole`, between 0 and 1; 0 of nothing is 0.
#[expect(clippy::cast_precision_loss, reason = "for display")]
pub(super) fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// `12.3 %`; what is there but rounds to nothing is `<0.1 %`.
pub(super) fn percent(share: f64) -> String {
    if share > 0.0 && share < 0.0005 {
        return "<0.1 %".to_owned();
    }
    format!("{:.1} %", share * 100.0)
}

/// Why the kernel's stream of switches does not tell of a thread.
#[must_use]
pub const fn why_not(source: EdgeSource) -> &'static str {
    match source {
        EdgeSource::Kernel => "known",
        EdgeSource::NotAsked => "not asked for",
        EdgeSource::Denied => "denied by the kernel",
        EdgeSource::Unsupported => "not in this kernel",
        EdgeSource::NoMemory => "no memory left that may be locked",
        EdgeSource::NotChosen => "too many threads",
        EdgeSource::UnknownThread => "kernel id unknown",
        EdgeSource::Failed => "failed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(percent(share(1, 3)), "33.3 %");
        assert_eq!(percent(share(1, 1_000_000)), "<0.1 %");
        assert_eq!(percent(share(1, 0)), "0.0 %");
    }
}
