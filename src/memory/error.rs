//! What can go wrong when another process is read.

use super::RemoteAddr;

/// A failure to read another process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MemoryError {
    /// The process does not exist any more.
    #[error("the process has exited")]
    Exited,
    /// The kernel refuses access.
    #[error("the kernel refuses to let this process be read")]
    Denied,
    /// Nothing is mapped there, or not all of it.
    #[error("{len} bytes at {addr} are not readable")]
    Unreadable {
        /// Where.
        addr: RemoteAddr,
        /// How many bytes were asked for.
        len: usize,
    },
    /// What is there makes no sense: the target changed while it was read, or memory was reused.
    #[error("the bytes at {addr} make no sense")]
    Nonsense {
        /// Where.
        addr: RemoteAddr,
    },
    /// Any other answer of the kernel, by its errno.
    #[error("reading the process failed with errno {0}")]
    Os(i32),
}
