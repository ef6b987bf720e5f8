//! Pages fetched a block at a time, in segments that never move.

use super::live::prefer_huge_pages;
use super::paged::PAGE_BYTES;

/// Pages per segment (16 MiB: mostly whole huge pages).
const SEGMENT: usize = 4096;
/// Segments that are kept from one pass to the next.
const KEPT: usize = 2;

/// Growing storage for pages.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    segments: Vec<Vec<u8>>,
    /// Pages given out, gaps at the ends of segments included.
    used: usize,
}

impl Blocks {
    /// Forgets all pages; gives most of the memory back.
    pub(super) fn clear(&mut self) {
        self.segments.truncate(KEPT);
        self.used = 0;
    }

    /// Room for `count` pages side by side: the number of the first, and their bytes. `None` if
    /// that is more than a segment.
    pub(super) fn place(&mut self, count: usize) -> Option<(usize, &mut [u8])> {
        let mut first = self.used;
        if first % SEGMENT + count > SEGMENT {
            first = first.next_multiple_of(SEGMENT);
        }
        while self.segments.len() <= first / SEGMENT {
            let mut segment = vec![0; SEGMENT * PAGE_BYTES];
            if self.segments.len() >= KEPT {
                prefer_huge_pages(&mut segment);
            }
            self.segments.push(segment);
        }
        let start = first % SEGMENT * PAGE_BYTES;
        let segment = self.segments.get_mut(first / SEGMENT)?;
        let bytes = segment.get_mut(start..start + count * PAGE_BYTES)?;
        self.used = first + count;
        Some((first, bytes))
    }

    /// Gives back the `count` pages placed last.
    pub(super) const fn give_back(&mut self, count: usize) {
        self.used = self.used.saturating_sub(count);
    }

    /// Pages in use.
    pub(super) const fn len(&self) -> usize {
        self.used
    }

    /// `len` bytes at `within` in page `number`.
    pub(super) fn get(&self, number: usize, within: usize, len: usize) -> Option<&[u8]> {
        let start = number % SEGMENT * PAGE_BYTES + within;
        self.segments.get(number / SEGMENT)?.get(start..start + len)
    }
}
