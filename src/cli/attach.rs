//! Attaching, and what its failures say.

use std::time::{Duration, Instant};

use super::launch::Launched;
use super::message::{self, CliError};
use crate::os::process;
use crate::sampler::{AttachError, Session, SessionConfig, SessionError};

/// Between two looks at a program that starts.
const WAIT: Duration = Duration::from_millis(4);

/// The same once it has taken longer than interpreters take.
const LONG_WAIT: Duration = Duration::from_millis(100);

/// An interpreter needs some milliseconds from its start until its structures stand. After this
/// long an error is meant.
const STARTUP: Duration = Duration::from_secs(3);

/// A program that is no Python after this long gets a word said about it, once.
const PATIENCE: Duration = Duration::from_secs(2);

/// A child of a program that is no Python itself must be one for this long: launchers ask Python
/// small questions before they start the real thing.
const SETTLED: Duration = Duration::from_millis(300);

/// Attaches to a program that was just started, as soon as it can be read. The program may
/// execute another one first (`env`, a shell's `exec`), or be a launcher whose child is the
/// Python (`uv run`, a shell script). `None` if it ended before.
///
/// # Errors
///
/// It is a running Python that cannot be read.
pub(super) fn when_ready(
    launched: &Launched,
    config: &SessionConfig,
) -> Result<Option<(u32, Session)>, CliError> {
    let started = Instant::now();
    let mut candidate = Candidate { pid: 0, since: started };
    let mut told = false;
    loop {
        let pid = python_among(launched.pid());
        candidate.update(pid);
        if let Some(pid) = pid.filter(|&pid| candidate.is_settled(launched.pid(), pid)) {
            match Session::attach(pid, config.clone()) {
                Ok(session) => return Ok(Some((pid, session))),
                Err(error) if !may_pass(&error) || candidate.since.elapsed() > STARTUP => {
                    // Dying looks like many errors from outside.
                    let ended = launched.ends_within(LONG_WAIT);
                    return if ended { Ok(None) } else { Err(failed(&error)) };
                }
                Err(_) => {}
            }
        } else if !told && started.elapsed() > PATIENCE {
            told = true;
            no_python_yet(launched.pid());
        }
        if launched.ends_within(if started.elapsed() < STARTUP { WAIT } else { LONG_WAIT }) {
            return Ok(None);
        }
    }
}

/// A process that may be the one to record, and since when it has been one.
struct Candidate {
    pid: u32,
    since: Instant,
}

impl Candidate {
    fn update(&mut self, pid: Option<u32>) {
        if pid != Some(self.pid) {
            *self = Self { pid: pid.unwrap_or(0), since: Instant::now() };
        }
    }

    fn is_settled(&self, launched: u32, pid: u32) -> bool {
        pid == launched || self.since.elapsed() >= SETTLED
    }
}

/// The process itself if it is a Python, else the first of its descendants that is one.
fn python_among(root: u32) -> Option<u32> {
    /// More processes than launchers start before the program.
    const MOST: usize = 64;
    let mut found = vec![root];
    let mut next = 0;
    while let Some(&pid) = found.get(next).filter(|_| next < MOST) {
        if process::maps_python(pid) == Some(true) {
            return Some(pid);
        }
        found.extend(process::children(pid));
        next += 1;
    }
    None
}

fn no_python_yet(pid: u32) {
    let name = process::Status::of(pid).map_or_else(String::new, |status| status.name);
    message::warn(&format!(
        "neither process {pid} ({name}) nor a child of it is a Python yet; looptrace goes on waiting"
    ));
    message::note("hint: name the interpreter itself: looptrace record -- python app.py");
}

/// Whether a moment later it may be otherwise. While an interpreter starts, what is read of it is
/// half done; permissions and versions stay.
const fn may_pass(error: &SessionError) -> bool {
    let SessionError::Attach(error) = error else { return false };
    !matches!(
        error,
        AttachError::Denied { .. }
            | AttachError::UnsupportedVersion { .. }
            | AttachError::UnverifiedBuild { .. }
            | AttachError::OtherMachine { .. }
            | AttachError::UnsupportedSystem
    )
}

/// The message for a recording or a look that failed.
pub(super) fn failed(error: &SessionError) -> CliError {
    let mut shown = CliError::new(error.to_string()).because(std::error::Error::source(error));
    shown.hints = error.hints();
    shown
}
