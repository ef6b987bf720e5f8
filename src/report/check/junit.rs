//! JUnit XML: one test case per budget.

use std::io::{self, Write};

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::analysis::check::{CheckReport, Level, Outcome, Verdict};

use super::sources::Sources;
use super::words;

/// Writes a check as JUnit XML. A broken budget is a failure; one that is only a warning, that is
/// inconclusive, allowed or skipped is a skipped test with its reason.
///
/// # Errors
/// What the writer gives.
pub fn junit(report: &CheckReport, sources: &Sources, out: &mut impl Write) -> io::Result<()> {
    let mut suite = TestSuite::new("looptrace");
    for outcome in &report.outcomes {
        suite.add_test_case(case(report, outcome, sources));
    }
    let mut junit = Report::new("looptrace check");
    junit.add_test_suite(suite);
    let text = junit.to_string().map_err(io::Error::other)?;
    writeln!(out, "{}", without_skipped(&text).trim_end())
}

/// The root element without its count of skipped tests, which the crate writes and the schema of
/// Jenkins does not know there.
fn without_skipped(text: &str) -> String {
    let root = text.find("<testsuites ").and_then(|from| {
        let to = from + text.get(from..)?.find('>')?;
        let at = from + text.get(from..to)?.find(" skipped=\"")?;
        let digits = at + " skipped=\"".len();
        Some((at, digits + text.get(digits..to)?.find('"')? + 1))
    });
    match root {
        Some((from, to)) => text[..from].to_owned() + &text[to..],
        None => text.to_owned(),
    }
}

fn case(report: &CheckReport, outcome: &Outcome, sources: &Sources) -> TestCase {
    let mut status = match (outcome.verdict, outcome.level) {
        (Verdict::Pass, _) => TestCaseStatus::success(),
        (Verdict::Fail, Level::Error) => TestCaseStatus::non_success(NonSuccessKind::Failure),
        _ => TestCaseStatus::skipped(),
    };
    if outcome.verdict != Verdict::Pass {
        status.set_message(format!("{}: {}", outcome.verdict.name(), outcome.reason));
        status.set_type(outcome.verdict.name());
        status.set_description(details(outcome, sources));
    }
    let name = format!("{} {}", outcome.title(), outcome.limit_words());
    let mut case = TestCase::new(name, status);
    case.set_classname(format!("{}:{}", report.config, outcome.line));
    case
}

fn details(outcome: &Outcome, sources: &Sources) -> String {
    let mut lines = vec![outcome.reason.clone()];
    if outcome.base.is_some() {
        lines.push(format!(
            "baseline {}, here {}",
            words::figure(outcome, outcome.base.as_ref()),
            words::figure(outcome, outcome.head.as_ref())
        ));
    }
    for guilty in &outcome.guilty {
        lines.push(words::guilty(guilty, sources));
        lines.extend(sources.code(&guilty.place).map(|code| format!("    {code}")));
    }
    lines.join("\n")
}
