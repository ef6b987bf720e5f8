//! A running sample: started, spoken to, paused, and gone when dropped.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::Pid;
use serde_json::Value;

use super::interpreter::Interpreter;
use super::sample::{self, Sample};
use super::truth::Truth;

/// Longer than any handshake takes on a loaded machine; reached only if something hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// A sample that runs.
pub(crate) struct Target {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    /// What the READY line said.
    pub(crate) ready: Value,
    pid: u32,
    /// Whether its interpreter has no GIL.
    pub(crate) free_threaded: bool,
    /// For messages: sample and interpreter.
    pub(crate) label: String,
}

impl Target {
    /// Starts `sample` and returns once it said READY.
    pub(crate) fn start(python: &Interpreter, sample: &Sample) -> Self {
        Self::start_with(python, sample, &[])
    }

    /// As [`Self::start`], with arguments for the sample.
    pub(crate) fn start_with(python: &Interpreter, sample: &Sample, arguments: &[&str]) -> Self {
        Self::start_wrapped(&[], python, sample, arguments)
    }

    /// Starts `sample` as the user with this number, in the interpreter's root directory.
    pub(crate) fn start_as(user: &str, python: &Interpreter, sample: &Sample) -> Self {
        let userspec = format!("--userspec={user}:{user}");
        let plain = command(python, &sample.path);
        let mut command = Command::new(plain.get_program());
        command.arg(userspec).args(plain.get_args());
        Self::spawn(with_environment(command), python, format!("{} on {python}", sample.name))
    }

    /// As [`Self::start_with`], by way of a program such as `unshare` that runs the rest of its
    /// command line, and may do so in a child.
    pub(crate) fn start_wrapped(
        wrapper: &[&str],
        python: &Interpreter,
        sample: &Sample,
        arguments: &[&str],
    ) -> Self {
        let mut command = wrapped(wrapper, &command(python, &sample.path));
        command.args(arguments);
        Self::spawn(command, python, format!("{} on {python}", sample.name))
    }

    /// Starts a command that runs a sample, perhaps in a child, and returns once it said READY.
    pub(crate) fn spawn(mut command: Command, python: &Interpreter, label: String) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{label}: {error}"));
        let stdout = child.stdout.take().expect("stdout is piped");
        let (sender, lines) = crossbeam_channel::bounded(1024);
        std::thread::Builder::new()
            .name("target-stdout".to_owned())
            .spawn(move || {
                for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                    if sender.send(line).is_err() {
                        break;
                    }
                }
            })
            .expect("a thread can be started");
        let stdin = child.stdin.take();
        let mut target = Self {
            child,
            stdin,
            lines,
            ready: Value::Null,
            label,
            pid: 0,
            free_threaded: python.free_threaded,
        };
        target.ready = target.expect_line("READY");
        target.pid = innermost(target.child.id());
        target
    }

    /// The process id, as this process sees it.
    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// Sends a line to the sample.
    pub(crate) fn send(&mut self, line: &str) {
        let stdin = self.stdin.as_mut().expect("standard input is open");
        // In one write: a sample may act on what arrives first.
        stdin
            .write_all(format!("{line}\n").as_bytes())
            .unwrap_or_else(|error| panic!("{}: {error}", self.label));
    }

    /// Waits for the line `WORD {json}`; other lines in between are dropped.
    pub(crate) fn expect_line(&mut self, word: &str) -> Value {
        self.expect_line_within(word, PATIENCE)
    }

    /// As [`Self::expect_line`], for what takes longer.
    pub(crate) fn expect_line_within(&mut self, word: &str, patience: Duration) -> Value {
        loop {
            let line = match self.lines.recv_timeout(patience) {
                Ok(line) => line,
                Err(RecvTimeoutError::Timeout) => panic!("{}: no {word} line", self.label),
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("{}: ended without a {word} line: {:?}", self.label, self.child.wait())
                }
            };
            if let Some(json) = line.strip_prefix(word).and_then(|rest| rest.strip_prefix(' ')) {
                return serde_json::from_str(json)
                    .unwrap_or_else(|error| panic!("{}: {error} in {line}", self.label));
            }
        }
    }

    /// Asks the sample for its own view of itself.
    pub(crate) fn truth(&mut self) -> Truth {
        self.send("truth");
        let value = self.expect_line("TRUTH");
        serde_json::from_value(value).unwrap_or_else(|error| panic!("{}: {error}", self.label))
    }

    /// Stops every thread of the target and returns once they stand.
    pub(crate) fn pause(&self) {
        self.signal(Signal::SIGSTOP);
        let stopped = WaitPidFlag::WSTOPPED | WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT;
        let status = waitid(Id::Pid(self.nix_pid()), stopped);
        assert!(
            matches!(status, Ok(WaitStatus::Stopped(..))),
            "{}: {status:?} instead of a stop",
            self.label
        );
    }

    /// Returns once every thread sleeps in the kernel: what was asked for has been done. For
    /// samples that come to rest.
    pub(crate) fn wait_until_idle(&self) {
        while self.thread_states().iter().any(|state| *state != 'S') {
            std::thread::yield_now();
        }
    }

    /// Lets it go on.
    pub(crate) fn resume(&self) {
        self.signal(Signal::SIGCONT);
    }

    /// Whether every thread of the target is stopped.
    pub(crate) fn is_stopped(&self) -> bool {
        self.thread_states().iter().all(|state| *state == 'T')
    }

    /// Whether any thread of the target is stopped or traced.
    pub(crate) fn is_held(&self) -> bool {
        self.thread_states().iter().any(|state| matches!(state, 'T' | 't'))
    }

    fn thread_states(&self) -> Vec<char> {
        let directory = PathBuf::from(format!("/proc/{}/task", self.pid()));
        std::fs::read_dir(directory)
            .into_iter()
            .flatten()
            .filter_map(|entry| {
                let stat = std::fs::read_to_string(entry.ok()?.path().join("stat")).ok()?;
                stat.rsplit_once(") ")?.1.chars().next()
            })
            .collect()
    }

    /// Ends it by a signal and returns once it is gone.
    pub(crate) fn kill(&mut self) {
        // Either may fail only because the process has ended already.
        self.child.kill().ok();
        self.child.wait().ok();
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill(self.nix_pid(), signal).unwrap_or_else(|error| panic!("{}: {error}", self.label));
    }

    fn nix_pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.pid()).expect("a process id fits"))
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        self.kill();
    }
}

/// `command` as the arguments of another one.
fn wrapped(wrapper: &[&str], command: &Command) -> Command {
    let Some((program, arguments)) = wrapper.split_first() else {
        let mut same = Command::new(command.get_program());
        same.args(command.get_args());
        return with_environment(same);
    };
    let mut outer = Command::new(program);
    outer.args(arguments).arg(command.get_program()).args(command.get_args());
    with_environment(outer)
}

fn with_environment(mut command: Command) -> Command {
    command.env("PYTHONDONTWRITEBYTECODE", "1").env_remove("PYTHONASYNCIODEBUG");
    command
}

/// The program that a wrapper runs in its child; a program that has no children is the one itself.
/// (`subprocess_wait.py` has a child, and no wrapper: only programs other than Python are passed.)
fn innermost(pid: u32) -> u32 {
    let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    let path = format!("/proc/{pid}/task/{pid}/children");
    let children = std::fs::read_to_string(path).unwrap_or_default();
    match children.split_whitespace().next().and_then(|child| child.parse().ok()) {
        Some(child) if !name.starts_with("python") => innermost(child),
        _ => pid,
    }
}

/// The command that runs `script` under `python`, without arguments.
pub(crate) fn command(python: &Interpreter, script: &Path) -> Command {
    match &python.chroot {
        Some(root) => {
            let inside = copy_into(root).join(script.file_name().expect("a script has a name"));
            let mut command = Command::new("chroot");
            command.arg(root).arg(&python.path).arg(inside);
            command
        }
        None => {
            let mut command = Command::new(&python.path);
            command.arg(script);
            command
        }
    }
}

/// Puts the samples into a root directory; the path is as seen from inside. A directory is named
/// after its content, so that runs side by side do not disturb each other.
fn copy_into(root: &Path) -> PathBuf {
    let mut files: Vec<(PathBuf, Vec<u8>)> = std::fs::read_dir(sample::directory())
        .expect("samples/ is there")
        .map(|entry| entry.expect("samples/ can be listed").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "py"))
        .map(|path| (path.clone(), std::fs::read(&path).expect("a sample can be read")))
        .collect();
    files.sort();
    let mut hash = crc32fast::Hasher::new();
    for (path, content) in &files {
        hash.update(path.as_os_str().as_encoded_bytes());
        hash.update(content);
    }
    let inside = PathBuf::from(format!("/var/tmp/looptrace-samples-{:08x}", hash.finalize()));
    let outside = root.join(inside.strip_prefix("/").expect("it is absolute"));
    if !outside.is_dir() {
        let parent = outside.parent().expect("it has a parent");
        let fresh = tempfile::tempdir_in(parent).expect("the root directory can be written");
        for (path, content) in &files {
            let name = path.file_name().expect("a sample has a name");
            std::fs::write(fresh.path().join(name), content).expect("a sample can be copied");
        }
        // If another test was faster, its copy is the same.
        if std::fs::rename(fresh.path(), &outside).is_ok() {
            let _kept: PathBuf = fresh.keep();
        }
    }
    inside
}
