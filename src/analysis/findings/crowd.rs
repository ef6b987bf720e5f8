//! Too many tasks: a number that only grows, and thousands at once.

use super::{Case, Collected, Detector, Severity};
use crate::analysis::facts::Analysis;
use crate::analysis::population::CoroutinePopulation;
use crate::model::EvidenceValue;

/// A number that grows by less in all is nobody's worry.
const GROWTH: u32 = 20;
/// So many tasks of one coroutine at once, made while the recording ran, are a crowd.
const CROWD: u32 = 5_000;

fn case(analysis: &Analysis, row: &CoroutinePopulation, weight: u32) -> Case {
    let dictionary = &analysis.dictionary;
    let name = row.coroutine.map_or("?", |name| dictionary.text(name));
    let code = analysis
        .coroutines
        .iter()
        .find(|coroutine| coroutine.name == row.coroutine)
        .and_then(|coroutine| coroutine.code);
    Case::at_code(&analysis.dictionary, code)
        .about(format!("{name}()"), u64::from(weight))
        .with("most", EvidenceValue::Count(u64::from(row.most)))
        .with("last", EvidenceValue::Count(u64::from(row.last)))
        .with("created", EvidenceValue::Count(row.created))
        .with("ended", EvidenceValue::Count(row.ended))
}

/// Tasks come faster than they go, all the time.
pub(super) struct Growth;

impl Detector for Growth {
    fn kind(&self) -> &'static str {
        "task_growth"
    }

    fn severity(&self) -> Severity {
        Severity::Warning
    }

    fn remedy(&self) -> &'static str {
        "find what these tasks wait for and why they never end; limit how many are made"
    }

    fn check(&self, analysis: &Analysis, _: &Collected) -> Vec<Case> {
        analysis
            .population
            .by_coroutine
            .iter()
            .filter(|row| row.alive.floor_rises())
            .filter_map(|row| {
                let first = row.alive.points().first()?.1;
                let grown = row.last.checked_sub(first)?;
                // What comes all at once at the start is no growth.
                let steady = row.alive.slope()? > 1.0 && row.last == row.most;
                let leaks = grown >= GROWTH && row.ended * 5 <= row.created && steady;
                leaks.then(|| case(analysis, row, grown))
            })
            .collect()
    }

    fn describe(&self, case: &Case) -> String {
        format!("tasks of {} keep coming and do not end: {} more", case.subject, case.weight)
    }

    fn summarise(&self, cases: &[Case]) -> String {
        let first = cases.first().map_or("?", |case| &case.subject);
        format!("tasks of {} coroutines such as {first} keep coming and do not end", cases.len())
    }
}

/// Thousands of tasks made at once.
pub(super) struct TooMany;

impl Detector for TooMany {
    fn kind(&self) -> &'static str {
        "too_many_tasks"
    }

    fn severity(&self) -> Severity {
        Severity::Info
    }

    fn remedy(&self) -> &'static str {
        "limit how many run at once: a semaphore, a queue with a few workers, or chunks"
    }

    fn check(&self, analysis: &Analysis, _: &Collected) -> Vec<Case> {
        analysis
            .population
            .by_coroutine
            .iter()
            .filter(|row| row.most >= CROWD && row.created >= u64::from(CROWD))
            .map(|row| case(analysis, row, row.most))
            .collect()
    }

    fn describe(&self, case: &Case) -> String {
        format!("{} tasks of {} were alive at once", case.weight, case.subject)
    }

    fn summarise(&self, cases: &[Case]) -> String {
        let most = cases.iter().map(|case| case.weight).max().unwrap_or(0);
        format!("tasks of {} coroutines were alive at once, up to {most} each", cases.len())
    }
}
