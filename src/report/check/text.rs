//! For people, in a terminal.

use std::io::{self, Write};

use crate::analysis::check::{CheckReport, Outcome, Verdict};

use super::super::style::{Paint, Style, clean};
use super::sources::Sources;
use super::words;

/// Writes a check for people; with `all`, budgets that are kept are listed too.
///
/// # Errors
/// What the writer gives.
pub fn text(
    report: &CheckReport,
    sources: &Sources,
    all: bool,
    style: Style,
    out: &mut impl Write,
) -> io::Result<()> {
    let verdict = style.paint(paint(report.verdict), &words::shout(report.verdict)).into_owned();
    writeln!(out, "looptrace check: {verdict}  {}", words::headline(report))?;
    for item in report.notable() {
        outcome(item, sources, style, out)?;
    }
    let rest: Vec<&Outcome> = report
        .outcomes
        .iter()
        .filter(|outcome| match outcome.verdict {
            Verdict::Skipped => true,
            verdict => all && verdict == Verdict::Pass,
        })
        .collect();
    if !rest.is_empty() {
        writeln!(out)?;
        for outcome in rest {
            let title = clean(&outcome.title()).into_owned();
            writeln!(out, "{} {title}: {}", words::mark(outcome), clean(&outcome.reason))?;
        }
    }
    writeln!(out)?;
    for note in &report.notes {
        writeln!(out, "{} {}", style.paint(Paint::Warning, "note:"), clean(note))?;
    }
    for line in words::trust(report) {
        writeln!(out, "{}", style.paint(Paint::Dim, &line))?;
    }
    for command in words::commands(report) {
        writeln!(out, "next: {command}")?;
    }
    Ok(())
}

fn outcome(
    outcome: &Outcome,
    sources: &Sources,
    style: Style,
    out: &mut impl Write,
) -> io::Result<()> {
    let mark = style.paint(paint(outcome.verdict), words::mark(outcome)).into_owned();
    let title = clean(&outcome.title()).into_owned();
    writeln!(out, "\n{mark} {}  {}", style.paint(Paint::Title, &title), outcome.limit_words())?;
    if outcome.base.is_some() {
        let base = words::figure(outcome, outcome.base.as_ref());
        let head = words::figure(outcome, outcome.head.as_ref());
        writeln!(out, "    {base}  →  {head}")?;
    }
    writeln!(out, "    {}", clean(&outcome.reason))?;
    if let Some(place) = &outcome.coroutine {
        writeln!(out, "    {}", clean(&sources.short(place)))?;
    }
    for guilty in &outcome.guilty {
        writeln!(out, "    {}", words::guilty(guilty, sources))?;
        if let Some(code) = sources.code(&guilty.place) {
            writeln!(out, "        {}", clean(code))?;
        }
        if let Some(advice) = guilty.worst.advice {
            writeln!(out, "        advice: {advice}")?;
        }
    }
    Ok(())
}

fn paint(verdict: Verdict) -> Paint {
    match verdict {
        Verdict::Pass => Paint::Running,
        Verdict::Fail => Paint::Warning,
        Verdict::Inconclusive | Verdict::Allowed => Paint::Ready,
        Verdict::Skipped => Paint::Dim,
    }
}
