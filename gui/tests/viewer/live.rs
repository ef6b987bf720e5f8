//! `looptrace view --pid`: the two real programs on a real Python program under load, on a virtual
//! display.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Instant;

use looptrace_gui::load::read_file;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::display::{Display, User};
use crate::support::HANGS;

/// The symbol of the space bar.
const SPACE: u32 = 0x20;

/// A process that ends with the test.
struct Process(Child);

impl Process {
    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.0.id()).expect("a process id fits");
        kill(Pid::from_raw(pid), signal).expect("it is there");
    }

    fn wait(&mut self) -> ExitStatus {
        let mut status = None;
        until("it ends", || {
            status = self.0.try_wait().expect("it is ours");
            status.is_some()
        });
        status.expect("it has ended")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.0.kill().unwrap_or_default();
        self.0.wait().map(drop).unwrap_or_default();
    }
}

/// Waits until something is so, without a word about how long that may take.
#[track_caller]
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < HANGS, "it hangs before {what}");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

/// `looptrace`, which lies beside the viewer. `None`, said loudly, where it was not built.
fn looptrace() -> Option<PathBuf> {
    let program = Path::new(env!("CARGO_BIN_EXE_looptrace-gui")).with_file_name("looptrace");
    if !program.exists() {
        eprintln!("!! SKIPPED: the viewer live: there is no {}", program.display());
        return None;
    }
    Some(program)
}

/// The shop of the samples with its customers, once it is open.
fn shop() -> Process {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("../samples/demo_service.py");
    let mut child = Command::new("python3")
        .arg(sample)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("there is a python3");
    let stdout = child.stdout.take().expect("it is piped");
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line).expect("it can be read");
    assert!(line.contains("runs as process"), "{line}");
    Process(child)
}

/// The viewer, started as a user starts it.
fn viewer(looptrace: &Path, display: &Display, target: &Process, directory: &Path) -> Process {
    let child = Command::new(looptrace)
        .args(["view", "--renderer=glow", "--pid", &target.0.id().to_string(), "--output"])
        .arg(directory.join("live.looptrace"))
        .env("DISPLAY", &display.name)
        .env_remove("WAYLAND_DISPLAY")
        .env("LIBGL_ALWAYS_SOFTWARE", "1")
        .env("HOME", directory)
        .env("XDG_DATA_HOME", directory)
        .stdin(Stdio::null())
        .spawn()
        .expect("it starts");
    Process(child)
}

/// The seconds in a title like `live.looptrace (recording, 3 s) – looptrace`.
fn seconds(title: &str, words: &str) -> Option<u64> {
    let rest = title.split_once(words)?.1;
    rest.trim_start().split(' ').next()?.parse().ok()
}

/// Waits until a title tells `words` and at least so many seconds; gives these.
fn shown(user: &User, viewer: &mut Process, words: &str, least: u64) -> u64 {
    let mut found = None;
    until(words, || {
        let ended = viewer.0.try_wait().expect("it is ours");
        assert!(ended.is_none(), "the viewer has ended: {ended:?}");
        let window = user.window("live.looptrace");
        found = window.and_then(|(_, title)| seconds(&title, words)).filter(|at| *at >= least);
        found.is_some()
    });
    found.expect("it was found")
}

/// The target as it was: nobody traces it, and it ends as it should.
fn is_unharmed(mut target: Process) {
    let status = std::fs::read_to_string(format!("/proc/{}/status", target.0.id()));
    assert!(status.expect("it runs").contains("TracerPid:\t0"));
    target.signal(Signal::SIGINT);
    assert!(target.wait().success());
}

#[test]
fn a_running_program_is_followed_held_and_let_go() {
    let (Some(looptrace), Some(display)) = (looptrace(), Display::start()) else { return };
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("live.looptrace");
    let target = shop();
    let mut viewer = viewer(&looptrace, &display, &target, directory.path());
    let user = display.user();

    // It follows.
    let first = shown(&user, &mut viewer, "recording,", 1);
    let later = shown(&user, &mut viewer, "recording,", first + 1);

    // It holds the picture, while the recording goes on.
    let (window, _) = user.window("live.looptrace").expect("it is there");
    user.press(window, SPACE);
    let held = shown(&user, &mut viewer, "paused at", later);
    let length = || std::fs::metadata(&file).map_or(0, |data| data.len());
    let before = length();
    until("the recording goes on", || length() > before + 4_096);
    assert_eq!(shown(&user, &mut viewer, "paused at", later), held);

    // It goes on with what was recorded meanwhile.
    user.press(window, SPACE);
    let newest = shown(&user, &mut viewer, "recording,", held + 1);

    user.close(window);
    assert!(viewer.wait().success());
    let snapshot = read_file(&file).map_err(|error| error.message).expect("it can be read");
    assert!(snapshot.is_finished(), "the recording was not ended in order");
    assert!(snapshot.timeline.end.as_nanos() >= newest * 1_000_000_000);
    assert!(snapshot.analysis.tasks.len() > 20, "{} tasks", snapshot.analysis.tasks.len());
    is_unharmed(target);
}

#[test]
fn a_viewer_that_is_asked_to_end_ends_its_recording_in_order() {
    let (Some(looptrace), Some(display)) = (looptrace(), Display::start()) else { return };
    let directory = tempfile::tempdir().expect("a directory");
    let target = shop();
    let mut viewer = viewer(&looptrace, &display, &target, directory.path());
    shown(&display.user(), &mut viewer, "recording,", 1);
    viewer.signal(Signal::SIGTERM);
    assert!(viewer.wait().success());
    let snapshot = read_file(&directory.path().join("live.looptrace"));
    assert!(snapshot.map_err(|error| error.message).expect("it can be read").is_finished());
    is_unharmed(target);
}

#[test]
fn a_process_that_is_not_there_is_told() {
    let (Some(looptrace), Some(display)) = (looptrace(), Display::start()) else { return };
    let directory = tempfile::tempdir().expect("a directory");
    let picture = directory.path().join("error.png");
    // No process can have this number.
    let output = Command::new(looptrace.with_file_name("looptrace-gui"))
        .args(["--renderer=glow", "--pid=4194305", "--picture"])
        .arg(&picture)
        .arg(format!("--recorder={}", looptrace.display()))
        .env("DISPLAY", &display.name)
        .env_remove("WAYLAND_DISPLAY")
        .env("LIBGL_ALWAYS_SOFTWARE", "1")
        .env("HOME", directory.path())
        .output()
        .expect("it starts");
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && picture.exists(), "{words}");
    assert!(words.contains("4194305"), "{words}");
}
