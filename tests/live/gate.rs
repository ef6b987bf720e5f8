//! Comparing two versions of a program that runs.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::full_run;
use crate::support::interpreter::interpreter;
use crate::support::look::looptrace;
use crate::support::sample::Sample;

/// One run of each side is no comparison; the ceiling is one that no machine breaks.
const BUDGETS: &str = "[run]\nmin_runs = 10\nmin_duration = \"100ms\"\n\
                       [[budget]]\nmetric = \"task.alive.max\"\nmax = 1000\n\
                       [[budget]]\nmetric = \"stall.cpu.p50\"\nmax_increase = \"10%\"\n";

#[test]
fn both_versions_are_recorded_in_turns_and_judged() {
    let Some(python) = interpreter(12).filter(|python| python.chroot.is_none()) else { return };
    let scratch = tempfile::tempdir().expect("a directory");
    let config = scratch.path().join("looptrace.toml");
    std::fs::write(&config, BUDGETS).expect("written");
    let sample = Sample::named("regression");
    let program = format!("{} {} --seconds", python.path.display(), sample.path.display());
    let runs = scratch.path().join("runs");
    // The head does not end: the load's end does that.
    let load = format!("{} -c 'import time; time.sleep(4)'", python.path.display());
    let sides = [format!("{program} 1000"), format!("{program} 999")];
    let output = run(looptrace()
        .args(["ab", "--base", &sides[0], "--head", &sides[1], "--load", &load])
        .args(["--runs", "1", "--warmup", "0", "--quiet", "--format", "json", "--seed", "1"])
        .arg("--config")
        .arg(&config)
        .arg("--runs-dir")
        .arg(&runs));
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let files = |side: &str| -> Vec<String> {
        let files = report[side]["runs"].as_array().into_iter().flatten();
        files.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    for side in ["baseline", "head"] {
        let files = files(side);
        assert!(files.len() == 1 && Path::new(&files[0]).exists(), "{side}: {files:?}");
    }
    let verdicts: Vec<&str> = report["results"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|result| result["verdict"].as_str())
        .collect();
    assert_eq!(verdicts, ["pass", "inconclusive"], "{report:#}");
}

#[test]
fn the_noise_of_a_machine_is_measured_and_used() {
    let Some(python) = interpreter(12).filter(|python| full_run() && python.chroot.is_none())
    else {
        return;
    };
    let scratch = tempfile::tempdir().expect("a directory");
    let noise = scratch.path().join("noise.json");
    let sample = Sample::named("regression");
    let program = format!("{} {} --seconds 2", python.path.display(), sample.path.display());
    let output = run(looptrace()
        .args(["calibrate", &program, "--runs", "4", "--warmup", "0", "--quiet", "-o"])
        .arg(&noise)
        .arg("--runs-dir")
        .arg(scratch.path().join("runs")));
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let text = std::fs::read_to_string(&noise).expect("written");
    let found: Value = serde_json::from_str(&text).expect("JSON");
    let metrics = found["metrics"].as_array().expect("a list");
    let tasks = metrics.iter().find(|floor| floor["metric"] == "task.alive.max").expect("it");
    assert_eq!((&tasks["runs"], &tasks["per_side"]), (&4.into(), &2.into()));
}

fn run(command: &mut Command) -> Output {
    command.stdin(Stdio::null()).output().expect("looptrace starts")
}
