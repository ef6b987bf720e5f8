//! The result of one look at a thread.

use super::copies::Copies;
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
    pub(super) copies: &'a Copies,
}

impl Look<'_> {
    /// A word that was copied along: in a frame of this look, or one asked for with
    /// [`super::FrameReader::also`]. `None` if it was not.
    #[must_use]
    pub fn word(&self, addr: RemoteAddr) -> Option<u64> {
        self.copies.word(addr)
    }
}

/// Bytes of a task's name object that are copied along: all of a number, or a text's length and
/// first 32 characters.
pub const NAME_HEAD: usize = 80;

/// The task whose step was running, with the words that tell it from an earlier one at its address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RunningTask {
    /// The task object.
    pub addr: RemoteAddr,
    /// Its root coroutine; null when the task is not implemented in C, where it is elsewhere.
    pub coro: RemoteAddr,
    /// Its name object; null if it was not read.
    pub name: RemoteAddr,
    /// Its context; null if it was not read.
    pub context: RemoteAddr,
    /// The first bytes of its name object, where they were copied along.
    pub name_head: Option<[u8; NAME_HEAD]>,
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
    /// Short calls that only asked which task runs.
    pub peeks: u64,
    /// Small calls that only learnt where to look.
    pub chases: u64,
}
