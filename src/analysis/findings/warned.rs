//! Coroutines that were never awaited.

use super::{Case, Collected, Detector, Severity};
use crate::analysis::facts::Analysis;
use crate::model::EvidenceValue;

pub(super) struct NeverAwaited;

impl Detector for NeverAwaited {
    fn kind(&self) -> &'static str {
        "never_awaited"
    }

    fn severity(&self) -> Severity {
        Severity::Error
    }

    fn remedy(&self) -> &'static str {
        "await it, or make a task of it with `asyncio.create_task(…)`"
    }

    fn check(&self, analysis: &Analysis, collected: &Collected) -> Vec<Case> {
        let text = |id| analysis.dictionary.text(id).to_owned();
        collected
            .warned
            .iter()
            .map(|&(warning, file, line)| {
                let case = Case {
                    file: Some(text(file)).filter(|file| !file.is_empty()),
                    line: Some(line).filter(|&line| line > 0),
                    ..Case::default()
                };
                case.about(text(warning), 1).with(
                    "warning",
                    EvidenceValue::Text(format!("RuntimeWarning: {}", text(warning))),
                )
            })
            .collect()
    }

    fn describe(&self, case: &Case) -> String {
        format!("{}: what it should have done was not done", case.subject)
    }

    fn summarise(&self, cases: &[Case]) -> String {
        let all: Vec<&str> = cases.iter().map(|case| case.subject.as_str()).collect();
        all.join("; ")
    }
}
