//! The exit codes of every command.

use std::process::ExitCode;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done; also after Ctrl-C and when the target exits.
    Done,
    /// A budget failed.
    BudgetFailed,
    /// The command line is wrong.
    Usage,
    /// Something could not be measured or read.
    Unmeasurable,
    /// Measured, but not enough to say.
    Inconclusive,
    /// The program that was launched ended with this code (128 + signal if one killed it).
    Child(u8),
    /// A program should have been launched and recorded, and looptrace could not.
    LaunchFailed,
}

impl Exit {
    /// The number the process exits with.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::BudgetFailed => 1,
            Self::Usage => 2,
            Self::Unmeasurable => 3,
            Self::Inconclusive => 4,
            Self::Child(code) => code,
            Self::LaunchFailed => 125,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
