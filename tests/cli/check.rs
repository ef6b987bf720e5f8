//! Budgets from the command line: exit codes, messages, files.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use looptrace::model::{
    Activity, EndReason, Event, EventLoop, LoopId, LoopKind, ProcessId, RecordingMeta, Sample,
    Target, Thread, ThreadId, Timestamp,
};
use looptrace::recording::Writer;

use super::support::{assert_error, code, looptrace, stderr, stdout};

/// A recording of a loop that is busy every other millisecond.
fn recording(path: &Path, seconds: u64, with_loop: bool) -> PathBuf {
    let meta = RecordingMeta { rate_hz: 1000, census_rate_hz: 20, ..RecordingMeta::default() };
    let mut writer = Writer::create(path, &meta, true).expect("created");
    let (process, thread) = (ProcessId::new(1).expect("1"), ThreadId::new(1).expect("1"));
    let target = Target {
        pid: 42,
        command: vec!["python".to_owned()],
        python: "3.14.2".to_owned(),
        attached: Timestamp::ZERO,
    };
    let mut push = |event: Event| writer.push(&event).expect("written");
    push(Event::Target { id: process, target });
    push(Event::Thread { id: thread, thread: Thread { process, native_id: 42, name: None } });
    if with_loop {
        let event_loop = EventLoop { process, thread: Some(thread), kind: LoopKind::Selector };
        push(Event::Loop { id: LoopId::new(1).expect("1"), event_loop });
    }
    for tick in 1..=seconds * 1000 {
        let activity = match (with_loop, tick % 2) {
            (false, _) => Activity::NoLoop,
            (true, 0) => Activity::Busy,
            (true, _) => Activity::Polling,
        };
        push(Event::Sample(Sample {
            time: Timestamp::from_nanos(tick * 1_000_000),
            thread,
            stack: None,
            task: None,
            task_depth: None,
            activity,
            context_ver: None,
            callback: None,
        }));
    }
    let time = Timestamp::from_nanos(seconds * 1_000_000_000);
    push(Event::End { time, reason: EndReason::Duration });
    writer.finish().expect("finished");
    path.to_owned()
}

/// A directory with a recording of three seconds and a configuration.
struct Place {
    directory: tempfile::TempDir,
}

impl Place {
    fn new(config: &str) -> Self {
        let place = Self { directory: tempfile::tempdir().expect("a directory") };
        recording(&place.path("run.looptrace"), 3, true);
        fs::write(place.path("looptrace.toml"), config).expect("written");
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).to_str().expect("UTF-8").to_owned()
    }

    fn check(&self, file: &str, more: &[&str]) -> Output {
        let (file, config) = (self.text(file), self.text("looptrace.toml"));
        looptrace(&[&["check", &file, "--config", &config], more].concat())
    }
}

const KEPT: &str = "[[budget]]\nmetric = \"loop.busy_ratio\"\nmax = 0.9\n";
const BROKEN: &str = "[[budget]]\nmetric = \"loop.busy_ratio\"\nmax = 0.1\n";
const COMPARED: &str = "[[budget]]\nmetric = \"recorder.miss_ratio\"\nmax_increase = \"10%\"\n";

#[test]
fn the_exit_code_is_the_verdict() {
    let kept = Place::new(KEPT).check("run.looptrace", &[]);
    assert_eq!(code(&kept), 0, "{}", stderr(&kept));
    assert!(stdout(&kept).starts_with("looptrace check: PASS  1 kept\n"), "{}", stdout(&kept));
    let place = Place::new(BROKEN);
    let broken = place.check("run.looptrace", &[]);
    assert_eq!(code(&broken), 1, "{}", stderr(&broken));
    assert!(
        stdout(&broken).contains("the run had 50.0 %, the budget is 10.0 %"),
        "{}",
        stdout(&broken)
    );
    assert_eq!(code(&place.check("run.looptrace", &["--exit-zero"])), 0);
}

#[test]
fn inconclusive_fails_only_when_asked_to() {
    let place = Place::new(COMPARED);
    let base = place.text("run.looptrace");
    let output = place.check("run.looptrace", &["--baseline", &base]);
    assert_eq!(code(&output), 0);
    assert!(stdout(&output).contains("1 of the 10 runs per side"), "{}", stdout(&output));
    let strict = place.check("run.looptrace", &["--fail-on-inconclusive", "--baseline", &base]);
    assert_eq!(code(&strict), 4);
}

#[test]
fn mistakes_in_the_budgets_have_their_place() {
    let place = Place::new("[[budget]]\nmetric = \"loop.busy_ration\"\nmax = 1\n");
    let output = place.check("run.looptrace", &[]);
    assert_error(&output, 2);
    let words = stderr(&output);
    assert!(words.contains("looptrace.toml:2:10: unknown metric \"loop.busy_ration\""), "{words}");
    assert!(words.contains("line 2: metric = \"loop.busy_ration\""), "{words}");
    assert!(words.contains("did you mean \"loop.busy_ratio\"?"), "{words}");
    let empty = Place::new("").check("run.looptrace", &[]);
    assert_error(&empty, 2);
    let file = place.text("run.looptrace");
    let none = looptrace(&["check", &file, "--config", &place.text("absent.toml")]);
    assert_error(&none, 2);
    assert!(stderr(&none).contains("looptrace init-ci"), "{}", stderr(&none));
}

#[test]
fn recordings_that_say_nothing_are_named() {
    let place = Place::new(KEPT);
    let wrong = |file: &str, words: &str| {
        let output = place.check(file, &[]);
        assert_error(&output, 3);
        assert!(stderr(&output).contains(words), "{}", stderr(&output));
    };
    wrong("absent.looptrace", "there is no such recording");
    recording(&place.path("short.looptrace"), 0, true);
    wrong("short.looptrace", "the recording is 0.00 s long, budgets need 1.0 s");
    recording(&place.path("sync.looptrace"), 3, false);
    wrong("sync.looptrace", "no event loop ran in the 3.0 s recorded");
    let whole = fs::read(place.path("run.looptrace")).expect("read");
    fs::write(place.path("cut.looptrace"), &whole[..100]).expect("written");
    wrong("cut.looptrace", "before it was cut short");
    fs::write(place.path("none.looptrace"), "").expect("written");
    wrong("none.looptrace", "cut short inside its header");
    let missing = place.check("run.looptrace", &["--baseline", &place.text("main.looptrace")]);
    assert_error(&missing, 3);
    assert!(
        stderr(&missing).contains("there is no such baseline recording"),
        "{}",
        stderr(&missing)
    );
}

#[test]
fn a_recording_cut_at_its_end_is_judged_up_to_the_cut() {
    let place = Place::new(KEPT);
    let whole = fs::read(place.path("run.looptrace")).expect("read");
    fs::write(place.path("cut.looptrace"), &whole[..whole.len() - 1]).expect("written");
    let output = place.check("cut.looptrace", &[]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(
        stdout(&output).contains("note: the recording was cut short, judged up to there"),
        "{}",
        stdout(&output)
    );
}

#[test]
fn several_formats_go_to_several_files() {
    let place = Place::new(BROKEN);
    let names = ["json", "junit", "sarif", "markdown", "gitlab", "html"];
    let wanted: Vec<String> =
        names.iter().map(|name| format!("{name}={}", place.text(&format!("out.{name}")))).collect();
    let output =
        place.check("run.looptrace", &["--format", &format!("text,github,{}", wanted.join(","))]);
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    assert!(stdout(&output).starts_with("looptrace check: FAIL"));
    assert!(stdout(&output).contains("::error file="));
    for name in names {
        let text = fs::read_to_string(place.path(&format!("out.{name}"))).expect(name);
        assert!(text.contains("loop.busy"), "{name}: {text}");
    }
    let both = place.check("run.looptrace", &["--format", "json,junit"]);
    assert_error(&both, 2);
    assert_eq!(code(&place.check("run.looptrace", &["--format", "jsn"])), 2);
}

#[test]
fn the_step_summary_is_added_to() {
    let place = Place::new(BROKEN);
    let summary = place.path("summary.md");
    fs::write(&summary, "before\n").expect("written");
    let (file, config) = (place.text("run.looptrace"), place.text("looptrace.toml"));
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_looptrace"))
        .args(["check", &file, "--config", &config, "--format", "github"])
        .env("GITHUB_STEP_SUMMARY", &summary)
        .output()
        .expect("looptrace starts");
    assert_eq!(code(&output), 1);
    let text = fs::read_to_string(&summary).expect("read");
    assert!(text.starts_with("before\n<!-- looptrace -->\n### ❌"), "{text}");
}

#[test]
fn presets_are_written_once_and_can_be_used() {
    let place = Place::new(KEPT);
    let directory = place.text("new");
    for preset in ["web", "worker", "strict"] {
        let args = ["init-ci", "--preset", preset, "--dir", &directory, "--force"];
        let output = looptrace(&args);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let (file, config) = (place.text("run.looptrace"), place.text("new/looptrace.toml"));
        let output = looptrace(&["check", &file, "--config", &config, "--exit-zero"]);
        // The strict preset wants five seconds.
        assert_eq!(code(&output), if preset == "strict" { 3 } else { 0 }, "{}", stderr(&output));
    }
    for name in [".github/workflows/looptrace.yml", ".gitlab/looptrace.gitlab-ci.yml"] {
        assert!(place.path("new").join(name).exists(), "{name}");
    }
    let again = looptrace(&["init-ci", "--dir", &directory]);
    assert_error(&again, 2);
}

/// By check-jsonschema, which brings the public schemas of GitHub's and GitLab's files along.
#[test]
fn workflows_are_what_github_and_gitlab_read() {
    let valid = |schema: &str, file: &str| {
        let mut tool = Command::new("check-jsonschema");
        tool.args(["--builtin-schema", schema, file]);
        tool.output().ok().map(|output| (output.status.success(), stdout(&output)))
    };
    let place = Place::new(KEPT);
    for preset in ["web", "worker", "strict"] {
        let directory = place.text(preset);
        let output = looptrace(&["init-ci", "--preset", preset, "--dir", &directory]);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        for (schema, name) in [
            ("vendor.github-workflows", ".github/workflows/looptrace.yml"),
            ("vendor.gitlab-ci", ".gitlab/looptrace.gitlab-ci.yml"),
        ] {
            let Some((valid, said)) = valid(schema, &place.text(&format!("{preset}/{name}")))
            else {
                println!(
                    "SKIPPED: no check-jsonschema; `pip install check-jsonschema` provides it"
                );
                return;
            };
            assert!(valid, "{preset}, {name}: {said}");
        }
    }
    let broken = place.text("broken.yml");
    fs::write(&broken, "on: push\njobs: {loop: {steps: 3}}\n").expect("written");
    let broken = valid("vendor.github-workflows", &broken);
    assert!(broken.is_some_and(|(valid, _)| !valid), "the schema finds mistakes");
}

#[test]
fn differences_are_shown_in_words_and_as_json() {
    let place = Place::new(KEPT);
    let (file, picture) = (place.text("run.looptrace"), place.text("diff.svg"));
    let output = looptrace(&["diff", &file, &file, "--flamegraph", &picture]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stdout(&output).contains("loop.busy_ratio"), "{}", stdout(&output));
    assert!(fs::read_to_string(&picture).expect("written").contains("<svg"));
    let json = looptrace(&["diff", &file, &file, "--format", "json"]);
    let found: serde_json::Value = serde_json::from_str(&stdout(&json)).expect("JSON");
    let schema =
        serde_json::from_str(include_str!("../../docs/schema/diff-1.json")).expect("a schema");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let mistakes: Vec<String> =
        validator.iter_errors(&found).map(|mistake| mistake.to_string()).collect();
    assert_eq!(mistakes, Vec::<String>::new());
}

#[test]
fn every_metric_is_listed() {
    let output = looptrace(&["check", "--list-metrics"]);
    assert_eq!(code(&output), 0);
    for metric in looptrace::analysis::check::METRICS {
        assert!(stdout(&output).contains(metric.id), "{}", metric.id);
    }
}

#[test]
fn commands_that_fail_are_no_runs() {
    let place = Place::new(KEPT);
    let (config, runs) = (place.text("looptrace.toml"), place.text("runs"));
    let ab = |command: &str| {
        let args = ["ab", "--base", command, "--head", command, "--runs", "1", "--warmup", "0"];
        looptrace(&[&args[..], &["-q", "--config", &config, "--runs-dir", &runs]].concat())
    };
    let output = ab("false");
    assert_eq!(code(&output), 3, "{}", stderr(&output));
    assert!(stderr(&output).contains("the command failed"), "{}", stderr(&output));
    let output = ab("true");
    assert_eq!(code(&output), 3);
    assert!(
        stderr(&output).contains("ended before it was a running Python"),
        "{}",
        stderr(&output)
    );
    let output = ab("no-such-program-at-all");
    assert_eq!(code(&output), 3);
    assert_error(&looptrace(&["ab", "--base", "", "--head", "x"]), 2);
    assert_error(&looptrace(&["calibrate", "true", "--runs", "2"]), 2);
}
