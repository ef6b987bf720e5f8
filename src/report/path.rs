//! Where the time of one task went.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;

use crate::analysis::path::Step;
use crate::analysis::timeline::SpanState;
use crate::analysis::{Analysis, task_coroutine, task_name};
use crate::model::{Duration, StallId, TaskId, WaitKind};

use super::columns::{Align, Columns};
use super::style::{Paint, Style};
use super::words::{self, percent, share};

#[derive(Serialize)]
struct PathJson<'a> {
    schema: &'static str,
    task: TaskJson<'a>,
    total_ns: u64,
    steps: Vec<StepJson<'a>>,
}

#[derive(Serialize)]
struct TaskJson<'a> {
    id: u32,
    name: Option<&'a str>,
    coroutine: Option<&'a str>,
}

#[derive(Serialize)]
struct StepJson<'a> {
    start_ns: u64,
    duration_ns: u64,
    task: TaskJson<'a>,
    state: &'static str,
    wait: Option<&'static str>,
    stall: Option<u32>,
}

fn total(path: &[Step]) -> Duration {
    path.iter().fold(Duration::ZERO, |sum, step| sum + step.length())
}

fn task_json(analysis: &Analysis, id: TaskId) -> TaskJson<'_> {
    let dictionary = &analysis.dictionary;
    TaskJson {
        id: id.get(),
        name: task_name(dictionary, id),
        coroutine: task_coroutine(dictionary, id),
    }
}

/// Writes a critical path as `looptrace.path/1`.
///
/// # Errors
/// What the writer gives.
pub fn path_json(
    analysis: &Analysis,
    task: TaskId,
    path: &[Step],
    out: &mut impl Write,
) -> io::Result<()> {
    let step = |step: &Step| StepJson {
        start_ns: step.start.as_nanos(),
        duration_ns: step.length().as_nanos(),
        task: task_json(analysis, step.task),
        state: step.state.name(),
        wait: step.wait.map(WaitKind::name),
        stall: step.stall.map(StallId::get),
    };
    let shown = PathJson {
        schema: "looptrace.path/1",
        task: task_json(analysis, task),
        total_ns: total(path).as_nanos(),
        steps: path.iter().map(step).collect(),
    };
    serde_json::to_writer(&mut *out, &shown)?;
    writeln!(out)
}

/// Writes what a critical path comes to, for people.
///
/// # Errors
/// What the writer gives.
pub fn path_text(
    analysis: &Analysis,
    task: TaskId,
    path: &[Step],
    style: Style,
    out: &mut impl Write,
) -> io::Result<()> {
    let dictionary = &analysis.dictionary;
    let all = total(path);
    let name = words::name_of(dictionary, task);
    let call = words::call_of(dictionary, task);
    let title = format!("Where the {all} of {name} {call} went");
    writeln!(out, "{}", style.paint(Paint::Title, &title))?;
    // Stalls are summed up; the one that took most is named.
    type Key = (SpanState, Option<WaitKind>, bool, TaskId);
    let mut sums: BTreeMap<Key, (Duration, Duration, Option<StallId>)> = BTreeMap::new();
    for step in path {
        let key = (step.state, step.wait, step.stall.is_some(), step.task);
        let (sum, longest, stall) = sums.entry(key).or_default();
        *sum = *sum + step.length();
        if step.length() > *longest {
            (*longest, *stall) = (step.length(), step.stall);
        }
    }
    let mut rows: Vec<_> = sums.into_iter().collect();
    rows.sort_by_key(|(_, (length, ..))| std::cmp::Reverse(*length));
    let mut columns = Columns::new(&[
        ("TIME", Align::Right),
        ("", Align::Right),
        ("WHAT", Align::Text),
        ("IN", Align::Text),
    ]);
    for ((state, wait, _, of), (length, _, stall)) in rows {
        let (paint, mut what) = match (state, wait) {
            (SpanState::Waiting, Some(kind)) => {
                (Paint::Plain, format!("waiting for {}", kind.name().replace('_', " ")))
            }
            (SpanState::Ready, _) => (Paint::Ready, "ready".to_owned()),
            _ => (Paint::Plain, state.name().to_owned()),
        };
        if let Some(stall) = stall {
            what.push_str(&format!(" behind stalls, longest behind #{stall}"));
        }
        let owner = words::name_of(dictionary, of);
        let owner = if of == task { String::new() } else { owner.into_owned() };
        columns.row(vec![
            (Paint::Plain, length.to_string()),
            (Paint::Dim, percent(share(length.as_nanos(), all.as_nanos()))),
            (paint, what),
            (Paint::Task, owner),
        ]);
    }
    columns.write(2, style, out)
}
