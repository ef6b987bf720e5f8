//! The frames of one thread, read while it runs.
//!
//! One system call per look where the last look predicts this one: its ranges are laid out as a
//! palindrome around the thread state (frames, thread state, the same frames again), and a look
//! counts only when the structural words of both copies agree. `docs/python-layouts.md` has the
//! table of what brackets what in which version.

mod current_task;
mod look;
mod merge;
mod plan;
mod raw;
mod reader;
mod usual;
mod words;

pub use current_task::TaskSource;
pub use look::{Look, LookStats, Refusal, RunningTask};
pub use raw::RawFrame;
pub use reader::FrameReader;
pub use words::ThreadWords;
