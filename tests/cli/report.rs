//! Commands that read a recording: whole, cut short, from the future, and no recording at all.

use std::fs;
use std::path::{Path, PathBuf};

use looptrace::model::{EndReason, Event, RecordingMeta, Timestamp};
use looptrace::recording::Writer;

use super::support::{assert_error, code, looptrace, stderr, stdout};

fn recording(directory: &Path) -> PathBuf {
    let path = directory.join("a.looptrace");
    let meta = RecordingMeta { rate_hz: 1000, census_rate_hz: 20, ..RecordingMeta::default() };
    let mut writer = Writer::create(&path, &meta, false).expect("created");
    let end = Event::End { time: Timestamp::from_nanos(5), reason: EndReason::Interrupted };
    writer.push(&end).expect("written");
    writer.finish().expect("finished");
    path
}

fn report(path: &Path) -> std::process::Output {
    looptrace(&["report", path.to_str().expect("UTF-8")])
}

#[test]
fn a_recording_is_reported_as_text_and_as_json() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = recording(directory.path());
    let text = report(&path);
    assert_eq!(code(&text), 0, "{}", stderr(&text));
    assert!(!stdout(&text).is_empty());
    assert!(!stdout(&text).contains('\x1b'), "colour without a terminal");
    assert_eq!(stderr(&text), "");

    let json = looptrace(&["report", "--format", "json", path.to_str().expect("UTF-8")]);
    let facts: serde_json::Value = serde_json::from_str(&stdout(&json)).expect("JSON");
    assert_eq!(facts["schema"], "looptrace.report/1");
    assert_eq!(facts["recording"]["rate_hz"], 1000);
    assert_eq!(facts["recording"]["truncated"], false);
}

#[test]
fn a_recording_cut_short_is_shown_with_a_warning() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = recording(directory.path());
    let bytes = fs::read(&path).expect("read");
    fs::write(&path, &bytes[..bytes.len() - 1]).expect("cut");
    let output = report(&path);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stderr(&output).starts_with("warning: the recording was cut short"));
    assert!(!stdout(&output).is_empty());
}

#[test]
fn what_is_no_recording_is_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("a.txt");
    fs::write(&path, "hello, this is a text and no recording at all, not in the least")
        .expect("written");
    assert_error(&report(&path), 3);
    fs::write(&path, "").expect("emptied");
    assert_error(&report(&path), 3);
    assert_error(&report(&directory.path().join("absent")), 3);
    assert_error(&report(directory.path()), 3);
}

#[test]
fn a_newer_major_version_is_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = recording(directory.path());
    let mut bytes = fs::read(&path).expect("read");
    // Eight bytes of magic, major version, minor version, checksum: docs/recording-format.md.
    bytes[8] += 1;
    let checksum = crc32fast::hash(&bytes[..12]);
    bytes[12..16].copy_from_slice(&checksum.to_le_bytes());
    fs::write(&path, &bytes).expect("written");
    let output = report(&path);
    assert_error(&output, 3);
    assert!(stderr(&output).contains("update looptrace"), "{}", stderr(&output));
}

#[test]
fn a_limit_of_nothing_is_wrong_usage() {
    for limit in ["0", "-1", "many"] {
        assert_eq!(code(&looptrace(&["report", "x", "--limit", limit])), 2, "{limit}");
    }
}

/// The name of a file beside the recording.
fn beside(path: &Path, name: &str) -> String {
    path.with_file_name(name).to_str().expect("UTF-8").to_owned()
}

#[test]
fn a_flame_graph_is_a_file_and_never_an_accident() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = recording(directory.path());
    let file = path.to_str().expect("UTF-8");
    let svg = beside(&path, "out.svg");
    let draw = |more: &[&str]| looptrace(&[&["flamegraph", file, "-o", &svg], more].concat());

    let output = draw(&[]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(stdout(&output), "");
    assert!(fs::read_to_string(&svg).expect("written").contains("<svg"));

    fs::write(&svg, "mine").expect("written");
    assert_error(&draw(&[]), 2);
    assert_eq!(fs::read(&svg).expect("still there"), b"mine");
    assert_eq!(code(&draw(&["--force"])), 0);
    assert!(fs::read_to_string(&svg).expect("written").contains("<svg"));
    let empty = draw(&["--force", "--task", "nobody-*"]);
    assert!(stderr(&empty).contains("fits --task 'nobody-*'"), "{}", stderr(&empty));
    let left: Vec<_> = fs::read_dir(directory.path()).expect("listed").collect();
    assert_eq!(left.len(), 2, "nothing half-written stays: {left:?}");
}

#[test]
fn devices_and_links_are_written_to_as_they_are() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = recording(directory.path());
    let file = path.to_str().expect("UTF-8");
    let (link, target) = (beside(&path, "link.svg"), beside(&path, "target.svg"));
    fs::write(&target, "old").expect("written");
    std::os::unix::fs::symlink(&target, &link).expect("linked");
    assert_error(&looptrace(&["flamegraph", file, "-o", &link]), 2);
    assert_eq!(code(&looptrace(&["flamegraph", file, "-o", &link, "--force"])), 0);
    assert!(fs::symlink_metadata(&link).expect("there").is_symlink());
    assert!(fs::read_to_string(&target).expect("read").contains("<svg"));
    assert_eq!(code(&looptrace(&["flamegraph", file, "-o", "/dev/null"])), 0);
    assert_error(&looptrace(&["flamegraph", file, "-o", "/dev/full"]), 3);
}

#[test]
fn exports_go_to_stdout_or_into_a_file() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = recording(directory.path());
    let file = path.to_str().expect("UTF-8");
    let output = looptrace(&["export", file, "--format", "speedscope"]);
    let facts: serde_json::Value = serde_json::from_str(&stdout(&output)).expect("JSON");
    assert!(facts["$schema"].as_str().expect("a schema").contains("speedscope"));

    let target = beside(&path, "out.json");
    let args = ["export", file, "--format", "speedscope", "-o", &target];
    assert_eq!(code(&looptrace(&args)), 0);
    assert_eq!(fs::read_to_string(&target).expect("written"), stdout(&output));
    assert_eq!(code(&looptrace(&["export", file])), 2, "the format must be given");
    assert_eq!(code(&looptrace(&["export", file, "--format", "collapsed"])), 0);
}

#[test]
fn a_span_that_is_empty_is_wrong_usage() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = recording(directory.path());
    let file = path.to_str().expect("UTF-8");
    let args = ["export", file, "--format", "collapsed", "--from", "2s", "--to", "2000ms"];
    let output = looptrace(&args);
    assert_error(&output, 2);
    assert!(stderr(&output).contains("is not before"), "{}", stderr(&output));
    let args = ["export", file, "--format", "collapsed", "--from", "-1"];
    assert_eq!(code(&looptrace(&args)), 2);
}
