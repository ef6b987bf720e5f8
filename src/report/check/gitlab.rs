//! GitLab's code quality report.

use std::io::{self, Write};

use serde::Serialize;

use crate::analysis::check::{CheckReport, Level, Outcome, Place, Verdict};

use super::sources::Sources;
use super::words;

#[derive(Serialize)]
struct Issue<'a> {
    description: String,
    check_name: &'static str,
    fingerprint: String,
    severity: &'static str,
    location: Location<'a>,
}

#[derive(Serialize)]
struct Location<'a> {
    path: &'a str,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: u32,
}

/// Writes broken budgets as code quality issues, at the guilty line where there is one inside the
/// repository, else at the budget's line in the configuration. Fingerprints do not depend on lines,
/// so that an issue stays the same when code moves.
///
/// # Errors
/// What the writer gives.
pub fn gitlab(report: &CheckReport, sources: &Sources, out: &mut impl Write) -> io::Result<()> {
    let mut issues = Vec::new();
    for outcome in report.notable() {
        if outcome.verdict != Verdict::Fail {
            continue;
        }
        let mut places = outcome
            .guilty
            .iter()
            .map(|guilty| (&guilty.place, words::guilty(guilty, sources)))
            .chain(outcome.coroutine.iter().map(|place| (place, String::new())))
            .filter_map(|(place, words)| Some((sources.inside(&place.file)?, place, words)))
            .peekable();
        if places.peek().is_none() {
            issues.push(issue(outcome, &report.config, outcome.line, None, ""));
        }
        for (path, place, words) in places {
            issues.push(issue(outcome, path, place.line, Some(place), &words));
        }
    }
    serde_json::to_writer_pretty(&mut *out, &issues)?;
    writeln!(out)
}

fn issue<'a>(
    outcome: &Outcome,
    path: &'a str,
    line: u32,
    place: Option<&Place>,
    more: &str,
) -> Issue<'a> {
    let mut description = format!("{}: {}", outcome.title(), outcome.reason);
    if !more.is_empty() {
        description.push_str(&format!(" — {more}"));
    }
    let function = place.map_or("", |place| place.function.as_str());
    let limit = outcome.limit_words();
    Issue {
        description,
        check_name: outcome.metric.id,
        fingerprint: words::fingerprint(&[path, function, &outcome.title(), &limit]),
        severity: if outcome.level == Level::Error { "major" } else { "minor" },
        location: Location { path, lines: Lines { begin: line.max(1) } },
    }
}
