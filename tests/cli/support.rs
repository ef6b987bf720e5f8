//! Running the command and looking at what it says.

use std::process::{Command, Output, Stdio};

pub(crate) fn looptrace(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_looptrace"))
        .args(args)
        .env_remove("NO_COLOR")
        .stdin(Stdio::null())
        .output()
        .expect("looptrace starts")
}

pub(crate) fn code(output: &Output) -> i32 {
    output.status.code().expect("an exit code")
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8 on stdout")
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8 on stderr")
}

/// The pid of a process that has just ended and was collected, so that nobody has it now.
pub(crate) fn dead_pid() -> String {
    let mut child = Command::new("true").spawn().expect("true starts");
    child.wait().expect("true ends");
    child.id().to_string()
}

/// It failed with this code, said nothing on stdout, and one error with a hint on stderr.
pub(crate) fn assert_error(output: &Output, expected: i32) {
    let words = stderr(output);
    assert_eq!(code(output), expected, "{words}");
    assert_eq!(stdout(output), "");
    assert!(words.starts_with("error: "), "{words}");
    assert_eq!(words.matches("error: ").count(), 1, "{words}");
    assert!(words.contains("\n\nhint: "), "no hint: {words}");
}
