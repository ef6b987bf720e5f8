//! What every task's row was built from, kept for all tasks in one place.

use crate::memory::{PagedMemory, ReadMemory, Seen, Span};

/// The words behind one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Guard {
    start: u32,
    len: u32,
    folded: u64,
    /// The parts of pages that the words lie in.
    parts: (u32, u32),
    /// When the words were last compared; all changes later than this are noted for the parts.
    seen: Seen,
}

/// The words behind all rows.
#[derive(Debug, Default)]
pub(super) struct Guards {
    spans: Vec<Span>,
    parts: Vec<u32>,
    scratch: Vec<u32>,
    /// Spans that belong to no row any more.
    dead: usize,
}

/// More spans than this behind one row are not kept: it is built anew each time.
const MAX_SPANS: usize = 4096;

impl Guards {
    /// Keeps `spans` and what they fold to in place of `guard`. They were folded at `seen` or later.
    pub(super) fn replace<M: ReadMemory>(
        &mut self,
        memory: &mut PagedMemory<M>,
        guard: &mut Guard,
        spans: &[Span],
        (folded, seen): (u64, Seen),
    ) {
        self.drop(guard);
        let (Ok(start), Ok(len)) = (u32::try_from(self.spans.len()), u32::try_from(spans.len()))
        else {
            return;
        };
        let first = self.parts.len();
        if spans.len() > MAX_SPANS || memory.parts(spans, &mut self.parts).is_err() {
            self.parts.truncate(first);
            return;
        }
        let (Ok(first), Ok(end)) = (u32::try_from(first), u32::try_from(self.parts.len())) else {
            return;
        };
        self.spans.extend_from_slice(spans);
        *guard = Guard { start, len, folded, parts: (first, end), seen };
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

    fn parts(&self, guard: &Guard) -> &[u32] {
        self.parts.get(guard.parts.0 as usize..guard.parts.1 as usize).unwrap_or_default()
    }

    /// Whether they hold what they held, as far as the memory goes now: forgotten words are read.
    pub(super) fn holds<M: ReadMemory>(&self, memory: &mut PagedMemory<M>, guard: &Guard) -> bool {
        guard.len > 0 && memory.fold(self.spans(guard)).is_ok_and(|now| now == guard.folded)
    }

    /// Whether they hold what they held when this pass began: nothing changed where they lie, or at least not they.
    pub(super) fn unchanged<M: ReadMemory>(
        &mut self,
        memory: &mut PagedMemory<M>,
        guard: &mut Guard,
    ) -> bool {
        if guard.len == 0 {
            return false;
        }
        memory.unchanged(self.parts(guard), guard.seen) || self.compare(memory, guard)
    }

    fn compare<M: ReadMemory>(&mut self, memory: &mut PagedMemory<M>, guard: &mut Guard) -> bool {
        let seen = memory.seen();
        if memory.words_unchanged(self.spans(guard), self.parts(guard), guard.seen) {
            guard.seen = seen;
            return true;
        }
        let same = self.holds(memory, guard);
        let mut now = std::mem::take(&mut self.scratch);
        now.clear();
        if same && memory.parts(self.spans(guard), &mut now).is_ok() {
            let parts = self.parts.get_mut(guard.parts.0 as usize..guard.parts.1 as usize);
            // As many as before, since the words are the same; their pages may lie elsewhere.
            if let Some(parts) = parts.filter(|parts| parts.len() == now.len()) {
                parts.copy_from_slice(&now);
                guard.seen = seen;
            }
        }
        self.scratch = now;
        same
    }

    /// Whether most of the memory is dead, so that [`Self::compact`] is worth its time.
    pub(super) const fn is_wasteful(&self) -> bool {
        self.dead > 4096 && self.dead > self.spans.len() / 2
    }

    /// Moves what lives together.
    pub(super) fn compact<'g>(&mut self, living: impl Iterator<Item = &'g mut Guard>) {
        let mut spans = Vec::with_capacity(self.spans.len() - self.dead.min(self.spans.len()));
        let mut parts = Vec::with_capacity(self.parts.len() / 2);
        let number = |of: usize| u32::try_from(of).unwrap_or(u32::MAX);
        for guard in living {
            let (start, first) = (number(spans.len()), number(parts.len()));
            spans.extend_from_slice(self.spans(guard));
            parts.extend_from_slice(self.parts(guard));
            guard.start = start;
            guard.parts = (first, number(parts.len()));
        }
        self.spans = spans;
        self.parts = parts;
        self.dead = 0;
    }
}
