//! Tables of loops, coroutines and tasks.

use std::io::{self, Write};

use crate::analysis::{Analysis, code_place, short_path};
use crate::model::Duration;

use super::super::bar::bar;
use super::super::columns::{Align, Columns};
use super::super::style::{Paint, Style, clean};
use super::super::words::{self, percent, share};
use super::{TextOptions, title};

const BAR: usize = 10;

type Cell = (Paint, String);

fn plain(text: impl Into<String>) -> Cell {
    (Paint::Plain, text.into())
}

/// A length of time; nothing where there is none, so that the rest stands out.
fn time(paint: Paint, length: Duration) -> Cell {
    if length == Duration::ZERO {
        (Paint::Dim, "·".to_owned())
    } else {
        (paint, length.to_string())
    }
}

pub(super) fn loops(
    analysis: &Analysis,
    options: TextOptions,
    style: Style,
    out: &mut impl Write,
) -> io::Result<()> {
    let count = analysis.loops.len();
    title("Event loops", count.min(options.limit), count, style, out)?;
    if count == 0 {
        return writeln!(out, "  none seen");
    }
    let mut columns = Columns::new(&[
        ("LOOP", Align::Right),
        ("KIND", Align::Text),
        ("THREAD", Align::Text),
        ("BUSY", Align::Right),
        ("", Align::Right),
        ("", Align::Text),
        ("IDLE", Align::Right),
        ("", Align::Right),
        ("NOT SEEN", Align::Right),
    ]);
    for row in analysis.loops.iter().take(options.limit) {
        let definition = analysis.dictionary.get_loop(row.id);
        let known = (row.busy + row.idle).as_nanos();
        let (busy, idle) = (share(row.busy.as_nanos(), known), share(row.idle.as_nanos(), known));
        let shown = |part| plain(if known > 0 { percent(part) } else { String::new() });
        columns.row(vec![
            plain(row.id.to_string()),
            plain(definition.map_or("?", |definition| definition.kind.name())),
            plain(row.thread.map_or_else(
                || "not seen running".to_owned(),
                |thread| words::thread_words(&analysis.dictionary, thread),
            )),
            time(Paint::Running, row.busy),
            shown(busy),
            (Paint::Running, bar(busy, BAR)),
            time(Paint::Waiting, row.idle),
            shown(idle),
            time(Paint::Dim, row.unknown),
        ]);
    }
    columns.write(2, style, out)
}

/// How late each loop came round, where any was.
pub(super) fn lag(
    analysis: &Analysis,
    options: TextOptions,
    style: Style,
    out: &mut impl Write,
) -> io::Result<()> {
    let rows: Vec<_> = analysis.loops.iter().filter(|row| row.lag.is_some()).collect();
    if rows.is_empty() {
        return Ok(());
    }
    title("Lag: how long due work waits for its loop", rows.len(), rows.len(), style, out)?;
    let mut columns = Columns::new(&[
        ("LOOP", Align::Right),
        ("", Align::Text),
        ("P50", Align::Right),
        ("P90", Align::Right),
        ("P99", Align::Right),
        ("P99.9", Align::Right),
        ("MAX", Align::Right),
        ("CALLBACKS", Align::Right),
        ("WAITED FOR CPU", Align::Right),
    ]);
    for row in rows.into_iter().take(options.limit) {
        for (what, lag) in [("", row.lag), ("without CPU wait", row.lag_corrected)] {
            let Some(lag) = lag else { continue };
            let first = what.is_empty();
            let callbacks = row.callbacks.filter(|_| first);
            let waited = row.runqueue.filter(|_| first);
            columns.row(vec![
                plain(if first { row.id.to_string() } else { String::new() }),
                (Paint::Dim, what.to_owned()),
                time(Paint::Plain, lag.p50),
                time(Paint::Plain, lag.p90),
                time(Paint::Ready, lag.p99),
                time(Paint::Ready, lag.p999),
                time(Paint::Warning, lag.max),
                plain(callbacks.map_or_else(String::new, |n| format!("≤ {}", words::grouped(n)))),
                plain(waited.map_or_else(String::new, |waited| waited.to_string())),
            ]);
        }
    }
    columns.write(2, style, out)
}

pub(super) fn coroutines(
    analysis: &Analysis,
    options: TextOptions,
    style: Style,
    out: &mut impl Write,
) -> io::Result<()> {
    let count = analysis.coroutines.len();
    if count == 0 {
        return Ok(());
    }
    title("Coroutines", count.min(options.limit), count, style, out)?;
    let mut columns = Columns::new(&[
        ("COROUTINE", Align::Text),
        ("AT", Align::Path),
        ("TASKS", Align::Right),
        ("RUNNING", Align::Right),
        ("", Align::Text),
        ("READY", Align::Right),
        ("WAITING", Align::Right),
    ]);
    let total = total(analysis.coroutines.iter().map(|row| row.running));
    for row in analysis.coroutines.iter().take(options.limit) {
        let dictionary = &analysis.dictionary;
        let name = row.name.map_or("", |name| dictionary.text(name));
        let code = row.code.and_then(|code| dictionary.get_code(code));
        let place = match code.map(|code| code_place(dictionary, code)) {
            Some((Some(file), Some(line))) => format!("{}:{line}", short_path(file)),
            Some((Some(file), None)) => short_path(file).into_owned(),
            _ => String::new(),
        };
        columns.row(vec![
            (
                Paint::Task,
                if name.is_empty() { "?".to_owned() } else { format!("{}()", clean(name)) },
            ),
            (Paint::Dim, clean(&place).into_owned()),
            plain(words::grouped(row.tasks)),
            time(Paint::Running, row.running),
            (Paint::Running, bar(share(row.running.as_nanos(), total), BAR)),
            time(Paint::Ready, row.ready),
            time(Paint::Waiting, row.waiting),
        ]);
    }
    columns.write(2, style, out)
}

pub(super) fn tasks(
    analysis: &Analysis,
    options: TextOptions,
    style: Style,
    out: &mut impl Write,
) -> io::Result<()> {
    let count = analysis.tasks.len();
    title("Tasks", count.min(options.limit), count, style, out)?;
    if count == 0 {
        return writeln!(out, "  none seen");
    }
    let mut columns = Columns::new(&[
        ("TASK", Align::Text),
        ("COROUTINE", Align::Text),
        ("STATE", Align::Text),
        ("SEEN FOR", Align::Right),
        ("RUNNING", Align::Right),
        ("", Align::Text),
        ("READY", Align::Right),
        ("WAITING", Align::Right),
    ]);
    let total = total(analysis.tasks.iter().map(|row| row.running));
    for row in analysis.tasks.iter().take(options.limit) {
        let dictionary = &analysis.dictionary;
        columns.row(vec![
            (Paint::Task, words::name_of(dictionary, row.id).into_owned()),
            plain(words::call_of(dictionary, row.id)),
            (words::paint(row.state), row.state.name().to_owned()),
            time(Paint::Plain, row.last_seen.since(row.first_seen)),
            time(Paint::Running, row.running),
            (Paint::Running, bar(share(row.running.as_nanos(), total), BAR)),
            time(Paint::Ready, row.ready),
            time(Paint::Waiting, row.waiting),
        ]);
    }
    columns.write(2, style, out)
}

fn total(times: impl Iterator<Item = Duration>) -> u64 {
    times.fold(Duration::ZERO, |sum, time| sum + time).as_nanos()
}
