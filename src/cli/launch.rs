//! Starting a program in order to record it, and standing in for it: its streams are ours, its
//! signals are passed on, its exit code becomes ours.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::Builder;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::Pid;

use super::exit::Exit;
use super::message::CliError;
use crate::os::signals::{self, Ignored, Signal};

/// Signals that are the program's business once it runs.
const PASSED_ON: [Signal; 6] = [
    Signal::SIGINT,
    Signal::SIGTERM,
    Signal::SIGHUP,
    Signal::SIGQUIT,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
];

/// A program that we started.
#[derive(Debug)]
pub struct Launched {
    child: Child,
    pid: u32,
    ended: Arc<Ended>,
}

/// Whether the program has ended. It stays a zombie until [`Launched::wait`], so that its pid
/// cannot come to mean another process.
#[derive(Debug, Default)]
struct Ended {
    flag: AtomicBool,
    lock: Mutex<()>,
    changed: Condvar,
}

impl Launched {
    /// Starts `command` with our standard streams, in our process group: keys on the terminal
    /// reach it as if it had been started by the shell.
    ///
    /// # Errors
    ///
    /// It cannot be found or executed; exit code 125.
    pub fn start(command: &[OsString]) -> Result<Self, CliError> {
        Self::start_with(command, Stdio::inherit())
    }

    /// The same with another stdout.
    ///
    /// # Errors
    ///
    /// As [`Self::start`].
    pub fn start_with(command: &[OsString], stdout: Stdio) -> Result<Self, CliError> {
        let [program, arguments @ ..] = command else {
            return Err(CliError::usage("no command was given"));
        };
        let internal = |what: &str, error: &io::Error| {
            CliError::new(format!("cannot {what}"))
                .because(error as &dyn std::error::Error)
                .exit(Exit::LaunchFailed)
        };
        // Handlers first: a signal that comes right after the start must reach the program.
        let arrivals = signals::listen(&PASSED_ON, Ignored::Keep)
            .map_err(|error| internal("install signal handlers", &error))?;
        let child = Command::new(program)
            .args(arguments)
            .stdout(stdout)
            .spawn()
            .map_err(|error| cannot_start(program, &error))?;
        let pid = child.id();
        let launched = Self { child, pid, ended: Arc::new(Ended::default()) };
        launched.watch().map_err(|error| internal("watch the program", &error))?;
        launched.pass_on(arrivals).map_err(|error| internal("pass signals on", &error))?;
        Ok(launched)
    }

    /// Its pid.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Its stdout, if it was started with a pipe for it.
    pub fn take_stdout(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// Waits until the program ends, but no longer than `limit`; whether it has ended.
    #[must_use]
    pub fn ends_within(&self, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        let mut guard = self.ended.lock.lock().unwrap_or_else(PoisonError::into_inner);
        while !self.ended.flag.load(Ordering::SeqCst) {
            let Some(left) = deadline.checked_duration_since(Instant::now()) else { return false };
            let waited = self.ended.changed.wait_timeout(guard, left);
            guard = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        send(self.pid, signal);
    }

    /// Waits for its end; the exit code that stands for it.
    ///
    /// # Errors
    ///
    /// It cannot be waited for; exit code 125.
    pub fn wait(mut self) -> Result<Exit, CliError> {
        let status = self.child.wait().map_err(|error| {
            CliError::new("cannot wait for the program")
                .because(&error as &dyn std::error::Error)
                .exit(Exit::LaunchFailed)
        })?;
        Ok(Exit::Child(exit_code(status)))
    }

    fn watch(&self) -> io::Result<()> {
        let ended = Arc::clone(&self.ended);
        let pid = as_pid(self.pid);
        Builder::new().name("child".to_owned()).spawn(move || {
            let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT;
            while waitid(Id::Pid(pid), flags) == Err(Errno::EINTR) {}
            let guard = ended.lock.lock().unwrap_or_else(PoisonError::into_inner);
            ended.flag.store(true, Ordering::SeqCst);
            drop(guard);
            ended.changed.notify_all();
        })?;
        Ok(())
    }

    fn pass_on(&self, arrivals: signals::Arrivals) -> io::Result<()> {
        let pid = self.pid;
        Builder::new().name("signals".to_owned()).spawn(move || {
            // What the kernel sent came from the terminal and went to the program as well.
            for arrival in arrivals.filter(|arrival| !arrival.from_kernel) {
                send(pid, arrival.signal);
            }
        })?;
        Ok(())
    }
}

/// A program that is gone does not mind that a signal misses it.
fn send(pid: u32, signal: Signal) {
    kill(as_pid(pid), signal).unwrap_or_default();
}

fn as_pid(pid: u32) -> Pid {
    Pid::from_raw(i32::try_from(pid).unwrap_or(i32::MAX))
}

/// The exit code as a shell would show it: 128 + signal if one killed the program.
fn exit_code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX)
}

fn cannot_start(program: &OsString, error: &io::Error) -> CliError {
    let shown = program.display();
    let message = CliError::new(format!("cannot start the program: {shown}"))
        .because(error as &dyn std::error::Error)
        .exit(Exit::LaunchFailed);
    match error.kind() {
        io::ErrorKind::NotFound => {
            message.hint("check its spelling and PATH: looptrace record -- python app.py")
        }
        io::ErrorKind::PermissionDenied => {
            message.hint(format!("make it executable (chmod +x {shown}), or name its interpreter"))
        }
        _ => message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Launched {
        let _turn = signals::TURN.lock().unwrap_or_else(PoisonError::into_inner);
        Launched::start(&["sh".into(), "-c".into(), script.into()]).unwrap()
    }

    #[test]
    fn the_program_s_exit_code_is_ours() {
        assert_eq!(shell("exit 7").wait(), Ok(Exit::Child(7)));
        assert_eq!(shell("kill -TERM $$").wait(), Ok(Exit::Child(128 + 15)));
    }

    #[test]
    fn its_end_is_seen_and_its_pid_kept_until_it_is_waited_for() {
        let launched = shell("exit 0");
        assert!(launched.ends_within(Duration::from_secs(60)));
        assert!(crate::os::process::Status::of(launched.pid()).unwrap().is_dead());
        assert_eq!(launched.wait(), Ok(Exit::Child(0)));
    }

    #[test]
    fn what_cannot_be_started_exits_with_125() {
        let _turn = signals::TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let error = Launched::start(&["no-such-program-at-all".into()]).unwrap_err();
        assert_eq!(error.exit, Exit::LaunchFailed);
        assert!(error.causes[0].contains("No such file"), "{error:?}");
        assert!(!error.hints.is_empty());
    }
}
