//! The JSON outputs against the schemas shipped under `docs/schema/`.
//!
//! A small validator for what these schemas use; a keyword that it does not know is an error, so
//! that nothing in a schema goes unchecked.

use serde_json::Value;

use crate::arbitrary::events;
use crate::facts::{analysis, service};
use crate::world::meta;
use looptrace::analysis::{Source, analyze};
use proptest::prelude::*;

const DUMP: &str = include_str!("../../docs/schema/dump-1.json");
const REPORT: &str = include_str!("../../docs/schema/report-1.json");

/// What is wrong with `value`, with the place of each mistake.
pub(crate) fn mistakes(schema: &str, value: &Value) -> Vec<String> {
    let root: Value = serde_json::from_str(schema).unwrap();
    let mut found = Vec::new();
    check(&root, &root, value, "$", &mut found);
    found
}

fn check(root: &Value, schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    for (keyword, rule) in schema.as_object().unwrap() {
        let fits = match keyword.as_str() {
            "$schema" | "$id" | "$defs" | "title" | "description" => true,
            "additionalProperties" => rule == &Value::Bool(true),
            "$ref" => {
                let name = rule.as_str().unwrap().strip_prefix("#/").unwrap();
                let target = name.split('/').fold(root, |at, part| &at[part]);
                check(root, target, value, at, found);
                true
            }
            "type" => match rule {
                Value::Array(kinds) => kinds.iter().any(|kind| is(value, kind)),
                kind => is(value, kind),
            },
            "const" => rule == value,
            "enum" => rule.as_array().unwrap().contains(value),
            "minimum" => !value.is_number() || value.as_f64() >= rule.as_f64(),
            "maximum" => !value.is_number() || value.as_f64() <= rule.as_f64(),
            "required" => !value.is_object() || missing(rule, value).is_empty(),
            "properties" => {
                for (name, rule) in rule.as_object().unwrap() {
                    if let Some(value) = value.get(name) {
                        check(root, rule, value, &format!("{at}.{name}"), found);
                    }
                }
                true
            }
            "items" => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    check(root, rule, item, &format!("{at}[{index}]"), found);
                }
                true
            }
            "anyOf" => rule.as_array().unwrap().iter().any(|rule| {
                let mut inner = Vec::new();
                check(root, rule, value, at, &mut inner);
                inner.is_empty()
            }),
            _ => false,
        };
        if !fits {
            found.push(format!("{at}: {keyword} {rule} does not fit {value}"));
        }
    }
}

fn is(value: &Value, kind: &Value) -> bool {
    match kind.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("no such type: {other}"),
    }
}

fn missing<'a>(required: &'a Value, value: &Value) -> Vec<&'a str> {
    let names = required.as_array().unwrap().iter().map(|name| name.as_str().unwrap());
    names.filter(|name| value.get(name).is_none()).collect()
}

fn report_of(analysis: &looptrace::analysis::Analysis) -> Value {
    let mut out = Vec::new();
    looptrace::report::json(analysis, None, &mut out).unwrap();
    serde_json::from_slice(&out).unwrap()
}

#[test]
fn reports_fit_their_schema() {
    let report = report_of(&analysis(service().0));
    assert_eq!(mistakes(REPORT, &report), Vec::<String>::new());
}

#[test]
fn dumps_fit_their_schema() {
    let mut out = Vec::new();
    looptrace::report::dump::json(&crate::dump::service(), &mut out).unwrap();
    assert_eq!(mistakes(DUMP, &serde_json::from_slice(&out).unwrap()), Vec::<String>::new());
}

#[test]
fn the_schemas_find_mistakes() {
    let good = report_of(&analysis(service().0));
    let spoil = |pointer: &str, wrong: Value| {
        let mut value = good.clone();
        *value.pointer_mut(pointer).unwrap() = wrong;
        mistakes(REPORT, &value)
    };
    assert!(!spoil("/schema", "looptrace.report/2".into()).is_empty());
    assert!(!spoil("/tasks/0/state", "asleep".into()).is_empty());
    assert!(!spoil("/tasks/0/running_ns", Value::Null).is_empty());
    assert!(!spoil("/recording/gaps", Value::Null).is_empty());
    assert!(!spoil("/stacks/0/frames/0/line", 0.into()).is_empty());
    assert!(!spoil("/recording/misses", serde_json::json!({})).is_empty());
}

/// The names that programs rely on, written down a second time: schemas and code could drift
/// together.
#[test]
fn the_contract_is_kept() {
    let report = report_of(&analysis(service().0));
    for pointer in [
        "/recording/monotonic_start_ns",
        "/recording/misses/unreadable",
        "/recording/partial_censuses",
        "/recording/recorder_cpu_ns",
        "/loops/0/busy_ns",
        "/loops/0/kind",
        "/tasks/0/first_seen_ns",
        "/tasks/0/loop",
        "/coroutines/0/waiting_ns",
        "/stacks/0/weight_ns",
        "/stacks/0/task/name",
        "/stacks/0/frames/0/function",
        "/stacks/0/task_depth",
        "/stalls",
        "/findings",
    ] {
        assert!(report.pointer(pointer).is_some(), "{pointer}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn any_events_give_a_report_that_fits(events in events()) {
        let report = report_of(&analyze(meta(), events, Source::default()));
        prop_assert_eq!(mistakes(REPORT, &report), Vec::<String>::new());
    }
}
