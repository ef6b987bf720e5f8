//! For people.

use std::io::{self, Write};

use crate::analysis::check::{Place, Unit, percent};
use crate::analysis::diff::{Change, Diff};

use super::super::style::{Paint, Style, clean};

/// Writes what differs, at most `limit` entries of each list.
///
/// # Errors
/// What the writer gives.
pub fn text(diff: &Diff, limit: usize, style: Style, out: &mut impl Write) -> io::Result<()> {
    for (name, run) in [("before", &diff.before), ("after", &diff.after)] {
        let cut = if run.truncated { ", cut short" } else { "" };
        writeln!(out, "{name:<6}  {}  ({:.1} s{cut})", clean(&run.file), run.seconds)?;
    }
    for difference in &diff.differences {
        let what = format!("different {}:", difference.what);
        let (before, after) = (clean(&difference.base), clean(&difference.head));
        writeln!(out, "{} {before} before, {after} after", style.paint(Paint::Warning, &what))?;
    }
    title(style, "Figures", out)?;
    for Change { what, before, after } in &diff.figures {
        if before.is_none() && after.is_none() {
            continue;
        }
        let show = |value: &Option<f64>| value.map_or_else(|| "–".to_owned(), |v| what.show(v));
        line(what.id, &show(before), &show(after), &change(*before, *after), out)?;
    }
    section(style, "Stalls by place, per minute", &diff.stalls, limit, out, |change_of, out| {
        let show = |rate: &Option<crate::analysis::diff::StallRate>| {
            rate.as_ref().map_or_else(
                || "–".to_owned(),
                |rate| {
                    format!(
                        "{:.1} × {} {}",
                        rate.count,
                        Unit::Seconds.show(rate.longest),
                        rate.cause
                    )
                },
            )
        };
        let seconds =
            |rate: &Option<crate::analysis::diff::StallRate>| rate.as_ref().map(|r| r.seconds);
        let (before, after) = (&change_of.before, &change_of.after);
        let moved = change(seconds(before), seconds(after));
        line(&place(&change_of.what), &show(before), &show(after), &moved, out)
    })?;
    section(
        style,
        "Coroutines: time on the loop of a task, waiting time of a task, tasks per minute",
        &diff.coroutines,
        limit,
        out,
        |change_of, out| {
            let show = |rate: &Option<crate::analysis::diff::CoroutineRate>| {
                let time = |time: Option<f64>| {
                    time.map_or_else(|| "–".to_owned(), |t| Unit::Seconds.show(t))
                };
                rate.map_or_else(
                    || "–".to_owned(),
                    |rate| {
                        format!(
                            "{} {} {:.0}",
                            time(rate.running_per_task),
                            time(rate.waiting_per_task),
                            rate.tasks
                        )
                    },
                )
            };
            let (before, after) = (&change_of.before, &change_of.after);
            let each = |rate: &Option<crate::analysis::diff::CoroutineRate>| {
                rate.and_then(|r| r.running_per_task)
            };
            let moved = change(each(before), each(after));
            line(&place(&change_of.what), &show(before), &show(after), &moved, out)
        },
    )?;
    section(
        style,
        "What tasks waited for, task-seconds per minute",
        &diff.waits,
        limit,
        out,
        |change_of, out| {
            let show =
                |time: Option<f64>| time.map_or_else(|| "–".to_owned(), |t| Unit::Seconds.show(t));
            let (before, after) = (change_of.before, change_of.after);
            line(&clean(&change_of.what), &show(before), &show(after), &change(before, after), out)
        },
    )?;
    writeln!(
        out,
        "\none recording of each side says nothing about noise: looptrace ab compares many"
    )
}

fn title(style: Style, words: &str, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "\n{}", style.paint(Paint::Title, words))
}

fn section<What, Amount, W: Write>(
    style: Style,
    words: &str,
    changes: &[Change<What, Amount>],
    limit: usize,
    out: &mut W,
    row: impl Fn(&Change<What, Amount>, &mut W) -> io::Result<()>,
) -> io::Result<()> {
    if changes.is_empty() {
        return Ok(());
    }
    title(style, words, out)?;
    for change in changes.iter().take(limit) {
        row(change, out)?;
    }
    match changes.len().saturating_sub(limit) {
        0 => Ok(()),
        more => writeln!(out, "  … and {more} more (--limit)"),
    }
}

fn line(
    what: &str,
    before: &str,
    after: &str,
    moved: &str,
    out: &mut impl Write,
) -> io::Result<()> {
    writeln!(out, "  {what:<44} {before:>22}  →  {after:>22}  {moved}")
}

fn place(place: &Place) -> String {
    format!("{} {}", clean(&place.short()), clean(&place.function))
}

/// `+12 %`, `new`, `gone`; empty where nothing can be said.
fn change(before: Option<f64>, after: Option<f64>) -> String {
    match (before, after) {
        (None, Some(_)) => "new".to_owned(),
        (Some(_), None) => "gone".to_owned(),
        (Some(before), Some(after)) if before > 0.0 => {
            let share = after / before - 1.0;
            let sign = if share < 0.0 { "−" } else { "+" };
            format!("{sign}{}", percent(share.abs()))
        }
        _ => String::new(),
    }
}
