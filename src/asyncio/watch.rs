//! The words that a task's row was built from.
//!
//! As long as none of them changed, neither has the row, and the next census only compares.

use crate::memory::{Memory, MemoryError, RemoteAddr, Span};

/// Memory that notes every word read through it. Texts and other bulk bytes, which never change
/// under their address, are not noted.
pub(super) struct Watch<'a, M> {
    memory: &'a mut M,
    spans: &'a mut Vec<Span>,
}

/// Spans that a new word is tried with, so that an object's fields share one.
const RECENT: usize = 4;

/// What was noted at some point; see [`Watch::mark`].
pub(super) struct Mark {
    len: usize,
    /// The spans that later words may have been added to, newest first.
    recent: [Option<Span>; RECENT],
}

impl<'a, M: Memory> Watch<'a, M> {
    /// Notes words in `spans`, after what is there.
    pub(super) const fn new(memory: &'a mut M, spans: &'a mut Vec<Span>) -> Self {
        Self { memory, spans }
    }

    /// The memory itself, for what need not be noted.
    pub(super) const fn raw(&mut self) -> &mut M {
        self.memory
    }

    /// What is noted so far, for [`Self::back_to`].
    pub(super) fn mark(&self) -> Mark {
        let len = self.spans.len();
        let mut recent = [None; RECENT];
        for (slot, &span) in recent.iter_mut().zip(self.spans.iter().rev()) {
            *slot = Some(span);
        }
        Mark { len, recent }
    }

    /// Forgets the words noted since the mark.
    pub(super) fn back_to(&mut self, mark: &Mark) {
        self.spans.truncate(mark.len);
        for (span, &was) in self.spans.iter_mut().rev().zip(&mark.recent) {
            *span = was.unwrap_or(*span);
        }
    }

    fn note(&mut self, addr: RemoteAddr) -> Result<u64, MemoryError> {
        let value = self.memory.u64(addr)?;
        if !self.spans.iter_mut().rev().take(RECENT).any(|span| span.add(addr)) {
            self.spans.push(Span::new(addr));
        }
        Ok(value)
    }

    /// The noted word around `addr`, with the bits before `addr` shifted out.
    fn around(&mut self, addr: RemoteAddr) -> Result<u64, MemoryError> {
        let within = addr.get() % 8;
        Ok(self.note(addr.before(within))? >> (8 * within))
    }
}

impl<M: Memory> Memory for Watch<'_, M> {
    fn bytes(&mut self, addr: RemoteAddr, len: usize) -> Result<&[u8], MemoryError> {
        self.memory.bytes(addr, len)
    }

    fn u64(&mut self, addr: RemoteAddr) -> Result<u64, MemoryError> {
        if addr.get().is_multiple_of(8) { self.note(addr) } else { self.memory.u64(addr) }
    }

    #[expect(clippy::cast_possible_truncation, reason = "the low half is what is wanted")]
    fn u32(&mut self, addr: RemoteAddr) -> Result<u32, MemoryError> {
        if addr.get().is_multiple_of(4) {
            self.around(addr).map(|word| word as u32)
        } else {
            self.memory.u32(addr)
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "the low byte is what is wanted")]
    fn u8(&mut self, addr: RemoteAddr) -> Result<u8, MemoryError> {
        self.around(addr).map(|word| word as u8)
    }
}
