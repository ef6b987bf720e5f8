//! A recording of one's own: `looptrace record` as a child, ended in order with the window.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// How long a recorder may take to write its end.
const PATIENCE: Duration = Duration::from_secs(5);

/// A recorder that runs for this window.
#[derive(Debug)]
pub struct Recorder {
    child: Child,
    path: PathBuf,
    ended: Option<String>,
}

impl Recorder {
    /// Records a process into a file.
    ///
    /// # Errors
    /// The recorder cannot be started.
    pub fn start(program: &Path, pid: u32, path: Option<PathBuf>) -> Result<Self, String> {
        let path = path.unwrap_or_else(|| default_path(pid));
        let child = Command::new(program)
            .args(["record", "--pid", &pid.to_string(), "--output"])
            .arg(&path)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn()
            .map_err(|error| format!("{} could not be started: {error}", program.display()))?;
        Ok(Self { child, path, ended: None })
    }

    /// The file it writes.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How it ended, once it has.
    pub fn ended(&mut self) -> Option<&str> {
        if self.ended.is_none()
            && let Ok(Some(status)) = self.child.try_wait()
        {
            self.ended = Some(if status.success() {
                "the recording has ended".to_owned()
            } else {
                format!("the recorder failed ({status}); the terminal shows why")
            });
        }
        self.ended.as_deref()
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

fn default_path(pid: u32) -> PathBuf {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    std::env::temp_dir().join(format!("looptrace-{pid}-{now}.looptrace"))
}
