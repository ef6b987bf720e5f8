//! Where the kernel does not tell of switches, or the program is no Python that is known: what is
//! said, and what goes on all the same.

use std::path::{Path, PathBuf};

use super::nobody::{self, Reachable};
use super::refused::FORBID;
use crate::support::interpreter::Interpreter;
use crate::support::interpreters;

/// `perf_event_open` on x86-64.
const PERF_EVENT_OPEN: &str = "FORBIDDEN_CALL=298";

#[cfg(target_arch = "x86_64")]
#[test]
fn a_refused_stream_is_said_and_does_not_end_the_recording() {
    let Some(python) = interpreters().iter().find(|python| python.chroot.is_none()) else {
        println!("SKIPPED: a refused stream: needs a Python on the host");
        return;
    };
    let target = nobody::program(&["env"], python, "");
    let pid = target.pid().to_string();
    let path = python.path.to_str().expect("a path is text");
    let wrapper = ["env", PERF_EVENT_OPEN, path, "-c", FORBID];
    let looptrace = Reachable::new();
    let record = ["record", "--pid", &pid, "--duration", "300ms", "-o", "a.looptrace"];
    let output = looptrace.run(&wrapper, &record);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let report = looptrace.run(&["env"], &["report", "a.looptrace"]);
    let said = String::from_utf8_lossy(&report.stdout);
    assert!(said.contains("denied by the kernel: "), "{said}");
    assert!(said.contains("edges from samples"), "{said}");

    let doctor = looptrace.run(&wrapper, &["doctor", &pid]);
    let said = String::from_utf8_lossy(&doctor.stdout);
    assert_eq!(doctor.status.code(), Some(0), "{said}");
    assert!(said.contains("refused: Operation not permitted"), "{said}");
    let level = std::fs::read_to_string("/proc/sys/kernel/perf_event_paranoid");
    let strict = level.map_or(9, |level| level.trim().parse().unwrap_or(9)) > 2;
    let fix = if strict { "kernel.perf_event_paranoid=2" } else { "allows perf_event_open" };
    assert!(said.contains(fix), "{said}");
}

/// A Python too old for looptrace, if pyenv has one.
fn too_old() -> Option<Interpreter> {
    let home = std::env::var_os("HOME").map(PathBuf::from)?;
    let versions = std::fs::read_dir(home.join(".pyenv/versions")).ok()?;
    let path = versions.filter_map(|entry| Some(entry.ok()?.path())).find(|path| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.starts_with("3.7.") && path.join("bin/python").exists()
    })?;
    let path = Path::new(&path).join("bin/python");
    Some(Interpreter { version: (3, 7), path, chroot: None, uvloop: false, free_threaded: false })
}

#[test]
fn an_older_python_is_refused_with_the_versions_that_are_not() {
    let Some(python) = too_old() else {
        println!("SKIPPED: an unsupported version: needs a Python 3.7 of pyenv's");
        return;
    };
    let target = nobody::program(&["env"], &python, "");
    let pid = target.pid().to_string();
    let looptrace = Reachable::new();
    for arguments in [["dump", "--pid", &pid], ["record", "--pid", &pid]] {
        let output = looptrace.run(&["env"], &arguments);
        let words = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{words}");
        let lines: Vec<&str> = words.lines().filter(|line| !line.is_empty()).collect();
        let [error, hint] = &lines[..] else { panic!("{words}") };
        assert!(error.starts_with("error: Python 3.7.") && error.ends_with("is not supported"));
        assert!(hint.contains("run the program on another Python: supported are Python 3.8"));
    }
    assert!(!target.is_held(), "left stopped");
}

/// Runs in a pid namespace, where it chooses which number the next process gets.
const REUSE: &str = r#"
import os, subprocess, sys, time
looptrace, program = sys.argv[1:]
def begin(pid=None):
    for _ in range(200):
        if pid:
            with open("/proc/sys/kernel/ns_last_pid", "w") as file:
                file.write(str(pid - 1))
        started = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, text=True)
        if started.stdout.readline().startswith("READY") and pid in (None, started.pid):
            return started
        started.kill()
        started.wait()
    sys.exit("no process got the number")
first = begin()
recorder = subprocess.Popen([looptrace, "record", "--pid", str(first.pid), "-o", "a.looptrace"],
                            stderr=subprocess.PIPE, text=True)
assert recorder.stderr.readline().startswith("recording process")
os.kill(recorder.pid, 19)
first.kill()
first.wait()
second = begin(first.pid)
os.kill(recorder.pid, 18)
words = recorder.stderr.read()
print(recorder.wait(), words)
second.kill()
"#;

/// Needs root, for a pid namespace.
#[test]
fn a_stranger_with_the_number_of_a_program_that_ended_is_left_alone() {
    let namespace = ["unshare", "--pid", "--fork", "--mount-proc"];
    let host = interpreters().iter().find(|python| python.chroot.is_none());
    let (Some(python), true) = (host, super::works(&[&namespace[..], &["true"]].concat())) else {
        println!("SKIPPED: a reused pid: needs root and a Python on the host");
        return;
    };
    let looptrace = Reachable::new();
    let path = looptrace.path.to_str().expect("a path is text");
    let output = std::process::Command::new(namespace[0])
        .args(&namespace[1..])
        .arg(&python.path)
        .args(["-c", REUSE, path, nobody::PROGRAM])
        .current_dir(looptrace.folder.path())
        .output()
        .expect("it can be started");
    let said = String::from_utf8_lossy(&output.stdout);
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(said.starts_with("0 "), "{said}{words}");
    assert!(said.contains("the program exited"), "{said}");
    let report = looptrace.run(&["env"], &["report", "--format", "json", "a.looptrace"]);
    let report: serde_json::Value = serde_json::from_slice(&report.stdout).expect("JSON");
    let targets = report["recording"]["targets"].as_array().map(Vec::len);
    assert_eq!(targets, Some(1), "{report:#}");
}
