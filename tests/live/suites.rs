//! Test suites: pytest-asyncio gives each test a loop of its own.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::interpreter::{Interpreter, interpreter};
use crate::support::look::looptrace;
use crate::support::sample::directory;

const BUDGET: &str = "[run]\nstall_threshold = \"500ms\"\n\
                      [[budget]]\nmetric = \"stall.max\"\nmax = \"700ms\"\ntest = \"*\"\n";

#[test]
fn stalls_belong_to_the_test_they_happened_in() {
    let Some(python) = interpreter(12).filter(|python| has_pytest(python)) else {
        println!("SKIPPED: no Python 3.12 with pytest-asyncio; `tests/run` can provide it");
        return;
    };
    let scratch = tempfile::tempdir().expect("a directory");
    let file = scratch.path().join("tests.looptrace");
    record(python, &file);
    let report = json(looptrace().args(["report", "--format", "json"]).arg(&file));
    let names: Vec<&str> =
        list(&report, "tasks").filter_map(|task| task["name"].as_str()).collect();
    assert!(names.contains(&"test_service.py::test_blocks[2]"), "{names:?}");
    let config = scratch.path().join("looptrace.toml");
    std::fs::write(&config, BUDGET).expect("written");
    let mut check = looptrace();
    check.args(["check", "--format", "json", "--exit-zero", "--config"]).arg(&config).arg(&file);
    let report = json(&mut check);
    let verdict = |test: &str| {
        let mut results = list(&report, "results");
        let found = results.find(|result| result["test"] == test);
        let result = found.unwrap_or_else(|| panic!("{test}: {report:#}"));
        let stalls =
            list(result, "stalls").filter_map(|stall| stall["location"]["function"].as_str());
        (result["verdict"].clone(), stalls.map(str::to_owned).collect::<Vec<String>>())
    };
    for (test, function) in [
        ("test_service.py::test_blocks[2]", "test_blocks"),
        // What a test's own task waits for while another one blocks.
        ("test_service.py::test_starts_a_task_that_blocks", "background"),
    ] {
        let (found, stalls) = verdict(test);
        assert_eq!(found, "fail", "{test}");
        assert!(stalls.iter().any(|stall| stall == function), "{test}: {stalls:?}");
    }
    let wrong = list(&report, "results").filter(|result| {
        let mut stalls = list(result, "stalls");
        let blocks = stalls.any(|stall| stall["location"]["function"] == "test_blocks");
        blocks && result["test"] != "test_service.py::test_blocks[2]"
    });
    assert_eq!(wrong.count(), 0, "{report:#}");
}

fn has_pytest(python: &Interpreter) -> bool {
    let mut imports = Command::new(&python.path);
    imports.args(["-c", "import pytest, pytest_asyncio"]).stderr(Stdio::null());
    python.chroot.is_none() && imports.status().is_ok_and(|status| status.success())
}

/// The suite in `samples/pytest/`, its stalls long enough to be seen on any machine.
fn record(python: &Interpreter, file: &Path) {
    let mut record = looptrace();
    record.args(["record", "--quiet", "-o"]).arg(file).arg("--").arg(&python.path);
    record.args(["-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "looptrace_pytest"]);
    record.current_dir(directory().join("pytest"));
    record.env("PYTHONPATH", ".").env("PYTHONDONTWRITEBYTECODE", "1").env("LONGER", "5");
    let output = record.stdin(Stdio::null()).output().expect("looptrace starts");
    let words = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{words}{}", String::from_utf8_lossy(&output.stderr));
    assert!(words.contains("5 passed"), "{words}");
}

fn json(command: &mut Command) -> Value {
    let output = command.stdin(Stdio::null()).output().expect("looptrace starts");
    let words = String::from_utf8_lossy(&output.stderr);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {words}"))
}

fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value[key].as_array().into_iter().flatten()
}
