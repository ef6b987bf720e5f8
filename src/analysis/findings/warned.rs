//! Coroutines that were never awaited.

use super::{Case, Collected, Detector, Severity};
use crate::analysis::facts::Analysis;
use crate::model::{Dictionary, EvidenceValue, Snapshot, StringId};

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
        collected.warned.iter().map(|&warning| case(&analysis.dictionary, warning)).collect()
    }

    fn check_look(&self, snapshot: &Snapshot) -> Vec<Case> {
        snapshot.warned.iter().map(|&warning| case(&snapshot.dictionary, warning)).collect()
    }

    fn describe(&self, case: &Case) -> String {
        format!("{}: what it should have done was not done", case.subject)
    }

    fn summarise(&self, cases: &[Case]) -> String {
        let all: Vec<&str> = cases.iter().map(|case| case.subject.as_str()).collect();
        all.join("; ")
    }
}

/// Text, file and line of a warning.
fn case(dictionary: &Dictionary, (warning, file, line): (StringId, StringId, u32)) -> Case {
    let case = Case {
        file: Some(dictionary.text(file).to_owned()).filter(|file| !file.is_empty()),
        line: Some(line).filter(|&line| line > 0),
        ..Case::default()
    };
    let warning = dictionary.text(warning);
    let evidence = EvidenceValue::Text(format!("RuntimeWarning: {warning}"));
    case.about(warning, 1).with("warning", evidence)
}
