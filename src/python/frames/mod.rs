//! The frames of one thread, read while it runs.
//!
//! One system call per look where the last look predicts this one, a short one more where tasks
//! take turns (`aim.rs`, `ahead.rs`). It copies frames and thread state in an order that proves that
//! they belong together (`plan.rs`); `proof.rs` checks the copies, frame by frame. A look counts only
//! when they agree. `docs/python-layouts.md` has the table of what proves what in which version.

mod afterwards;
mod ahead;
mod aim;
mod calls;
mod copies;
mod current_task;
mod groups;
mod look;
mod plan;
mod proof;
mod raw;
mod reader;
mod stepping;
mod usual;
mod walk;
mod words;

pub use current_task::TaskSource;
pub use look::{Look, LookStats, NAME_HEAD, Refusal, RunningTask};
pub use raw::RawFrame;
pub use reader::FrameReader;
pub use words::ThreadWords;
