//! Tables of contention, executors and numbers of tasks.

use std::io::{self, Write};

use crate::analysis::contention::Contention;
use crate::analysis::executors::Executor;
use crate::analysis::{Analysis, FrameNames};
use crate::model::{Dictionary, Duration, FrameId};

use super::super::columns::{Align, Columns};
use super::super::style::{Paint, Style, clean};
use super::super::words::{self, percent, share};
use super::{TextOptions, title};

type Cell = (Paint, String);

fn plain(text: impl Into<String>) -> Cell {
    (Paint::Plain, text.into())
}

fn number(value: Option<u32>) -> Cell {
    value.map_or((Paint::Dim, "·".to_owned()), |value| plain(words::grouped(u64::from(value))))
}

fn place(dictionary: &Dictionary, frame: Option<FrameId>) -> Cell {
    let place = frame.map(|frame| FrameNames::of(dictionary, frame).place());
    (Paint::Dim, place.map_or_else(String::new, |place| clean(&place).into_owned()))
}

pub(super) fn contention(
    analysis: &Analysis,
    options: TextOptions,
    style: Style,
    out: &mut impl Write,
) -> io::Result<()> {
    let count = analysis.contention.len();
    if count == 0 {
        return Ok(());
    }
    title("Waiting in line", count.min(options.limit), count, style, out)?;
    let mut columns = Columns::new(&[
        ("FOR", Align::Text),
        ("AT", Align::Path),
        ("WAITED", Align::Right),
        ("LONGEST", Align::Right),
        ("WAITS", Align::Right),
        ("TASKS", Align::Right),
        ("MOST", Align::Right),
        ("HELD BY", Align::Text),
    ]);
    for facts in analysis.contention.iter().take(options.limit) {
        let dictionary = &analysis.dictionary;
        columns.row(vec![
            (Paint::Task, clean(&facts.label(dictionary)).into_owned()),
            place(dictionary, facts.place),
            plain(facts.total.to_string()),
            plain(facts.longest.to_string()),
            plain(words::grouped(facts.waits)),
            plain(words::grouped(facts.tasks)),
            plain(facts.most_waiters.to_string()),
            plain(held_by(dictionary, facts)),
        ]);
    }
    columns.write(2, style, out)
}

/// `writer 80 %, reader 12 %`.
fn held_by(dictionary: &Dictionary, facts: &Contention) -> String {
    let held = facts.holders.iter().map(|(_, held)| *held);
    let all = held.fold(facts.holder_unknown, |sum, held| sum + held).as_nanos();
    let shown: Vec<String> = facts
        .holders
        .iter()
        .take(2)
        .map(|&(task, held)| {
            let part = percent(share(held.as_nanos(), all));
            format!("{} {part}", words::name_of(dictionary, task))
        })
        .collect();
    shown.join(", ")
}

pub(super) fn executors(
    analysis: &Analysis,
    options: TextOptions,
    style: Style,
    out: &mut impl Write,
) -> io::Result<()> {
    let count = analysis.executors.len();
    if count == 0 {
        return Ok(());
    }
    title("Executors", count.min(options.limit), count, style, out)?;
    let mut columns = Columns::new(&[
        ("EXECUTOR", Align::Text),
        ("AT", Align::Path),
        ("WORKERS", Align::Right),
        ("BUSY", Align::Right),
        ("QUEUED", Align::Right),
        ("FULL", Align::Right),
        ("JOBS", Align::Text),
    ]);
    for facts in analysis.executors.iter().take(options.limit) {
        let dictionary = &analysis.dictionary;
        let type_name = facts.type_name.map_or("unknown", |name| dictionary.text(name));
        let id = facts.object.map_or_else(String::new, |object| format!(" #{object}"));
        let full = share(facts.saturated.as_nanos(), facts.seen.as_nanos());
        columns.row(vec![
            (Paint::Task, format!("{}{id}", clean(type_name))),
            place(dictionary, facts.place),
            number(facts.workers),
            number(facts.most_busy),
            number(facts.most_queued),
            plain(if facts.seen > Duration::ZERO { percent(full) } else { String::new() }),
            plain(jobs(dictionary, facts)),
        ]);
    }
    columns.write(2, style, out)
}

fn jobs(dictionary: &Dictionary, facts: &Executor) -> String {
    let shown: Vec<String> = facts
        .jobs
        .iter()
        .take(2)
        .map(|job| {
            let name = job.function.map_or("?", |name| dictionary.text(name));
            format!("{}() {}", clean(name), job.total)
        })
        .collect();
    shown.join(", ")
}

pub(super) fn population(
    analysis: &Analysis,
    style: Style,
    out: &mut impl Write,
) -> io::Result<()> {
    let facts = &analysis.population;
    let Some(created) = facts.created_per_second else { return Ok(()) };
    title("Numbers of tasks", 0, 0, style, out)?;
    write!(out, "  {created:.1} seen to come per second")?;
    if let Some(lived) = facts.lifetimes {
        write!(out, "; of {} ended, half lived {}", words::grouped(lived.tasks), lived.median)?;
        write!(out, " at most, 90 % {}, the longest {}", lived.p90, lived.longest)?;
    }
    if let Some(slope) = facts.alive.slope().filter(|slope| slope.abs() >= 0.05) {
        write!(out, "; alive: {slope:+.1} per second")?;
    }
    writeln!(out)
}
