//! SARIF 2.1.0: results with file and line.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::analysis::check::{CheckReport, Guilty, Level, METRICS, Outcome, Place, Verdict};

use super::sources::Sources;
use super::words;

/// Writes a check as SARIF: broken budgets as errors and warnings, inconclusive ones as notes. Each
/// points at its guilty lines, or at its budget where there are none.
///
/// # Errors
/// What the writer gives.
pub fn sarif(report: &CheckReport, sources: &Sources, out: &mut impl Write) -> io::Result<()> {
    let notable = report.notable();
    let mut used: Vec<&'static str> = notable.iter().map(|outcome| outcome.metric.id).collect();
    used.sort_unstable();
    used.dedup();
    let rules: Vec<Value> = METRICS
        .iter()
        .filter(|metric| used.contains(&metric.id))
        .map(|metric| {
            json!({
                "id": metric.id,
                "shortDescription": { "text": metric.about },
                "defaultConfiguration": { "level": "error" },
            })
        })
        .collect();
    let results: Vec<Value> =
        notable.into_iter().map(|outcome| result(report, outcome, sources)).collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "looptrace",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "results": results,
            "columnKind": "unicodeCodePoints",
        }],
    });
    serde_json::to_writer_pretty(&mut *out, &log)?;
    writeln!(out)
}

fn result(report: &CheckReport, outcome: &Outcome, sources: &Sources) -> Value {
    let level = match (outcome.verdict, outcome.level) {
        (Verdict::Fail, Level::Error) => "error",
        (Verdict::Fail, _) => "warning",
        _ => "note",
    };
    let title = outcome.title();
    let mut text = format!("{title}: {} (budget {})", outcome.reason, outcome.limit_words());
    for guilty in &outcome.guilty {
        text.push_str(&format!("\n{}", words::guilty(guilty, sources)));
    }
    let places = outcome.guilty.iter().map(|guilty| &guilty.place).chain(&outcome.coroutine);
    let mut locations: Vec<Value> = places.filter_map(|place| location(place, sources)).collect();
    if locations.is_empty() {
        locations.push(physical(&report.config, outcome.line, None, None));
    }
    let first = outcome.guilty.first().map_or("", |guilty| guilty.place.function.as_str());
    let stacks: Vec<Value> =
        outcome.guilty.iter().filter_map(|guilty| stack(guilty, sources)).collect();
    let mut result = json!({
        "ruleId": outcome.metric.id,
        "level": level,
        "kind": if outcome.verdict == Verdict::Inconclusive { "review" } else { "fail" },
        "message": { "text": text },
        "locations": locations,
        "partialFingerprints": {
            "looptraceBudget/v1": words::fingerprint(&[first, &title, &outcome.limit_words()]),
        },
        "properties": { "verdict": outcome.verdict.name(), "p": outcome.p_adjusted },
    });
    // `kind` other than `fail` goes with the level `none` only.
    if outcome.verdict == Verdict::Inconclusive {
        result["level"] = json!("none");
    }
    if !stacks.is_empty() {
        result["stacks"] = Value::Array(stacks);
    }
    if let Some(allowed) = &outcome.allowed {
        result["suppressions"] = json!([{
            "kind": "external",
            "status": "accepted",
            "justification": format!("until {}: {}", allowed.until, allowed.reason),
        }]);
    }
    result
}

fn location(place: &Place, sources: &Sources) -> Option<Value> {
    let file = sources.inside(&place.file)?;
    Some(physical(file, place.line, sources.code(place), Some(&place.function)))
}

fn physical(file: &str, line: u32, code: Option<&str>, function: Option<&str>) -> Value {
    let mut region = json!({ "startLine": line.max(1) });
    if let Some(code) = code {
        region["snippet"] = json!({ "text": code });
    }
    let mut location = json!({
        "physicalLocation": {
            "artifactLocation": { "uri": uri(file) },
            "region": region,
        },
    });
    if let Some(function) = function {
        location["logicalLocations"] =
            json!([{ "fullyQualifiedName": function, "kind": "function" }]);
    }
    location
}

fn stack(guilty: &Guilty, sources: &Sources) -> Option<Value> {
    let frames: Vec<Value> = guilty
        .worst
        .stack
        .iter()
        .rev()
        .filter(|place| !place.file.is_empty())
        .map(|place| {
            let file = sources.inside(&place.file).unwrap_or(&place.file);
            json!({ "location": physical(file, place.line, None, Some(&place.function)) })
        })
        .collect();
    (!frames.is_empty())
        .then(|| json!({ "message": { "text": words::guilty(guilty, sources) }, "frames": frames }))
}

/// A path as a URI reference.
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    if path.starts_with('/') {
        uri.push_str("file://");
    }
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::uri;

    #[test]
    fn paths_become_uris() {
        assert_eq!(uri("app/a b.py"), "app/a%20b.py");
        assert_eq!(uri("/srv/ü.py"), "file:///srv/%C3%BC.py");
    }
}
