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
    figures(diff, style, out)?;
    let lists = Lists { limit, style };
    lists.section(
        "Stalls by place, per minute",
        &diff.stalls,
        |rate| format!("{:.1} × {} {}", rate.count, Unit::Seconds.show(rate.longest), rate.cause),
        |rate| Some(rate.seconds),
        out,
    )?;
    lists.section(
        "Coroutines: time on the loop of a task, waiting time of a task, tasks per minute",
        &diff.coroutines,
        |rate| {
            let (running, waiting) = (time(rate.running_per_task), time(rate.waiting_per_task));
            format!("{running} {waiting} {:.0}", rate.tasks)
        },
        |rate| rate.running_per_task,
        out,
    )?;
    lists.section(
        "What tasks waited for, task-seconds per minute",
        &diff.waits,
        |&seconds| time(Some(seconds)),
        |&seconds| Some(seconds),
        out,
    )?;
    lists.section(
        "Locks and semaphores: waiting of all tasks per minute, most in line",
        &diff.locks,
        |rate| format!("{} {}", time(Some(rate.seconds)), rate.most_waiters),
        |rate| Some(rate.seconds),
        out,
    )?;
    writeln!(
        out,
        "\none recording of each side says nothing about noise: looptrace ab compares many"
    )
}

fn figures(diff: &Diff, style: Style, out: &mut impl Write) -> io::Result<()> {
    title(style, "Figures", out)?;
    for Change { what, before, after } in &diff.figures {
        if before.is_none() && after.is_none() {
            continue;
        }
        let show = |value: &Option<f64>| value.map_or_else(|| "–".to_owned(), |v| what.show(v));
        line(what.id, &show(before), &show(after), &change(*before, *after), out)?;
    }
    Ok(())
}

/// How lists are written.
#[derive(Clone, Copy)]
struct Lists {
    limit: usize,
    style: Style,
}

impl Lists {
    /// A list with its title, if there is anything in it: each change's sides in words, and how far
    /// what `moved` gives went.
    fn section<What: Name, Amount>(
        self,
        words: &str,
        changes: &[Change<What, Amount>],
        show: impl Fn(&Amount) -> String,
        moved: impl Fn(&Amount) -> Option<f64>,
        out: &mut impl Write,
    ) -> io::Result<()> {
        if changes.is_empty() {
            return Ok(());
        }
        title(self.style, words, out)?;
        for Change { what, before, after } in changes.iter().take(self.limit) {
            let side = |amount: &Option<Amount>| amount.as_ref().map_or("–".to_owned(), &show);
            let size = |amount: &Option<Amount>| amount.as_ref().and_then(&moved);
            line(
                &what.name(),
                &side(before),
                &side(after),
                &change(size(before), size(after)),
                out,
            )?;
        }
        match changes.len().saturating_sub(self.limit) {
            0 => Ok(()),
            more => writeln!(out, "  … and {more} more (--limit)"),
        }
    }
}

/// What the rows of a list are called.
trait Name {
    fn name(&self) -> String;
}

impl Name for Place {
    fn name(&self) -> String {
        format!("{} {}", clean(&self.short()), clean(&self.function))
    }
}

impl Name for String {
    fn name(&self) -> String {
        clean(self).into_owned()
    }
}

fn time(time: Option<f64>) -> String {
    time.map_or_else(|| "–".to_owned(), |time| Unit::Seconds.show(time))
}

fn title(style: Style, words: &str, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "\n{}", style.paint(Paint::Title, words))
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
