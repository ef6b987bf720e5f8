//! Whether words of another process are what they were.

use super::paged::{Memory as _, PAGE, PAGE_BYTES, PagedMemory};
use super::span::{Span, mix};
use super::store::{PART, PARTS, Seen};
use super::{MemoryError, ReadMemory};

impl<M: ReadMemory> PagedMemory<M> {
    /// The time, as far as this memory knows it: what changes from now on is later.
    #[must_use]
    pub const fn seen(&self) -> Seen {
        self.store.seen()
    }

    /// The parts of pages that these words lie in, for [`Self::unchanged`]; how many they are depends on
    /// the spans alone.
    ///
    /// # Errors
    /// When one of them cannot be read.
    pub fn parts(&mut self, spans: &[Span], parts: &mut Vec<u32>) -> Result<(), MemoryError> {
        let mut last = None;
        for span in spans {
            let first = span.start().get() / PART as u64;
            for part in first..=span.last().get() / PART as u64 {
                if last == Some(part) {
                    continue;
                }
                last = Some(part);
                let slot = self.slot(part / PARTS as u64)?;
                let within = u32::try_from(part % PARTS as u64).unwrap_or(0);
                parts.push(slot * PARTS as u32 + within);
            }
        }
        Ok(())
    }

    /// Whether all bytes in these parts are what they were when somebody last saw them, at `since`.
    #[must_use]
    #[inline]
    pub fn unchanged(&self, parts: &[u32], since: Seen) -> bool {
        self.store.unchanged(parts, since)
    }

    /// A number that differs whenever one word of `spans` differs, and practically always when
    /// several do.
    ///
    /// # Errors
    /// When one of them cannot be read.
    pub fn fold(&mut self, spans: &[Span]) -> Result<u64, MemoryError> {
        self.fold_onto(0, spans)
    }

    /// Goes on where [`Self::fold`] gave `folded`.
    ///
    /// # Errors
    /// When one of the words cannot be read.
    pub fn fold_onto(&mut self, mut folded: u64, spans: &[Span]) -> Result<u64, MemoryError> {
        for &span in spans {
            let (addr, mask) = span.parts();
            if addr.get() < PAGE {
                return Err(MemoryError::Unreadable { addr, len: 8 });
            }
            let within = usize::try_from(addr.get() % PAGE).unwrap_or(0);
            if within + Span::BYTES <= PAGE_BYTES {
                let slot = self.slot(addr.get() / PAGE)?;
                let bytes = self.at(slot, within, Span::BYTES);
                let bytes = bytes.ok_or(MemoryError::Unreadable { addr, len: Span::BYTES })?;
                folded = span.fold(folded, bytes);
            } else {
                for index in (0..16).filter(|index| mask & (1 << index) != 0) {
                    folded = mix(folded, self.u64(addr.offset(8 * index))?);
                }
            }
        }
        Ok(folded)
    }

    /// Fetches the pages of `spans` a second time, beside what this pass holds. What folds to the
    /// same number in both was there, unchanged, at one instant in between.
    ///
    /// # Errors
    /// When nothing can be read any more.
    pub fn read_again(&mut self, spans: &[Span]) -> Result<(), MemoryError> {
        self.again.fetch(&self.source, spans)
    }

    /// As [`Self::fold`], of what [`Self::read_again`] fetched; `None` if not all is there.
    #[must_use]
    pub fn fold_again(&self, spans: &[Span]) -> Option<u64> {
        self.again.fold(spans)
    }
}
