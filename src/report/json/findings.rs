//! Findings.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::analysis::findings::Finding;
use crate::analysis::{Analysis, FrameNames};
use crate::model::EvidenceValue;

use super::super::frames::frames_json;

#[derive(Serialize)]
pub(super) struct FindingJson<'a> {
    kind: &'static str,
    severity: &'static str,
    text: &'a str,
    file: Option<&'a str>,
    line: Option<u32>,
    cases: u64,
    evidence: BTreeMap<&'static str, Value>,
    remedy: &'a str,
}

pub(super) fn finding<'a>(analysis: &Analysis, finding: &'a Finding) -> FindingJson<'a> {
    FindingJson {
        kind: finding.kind,
        severity: finding.severity.name(),
        text: &finding.text,
        file: finding.file.as_deref(),
        line: finding.line,
        cases: finding.cases,
        evidence: finding.evidence.iter().map(|(key, it)| (*key, value(analysis, it))).collect(),
        remedy: &finding.remedy,
    }
}

fn value(analysis: &Analysis, value: &EvidenceValue) -> Value {
    let dictionary = &analysis.dictionary;
    match value {
        EvidenceValue::Unknown => Value::Null,
        EvidenceValue::Text(text) => Value::from(text.as_str()),
        EvidenceValue::Count(count) => Value::from(*count),
        EvidenceValue::Flag(flag) => Value::from(*flag),
        EvidenceValue::Thread(thread) => {
            let native = dictionary.get_thread(*thread).map(|thread| thread.native_id);
            native.map_or(Value::Null, Value::from)
        }
        EvidenceValue::Stack(stack) => {
            serde_json::to_value(frames_json(dictionary, *stack)).unwrap_or(Value::Null)
        }
        EvidenceValue::Lines(lines) => lines
            .iter()
            .map(|(frame, time)| {
                let FrameNames { function, file, line, .. } = FrameNames::of(dictionary, *frame);
                serde_json::json!({
                    "function": function, "file": file, "line": line, "time_ns": time.as_nanos()
                })
            })
            .collect(),
    }
}
