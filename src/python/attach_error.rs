//! Why a process cannot be attached to.

use std::path::PathBuf;

use super::layout::published::PublishedError;
use super::layout::{FREE_THREADED_MINORS, MINORS};
use super::verify::Check;
use super::version::Version;
use crate::memory::MemoryError;
use crate::os::permissions::Denial;

/// Why a process cannot be attached to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AttachError {
    /// There is no process with this pid.
    #[error("there is no process {pid}")]
    NoSuchProcess {
        /// The pid asked for.
        pid: u32,
    },
    /// It has ended, or ended while it was looked at; or it is a kernel thread.
    #[error("process {pid} has ended")]
    Exited {
        /// The pid asked for.
        pid: u32,
    },
    /// It holds no interpreter.
    #[error("process {pid} is not a Python program: {}", shown(executable.as_ref()))]
    NotPython {
        /// The pid asked for.
        pid: u32,
        /// What it runs.
        executable: Option<PathBuf>,
    },
    /// The kernel refuses to let us read it.
    #[error("not permitted to read process {pid}: {}", all(reasons))]
    Denied {
        /// The pid asked for.
        pid: u32,
        /// Why, the one to lift first in front.
        reasons: Vec<Denial>,
    },
    /// No layout is known for this version.
    #[error("Python {version} is not supported")]
    UnsupportedVersion {
        /// What the target runs.
        version: Version,
    },
    /// A build that was not verified on living programs.
    #[error("Python {version} here is a free-threaded build, whose layout is not verified")]
    UnverifiedBuild {
        /// What the target runs.
        version: Version,
    },
    /// The interpreter has not started up far enough.
    #[error("the interpreter in process {pid} is not initialised yet")]
    NotInitialised {
        /// The pid asked for.
        pid: u32,
    },
    /// What was read is not what the layout says should be there.
    #[error("the layout of Python {version} does not fit: {check}")]
    LayoutMismatch {
        /// What the target runs.
        version: Version,
        /// The first check that failed.
        check: Check,
    },
    /// The interpreter publishes offsets that cannot be right.
    #[error("Python {version} publishes offsets that cannot be used")]
    Published {
        /// What the target runs.
        version: Version,
        /// What is wrong with them.
        #[source]
        source: PublishedError,
    },
    /// A program for another machine than this one.
    #[error("process {pid} is not a 64-bit program for this machine")]
    OtherMachine {
        /// The pid asked for.
        pid: u32,
    },
    /// This system is not Linux on x86-64 or aarch64.
    #[error("looptrace reads processes on 64-bit Linux only")]
    UnsupportedSystem,
    /// Any other failure to read the process.
    #[error("process {pid} cannot be read")]
    Memory {
        /// The pid asked for.
        pid: u32,
        /// What failed.
        #[source]
        source: MemoryError,
    },
}

impl AttachError {
    /// One sentence each, with commands; empty where nothing can be done.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::NoSuchProcess { .. } | Self::Exited { .. } => {
                vec!["list Python processes with: pgrep -a python".to_owned()]
            }
            Self::NotPython { .. } => vec![
                "give the pid of the interpreter itself, not of a shell, supervisor or container \
                 that started it: pgrep -a python"
                    .to_owned(),
            ],
            Self::Denied { reasons, pid } => {
                let mut hints: Vec<String> = reasons.iter().flat_map(Denial::hints).collect();
                hints.push(format!("see every precondition: looptrace doctor {pid}"));
                hints
            }
            Self::UnsupportedVersion { .. } => {
                vec![format!("run the program on another Python: {}", supported())]
            }
            Self::UnverifiedBuild { .. } => {
                vec!["try it all the same with --force-unverified".to_owned(), supported()]
            }
            Self::NotInitialised { .. } => {
                vec!["try again once the program has started".to_owned()]
            }
            Self::LayoutMismatch { .. } | Self::Published { .. } => vec![
                "this build may be patched, or newer than looptrace: please report it with the \
                 output of: looptrace doctor PID"
                    .to_owned(),
                supported(),
            ],
            Self::OtherMachine { .. } | Self::UnsupportedSystem => {
                vec!["x86-64 Linux is tested, aarch64 Linux should work".to_owned()]
            }
            Self::Memory { pid, .. } => {
                vec![format!("see every precondition: looptrace doctor {pid}")]
            }
        }
    }

    /// The exit code of a command that ends with this error: nothing could be measured.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        3
    }

    /// Whether the same attempt may succeed a moment later: the program is still starting.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::NotInitialised { .. } | Self::NotPython { .. })
    }

    /// A failure to read, as a reason why attaching failed.
    #[must_use]
    pub fn from_memory(pid: u32, source: MemoryError) -> Self {
        match source {
            MemoryError::Exited => Self::Exited { pid },
            MemoryError::Denied => {
                Self::Denied { pid, reasons: crate::os::permissions::diagnose(pid) }
            }
            source => Self::Memory { pid, source },
        }
    }
}

fn supported() -> String {
    format!(
        "supported are Python 3.{} to 3.{}, free-threaded 3.{} to 3.{}",
        MINORS.start(),
        MINORS.end(),
        FREE_THREADED_MINORS.start(),
        FREE_THREADED_MINORS.end()
    )
}

fn shown(path: Option<&PathBuf>) -> String {
    path.map_or_else(
        || "its executable cannot be named".to_owned(),
        |path| path.display().to_string(),
    )
}

fn all(reasons: &[Denial]) -> String {
    let reasons: Vec<_> = reasons.iter().map(ToString::to_string).collect();
    reasons.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_says_what_to_do() {
        let version = Version::default();
        let check = Check::new("a", "b", "c", false);
        let errors = [
            AttachError::NoSuchProcess { pid: 1 },
            AttachError::Exited { pid: 1 },
            AttachError::NotPython { pid: 1, executable: None },
            AttachError::Denied { pid: 1, reasons: vec![Denial::PtraceScope(1)] },
            AttachError::UnsupportedVersion { version: version.clone() },
            AttachError::UnverifiedBuild { version: version.clone() },
            AttachError::NotInitialised { pid: 1 },
            AttachError::LayoutMismatch { version: version.clone(), check },
            AttachError::Published { version, source: PublishedError::Absent },
            AttachError::OtherMachine { pid: 1 },
            AttachError::UnsupportedSystem,
            AttachError::Memory { pid: 1, source: MemoryError::Os(5) },
        ];
        for error in errors {
            assert!(!error.hints().is_empty(), "{error}");
            assert!(!error.to_string().ends_with('.'));
        }
    }
}
