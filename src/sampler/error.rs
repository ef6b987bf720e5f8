//! Why a recording or a look is impossible.

use crate::python::AttachError;
use crate::recording::RecordingError;

/// Why a recording could not begin or end.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The target cannot be read.
    #[error(transparent)]
    Attach(#[from] AttachError),
    /// The file cannot be written.
    #[error(transparent)]
    Recording(#[from] RecordingError),
    /// No thread could be started.
    #[error("cannot start a thread")]
    Thread(#[source] std::io::Error),
    /// The session was run before.
    #[error("this recording has ended already")]
    Finished,
}

impl SessionError {
    /// What to do about it.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::Attach(error) => error.hints(),
            Self::Recording(error) => error.hints(),
            Self::Thread(_) => {
                vec!["raise the limit of processes and threads: ulimit -u".to_owned()]
            }
            Self::Finished => Vec::new(),
        }
    }
}
