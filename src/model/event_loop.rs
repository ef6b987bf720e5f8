//! Threads and the event loops that run in them.

use super::id::{ProcessId, StringId, ThreadId};

/// A thread of a recorded process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Thread {
    /// Its process.
    pub process: ProcessId,
    /// The kernel's thread id as the host sees it; 0 where it could not be found.
    pub native_id: u32,
    /// `threading.Thread.name` or the kernel's `comm`.
    pub name: Option<StringId>,
}

/// What implements an event loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LoopKind {
    /// `asyncio.SelectorEventLoop` and its subclasses.
    Selector,
    /// `uvloop.Loop`.
    Uvloop,
    /// Anything else.
    Other,
}

impl LoopKind {
    /// The word used in every output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Selector => "selector",
            Self::Uvloop => "uvloop",
            Self::Other => "other",
        }
    }
}

/// An event loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EventLoop {
    /// Its process.
    pub process: ProcessId,
    /// The thread that runs it; `None` while it does not run.
    pub thread: Option<ThreadId>,
    /// What implements it.
    pub kind: LoopKind,
}
