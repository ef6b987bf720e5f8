//! GitHub's workflow commands: annotations beside the code.

use std::io::{self, Write};

use crate::analysis::check::{CheckReport, Level, Outcome, Place, Verdict};

use super::sources::Sources;
use super::words;

/// GitHub shows this many errors and this many warnings of a step.
const MOST_EACH: usize = 10;

/// Writes `::error …` and `::warning …` lines, worst first and no more than GitHub shows, and one
/// notice if there are more.
///
/// # Errors
/// What the writer gives.
pub fn github(report: &CheckReport, sources: &Sources, out: &mut impl Write) -> io::Result<()> {
    let (mut errors, mut warnings, mut left_out) = (0, 0, 0);
    for outcome in report.notable() {
        let is_error = outcome.is_error();
        let shown = if is_error { &mut errors } else { &mut warnings };
        if matches!(outcome.verdict, Verdict::Allowed) {
            continue;
        }
        if *shown == MOST_EACH {
            left_out += 1;
            continue;
        }
        *shown += 1;
        let command = if is_error { "error" } else { "warning" };
        writeln!(
            out,
            "::{command} {}::{}",
            properties(report, outcome, sources),
            data(&message(outcome, sources))
        )?;
    }
    if left_out > 0 {
        writeln!(out, "::notice title=looptrace::{left_out} more are in the step's summary")?;
    }
    if errors + warnings == 0 {
        writeln!(out, "::notice title=looptrace::{}", data(&words::headline(report)))?;
    }
    Ok(())
}

fn properties(report: &CheckReport, outcome: &Outcome, sources: &Sources) -> String {
    let at = |place: &Place| {
        sources.inside(&place.file).map(|file| (file.to_owned(), place.line.max(1)))
    };
    let guilty = outcome.guilty.iter().find_map(|guilty| at(&guilty.place));
    let (file, line) = guilty
        .or_else(|| outcome.coroutine.as_ref().and_then(at))
        .unwrap_or_else(|| (report.config.clone(), outcome.line));
    let verdict = match (outcome.verdict, outcome.level) {
        (Verdict::Fail, Level::Error) => "broken",
        (Verdict::Fail, _) => "broken (warning)",
        (verdict, _) => verdict.name(),
    };
    let title = format!("looptrace: {} {verdict}", outcome.title());
    format!("file={},line={line},title={}", property(&file), property(&title))
}

fn message(outcome: &Outcome, sources: &Sources) -> String {
    let mut lines = vec![format!("{} (budget {})", outcome.reason, outcome.limit_words())];
    for guilty in &outcome.guilty {
        lines.push(words::guilty(guilty, sources));
        lines.extend(sources.code(&guilty.place).map(|code| format!("    {code}")));
    }
    lines.join("\n")
}

/// Escapes a message.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_cannot_be_broken_out_of() {
        assert_eq!(data("a%b\n::error::c"), "a%25b%0A::error::c");
        assert_eq!(property("a:b,c"), "a%3Ab%2Cc");
    }
}
