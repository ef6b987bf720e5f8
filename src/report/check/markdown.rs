//! Markdown for a comment on a pull request, or a step's summary.

use std::io::{self, Write};

use crate::analysis::check::{CheckReport, Guilty, Level, Outcome, Verdict};

use super::super::style::clean;
use super::sources::Sources;
use super::words;

/// A comment on GitHub holds this many characters.
const MOST: usize = 65_536;

/// Rows of the table and places below it that a person reads.
const ROWS: usize = 30;

/// Writes a check as Markdown: the verdict in one line, only what is not in order, the guilty lines,
/// why it can be believed, and how to see more. It begins with a mark by which a bot can find its own
/// comment again.
///
/// # Errors
/// What the writer gives.
pub fn markdown(report: &CheckReport, sources: &Sources, out: &mut impl Write) -> io::Result<()> {
    let mut text = String::from("<!-- looptrace -->\n");
    let icon = match report.verdict {
        Verdict::Fail => "❌",
        Verdict::Inconclusive => "❔",
        _ => "✅",
    };
    text.push_str(&format!(
        "### {icon} looptrace: {} — {}\n",
        report.verdict.name(),
        words::headline(report)
    ));
    let notable = report.notable();
    let end = ending(report);
    let room = MOST.saturating_sub(text.chars().count() + end.chars().count() + 200);
    let mut body = String::new();
    table(&notable, &mut body);
    guilty(&notable, sources, &mut body);
    // Whole lines only: a cut table row would spoil what follows.
    let mut used = 0;
    for line in body.lines() {
        used += line.chars().count() + 1;
        if used > room {
            text.push_str("\n…cut: the whole is in the report\n");
            break;
        }
        text.push_str(line);
        text.push('\n');
    }
    text.push_str(&end);
    out.write_all(text.as_bytes())
}

fn table(notable: &[&Outcome], text: &mut String) {
    if notable.is_empty() {
        return;
    }
    text.push_str("\n| | budget | baseline | here | change | why |\n|---|---|---|---|---|---|\n");
    for outcome in notable.iter().take(ROWS) {
        let icon = match (outcome.verdict, outcome.level) {
            (Verdict::Fail, Level::Error) => "❌",
            (Verdict::Fail, _) => "⚠️",
            (Verdict::Allowed, _) => "☑️",
            _ => "❔",
        };
        text.push_str(&format!(
            "| {icon} | {} {} | {} | {} | {} | {} |\n",
            code(&outcome.title()),
            cell(&outcome.limit_words()),
            cell(&words::figure(outcome, outcome.base.as_ref())),
            cell(&words::figure(outcome, outcome.head.as_ref())),
            cell(&words::change(outcome.effect)),
            cell(&outcome.reason)
        ));
    }
    if notable.len() > ROWS {
        text.push_str(&format!("\n…and {} more\n", notable.len() - ROWS));
    }
}

fn guilty(notable: &[&Outcome], sources: &Sources, text: &mut String) {
    const PLACES: usize = 3;
    let mut seen: Vec<&Guilty> = Vec::new();
    for guilty in notable.iter().flat_map(|outcome| &outcome.guilty) {
        if seen.len() < PLACES && seen.iter().all(|other| other.place != guilty.place) {
            seen.push(guilty);
        }
    }
    if seen.is_empty() {
        return;
    }
    text.push_str("\n**Where**\n\n");
    for guilty in seen {
        text.push_str(&format!("- {}\n", cell(&words::guilty(guilty, sources))));
        let frames = words::own_frames(&guilty.worst.stack, sources, 5);
        text.push_str("  ```python\n");
        for place in frames {
            let line = sources.code(place).unwrap_or_default();
            let at = format!("{} {}", sources.short(place), place.function);
            text.push_str(&format!("  # {}\n", fenced(&at)));
            if !line.is_empty() {
                text.push_str(&format!("  {}\n", fenced(line)));
            }
        }
        text.push_str("  ```\n");
        if let Some(advice) = guilty.worst.advice {
            text.push_str(&format!("  {}\n", cell(advice)));
        }
    }
}

fn ending(report: &CheckReport) -> String {
    let mut text = String::new();
    for note in report.notes.iter().take(ROWS) {
        text.push_str(&format!("\n> {}\n", cell(note)));
    }
    text.push_str(
        "\n<details><summary>Why this can be believed, and how to see more</summary>\n\n",
    );
    for line in words::trust(report) {
        text.push_str(&format!("- {}\n", cell(&line)));
    }
    for command in words::commands(report) {
        text.push_str(&format!("- {}\n", code(&command)));
    }
    text.push_str("\n</details>\n");
    text
}

/// Text inside a table cell or a list: nothing in it is markup.
fn cell(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 8);
    for character in clean(text).chars() {
        match character {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '@' => escaped.push_str("&#64;"),
            '`' => escaped.push_str("&#96;"),
            '|' | '*' | '_' | '[' | ']' | '\\' | '#' | '~' | '!' => {
                escaped.push('\\');
                escaped.push(character);
            }
            _ => escaped.push(character),
        }
    }
    escaped
}

/// Text as code in a line; a table's separator cannot stand in it.
fn code(text: &str) -> String {
    format!("`{}`", clean(text).replace('`', "'").replace('|', "¦"))
}

/// Text inside a fence.
fn fenced(text: &str) -> String {
    clean(text).replace("```", "'''")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_no_markup() {
        assert_eq!(cell("a|b <img> @all"), "a\\|b &lt;img&gt; &#64;all");
        assert_eq!(code("a`b|c"), "`a'b¦c`");
    }
}
