//! Well-known mistakes, as JSON and in words: the same for a recording and for one look.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;

use crate::analysis::findings::{Finding, Severity};
use crate::analysis::{FrameNames, short_path};
use crate::model::{Dictionary, EvidenceValue};

use super::frames::frames_json;
use super::style::{Paint, Style, clean};

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

/// A finding as JSON.
pub(super) fn json<'a>(dictionary: &Dictionary, finding: &'a Finding) -> FindingJson<'a> {
    FindingJson {
        kind: finding.kind,
        severity: finding.severity.name(),
        text: &finding.text,
        file: finding.file.as_deref(),
        line: finding.line,
        cases: finding.cases,
        evidence: finding.evidence.iter().map(|(key, it)| (*key, value(dictionary, it))).collect(),
        remedy: &finding.remedy,
    }
}

fn value(dictionary: &Dictionary, value: &EvidenceValue) -> Value {
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

/// Writes what was found, each with its place and what to do.
pub(super) fn write<'a>(
    findings: impl IntoIterator<Item = &'a Finding>,
    style: Style,
    out: &mut impl Write,
) -> io::Result<()> {
    for finding in findings {
        let (mark, paint) = match finding.severity {
            Severity::Error => ("‼", Paint::Warning),
            Severity::Warning => ("!", Paint::Ready),
            Severity::Info => ("i", Paint::Dim),
        };
        let kind = finding.kind.replace('_', " ");
        let head = style.paint(paint, &format!("{mark} {kind}")).into_owned();
        writeln!(out, "  {head}  {}", clean(&finding.text))?;
        let place = match (&finding.file, finding.line) {
            (Some(file), Some(line)) => format!("{}:{line}", short_path(file)),
            (Some(file), None) => short_path(file).into_owned(),
            (None, _) => String::new(),
        };
        if !place.is_empty() {
            writeln!(out, "      at  {}", style.paint(Paint::Dim, &clean(&place)))?;
        }
        writeln!(out, "      do  {}", clean(&finding.remedy))?;
    }
    Ok(())
}
