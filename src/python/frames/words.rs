//! Little-endian words inside fetched bytes.

use crate::memory::RemoteAddr;
use crate::python::layout::{Layout, TopFrame};

/// The 64-bit word at `offset`.
pub(super) fn u64_at(bytes: &[u8], offset: u64) -> Option<u64> {
    let start = usize::try_from(offset).ok()?;
    let bytes = bytes.get(start..start.checked_add(8)?)?;
    bytes.try_into().ok().map(u64::from_le_bytes)
}

/// The 32-bit word at `offset`.
pub(super) fn i32_at(bytes: &[u8], offset: u64) -> Option<i32> {
    let start = usize::try_from(offset).ok()?;
    let bytes = bytes.get(start..start.checked_add(4)?)?;
    bytes.try_into().ok().map(i32::from_le_bytes)
}

/// The byte at `offset`.
pub(super) fn u8_at(bytes: &[u8], offset: u64) -> Option<u8> {
    bytes.get(usize::try_from(offset).ok()?).copied()
}

/// The pointer at `offset`; it may be null.
pub(super) fn pointer_at(bytes: &[u8], offset: u64) -> Option<RemoteAddr> {
    u64_at(bytes, offset).map(RemoteAddr::new)
}

/// What a look needs of a thread state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ThreadWords {
    /// The thread state's own number, to tell it from another one at the same address.
    pub id: u64,
    /// The innermost frame (up to 3.10 and from 3.13 on) or the `_PyCFrame` that names it.
    pub top: RemoteAddr,
    /// Rises whenever a context is entered or left, so with every callback of an event loop.
    pub context_ver: u64,
    /// The loop that runs in this thread (3.13 on).
    pub running_loop: RemoteAddr,
    /// The task whose step runs in this thread (3.14 on).
    pub running_task: RemoteAddr,
    /// The chunk of the data stack in use (3.11 on).
    pub(super) chunk: RemoteAddr,
    /// The end of the used data stack (3.11 on).
    pub(super) stack_end: RemoteAddr,
}

impl ThreadWords {
    /// Decodes a thread state's bytes.
    #[must_use]
    pub fn parse(bytes: &[u8], layout: &Layout) -> Option<Self> {
        let thread = &layout.thread;
        let top = match thread.top_frame {
            TopFrame::FrameObject { frame } => frame,
            TopFrame::CFrame { cframe, .. } => cframe,
            TopFrame::CurrentFrame { current_frame } => current_frame,
        };
        let optional = |offset: Option<u64>| match offset {
            Some(offset) => pointer_at(bytes, offset),
            None => Some(RemoteAddr::NULL),
        };
        Some(Self {
            id: u64_at(bytes, thread.id)?,
            top: pointer_at(bytes, top)?,
            context_ver: u64_at(bytes, thread.context_ver)?,
            running_loop: optional(thread.asyncio_running_loop)?,
            running_task: optional(thread.asyncio_running_task)?,
            chunk: optional(thread.datastack_chunk)?,
            stack_end: optional(thread.datastack_top)?,
        })
    }
}
