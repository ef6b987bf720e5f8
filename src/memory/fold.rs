//! Whether words of another process are what they were.

use super::paged::{Memory as _, PAGE, PAGE_BYTES, PagedMemory};
use super::span::{Span, mix};
use super::store::{PART, PARTS, Seen, number};
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
        for &span in spans {
            for (part, _) in parts_of(span) {
                if last != Some(part) {
                    last = Some(part);
                    let slot = self.slot(part / PARTS as u64)?;
                    parts.push(number(slot, part % PARTS as u64));
                }
            }
        }
        Ok(())
    }

    /// Whether the words are what they were at `since`, as far as that is known without reading them.
    /// `parts` are theirs, from [`Self::parts`].
    #[must_use]
    pub fn words_unchanged(&self, spans: &[Span], parts: &[u32], since: Seen) -> bool {
        let mut last = None;
        let mut parts = parts.iter();
        let mut at = None;
        for &span in spans {
            for (part, words) in parts_of(span) {
                if last != Some(part) {
                    last = Some(part);
                    at = parts.next();
                }
                if at.is_none_or(|&at| self.store.may_have_changed(at, words, since)) {
                    return false;
                }
            }
        }
        true
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

/// The parts that a span has words in, counted from address 0, and a bit for each of these words.
fn parts_of(span: Span) -> impl Iterator<Item = (u64, u32)> {
    let (start, mask) = span.parts();
    let first = start.get() / PART as u64;
    let shifted = mask << (start.get() % PART as u64 / 8);
    let half = |part: u64, words: u64| Some((part, u32::try_from(words).ok()?));
    let halves = [half(first, shifted & 0xffff_ffff), half(first + 1, shifted >> 32)];
    halves.into_iter().flatten().filter(|&(_, words)| words != 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::{ImageMemory, RemoteAddr};

    #[test]
    fn a_span_across_two_parts_has_words_in_both() {
        let mut span = Span::new(RemoteAddr::new(0x10f8));
        assert!(span.add(RemoteAddr::new(0x1108)));
        let found: Vec<_> = parts_of(span).collect();
        assert_eq!(found, [(0x10, 1 << 31), (0x11, 2)]);
    }

    #[test]
    fn words_beside_those_that_changed_are_known_to_be_the_same() {
        let mut image = ImageMemory::new();
        image.insert(RemoteAddr::new(0x10000), vec![1; 2 * PAGE_BYTES]);
        let mut memory = PagedMemory::new(image);
        let words = |addr| [Span::new(RemoteAddr::new(addr))];
        let mut parts = Vec::new();
        memory.parts(&words(0x10ff8), &mut parts).unwrap();
        let seen = memory.seen();
        assert!(memory.unchanged(&parts, seen));
        let mut changed = vec![1; 2 * PAGE_BYTES];
        changed[0xff0] = 2;
        memory.source.insert(RemoteAddr::new(0x10000), changed);
        memory.begin_like_last().unwrap();
        assert!(memory.words_unchanged(&words(0x10ff8), &parts, seen));
        assert!(!memory.unchanged(&parts, seen));
        assert!(!memory.words_unchanged(&words(0x10ff0), &parts, seen));
    }
}
