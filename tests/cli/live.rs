//! The commands on a running Python: the demo's shop, with the first `python3` on the PATH.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use super::support::{code, stderr, stdout};

/// The interpreter behind `python3`; `None`, and said so, where there is none.
fn python() -> Option<PathBuf> {
    let question = ["-c", "import sys; print(sys.executable)"];
    let answer = Command::new("python3").args(question).output().ok();
    let Some(answer) = answer.filter(|answer| answer.status.success()) else {
        println!("SKIPPED: no python3 on the PATH");
        return None;
    };
    Some(PathBuf::from(stdout(&answer).trim_end()))
}

/// Python that waits until looptrace has attached, which is when the file appears, has noticed
/// that asyncio was imported, and has taken a census: the file grows several times over that.
const WAITING: &str = "import asyncio, os, sys, time
end = time.monotonic() + 60
def size():
    assert time.monotonic() < end, 'nothing is recorded'
    return os.path.getsize('a.looptrace') if os.path.exists('a.looptrace') else 0
async def main():
    for growth in range(6):
        last = size()
        while size() == last: await asyncio.sleep(0.01)
";

/// The same without asyncio.
const WAITING_WITHOUT: &str = "import os, time
end = time.monotonic() + 60
while not os.path.exists('a.looptrace') and time.monotonic() < end: time.sleep(0.01)
time.sleep(0.2)
";

/// The shop, running. Gone when dropped.
struct Shop(Child);

impl Shop {
    fn open(python: &Path) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/samples/demo_service.py");
        let mut child = Command::new(python)
            .args([script, "120"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("python starts");
        let mut line = String::new();
        let stdout = child.stdout.as_mut().expect("a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        assert!(line.contains("runs as process"), "{line}");
        Self(child)
    }

    fn pid(&self) -> String {
        self.0.id().to_string()
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        self.0.kill().and_then(|()| self.0.wait()).expect("the shop can be closed");
    }
}

fn looptrace_in(directory: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_looptrace"));
    command.current_dir(directory).stdin(Stdio::null());
    command
}

fn facts(directory: &Path, recording: &str) -> Value {
    let args = ["report", recording, "--format", "json"];
    let output = looptrace_in(directory).args(args).output().expect("looptrace starts");
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    serde_json::from_str(&stdout(&output)).expect("JSON")
}

#[test]
fn a_running_program_is_recorded_for_the_time_asked_for() {
    let Some(python) = python() else { return };
    let directory = tempfile::tempdir().expect("a directory");
    let shop = Shop::open(&python);
    let args = ["record", "--pid", &shop.pid(), "-d", "700ms", "-o", "a.looptrace"];
    let output = looptrace_in(directory.path()).args(args).output().expect("looptrace starts");
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(stdout(&output), "");
    let facts = facts(directory.path(), "a.looptrace");
    let recording = &facts["recording"];
    assert_eq!(recording["truncated"], false);
    assert!(recording["duration_ns"].as_u64().expect("a number") >= 700_000_000, "{recording}");
    assert_eq!(recording["targets"][0]["pid"], shop.0.id());
    let names: Vec<&str> = facts["tasks"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|t| t["name"].as_str())
        .collect();
    assert!(names.contains(&"worker-1") && names.contains(&"customer-12"), "{names:?}");
}

#[test]
fn an_interrupted_recording_is_complete() {
    let Some(python) = python() else { return };
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        let directory = tempfile::tempdir().expect("a directory");
        let shop = Shop::open(&python);
        let mut recorder = looptrace_in(directory.path())
            .args(["record", "--pid", &shop.pid(), "-o", "a.looptrace"])
            .stderr(Stdio::piped())
            .spawn()
            .expect("looptrace starts");
        // It says that it records once it does.
        let mut words = BufReader::new(recorder.stderr.take().expect("a pipe"));
        let mut line = String::new();
        words.read_line(&mut line).expect("a line");
        assert!(line.starts_with("recording process"), "{line}");
        let pid = Pid::from_raw(i32::try_from(recorder.id()).expect("a pid"));
        kill(pid, signal).expect("sent");
        // Impatience must not cost the file. looptrace may have ended by now, which is fine.
        kill(pid, signal).expect("sent");
        let mut rest = String::new();
        words.read_to_string(&mut rest).expect("text");
        assert_eq!(recorder.wait().expect("it ends").code(), Some(0), "{signal}: {rest}");
        assert!(rest.contains("interrupted"), "{rest}");
        assert_eq!(facts(directory.path(), "a.looptrace")["recording"]["truncated"], false);
    }
}

#[test]
fn a_launched_python_keeps_its_exit_code_and_leaves_a_recording() {
    let Some(python) = python() else { return };
    let directory = tempfile::tempdir().expect("a directory");
    let script = format!("{WAITING}asyncio.run(main()); print('out'); sys.exit(7)");
    let output = looptrace_in(directory.path())
        .args(["record", "-o", "a.looptrace", "--"])
        .arg(&python)
        .args(["-c", &script])
        .output()
        .expect("looptrace starts");
    assert_eq!(code(&output), 7, "{}", stderr(&output));
    assert_eq!(stdout(&output), "out\n");
    let facts = facts(directory.path(), "a.looptrace");
    assert_eq!(facts["recording"]["truncated"], false);
    assert_eq!(facts["tasks"].as_array().map(Vec::len), Some(1), "{}", facts["tasks"]);
}

#[test]
fn the_python_behind_a_launcher_is_the_one_recorded() {
    let Some(python) = python() else { return };
    let directory = tempfile::tempdir().expect("a directory");
    let script =
        format!("{} -c 'import asyncio; asyncio.run(asyncio.sleep(2))'; exit 6", python.display());
    let args = ["record", "-o", "a.looptrace", "--", "sh", "-c", &script];
    let output = looptrace_in(directory.path()).args(args).output().expect("looptrace starts");
    assert_eq!(code(&output), 6, "{}", stderr(&output));
    let facts = facts(directory.path(), "a.looptrace");
    assert_eq!(facts["tasks"].as_array().map(Vec::len), Some(1), "{}", facts["tasks"]);
}

#[test]
fn a_python_without_asyncio_is_recorded_and_said_to_be_one() {
    let Some(python) = python() else { return };
    let directory = tempfile::tempdir().expect("a directory");
    let output = looptrace_in(directory.path())
        .args(["record", "-o", "a.looptrace", "--"])
        .arg(&python)
        .args(["-c", WAITING_WITHOUT])
        .output()
        .expect("looptrace starts");
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stderr(&output).contains("asyncio was not imported"), "{}", stderr(&output));
    let facts = facts(directory.path(), "a.looptrace");
    assert_eq!(facts["tasks"].as_array().map(Vec::len), Some(0));
    assert!(!facts["stacks"].as_array().expect("a list").is_empty());
}

#[test]
fn the_default_name_says_who_and_when() {
    let Some(python) = python() else { return };
    let directory = tempfile::tempdir().expect("a directory");
    let shop = Shop::open(&python);
    let args = ["record", "--pid", &shop.pid(), "-d", "100ms", "--quiet"];
    let output = looptrace_in(directory.path()).args(args).output().expect("looptrace starts");
    assert_eq!((code(&output), stderr(&output)), (0, String::new()));
    let names: Vec<String> = fs::read_dir(directory.path())
        .expect("listed")
        .map(|entry| entry.expect("listed").file_name().into_string().expect("UTF-8"))
        .collect();
    let [name] = &names[..] else { panic!("{names:?}") };
    let middle = name.strip_prefix(&format!("looptrace-{}-", shop.pid()));
    let time = middle.and_then(|rest| rest.strip_suffix(".looptrace")).expect("the usual name");
    let shape: String = time.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    assert_eq!(shape, "00000000-000000");
}

#[test]
fn a_full_disk_is_one_error() {
    let Some(python) = python() else { return };
    let directory = tempfile::tempdir().expect("a directory");
    let shop = Shop::open(&python);
    let args = ["record", "--pid", &shop.pid(), "-d", "5s", "-o", "/dev/full", "--quiet"];
    let output = looptrace_in(directory.path()).args(args).output().expect("looptrace starts");
    super::support::assert_error(&output, 3);
    assert!(stderr(&output).contains("no space is left"), "{}", stderr(&output));
}

/// Needs root, to become somebody else.
#[test]
fn another_users_program_is_refused_with_the_reason() {
    let Some(python) = python() else { return };
    if !nix::unistd::geteuid().is_root() {
        println!("SKIPPED: only root can become another user");
        return;
    }
    let directory = tempfile::tempdir().expect("a directory");
    let everybody = fs::Permissions::from_mode(0o755);
    fs::set_permissions(directory.path(), everybody).expect("opened");
    let copy = directory.path().join("looptrace");
    fs::copy(env!("CARGO_BIN_EXE_looptrace"), &copy).expect("copied");
    let shop = Shop::open(&python);
    let run = |args: &[&str]| {
        let mut command = Command::new(&copy);
        command.args(args).uid(65534).gid(65534).current_dir("/").stdin(Stdio::null());
        command.output().expect("looptrace starts")
    };
    let output = run(&["dump", "--pid", &shop.pid()]);
    super::support::assert_error(&output, 3);
    let words = stderr(&output);
    assert!(words.contains("it runs as user 0, looptrace as user 65534"), "{words}");
    assert!(words.contains("hint: ") && words.contains("sudo"), "{words}");
    let output = run(&["doctor", &shop.pid()]);
    assert_eq!(code(&output), 3);
    assert!(stdout(&output).contains("FAILED"), "{}", stdout(&output));
}

#[test]
fn one_look_is_a_tree_a_table_or_json() {
    let Some(python) = python() else { return };
    let shop = Shop::open(&python);
    let look = |format: &str| {
        let args = ["dump", "--pid", &shop.pid(), "--format", format];
        let output = looptrace_in(Path::new(".")).args(args).output().expect("looptrace starts");
        assert_eq!((code(&output), stderr(&output)), (0, String::new()));
        stdout(&output)
    };
    let facts: Value = serde_json::from_str(&look("json")).expect("JSON");
    assert_eq!(facts["schema"], "looptrace.dump/1");
    assert!(facts["tasks"].as_array().expect("a list").len() >= 19, "{facts}");
    let args = ["dump", "--pid", &shop.pid(), "--format", "json", "--limit", "2"];
    let output = looptrace_in(Path::new(".")).args(args).output().expect("looptrace starts");
    let facts: Value = serde_json::from_str(&stdout(&output)).expect("JSON");
    assert_eq!(facts["tasks"].as_array().map(Vec::len), Some(2));
    for format in ["tree", "table"] {
        let text = look(format);
        assert!(text.contains("worker-1") && !text.contains('\x1b'), "{text}");
    }
}

#[test]
fn the_demo_reports_and_leaves_its_files() {
    let Some(python) = python() else { return };
    let directory = tempfile::tempdir().expect("a directory");
    for (recording, graph) in [
        ("looptrace-demo.looptrace", "looptrace-demo.svg"),
        ("looptrace-demo-2.looptrace", "looptrace-demo-2.svg"),
    ] {
        let output = looptrace_in(directory.path())
            .args(["demo", "-d", "2s", "--python"])
            .arg(&python)
            .output()
            .expect("looptrace starts");
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        assert!(stdout(&output).contains("Shop.serve"), "{}", stdout(&output));
        assert!(stderr(&output).contains("what next"), "{}", stderr(&output));
        assert!(directory.path().join(recording).exists());
        let svg = fs::read_to_string(directory.path().join(graph)).expect("the picture");
        assert!(svg.contains("price_basket"));
    }
}

#[test]
fn the_demo_says_that_it_cannot_use_what_is_no_python() {
    let directory = tempfile::tempdir().expect("a directory");
    for program in ["no-such-python", "true"] {
        let args = ["demo", "--python", program];
        let output = looptrace_in(directory.path()).args(args).output().expect("looptrace starts");
        super::support::assert_error(&output, 3);
    }
    let output = looptrace_in(directory.path())
        .arg("demo")
        .env("PATH", directory.path())
        .output()
        .expect("looptrace starts");
    super::support::assert_error(&output, 3);
    assert_eq!(fs::read_dir(directory.path()).expect("listed").count(), 0);
}

/// Gets one interrupt, without the moment in which a shell's trap would miss it, then a line; says
/// so if another interrupt came.
const INTERRUPTED: &str = r"
import signal
INT = {signal.SIGINT}
signal.pthread_sigmask(signal.SIG_BLOCK, INT)
print('ready', flush=True)
signal.sigwait(INT)
print('got INT', flush=True)
input()
print('twice' if signal.sigpending() else 'once')
raise SystemExit(9)
";

/// `script` gives looptrace a terminal of its own; Ctrl-C is typed on it.
#[test]
fn control_c_reaches_the_program_once_and_the_program_decides() {
    let Some(python) = python() else { return };
    let directory = tempfile::tempdir().expect("a directory");
    fs::write(directory.path().join("program.py"), INTERRUPTED).expect("written");
    // Otherwise the terminal throws away what was printed just before the key came.
    let command = format!(
        "stty noflsh; exec {} record --quiet -- {} program.py",
        env!("CARGO_BIN_EXE_looptrace"),
        python.display()
    );
    let mut terminal = Command::new("script")
        .args(["--quiet", "--return", "--command", &command, "/dev/null"])
        .current_dir(directory.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("script (util-linux) starts");
    let mut keys = terminal.stdin.take().expect("a pipe");
    let mut screen = BufReader::new(terminal.stdout.take().expect("a pipe"));
    let mut until = |word: &str| {
        let mut line = String::new();
        while !line.contains(word) {
            line.clear();
            assert_ne!(screen.read_line(&mut line).expect("text"), 0, "it ended without {word}");
        }
    };
    until("ready");
    keys.write_all(b"\x03").expect("typed");
    until("got INT");
    keys.write_all(b"\n").expect("typed");
    let mut rest = String::new();
    screen.read_to_string(&mut rest).expect("text");
    assert_eq!(terminal.wait().expect("it ends").code(), Some(9), "{rest}");
    assert!(rest.contains("once"), "the signal came twice: {rest}");
}

/// Waits for one signal without the moment in which a shell's trap would miss it.
const WAITS_FOR_A_SIGNAL: &str = r"
import signal
WAITED = {signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGINT}
signal.pthread_sigmask(signal.SIG_BLOCK, WAITED)
print('ready', flush=True)
print('got', int(signal.sigwait(WAITED)), flush=True)
raise SystemExit(9)
";

/// The program says when it is ready, so that the signal comes neither too early nor too late.
#[test]
fn signals_sent_to_looptrace_reach_the_program() {
    let Some(python) = python() else { return };
    for number in [15, 1, 3, 10, 2] {
        let directory = tempfile::tempdir().expect("a directory");
        let mut child = looptrace_in(directory.path())
            .args(["record", "--quiet", "--"])
            .arg(&python)
            .args(["-c", WAITS_FOR_A_SIGNAL])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("looptrace starts");
        let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut line = String::new();
        out.read_line(&mut line).expect("a line");
        assert_eq!(line, "ready\n");
        let pid = Pid::from_raw(i32::try_from(child.id()).expect("a pid"));
        let signal = Signal::try_from(number).expect("a signal");
        kill(pid, signal).expect("sent");
        let mut rest = String::new();
        out.read_to_string(&mut rest).expect("text");
        assert_eq!(rest, format!("got {number}\n"));
        assert_eq!(child.wait().expect("looptrace ends").code(), Some(9), "{signal}");
    }
}
