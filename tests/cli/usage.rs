//! What holds for every command: help, usage errors, exit codes, pipes.

use std::process::{Command, Stdio};

use super::support::{code, looptrace, stderr, stdout};

#[test]
fn without_arguments_the_help_is_data() {
    let output = looptrace(&[]);
    assert_eq!(code(&output), 0);
    assert!(stdout(&output).contains("Usage: looptrace"));
    assert!(stdout(&output).contains("Exit codes:"));
    assert_eq!(stderr(&output), "");
}

#[test]
fn the_version_is_data() {
    let output = looptrace(&["--version"]);
    assert_eq!(code(&output), 0);
    assert_eq!(stdout(&output), format!("looptrace {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn wrong_usage_exits_with_2_and_says_so_on_stderr() {
    for args in [&["no-such-command"][..], &["doctor", "--no-such-option"], &["doctor", "zero"]] {
        let output = looptrace(args);
        assert_eq!(code(&output), 2, "{args:?}");
        assert_eq!(stdout(&output), "", "{args:?}");
        assert!(stderr(&output).starts_with("error: "), "{args:?}: {}", stderr(&output));
    }
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    for args in [&["--help"][..], &[], &["doctor"], &["doctor", "--format", "json"]] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let output = Command::new(env!("CARGO_BIN_EXE_looptrace"))
            .args(args)
            .stdout(writer)
            .stderr(Stdio::piped())
            .output()
            .expect("looptrace starts");
        assert_eq!(code(&output), 0, "{args:?}");
        assert_eq!(stderr(&output), "", "{args:?}");
    }
}

#[test]
fn a_full_disk_is_an_error() {
    let full = std::fs::File::create("/dev/full").expect("/dev/full");
    let output = Command::new(env!("CARGO_BIN_EXE_looptrace"))
        .arg("doctor")
        .stdout(full)
        .stderr(Stdio::piped())
        .output()
        .expect("looptrace starts");
    assert_eq!(code(&output), 3);
    assert!(stderr(&output).starts_with("error: cannot write to stdout\ncaused by: "));
    assert!(stderr(&output).contains("\n\nhint: "));
}

#[test]
fn every_command_has_help_with_examples() {
    let commands = ["record", "dump", "report", "flamegraph", "export", "doctor", "demo"];
    for command in commands {
        for flag in ["-h", "--help"] {
            let output = looptrace(&[command, flag]);
            assert_eq!(code(&output), 0, "{command}");
            let help = stdout(&output);
            assert!(help.contains("Usage: looptrace"), "{command}: {help}");
            assert!(
                help.contains(&format!("Examples:\n  looptrace {command}")),
                "{command}: {help}"
            );
            assert!(!help.contains('\x1b'), "colour without a terminal");
        }
    }
    let help = stdout(&looptrace(&["--help"]));
    for command in commands {
        assert!(help.contains(&format!("\n  {command} ")), "{command} is missing: {help}");
    }
}

/// What looptrace prints on a terminal, with this variable set.
fn on_a_terminal(variable: &str, value: &str) -> String {
    let command = format!("{} doctor 4294967295", env!("CARGO_BIN_EXE_looptrace"));
    let output = Command::new("script")
        .args(["--quiet", "--return", "--command", &command, "/dev/null"])
        .env_remove("NO_COLOR")
        .env("TERM", "xterm")
        .env(variable, value)
        .stdin(Stdio::null())
        .output()
        .expect("script (util-linux) starts");
    assert_eq!(code(&output), 3);
    stdout(&output)
}

#[test]
fn colour_is_for_terminals_that_want_it() {
    assert!(on_a_terminal("UNRELATED", "1").contains("\x1b["));
    assert!(on_a_terminal("NO_COLOR", "").contains("\x1b["), "empty means unset");
    assert!(!on_a_terminal("NO_COLOR", "1").contains("\x1b["));
    assert!(!on_a_terminal("TERM", "dumb").contains("\x1b["));
}
