//! What is shown, as text.

use std::fmt::Write as _;

use looptrace::model::{Stall, TaskId};

use crate::lookup;
use crate::snapshot::Snapshot;
use crate::text;

/// Rows of a table that are copied at the most.
const MOST_ROWS: usize = 100_000;

/// Rows of cells as tab-separated text; tabs and line breaks within cells become spaces.
#[must_use]
pub fn tsv(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut text = header.join("\t");
    for row in rows.into_iter().take(MOST_ROWS) {
        text.push('\n');
        let cells: Vec<String> =
            row.iter().map(|cell| cell.replace(['\t', '\n', '\r'], " ")).collect();
        text.push_str(&cells.join("\t"));
    }
    text.push('\n');
    text
}

/// The table of all stalls.
#[must_use]
pub fn stalls(snapshot: &Snapshot) -> String {
    let rows = snapshot.stalls().iter().map(|stall| {
        vec![
            stall.id.to_string(),
            stall.start.as_nanos().to_string(),
            stall.duration.as_nanos().to_string(),
            lookup::stall_cause(stall).to_owned(),
            lookup::stall_function(snapshot, stall),
            lookup::stall_place(snapshot, stall),
            stall.victims.len().to_string(),
        ]
    });
    tsv(&["stall", "start_ns", "duration_ns", "cause", "function", "place", "victims"], rows)
}

/// The table of all tasks.
#[must_use]
pub fn tasks(snapshot: &Snapshot) -> String {
    let dictionary = &snapshot.analysis.dictionary;
    let rows = snapshot.analysis.tasks.iter().map(|time| {
        vec![
            text::task(dictionary, time.id),
            text::coroutine(dictionary, time.id),
            time.state.name().to_owned(),
            time.first_seen.as_nanos().to_string(),
            time.running.as_nanos().to_string(),
            time.ready.as_nanos().to_string(),
            time.waiting.as_nanos().to_string(),
            snapshot.longest_step(time.id).as_nanos().to_string(),
        ]
    });
    let header = [
        "task",
        "coroutine",
        "state",
        "first_seen_ns",
        "running_ns",
        "ready_ns",
        "waiting_ns",
        "longest_step_ns",
    ];
    tsv(&header, rows)
}

/// The table of all coroutines.
#[must_use]
pub fn coroutines(snapshot: &Snapshot) -> String {
    let dictionary = &snapshot.analysis.dictionary;
    let rows = snapshot.analysis.coroutines.iter().map(|time| {
        vec![
            time.name.map_or("?", |name| dictionary.text(name)).to_owned(),
            time.tasks.to_string(),
            time.running.as_nanos().to_string(),
            time.ready.as_nanos().to_string(),
            time.waiting.as_nanos().to_string(),
        ]
    });
    tsv(&["coroutine", "tasks", "running_ns", "ready_ns", "waiting_ns"], rows)
}

/// The table of what tasks queued for.
#[must_use]
pub fn contention(snapshot: &Snapshot) -> String {
    let rows = snapshot.contended.iter().map(|row| {
        vec![
            text::wait(&snapshot.analysis.dictionary, Some(row.wait)),
            row.waits.to_string(),
            row.tasks.to_string(),
            row.total.to_string(),
            row.p99.to_string(),
            row.longest.to_string(),
        ]
    });
    tsv(&["what", "waits", "tasks", "total_ns", "p99_ns", "longest_ns"], rows)
}

/// A stall in words.
#[must_use]
pub fn stall(snapshot: &Snapshot, stall: &Stall) -> String {
    let mut text = format!(
        "stall {}: {} at {}, {}\n",
        stall.id,
        stall.duration,
        text::instant(stall.start.as_nanos(), 1_000_000),
        lookup::stall_place(snapshot, stall),
    );
    for cause in &stall.causes {
        let share = text::percent(cause.share, 1.0);
        // Writing to a string cannot fail.
        writeln!(text, "  {share} {}: {}", cause.kind.name(), cause.text).unwrap_or_default();
    }
    if let Some(stack) = stall.stacks.first() {
        for frame in snapshot.analysis.dictionary.stack_frames(stack.stack) {
            let line = text::frame(&lookup::frame(snapshot, frame));
            writeln!(text, "    {line}").unwrap_or_default();
        }
    }
    text
}

/// A task in words.
#[must_use]
pub fn task(snapshot: &Snapshot, id: TaskId) -> String {
    let dictionary = &snapshot.analysis.dictionary;
    let mut text = format!("{}  {}\n", text::task(dictionary, id), text::coroutine(dictionary, id));
    if let Some(time) = snapshot.task_time(id) {
        let (running, ready, waiting) = (time.running, time.ready, time.waiting);
        writeln!(text, "  running {running}, ready {ready}, waiting {waiting}").unwrap_or_default();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::tsv;

    #[test]
    fn cells_cannot_break_the_table() {
        let rows = [vec!["a\tb".to_owned(), "c\nd".to_owned()]];
        assert_eq!(tsv(&["x", "y"], rows), "x\ty\na b\tc d\n");
    }
}
