//! `looptrace record` and `dump` without a Python: refusals, and standing in for a program.

use std::process::{Command, Stdio};

use super::support::{assert_error, code, dead_pid, looptrace, stderr, stdout};

#[test]
fn nonsense_is_refused_with_what_was_given_and_what_is_accepted() {
    let cases = [
        (["--duration", "-5"], "it is negative"),
        (["--duration", "0"], "it is zero"),
        (["--duration", ""], "it is empty"),
        (["--duration", "10x"], "its unit is not known"),
        (["--duration", "soon"], "it is not a length of time"),
        (["--duration", "99999999999999h"], "more than 1000 hours"),
        (["--rate", "0"], "1 to 1000000"),
        (["--rate", "1000001"], "1 to 1000000"),
        (["--rate", "-7"], "1 to 1000000"),
        (["--rate", "fast"], "not a whole number"),
        (["--census-rate", "20001"], "0 to 20000"),
        (["--max-cpu", "0"], "0.1 to 100"),
        (["--max-cpu", "NaN"], "0.1 to 100"),
    ];
    for (option, expected) in cases {
        let output = looptrace(&["record", "--pid", "1", option[0], option[1]]);
        let words = stderr(&output);
        assert_eq!(code(&output), 2, "{option:?}: {words}");
        assert!(words.contains(expected), "{option:?}: {words}");
        assert!(words.contains(option[1]), "{option:?}: {words}");
        assert_eq!(stdout(&output), "");
    }
}

#[test]
fn what_cannot_be_a_pid_is_refused() {
    for pid in ["0", "-1", "4294967296", "self", ""] {
        let output = looptrace(&["dump", "--pid", pid]);
        assert_eq!(code(&output), 2, "{pid}: {}", stderr(&output));
        assert!(stderr(&output).contains(pid));
    }
}

#[test]
fn either_a_pid_or_a_command_must_be_given() {
    assert_eq!(code(&looptrace(&["record"])), 2);
    assert_eq!(code(&looptrace(&["record", "--"])), 2);
    assert_eq!(code(&looptrace(&["record", "--pid", "1", "--", "true"])), 2);
    assert_eq!(code(&looptrace(&["dump"])), 2);
}

#[test]
fn a_pid_that_nobody_has_is_said_to_be_so() {
    let pid = dead_pid();
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("a.looptrace");
    let file = file.to_str().expect("UTF-8");
    for args in [&["dump", "--pid", &pid][..], &["record", "--pid", &pid, "-o", file]] {
        let output = looptrace(args);
        assert_error(&output, 3);
        assert!(stderr(&output).contains(&format!("no process {pid}")));
    }
    assert!(!directory.path().join("a.looptrace").exists(), "no file for nothing");
}

#[test]
fn a_process_without_an_interpreter_is_no_target() {
    let mut child = Command::new("sleep").arg("60").spawn().expect("sleep starts");
    let output = looptrace(&["dump", "--pid", &child.id().to_string()]);
    child.kill().expect("sleep can be killed");
    child.wait().expect("sleep ends");
    assert_error(&output, 3);
}

#[test]
fn an_existing_file_is_refused_without_force() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("mine.looptrace");
    std::fs::write(&file, "mine").expect("written");
    let name = file.to_str().expect("UTF-8");
    let output = looptrace(&["record", "--pid", "1", "-o", name]);
    assert_error(&output, 2);
    assert!(stderr(&output).contains("exists already"), "{}", stderr(&output));
    assert!(stderr(&output).contains("--force"));
    assert_eq!(std::fs::read(&file).expect("still there"), b"mine");
}

#[test]
fn an_output_that_cannot_be_written_is_refused_before_the_program_starts() {
    let directory = tempfile::tempdir().expect("a directory");
    let proof = directory.path().join("it-ran");
    let nowhere = directory.path().join("no/such/a.looptrace");
    let nowhere = nowhere.to_str().expect("UTF-8");
    let touch = proof.to_str().expect("UTF-8");
    let output = looptrace(&["record", "-o", nowhere, "--", "touch", touch]);
    assert_error(&output, 125);
    assert!(stderr(&output).contains("mkdir -p"), "{}", stderr(&output));
    assert!(!proof.exists(), "the program was started");
}

#[test]
fn what_cannot_be_started_exits_with_125() {
    let output = looptrace(&["record", "--", "no-such-program-at-all"]);
    assert_error(&output, 125);
    assert!(stderr(&output).contains("no-such-program-at-all"));
}

#[test]
fn a_program_that_is_no_python_keeps_its_streams_and_its_exit_code() {
    let script = "read line; echo \"out $line\"; echo err >&2; exit 7";
    let mut child = Command::new(env!("CARGO_BIN_EXE_looptrace"))
        .args(["record", "--", "sh", "-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("looptrace starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    std::io::Write::write_all(&mut stdin, b"hello\n").expect("written");
    let output = child.wait_with_output().expect("looptrace ends");
    assert_eq!(code(&output), 7);
    assert_eq!(stdout(&output), "out hello\n");
    assert!(stderr(&output).starts_with("err\n"), "{}", stderr(&output));
    assert!(stderr(&output).contains("nothing was recorded"), "{}", stderr(&output));
}

#[test]
fn a_program_that_a_signal_killed_exits_with_128_and_the_signal() {
    assert_eq!(code(&looptrace(&["record", "--", "sh", "-c", "kill -KILL $$"])), 128 + 9);
}
