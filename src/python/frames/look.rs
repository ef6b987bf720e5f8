//! The result of one look at a thread.

use super::raw::RawFrame;
use super::words::ThreadWords;
use crate::memory::RemoteAddr;

/// A consistent look at one thread. It borrows the reader's buffers.
#[derive(Debug, Clone, Copy)]
pub struct Look<'a> {
    /// The thread state.
    pub thread: ThreadWords,
    /// Its frames, innermost first, the interpreter's entry records included.
    pub frames: &'a [RawFrame],
    /// The task whose step was running.
    pub task: Option<RunningTask>,
    /// Whether the innermost frames are missing, since they moved.
    pub partial: bool,
}

/// The task whose step was running, with the words that tell it from an earlier one at its address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RunningTask {
    /// The task object.
    pub addr: RemoteAddr,
    /// Its root coroutine; null when the task is not implemented in C, where it is elsewhere.
    pub coro: RemoteAddr,
}

/// Why a look gives nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The thread changed while it was read.
    Torn,
    /// Memory could not be read or makes no sense.
    Unreadable,
    /// The process is gone.
    Exited,
}

/// How many system calls looks took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LookStats {
    /// Looks begun.
    pub looks: u64,
    /// Bracketed calls.
    pub brackets: u64,
    /// Bracketed calls whose copies differed.
    pub torn_brackets: u64,
    /// Looks that gave only the outer part of a stack, since its inner part moved.
    pub outer: u64,
    /// Small calls that only learnt where to look.
    pub chases: u64,
}
