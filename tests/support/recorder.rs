//! `looptrace record` at work on a target.

use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus, Stdio};
use std::time::Duration;

use looptrace::model::Event;
use looptrace::recording::Reader;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use super::look::looptrace;
use super::recorded::Recorded;
use super::target::Target;

/// Between two looks at a growing file. Not a timing: the wait ends when the content is there.
const PAUSE: Duration = Duration::from_millis(5);
/// Looks before a test gives up: half a minute.
const LOOKS: u32 = 6_000;

/// A recorder that runs, and the file it writes.
pub(crate) struct Recorder {
    child: Child,
    directory: TempDir,
}

impl Recorder {
    /// Starts recording `target`; returns once the first event of interest is in the file.
    pub(crate) fn start(target: &Target, arguments: &[&str]) -> Self {
        let mut recorder = Self::start_unseen(target, arguments);
        recorder.wait_for("a sample", |event| matches!(event, Event::Sample(_)));
        recorder
    }

    /// As [`Self::start`], without waiting for anything.
    pub(crate) fn start_unseen(target: &Target, arguments: &[&str]) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let words = std::fs::File::create(directory.path().join("words")).expect("a file");
        let child = looptrace()
            .args(["record", "--pid", &target.pid().to_string(), "-o"])
            .arg(directory.path().join("run.looptrace"))
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(words)
            .spawn()
            .expect("looptrace can be started");
        Self { child, directory }
    }

    /// The recorder's process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The file it writes.
    pub(crate) fn file(&self) -> PathBuf {
        self.directory.path().join("run.looptrace")
    }

    /// What it said on its standard error.
    pub(crate) fn words(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("words")).unwrap_or_default()
    }

    /// Follows the growing file until an event satisfies `wanted`.
    pub(crate) fn wait_for(&mut self, what: &str, wanted: impl Fn(&Event) -> bool) {
        self.wait_for_many(what, 1, wanted);
    }

    /// Follows the growing file until `count` events satisfy `wanted`.
    pub(crate) fn wait_for_many(
        &mut self,
        what: &str,
        count: u64,
        wanted: impl Fn(&Event) -> bool,
    ) {
        let mut reader = None;
        let mut seen = 0;
        let mut left = LOOKS;
        // As long as some come, it goes on, however slow the machine is.
        while left > 0 {
            left -= 1;
            if reader.is_none() {
                reader = Reader::open(&self.file()).ok();
            }
            if let Some(reader) = &mut reader {
                reader.resume();
                while let Some(event) = reader.next_event().expect("the file can be read") {
                    if wanted(&event) {
                        seen += 1;
                        left = LOOKS;
                    }
                }
                if seen >= count {
                    return;
                }
            }
            if let Ok(Some(status)) = self.child.try_wait() {
                panic!("the recorder ended ({status}) without {what}: {}", self.words());
            }
            std::thread::sleep(PAUSE);
        }
        panic!("{seen} of {count} times {what}, and none for half a minute: {}", self.words());
    }

    /// Sends the recorder a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.pid()).expect("a process id fits");
        kill(Pid::from_raw(pid), signal).expect("the recorder is there");
    }

    /// Ends it as Ctrl-C does; gives what it recorded. It must have ended in order.
    pub(crate) fn stop(mut self) -> Recorded {
        self.signal(Signal::SIGINT);
        self.finish()
    }

    /// Ends it as Ctrl-C does and copies what it wrote.
    pub(crate) fn stop_into(mut self, to: &Path) {
        self.signal(Signal::SIGINT);
        let status = self.wait();
        assert_eq!(status.code(), Some(0), "the recorder: {}", self.words());
        std::fs::copy(self.file(), to).expect("the recording can be copied");
    }

    /// Waits for it to end by itself; gives what it recorded. It must have ended in order.
    pub(crate) fn finish(&mut self) -> Recorded {
        let status = self.wait();
        assert_eq!(status.code(), Some(0), "the recorder: {}", self.words());
        let recorded = self.read();
        assert!(!recorded.truncated, "the recording was not ended in order");
        recorded
    }

    /// Waits for it to end.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.child.wait().expect("the recorder can be waited for")
    }

    /// Reads what is in the file now.
    pub(crate) fn read(&self) -> Recorded {
        Recorded::read(Path::new(&self.file()))
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        // Either may fail only because it has ended already.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
