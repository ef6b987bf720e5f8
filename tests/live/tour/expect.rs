//! Whether JSON is as a line states.

use super::lines::{Condition, Line, Relation, Subject};
use serde_json::Value;

/// What is not as stated.
pub(super) fn check(line: &Line, seen: &Value) -> Vec<String> {
    let rows = rows(&line.subject, seen);
    let fits = |row: &&Value| line.conditions.iter().all(|it| holds(it, row, seen));
    let enough = match &line.subject {
        Subject::DumpTasks { count, .. } => {
            rows.iter().all(fits) && count.map_or(!rows.is_empty(), |count| rows.len() == count)
        }
        Subject::Finding { maybe: true, .. } => true,
        _ => rows.iter().any(fits),
    };
    if enough {
        return Vec::new();
    }
    let shown = rows.iter().map(|row| shown(&line.conditions, row, seen));
    vec![format!("{}\n      but: {}", line.text, shown.collect::<Vec<_>>().join("\n           "))]
}

fn rows<'a>(subject: &Subject, seen: &'a Value) -> Vec<&'a Value> {
    let list = |list: &str, key: &str, wanted: &str| -> Vec<&'a Value> {
        let all = seen[list].as_array().into_iter().flatten();
        all.filter(|row| row[key].as_str().is_some_and(|text| matches(wanted, text))).collect()
    };
    match subject {
        Subject::DumpTasks { name, .. } | Subject::Task { name } => list("tasks", "name", name),
        Subject::DumpLoops => vec![&seen["loops"]],
        Subject::Finding { kind, .. } => list("findings", "kind", kind),
        Subject::Contention { kind } => list("contention", "kind", kind),
        Subject::Executor { of } => list("executors", "type", &format!("*{of}")),
    }
}

fn shown(conditions: &[Condition], row: &Value, seen: &Value) -> String {
    let parts =
        conditions.iter().map(|it| format!("{}={}", it.path, values(it, row, seen).join("+")));
    format!("{} {}", row["name"], parts.collect::<Vec<_>>().join(" "))
}

fn holds(condition: &Condition, row: &Value, seen: &Value) -> bool {
    let mut found = values(condition, row, seen);
    let wanted = condition.value.as_str();
    match condition.relation {
        Relation::Is => {
            found.sort_unstable();
            let mut parts: Vec<&str> = wanted.split('+').filter(|part| !part.is_empty()).collect();
            parts.sort_unstable();
            found.len() == parts.len() && parts.iter().zip(&found).all(|(a, b)| matches(a, b))
        }
        Relation::Contains => found.iter().any(|value| value.contains(wanted)),
        Relation::AtLeast => {
            let least: i64 = wanted.parse().expect("a number");
            found.iter().any(|value| value.parse::<i64>().is_ok_and(|value| value >= least))
        }
        Relation::Count => found.len().to_string() == wanted,
    }
}

/// All values at the end of a path, lists unrolled. `chain` stands for the names of the frames, and
/// numbers of tasks for the tasks.
fn values(condition: &Condition, row: &Value, seen: &Value) -> Vec<String> {
    if condition.path == "chain" {
        return vec![chain(row)];
    }
    let mut at: Vec<&Value> = vec![row];
    for key in condition.path.split('.') {
        at = at.into_iter().flat_map(|value| unrolled(value, seen)).collect();
        at = at.into_iter().map(|value| &value[key]).collect();
    }
    at.into_iter()
        .flat_map(|value| unrolled(value, seen))
        .map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
        .collect()
}

fn unrolled<'a>(value: &'a Value, seen: &'a Value) -> Vec<&'a Value> {
    let tasks = || seen["tasks"].as_array().into_iter().flatten();
    match value.as_array() {
        Some(items) => items
            .iter()
            .map(|item| if item.is_u64() { tasks().find(|t| t["id"] == *item) } else { Some(item) })
            .map(|item| item.unwrap_or(&Value::Null))
            .collect(),
        None => vec![value],
    }
}

/// `main>handle>sleep`: the plain names of the frames of an await chain.
fn chain(row: &Value) -> String {
    let frames = row["await_chain"].as_array().into_iter().flatten();
    let names = frames.filter(|frame| frame["kind"] != "native").map(|frame| {
        let name = frame["function"].as_str().unwrap_or("?");
        name.rsplit('.').next().unwrap_or(name)
    });
    names.collect::<Vec<_>>().join(">")
}

/// Whether a text is `pattern`, in which `*` stands for anything.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, end)) => {
            text.len() >= start.len() + end.len() && text.starts_with(start) && text.ends_with(end)
        }
    }
}
