//! Recording runs of a command, one after the other, each by a recorder of its own.

use std::env;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use clap::Args;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::super::message::{self, CliError};
use super::super::{duration, rate};
use super::budgets::unmeasurable;

/// Between two looks at a run.
const WAIT: Duration = Duration::from_millis(20);

/// The exit code of a recorder that could not do its part.
const RECORDER_FAILED: i32 = 125;

/// How runs are recorded.
#[derive(Debug, Args)]
pub(in super::super) struct Taking {
    /// A command that puts load on the program: it is started once the program is recorded, and when
    /// it ends, the program gets SIGTERM
    #[arg(long, value_name = "CMD")]
    load: Option<String>,
    /// End each run after this time with SIGTERM, such as 10s
    #[arg(short, long, value_name = "TIME", value_parser = duration::length)]
    duration: Option<Duration>,
    /// Samples of each event loop's thread per second
    #[arg(short, long, value_name = "HZ", default_value = "1000", value_parser = rate::samples)]
    rate: u32,
    /// Record child processes and workers too
    #[arg(long)]
    subprocesses: bool,
    /// Where the recordings go; older ones of the same name are replaced
    #[arg(long, value_name = "DIR", default_value = "looptrace-runs")]
    runs_dir: PathBuf,
    /// Say nothing but the result
    #[arg(short, long)]
    pub(in super::super) quiet: bool,
}

impl Taking {
    /// Makes the directory for the recordings.
    ///
    /// # Errors
    ///
    /// It cannot be made.
    pub(in super::super) fn prepare(&self) -> Result<(), CliError> {
        std::fs::create_dir_all(&self.runs_dir).map_err(|error| {
            CliError::new(format!("cannot make the directory {}", self.runs_dir.display()))
                .because(&error as &dyn std::error::Error)
                .hint("name another place for the recordings: --runs-dir DIR")
        })
    }

    /// The file for a run.
    pub(in super::super) fn file(&self, side: &str, number: usize) -> PathBuf {
        self.runs_dir.join(format!("{side}-{number:02}.looptrace"))
    }

    /// Records one run of `command`.
    ///
    /// # Errors
    ///
    /// The command or the load failed, or could not be recorded.
    pub(in super::super) fn take(&self, command: &str, file: &Path) -> Result<(), CliError> {
        // An older one must not look like this run's.
        std::fs::remove_file(file).unwrap_or_default();
        let started = Instant::now();
        let mut recorder = self.recorder(command, file)?;
        let outcome = self.accompany(&mut recorder, file);
        if outcome.is_err() {
            end(&recorder);
        }
        let ended = outcome.and_then(|ended_by_us| Ok((ended_by_us, wait(&mut recorder)?)));
        let (ended_by_us, status) = ended?;
        judge(command, file, status, ended_by_us)?;
        if !self.quiet {
            let seconds = started.elapsed().as_secs_f64();
            message::note(&format!("{} recorded in {seconds:.1} s", file.display()));
        }
        Ok(())
    }

    fn recorder(&self, command: &str, file: &Path) -> Result<Child, CliError> {
        let program =
            env::current_exe().map_err(|error| failed("find looptrace itself", &error))?;
        let mut recorder = Command::new(program);
        recorder.args(["record", "--quiet", "--force", "--rate", &self.rate.to_string(), "-o"]);
        recorder.arg(file);
        if self.subprocesses {
            recorder.arg("--subprocesses");
        }
        recorder.arg("--").args(words(command));
        // stdout is for the result.
        recorder.stdout(Stdio::from(io::stderr()));
        recorder.spawn().map_err(|error| failed("start the recorder", &error))
    }

    /// Waits for the run's end, and brings it about; whether it had to.
    fn accompany(&self, recorder: &mut Child, file: &Path) -> Result<bool, CliError> {
        if self.load.is_none() && self.duration.is_none() {
            return Ok(false);
        }
        // The file is there once the program is being recorded.
        while !file.exists() {
            if ended(recorder)? {
                return Ok(false);
            }
            sleep(WAIT);
        }
        let begun = Instant::now();
        let mut load = self.load.as_deref().map(start_load).transpose()?;
        let over = loop {
            if ended(recorder)? {
                break false;
            }
            if let Some(load) = &mut load
                && let Some(status) = poll(load)?
            {
                if !status.success() {
                    return Err(unmeasurable(
                        format!(
                            "the load failed ({status}): {}",
                            self.load.as_deref().unwrap_or("")
                        ),
                        "it must wait until the program answers, and end with 0",
                    ));
                }
                break true;
            }
            if self.duration.is_some_and(|limit| begun.elapsed() >= limit) {
                break true;
            }
            sleep(WAIT);
        };
        if let Some(mut load) = load {
            // Ended already, or of no use any more.
            load.kill().unwrap_or_default();
            wait(&mut load)?;
        }
        if over {
            end(recorder);
        }
        Ok(over)
    }
}

/// Sends SIGTERM, which the recorder passes on to the program.
fn end(recorder: &Child) {
    if let Ok(pid) = i32::try_from(recorder.id()) {
        // One that has ended already does not mind.
        kill(Pid::from_raw(pid), Signal::SIGTERM).unwrap_or_default();
    }
}

fn start_load(command: &str) -> Result<Child, CliError> {
    let words = words(command);
    let [program, arguments @ ..] = words.as_slice() else {
        return Err(CliError::usage("the load is empty").hint("--load 'python load.py'"));
    };
    Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::from(io::stderr()))
        .spawn()
        .map_err(|error| {
            failed("start the load", &error).hint("--load 'COMMAND' takes what a shell takes")
        })
}

fn judge(
    command: &str,
    file: &Path,
    status: ExitStatus,
    ended_by_us: bool,
) -> Result<(), CliError> {
    if status.code() == Some(RECORDER_FAILED) {
        return Err(unmeasurable(
            format!("the command could not be recorded: {command}"),
            "try it alone: looptrace record -- COMMAND; looptrace doctor checks what it needs",
        ));
    }
    if !status.success() && !ended_by_us {
        return Err(unmeasurable(
            format!("the command failed ({status}): {command}"),
            "a run counts if it ends with 0; servers need --duration or --load, which end them",
        ));
    }
    if !file.exists() {
        return Err(unmeasurable(
            format!("the command ended before it was a running Python: {command}"),
            "name the interpreter itself: 'python app.py'",
        ));
    }
    Ok(())
}

fn ended(child: &mut Child) -> Result<bool, CliError> {
    poll(child).map(|status| status.is_some())
}

fn poll(child: &mut Child) -> Result<Option<ExitStatus>, CliError> {
    child.try_wait().map_err(|error| failed("wait for a command", &error))
}

fn wait(child: &mut Child) -> Result<ExitStatus, CliError> {
    child.wait().map_err(|error| failed("wait for a command", &error))
}

fn failed(what: &str, error: &io::Error) -> CliError {
    CliError::new(format!("cannot {what}")).because(error as &dyn std::error::Error)
}

/// A command line as words. One that needs a shell gets one; the others are started directly, so that
/// signals reach them.
fn words(command: &str) -> Vec<OsString> {
    const PLAIN: &str = "/._-+=:,@%";
    let plain = |c: char| c.is_alphanumeric() || c == ' ' || PLAIN.contains(c);
    let first = command.split_whitespace().next().unwrap_or_default();
    if command.chars().all(plain) && !first.contains('=') {
        return command.split_whitespace().map(OsString::from).collect();
    }
    // A simple command takes the shell's place, too.
    let compound = command.contains([';', '&', '|', '\n', '(', '{']) || first.contains('=');
    let line = if compound { command.to_owned() } else { format!("exec {command}") };
    ["sh", "-c", &line].map(OsString::from).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_get_a_shell_where_they_need_one() {
        assert_eq!(words("python app.py --port 80"), ["python", "app.py", "--port", "80"]);
        assert_eq!(words("python 'my app.py'"), ["sh", "-c", "exec python 'my app.py'"]);
        assert_eq!(words("cd x && python a.py"), ["sh", "-c", "cd x && python a.py"]);
        assert_eq!(words("A=1 python a.py"), ["sh", "-c", "A=1 python a.py"]);
        assert!(words("").is_empty());
    }
}
