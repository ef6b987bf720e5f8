//! A recording of one's own: `looptrace record` as a child, ended in order with the window.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use eframe::egui::{Context, ViewportCommand};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// How long a recorder may take to write its end.
const PATIENCE: Duration = Duration::from_secs(5);

/// A recorder that runs for this window.
#[derive(Debug)]
pub struct Recorder {
    child: Child,
    path: PathBuf,
    ended: Option<Ended>,
    /// What it said.
    words: Arc<Mutex<String>>,
    listener: Option<JoinHandle<()>>,
}

/// How a recorder ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// In a sentence.
    pub message: String,
    /// What can be done, where it failed.
    pub hints: Vec<String>,
}

impl Recorder {
    /// Records a process into a file.
    ///
    /// # Errors
    /// The recorder cannot be started.
    pub fn start(program: &Path, pid: u32, path: Option<PathBuf>) -> Result<Self, String> {
        let path = path.unwrap_or_else(|| default_path(pid));
        let mut child = Command::new(program)
            .args(["record", "--pid", &pid.to_string(), "--output"])
            .arg(&path)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{} could not be started: {error}", program.display()))?;
        let words = Arc::new(Mutex::new(String::new()));
        let listener = child.stderr.take().map(|stderr| listen(stderr, Arc::clone(&words)));
        Ok(Self { child, path, ended: None, words, listener: listener.transpose().unwrap_or(None) })
    }

    /// The file it writes.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How it ended, once it has.
    pub fn ended(&mut self) -> Option<&Ended> {
        if self.ended.is_none()
            && let Ok(Some(status)) = self.child.try_wait()
        {
            // Its last words come before the end of its stderr.
            self.listener.take().map(JoinHandle::join);
            self.ended = Some(if status.success() {
                Ended { message: "the recording has ended".to_owned(), hints: Vec::new() }
            } else {
                let words = self.words.lock().map(|words| words.clone()).unwrap_or_default();
                failure(&words, &status.to_string())
            });
        }
        self.ended.as_ref()
    }

    /// Asks it to end, and waits until the file is whole.
    pub fn stop(&mut self) {
        if self.ended().is_some() {
            return;
        }
        let asked = i32::try_from(self.child.id())
            .is_ok_and(|pid| kill(Pid::from_raw(pid), Signal::SIGINT).is_ok());
        let deadline = Instant::now() + PATIENCE;
        while asked && self.ended().is_none() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(10));
        }
        if self.ended().is_none() {
            // What it has written by now can be read all the same.
            self.child.kill().unwrap_or_default();
            self.child.wait().map(drop).unwrap_or_default();
        }
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Passes on what a recorder says, and keeps the end of it.
fn listen(stderr: ChildStderr, words: Arc<Mutex<String>>) -> std::io::Result<JoinHandle<()>> {
    /// Of what it says, as much is kept.
    const MOST: usize = 8_192;
    std::thread::Builder::new().name("looptrace-recorder".to_owned()).spawn(move || {
        for line in BufReader::new(stderr).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line);
            // With no stderr of our own there is nobody else to tell.
            writeln!(std::io::stderr(), "{line}").unwrap_or_default();
            if let Ok(mut words) = words.lock()
                && words.len() + line.len() < MOST
            {
                words.push_str(&line);
                words.push('\n');
            }
        }
    })
}

/// Why a recorder failed, in its own words where it had some.
fn failure(words: &str, status: &str) -> Ended {
    let said = |prefix: &str| -> Vec<String> {
        let lines = words.lines().filter_map(|line| line.trim().strip_prefix(prefix));
        lines.map(|line| line.trim().to_owned()).collect()
    };
    let message = said("error:").into_iter().next();
    Ended {
        message: message.unwrap_or_else(|| format!("the recorder failed ({status})")),
        hints: said("hint:"),
    }
}

/// Closes the window in order when the viewer is asked to end by a signal, so that its recording
/// ends in order too. Asked a second time, it ends at once.
///
/// # Errors
/// The signals cannot be waited for.
pub fn close_on_signals(ctx: &Context) -> std::io::Result<()> {
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGTERM])?;
    let ctx = ctx.clone();
    std::thread::Builder::new().name("looptrace-signals".to_owned()).spawn(move || {
        let mut asked = false;
        for signal in signals.forever() {
            if asked {
                signal_hook::low_level::emulate_default_handler(signal).unwrap_or_default();
            }
            asked = true;
            ctx.send_viewport_cmd(ViewportCommand::Close);
            ctx.request_repaint();
        }
    })?;
    Ok(())
}

fn default_path(pid: u32) -> PathBuf {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    std::env::temp_dir().join(format!("looptrace-{pid}-{now}.looptrace"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recorder_tells_in_its_own_words_why_it_failed() {
        let words = "recording\nerror: no process 7\nhint: `looptrace doctor 7`\nhint: sudo\n";
        let ended = failure(words, "exit status: 3");
        assert_eq!(ended.message, "no process 7");
        assert_eq!(ended.hints, ["`looptrace doctor 7`", "sudo"]);
        assert_eq!(failure("", "signal: 9").message, "the recorder failed (signal: 9)");
    }
}
