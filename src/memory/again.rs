//! Pages read a second time, to prove that what was read first was there at one instant.

use super::paged::{PAGE, PAGE_BYTES, push_runs};
use super::span::{Span, mix};
use super::{Batch, MemoryError, ReadMemory, RemoteAddr};

/// The pages of some spans.
#[derive(Debug, Default)]
pub(super) struct Again {
    /// Pages, sorted.
    wanted: Vec<u64>,
    pages: Batch,
}

impl Again {
    pub(super) fn fetch(
        &mut self,
        source: &impl ReadMemory,
        spans: &[Span],
    ) -> Result<(), MemoryError> {
        self.wanted.clear();
        for span in spans {
            let first = span.start().get() / PAGE;
            let last = span.last().get() / PAGE;
            for page in first..=last {
                if self.wanted.last() != Some(&page) {
                    self.wanted.push(page);
                }
            }
        }
        self.wanted.sort_unstable();
        self.wanted.dedup();
        self.pages.clear();
        push_runs(&mut self.pages, self.wanted.iter().copied());
        source.read_batch(&mut self.pages)
    }

    pub(super) fn fold(&self, spans: &[Span]) -> Option<u64> {
        let mut folded = 0;
        for &span in spans {
            let (addr, mask) = span.parts();
            if let Some(bytes) = self.bytes(addr, Span::BYTES) {
                folded = span.fold(folded, bytes);
                continue;
            }
            for index in (0..16).filter(|index| mask & (1 << index) != 0) {
                let word = self.bytes(addr.offset(8 * index), 8)?;
                folded = mix(folded, u64::from_le_bytes(word.try_into().ok()?));
            }
        }
        Some(folded)
    }

    /// Bytes within one fetched range.
    fn bytes(&self, addr: RemoteAddr, len: usize) -> Option<&[u8]> {
        let ranges = &self.pages.ranges;
        let range =
            ranges.get(ranges.partition_point(|range| range.addr <= addr).checked_sub(1)?)?;
        let offset = usize::try_from(addr.offset_from(range.addr)?).ok()?;
        if !range.filled || offset + len > range.len {
            return None;
        }
        self.pages.bytes.get(range.start + offset..range.start + offset + len)
    }
}

const _: () = assert!(PAGE_BYTES as u64 == PAGE, "one number in two types");
