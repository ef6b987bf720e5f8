//! Every form in which a check is said: complete, valid, and safe from hostile names.

use looptrace::analysis::check::{CheckReport, Noise, Run, Verdict};
use looptrace::report::Style;
use looptrace::report::check::{Sources, github, gitlab, html, json, junit, markdown, sarif, text};
use serde_json::Value;

use crate::runs::{check, coroutine, run, sides, stall};

const BUDGETS: &str = "
[[budget]]
metric = \"stall.cpu.p50\"
max_increase = \"10%\"
[[budget]]
metric = \"stall.cpu.max\"
max = \"10ms\"
level = \"warn\"
[[budget]]
metric = \"recorder.dropped\"
max = 0
[[budget]]
metric = \"task.alive.max\"
max = 3
[[budget]]
metric = \"coroutine.tasks_per_minute\"
max = 1
[[budget]]
metric = \"stall.p95\"
max_increase = \"20%\"
[[allow]]
metric = \"task.alive.max\"
until = \"2027-01-31\"
reason = \"a queue of our own\"
";

/// A report with one of everything.
fn report() -> CheckReport {
    let (base, mut head) = sides(12, 1.3, 0.05);
    for run in &mut head {
        run.coroutines = vec![coroutine("get", 2.0)];
        run.environment.python = Some("3.13.0".to_owned());
        run.runq_wait = Some(0.2);
    }
    let mut report = check(BUDGETS, &base, &head);
    report.notes.push("a note".to_owned());
    report
}

/// The same with names that would break every format out.
fn hostile() -> CheckReport {
    let name = "a\"<script>alert(1)</script>|`]]>&\n::error::\x1b[2J\u{202e}%0A";
    let mut head = run(0);
    let mut bad = stall(0.5, name);
    bad.why = name.to_owned();
    if let Some(place) = &mut bad.place {
        place.file = format!("/srv/{name}.py");
    }
    head.stalls = vec![bad];
    head.file = name.to_owned();
    head.coroutines = vec![coroutine(name, 5.0)];
    head.environment.cpu = Some(name.to_owned());
    check(BUDGETS, &[], &[head])
}

fn sources(report: &CheckReport) -> Sources {
    Sources::of(report, &["/srv".to_owned()], |file, line| {
        file.ends_with("views.py").then(|| format!("    total = sum(line_{line})  # <b>"))
    })
}

fn written(
    report: &CheckReport,
    write: impl Fn(&CheckReport, &Sources, &mut Vec<u8>) -> std::io::Result<()>,
) -> String {
    let mut out = Vec::new();
    write(report, &sources(report), &mut out).expect("a vector takes everything");
    String::from_utf8(out).expect("UTF-8")
}

fn mistakes(schema: &str, value: &Value) -> Vec<String> {
    let schema: Value = serde_json::from_str(schema).expect("the schema is JSON");
    let validator = jsonschema::validator_for(&schema).expect("the schema is a schema");
    validator.iter_errors(value).map(|error| error.to_string()).collect()
}

#[test]
fn the_report_has_one_of_everything() {
    let report = report();
    for verdict in [Verdict::Pass, Verdict::Fail, Verdict::Inconclusive, Verdict::Allowed] {
        assert!(report.count(verdict) > 0, "{verdict:?}");
    }
    assert_eq!(report.verdict, Verdict::Fail);
}

#[test]
fn json_fits_its_schema() {
    const SCHEMA: &str = include_str!("../../docs/schema/check-1.json");
    for report in [report(), hostile(), check("", &[], &[])] {
        let found: Value = serde_json::from_str(&written(&report, json)).expect("JSON");
        assert_eq!(mistakes(SCHEMA, &found), Vec::<String>::new());
    }
    let mut spoilt: Value = serde_json::from_str(&written(&report(), json)).expect("JSON");
    spoilt["results"][0]["verdict"] = "perhaps".into();
    assert_ne!(mistakes(SCHEMA, &spoilt), Vec::<String>::new(), "the schema finds mistakes");
    let facts = written(&report(), json);
    assert!(facts.contains("\"code\": \"total = sum(line_42)  # <b>\""), "{facts}");
}

#[test]
fn noise_files_fit_their_schema() {
    let (runs, _) = sides(20, 1.0, 0.1);
    let noise = serde_json::to_value(Noise::of("python app.py", &runs)).expect("JSON");
    let schema = include_str!("../../docs/schema/noise-1.json");
    assert_eq!(mistakes(schema, &noise), Vec::<String>::new());
}

#[test]
fn text_names_the_guilty_line_and_what_to_do_next() {
    let write = |report: &CheckReport, sources: &Sources, out: &mut Vec<u8>| {
        text(report, sources, true, Style::PLAIN, out)
    };
    let shown = written(&report(), write);
    for wanted in [
        "looptrace check: FAIL  2 broken, 1 broken as a warning, 1 inconclusive, 1 allowed, 1 kept",
        "✗ stall.cpu.p50  ≤ +10 %",
        "app/views.py:42 in render",
        "        total = sum(line_42)",
        "allowed until 2027-01-31: a queue of our own",
        "different python: 3.14.2 in the baseline, 3.13.0 here",
        "next: looptrace diff run-00.looptrace run-01.looptrace",
    ] {
        assert!(shown.contains(wanted), "{wanted}\n{shown}");
    }
    let shown = written(&hostile(), write);
    assert!(!shown.contains('\x1b') && !shown.contains('\u{202e}'), "{shown}");
}

#[test]
fn junit_has_a_case_per_budget() {
    let xml = written(&report(), junit);
    let read = quick_junit::Report::deserialize_from_str(&xml).expect("it can be read back");
    let suite = &read.test_suites[0];
    let root = xml.lines().nth(1).expect("a root");
    assert_eq!(
        root,
        "<testsuites name=\"looptrace check\" tests=\"6\" failures=\"2\" errors=\"0\">"
    );
    assert_eq!((suite.tests, suite.failures, suite.skipped), (6, 2, 3), "{xml}");
    quick_junit::Report::deserialize_from_str(&written(&hostile(), junit)).expect("valid XML");
}

#[test]
fn sarif_points_at_files_and_lines() {
    let log: Value = serde_json::from_str(&written(&report(), sarif)).expect("JSON");
    let result = &log["runs"][0]["results"][0];
    assert_eq!(result["level"], "error");
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "app/views.py");
    assert_eq!(place["region"]["startLine"], 42);
    let results = log["runs"][0]["results"].as_array().expect("results");
    assert!(results.iter().any(|result| result["suppressions"][0]["kind"] == "external"));
    serde_json::from_str::<Value>(&written(&hostile(), sarif)).expect("JSON");
}

#[test]
fn github_gets_the_worst_first_and_no_more_than_it_shows() {
    let shown = written(&report(), github);
    let first = shown.lines().next().expect("a line");
    assert!(first.starts_with("::error file=app/"), "{first}");
    assert!(first.contains(",line="), "{first}");
    let mut many = report();
    let one = many.outcomes[0].clone();
    many.outcomes = vec![one; 40];
    let shown = written(&many, github);
    assert_eq!(shown.matches("::error ").count(), 10);
    assert!(shown.ends_with("::notice title=looptrace::30 more are in the step's summary\n"));
    for line in written(&hostile(), github).lines() {
        let command = ["::error file=", "::warning file=", "::notice title="];
        assert!(command.iter().any(|start| line.starts_with(start)), "{line}");
    }
}

#[test]
fn gitlab_issues_keep_their_fingerprints_when_code_moves() {
    let of = |report: &CheckReport| -> Vec<Value> {
        serde_json::from_str(&written(report, gitlab)).expect("a list")
    };
    let issues = of(&report());
    assert!(!issues.is_empty());
    for issue in &issues {
        for key in ["description", "check_name", "fingerprint"] {
            assert!(issue[key].is_string(), "{key}: {issue}");
        }
        assert!(
            ["info", "minor", "major", "critical", "blocker"]
                .contains(&issue["severity"].as_str().expect("one"))
        );
        assert!(
            issue["location"]["path"].is_string() && issue["location"]["lines"]["begin"].is_u64()
        );
    }
    let mut moved = report();
    for guilty in moved.outcomes.iter_mut().flat_map(|outcome| &mut outcome.guilty) {
        guilty.place.line += 10;
    }
    let prints = |issues: &[Value]| -> Vec<Value> {
        issues.iter().map(|issue| issue["fingerprint"].clone()).collect()
    };
    assert_eq!(prints(&issues), prints(&of(&moved)));
    let mut unique = prints(&issues);
    unique.dedup();
    assert_eq!(unique.len(), issues.len(), "GitLab drops issues with equal fingerprints");
}

#[test]
fn markdown_shows_only_what_is_not_in_order_and_fits_a_comment() {
    let shown = written(&report(), markdown);
    assert!(shown.starts_with("<!-- looptrace -->\n### ❌ looptrace: fail"), "{shown}");
    assert!(shown.contains("| ❌ | `stall.cpu.p50` ≤ +10 %"), "{shown}");
    assert!(!shown.contains("recorder.dropped"), "what is kept is not listed: {shown}");
    assert!(shown.contains("  total = sum(line_42)"), "{shown}");
    let fine = written(
        &check("[[budget]]\nmetric = \"stall.max\"\nmax = \"1s\"\n", &[], &[run(0)]),
        markdown,
    );
    assert!(fine.contains("✅") && !fine.contains("| budget |"), "{fine}");

    let mut many = report();
    many.outcomes[0].reason = "x".repeat(5_000);
    let one = many.outcomes[0].clone();
    many.outcomes = vec![one; 100];
    let shown = written(&many, markdown);
    assert!(shown.chars().count() <= 65_536 && shown.ends_with("</details>\n"));
    // In code, between backticks, nothing is markup.
    let shown = written(&hostile(), markdown);
    let outside = shown.split("```").step_by(2).flat_map(|text| text.split('`').step_by(2));
    let outside: String = outside.collect();
    assert!(!outside.contains("<script>") && outside.contains("&lt;script&gt;"), "{outside}");
}

#[test]
fn html_is_one_page_without_scripts_or_network() {
    for report in [report(), hostile()] {
        let page = written(&report, html);
        for none in ["<script", "http://", "https://", " src=", "@import"] {
            assert!(!page.contains(none), "{none}");
        }
        assert!(page.contains("<svg class=\"plot\"") && page.ends_with("</body></html>\n"));
        assert!(!page.contains("NaN") && !page.contains("inf"), "{page}");
    }
}

#[test]
fn figures_that_are_all_zero_can_be_drawn() {
    let mut still = run(0);
    still.stalls.clear();
    let page = written(
        &check(
            "[[budget]]\nmetric = \"stall.max\"\nmax = 0\n[[budget]]\nmetric = \"task.alive.max\"\nmax = 0\n",
            &[],
            &[still],
        ),
        html,
    );
    assert!(!page.contains("NaN"), "{page}");
    let empty: &[Run] = &[];
    assert!(written(&check(BUDGETS, empty, empty), html).contains("</html>"));
}
