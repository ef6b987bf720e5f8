//! What a tick gave.

use crate::model::MissReason;

/// What became of one tick of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct TickOutcome {
    pub(super) samples: u32,
    /// Samples whose innermost frames are missing.
    pub(super) partial: u32,
    pub(super) idle: u32,
    pub(super) misses: [u32; MissReason::ALL.len()],
    /// Nothing could be read for a while: the process may be gone or be another program.
    pub(super) suspicious: bool,
    /// Every loop was asleep in its poll call, and had been where ticks were overtaken.
    pub(super) quiet: bool,
    /// A callback has just become a stall.
    pub(super) crossed: bool,
}

impl TickOutcome {
    /// Counts misses.
    pub(super) fn count(&mut self, reason: MissReason, count: u32) {
        let index = MissReason::ALL.iter().position(|&other| other == reason);
        if let Some(slot) = index.and_then(|index| self.misses.get_mut(index)) {
            *slot = slot.saturating_add(count);
        }
    }
}
