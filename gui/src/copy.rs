//! What is shown, as text.

use std::fmt::Write as _;

use looptrace::model::{Stall, TaskId};

use crate::awaits::Graph;
use crate::axis::Range;
use crate::contention;
use crate::flame::Flame;
use crate::lookup;
use crate::snapshot::Snapshot;
use crate::text;
use crate::views::lag;

/// Rows of a table that are copied at the most.
pub const MOST_ROWS: usize = 100_000;

/// A table as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    /// Rows of cells, tab-separated.
    pub text: String,
    /// Whether there are more rows than these.
    pub is_cut: bool,
}

/// Rows of cells as tab-separated text; tabs and line breaks within cells become spaces.
#[must_use]
pub fn tsv(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> Copied {
    let mut text = header.join("\t");
    let mut rows = rows.into_iter();
    for row in rows.by_ref().take(MOST_ROWS) {
        text.push('\n');
        let cells: Vec<String> =
            row.iter().map(|cell| cell.replace(['\t', '\n', '\r'], " ")).collect();
        text.push_str(&cells.join("\t"));
    }
    text.push('\n');
    Copied { text, is_cut: rows.next().is_some() }
}

/// The table of stalls, in the order of their positions given.
#[must_use]
pub fn stalls(snapshot: &Snapshot, order: &[usize]) -> Copied {
    let stalls = order.iter().filter_map(|&at| snapshot.stalls().get(at));
    let rows = stalls.map(|stall| {
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

/// The table of tasks, in the order of their positions given.
#[must_use]
pub fn tasks(snapshot: &Snapshot, order: &[u32]) -> Copied {
    let dictionary = &snapshot.analysis.dictionary;
    let tasks = order.iter().filter_map(|&at| snapshot.analysis.tasks.get(at as usize));
    let rows = tasks.map(|time| {
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

/// The table of what tasks queued for, in the order of the positions given.
#[must_use]
pub fn contention(snapshot: &Snapshot, order: &[usize]) -> Copied {
    let dictionary = &snapshot.analysis.dictionary;
    let figure = |value: Option<u64>| value.map_or_else(String::new, |value| value.to_string());
    let rows = order.iter().filter_map(|&at| snapshot.contended.get(at)).map(|row| {
        vec![
            row.what.clone(),
            contention::place(dictionary, row),
            row.waits.to_string(),
            figure(row.tasks),
            figure(row.most.map(u64::from)),
            row.total.to_string(),
            figure(row.longest),
            row.held.clone(),
        ]
    });
    let header =
        ["what", "place", "waits", "tasks", "most_waiters", "total_ns", "longest_ns", "held_by"];
    tsv(&header, rows)
}

/// The list of findings.
#[must_use]
pub fn findings(snapshot: &Snapshot) -> Copied {
    let rows = snapshot.findings.iter().map(|found| {
        let source = found.source.as_ref();
        vec![
            found.severity.name().to_owned(),
            found.title.clone(),
            found.words.clone(),
            found.remedy.clone(),
            source.map_or_else(String::new, |(file, line)| format!("{file}:{line}")),
        ]
    });
    tsv(&["severity", "finding", "evidence", "remedy", "place"], rows)
}

/// The lags of a range, or of one bar of their histogram, the longest first.
#[must_use]
pub fn lags(snapshot: &Snapshot, range: Range, bin: Option<(u64, u64)>) -> Copied {
    let rows = lag::listed(snapshot, range, bin).into_iter().map(|busy| {
        let length = busy.end.since(busy.start).as_nanos();
        let event_loop = lookup::loop_name(snapshot, busy.event_loop);
        vec![event_loop, busy.start.as_nanos().to_string(), length.to_string()]
    });
    tsv(&["loop", "start_ns", "lag_ns"], rows)
}

/// The functions of a flamegraph.
#[must_use]
pub fn functions(flame: &Flame) -> Copied {
    let rows = flame.heaviest().into_iter().filter_map(|(code, own)| {
        let name = flame.names.iter().find(|name| name.code == Some(code))?;
        let file = name.file.clone().unwrap_or_default();
        Some(vec![name.text.clone(), file, name.line.to_string(), own.to_string()])
    });
    tsv(&["function", "file", "line", "self_ns"], rows)
}

/// The tasks of an await graph, and what each waits for.
#[must_use]
pub fn awaits(snapshot: &Snapshot, graph: &Graph) -> Copied {
    let dictionary = &snapshot.analysis.dictionary;
    let rows = graph.nodes.iter().filter_map(|node| {
        let task = node.task()?;
        Some(vec![
            text::task(dictionary, task),
            text::coroutine(dictionary, task),
            node.state.name().to_owned(),
            node.waits_for.clone(),
            node.in_cycle.to_string(),
        ])
    });
    tsv(&["task", "coroutine", "state", "waits_for", "in_circle"], rows)
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

/// The tasks of a coroutine in words.
#[must_use]
pub fn group(snapshot: &Snapshot, index: usize) -> Option<String> {
    let group = snapshot.timeline.groups.get(index)?;
    let mut text = format!("{}  {} tasks\n", lookup::group_name(snapshot, index), group.tasks);
    let mut times = snapshot.analysis.coroutines.iter();
    if let Some(time) = times.find(|time| (time.name, time.code) == (group.name, group.code)) {
        let (running, ready, waiting) = (time.running, time.ready, time.waiting);
        writeln!(text, "  running {running}, ready {ready}, waiting {waiting}").unwrap_or_default();
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::{Copied, MOST_ROWS, tsv};

    #[test]
    fn cells_cannot_break_the_table() {
        let rows = [vec!["a\tb".to_owned(), "c\nd".to_owned()]];
        let table = Copied { text: "x\ty\na b\tc d\n".to_owned(), is_cut: false };
        assert_eq!(tsv(&["x", "y"], rows), table);
    }

    #[test]
    fn a_table_is_cut_only_where_rows_are_left_out() {
        for (rows, copied, is_cut) in [
            (MOST_ROWS - 1, MOST_ROWS - 1, false),
            (MOST_ROWS, MOST_ROWS, false),
            (MOST_ROWS + 1, MOST_ROWS, true),
        ] {
            let table = tsv(&["x"], std::iter::repeat_n(vec!["y".to_owned()], rows));
            assert_eq!((table.text.lines().count(), table.is_cut), (copied + 1, is_cut), "{rows}");
        }
    }
}
