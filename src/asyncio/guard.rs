//! What every task's row was built from, kept for all tasks in one place.

use crate::memory::{PagedMemory, ReadMemory, Span};

/// The words behind one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Guard {
    start: u32,
    len: u32,
    folded: u64,
}

/// The words behind all rows.
#[derive(Debug, Default)]
pub(super) struct Guards {
    spans: Vec<Span>,
    /// Spans that belong to no row any more.
    dead: usize,
}

/// More spans than this behind one row are not kept: it is built anew each time.
const MAX_SPANS: usize = 4096;

impl Guards {
    /// Keeps `spans` and what they fold to in place of `guard`.
    pub(super) fn replace(&mut self, guard: &mut Guard, spans: &[Span], folded: u64) {
        self.drop(guard);
        let (Ok(start), Ok(len)) = (u32::try_from(self.spans.len()), u32::try_from(spans.len()))
        else {
            return;
        };
        if spans.len() <= MAX_SPANS {
            self.spans.extend_from_slice(spans);
            *guard = Guard { start, len, folded };
        }
    }

    /// Forgets the words behind a row, so that it will be built anew.
    pub(super) fn drop(&mut self, guard: &mut Guard) {
        self.dead += guard.len as usize;
        *guard = Guard::default();
    }

    /// The words behind a row.
    pub(super) fn spans(&self, guard: &Guard) -> &[Span] {
        let start = guard.start as usize;
        self.spans.get(start..start + guard.len as usize).unwrap_or_default()
    }

    /// Whether they hold what they held.
    pub(super) fn unchanged<M: ReadMemory>(
        &self,
        memory: &mut PagedMemory<M>,
        guard: &Guard,
    ) -> bool {
        guard.len > 0 && memory.fold(self.spans(guard)).is_ok_and(|now| now == guard.folded)
    }

    /// Whether most of the memory is dead, so that [`Self::compact`] is worth its time.
    pub(super) const fn is_wasteful(&self) -> bool {
        self.dead > 4096 && self.dead > self.spans.len() / 2
    }

    /// Moves what lives together.
    pub(super) fn compact<'g>(&mut self, living: impl Iterator<Item = &'g mut Guard>) {
        let mut spans = Vec::with_capacity(self.spans.len() - self.dead.min(self.spans.len()));
        for guard in living {
            let start = u32::try_from(spans.len()).unwrap_or(u32::MAX);
            spans.extend_from_slice(self.spans(guard));
            guard.start = start;
        }
        self.spans = spans;
        self.dead = 0;
    }
}
