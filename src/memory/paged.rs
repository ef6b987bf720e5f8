//! Random access to another process through copied pages.
//!
//! A census touches many small objects that lie close together in the interpreter's arenas. One
//! scattered range costs the kernel about as much as copying 2–4 KiB, so whole pages are copied:
//! on a miss a block of neighbouring pages, and at the start of the next pass all pages that the
//! last pass used, coalesced, in a few calls.

use rustc_hash::FxHashMap;

use super::again::Again;
use super::blocks::Blocks;
use super::span::{Span, mix};
use super::{Batch, MemoryError, ReadMemory, RemoteAddr};

/// Random access to the bytes of another process, as object readers use it.
pub trait Memory {
    /// `len` bytes at `addr`, valid until the next call.
    ///
    /// # Errors
    /// When not all of them can be read.
    fn bytes(&mut self, addr: RemoteAddr, len: usize) -> Result<&[u8], MemoryError>;

    /// A 64-bit little-endian word.
    ///
    /// # Errors
    /// When it cannot be read.
    fn u64(&mut self, addr: RemoteAddr) -> Result<u64, MemoryError> {
        self.array(addr).map(u64::from_le_bytes)
    }

    /// A 32-bit little-endian word.
    ///
    /// # Errors
    /// When it cannot be read.
    fn u32(&mut self, addr: RemoteAddr) -> Result<u32, MemoryError> {
        self.array(addr).map(u32::from_le_bytes)
    }

    /// A byte.
    ///
    /// # Errors
    /// When it cannot be read.
    fn u8(&mut self, addr: RemoteAddr) -> Result<u8, MemoryError> {
        self.array(addr).map(u8::from_le_bytes)
    }

    /// A pointer as it stands there; it may be null.
    ///
    /// # Errors
    /// When it cannot be read.
    fn pointer(&mut self, addr: RemoteAddr) -> Result<RemoteAddr, MemoryError> {
        self.u64(addr).map(RemoteAddr::new)
    }

    /// `N` bytes.
    ///
    /// # Errors
    /// When they cannot be read.
    fn array<const N: usize>(&mut self, addr: RemoteAddr) -> Result<[u8; N], MemoryError> {
        let bytes = self.bytes(addr, N)?;
        bytes.try_into().map_err(|_wrong_length| MemoryError::Unreadable { addr, len: N })
    }
}

pub(super) const PAGE: u64 = 4096;
pub(super) const PAGE_BYTES: usize = 4096;
/// Entries of the direct-mapped look-aside in front of the page table.
const NEAR: usize = 1 << 16;
/// Page numbers have at most this many bits; the pass is kept above them, so that a new pass
/// invalidates all entries without touching them.
const PAGE_BITS: u32 = 52;
/// Pages fetched at once on a miss: few at first, more once a pass has missed often, since then it
/// walks much memory for the first time.
const READ_AHEAD: [(u32, u64); 4] = [(16, 1), (64, 4), (256, 16), (u32::MAX, 64)];
/// No pass holds more pages than this (1 GiB); reads beyond it fail.
const MAX_PAGES: usize = 1 << 18;
/// Positions from here on are in the blocks.
const BLOCKS: usize = 1 << 30;

/// Pages of another process, copied on demand and remembered for one pass.
#[derive(Debug)]
pub struct PagedMemory<M> {
    source: M,
    /// Page number → position in `pages`, in pages; from [`BLOCKS`] on in `blocks`.
    slots: FxHashMap<u64, u32>,
    near: Vec<(u64, u32)>,
    /// The number of the pass, shifted above the page bits; never 0.
    pass: u64,
    /// What the pass began with.
    pages: Batch,
    /// What was missing then.
    blocks: Blocks,
    /// By position in `pages` and in `blocks`.
    touched: [Vec<bool>; 2],
    wanted: Vec<u64>,
    again: Again,
    scratch: Vec<u8>,
    misses: u32,
}

impl<M: ReadMemory> PagedMemory<M> {
    /// Access to `source`; nothing is read yet.
    #[must_use]
    pub fn new(source: M) -> Self {
        Self {
            source,
            slots: FxHashMap::default(),
            near: vec![(0, 0); NEAR],
            pass: 1 << PAGE_BITS,
            pages: Batch::new(),
            blocks: Blocks::default(),
            touched: [Vec::new(), Vec::new()],
            wanted: Vec::new(),
            again: Again::default(),
            scratch: Vec::new(),
            misses: 0,
        }
    }

    /// The process behind the pages.
    pub fn source(&self) -> &M {
        &self.source
    }

    /// Bytes copied in this pass so far.
    #[must_use]
    pub fn pass_bytes(&self) -> usize {
        self.pages.used + self.blocks.len() * PAGE_BYTES
    }

    /// Begins a new look at the target: forgets all pages.
    pub fn begin(&mut self) {
        self.slots.clear();
        self.pass = self.pass.wrapping_add(1 << PAGE_BITS);
        if self.pass == 0 {
            self.near.fill((0, 0));
            self.pass = 1 << PAGE_BITS;
        }
        self.pages.clear();
        self.blocks.clear();
        self.touched.iter_mut().for_each(Vec::clear);
        self.misses = 0;
    }

    /// Begins a new look at the target and fetches the pages that the last one used.
    ///
    /// # Errors
    /// When nothing can be read any more.
    pub fn begin_like_last(&mut self) -> Result<(), MemoryError> {
        let mut wanted = std::mem::take(&mut self.wanted);
        wanted.clear();
        wanted.extend(
            self.slots
                .iter()
                .filter(|&(_, &slot)| {
                    let [pages, blocks] = &self.touched;
                    let slot = slot as usize;
                    match slot.checked_sub(BLOCKS) {
                        Some(number) => blocks.get(number) == Some(&true),
                        None => pages.get(slot) == Some(&true),
                    }
                })
                .map(|(&page, _)| page),
        );
        wanted.sort_unstable();
        self.begin();
        let result = self.fetch(&wanted);
        self.wanted = wanted;
        result
    }

    /// Makes the next access to these bytes fetch them anew.
    pub fn forget(&mut self, addr: RemoteAddr, len: usize) {
        let last = addr.offset(len.saturating_sub(1) as u64).get() / PAGE;
        for page in addr.get() / PAGE..=last {
            self.slots.remove(&page);
            if let Some(near) = self.near.get_mut(near_index(page)) {
                *near = (0, 0);
            }
        }
    }

    fn fetch(&mut self, wanted: &[u64]) -> Result<(), MemoryError> {
        push_runs(&mut self.pages, wanted);
        self.source.read_batch(&mut self.pages)?;
        let [touched, _] = &mut self.touched;
        touched.resize(self.pages.used / PAGE_BYTES, false);
        for range in &self.pages.ranges {
            if !range.filled {
                continue;
            }
            let first = range.addr.get() / PAGE;
            let slot = range.start / PAGE_BYTES;
            for i in 0..range.len / PAGE_BYTES {
                if let Ok(slot) = u32::try_from(slot + i) {
                    self.slots.insert(first + i as u64, slot);
                }
            }
        }
        Ok(())
    }

    fn miss(&mut self, page: u64) -> Result<u32, MemoryError> {
        self.misses = self.misses.saturating_add(1);
        let ahead = READ_AHEAD
            .iter()
            .find(|&&(until, _)| self.misses <= until)
            .map_or(1, |&(_, pages)| pages);
        let (first, count) = self.unknown_around(page, ahead);
        match self.fetch_block(first, count) {
            Ok(()) => {}
            Err(MemoryError::Unreadable { .. }) if count > 1 => self.fetch_block(page, 1)?,
            Err(error) => return Err(error),
        }
        let addr = RemoteAddr::new(page * PAGE);
        self.slots.get(&page).copied().ok_or(MemoryError::Unreadable { addr, len: PAGE_BYTES })
    }

    /// The run of pages around `page` that this pass does not hold, within the block of `block`
    /// pages that it is in. What is there is not fetched twice: beside one page that was forgotten
    /// that would be all the others.
    fn unknown_around(&self, page: u64, block: u64) -> (u64, u64) {
        let unknown = |page: &u64| !self.slots.contains_key(page);
        let start = page - page % block;
        let before = (start..page).rev().take_while(unknown).count() as u64;
        let after = (page + 1..start + block).take_while(unknown).count() as u64;
        (page - before, before + 1 + after)
    }

    fn fetch_block(&mut self, first: u64, count: u64) -> Result<(), MemoryError> {
        let addr = RemoteAddr::new(first * PAGE);
        let len = usize::try_from(count).unwrap_or(0) * PAGE_BYTES;
        let unreadable = MemoryError::Unreadable { addr, len };
        if self.pass_bytes() + len > MAX_PAGES * PAGE_BYTES {
            return Err(unreadable);
        }
        let (start, into) = self.blocks.place(len / PAGE_BYTES).ok_or(unreadable)?;
        if let Err(error) = self.source.read_into(addr, into) {
            self.blocks.give_back(len / PAGE_BYTES);
            return Err(error);
        }
        let [_, touched] = &mut self.touched;
        touched.resize(self.blocks.len(), false);
        for i in 0..count {
            let slot = BLOCKS + start + usize::try_from(i).unwrap_or(0);
            // A page of this pass stays as it was first seen: neighbours read later must not
            // replace it under an object that was half read.
            if let Ok(slot) = u32::try_from(slot) {
                self.slots.entry(first + i).or_insert(slot);
            }
        }
        Ok(())
    }

    /// The slot of a page, fetched if need be.
    #[inline]
    fn slot(&mut self, page: u64) -> Result<usize, MemoryError> {
        match self.near.get(near_index(page)) {
            Some(&(near, slot)) if near == page | self.pass => Ok(slot as usize),
            _ => self.far_slot(page),
        }
    }

    /// The slot of a page that is not at hand; from then on it is, and counts as used.
    fn far_slot(&mut self, page: u64) -> Result<usize, MemoryError> {
        let slot = match self.slots.get(&page) {
            Some(&slot) => slot,
            None => self.miss(page)?,
        };
        if let Some(near) = self.near.get_mut(near_index(page)) {
            *near = (page | self.pass, slot);
        }
        let slot = slot as usize;
        let [pages, blocks] = &mut self.touched;
        let touched = match slot.checked_sub(BLOCKS) {
            Some(number) => blocks.get_mut(number),
            None => pages.get_mut(slot),
        };
        if let Some(touched) = touched {
            *touched = true;
        }
        Ok(slot)
    }

    /// `len` bytes at `within` in the page at `slot`.
    #[inline]
    fn at(&self, slot: usize, within: usize, len: usize) -> Option<&[u8]> {
        match slot.checked_sub(BLOCKS) {
            Some(number) => self.blocks.get(number, within, len),
            None => {
                let from = slot * PAGE_BYTES + within;
                self.pages.bytes.get(from..from + len)
            }
        }
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

    fn crossing(&mut self, addr: RemoteAddr, len: usize) -> Result<&[u8], MemoryError> {
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.clear();
        let mut at = addr.get();
        let end = addr.offset(len as u64).get();
        while at < end {
            let slot = self.slot(at / PAGE)?;
            let within = usize::try_from(at % PAGE).unwrap_or(0);
            let take = (PAGE_BYTES - within).min(usize::try_from(end - at).unwrap_or(0));
            scratch.extend_from_slice(self.at(slot, within, take).unwrap_or_default());
            at += take as u64;
        }
        self.scratch = scratch;
        self.scratch.get(..len).ok_or(MemoryError::Unreadable { addr, len })
    }
}

impl<M: ReadMemory> Memory for PagedMemory<M> {
    #[inline]
    fn bytes(&mut self, addr: RemoteAddr, len: usize) -> Result<&[u8], MemoryError> {
        if addr.get() < PAGE || len > MAX_OBJECT {
            return Err(MemoryError::Unreadable { addr, len });
        }
        let within = usize::try_from(addr.get() % PAGE).unwrap_or(0);
        if within + len > PAGE_BYTES {
            return self.crossing(addr, len);
        }
        let slot = self.slot(addr.get() / PAGE)?;
        self.at(slot, within, len).ok_or(MemoryError::Unreadable { addr, len })
    }
}

/// Adds the pages to a batch, neighbours in one range. Gaps are left out even where copying them
/// would cost no more than skipping: an unmapped page in between would take the range with it.
pub(super) fn push_runs(batch: &mut Batch, pages: &[u64]) {
    if batch.is_empty() {
        batch.reserve(pages.len() * PAGE_BYTES);
    }
    let mut rest = pages;
    while let Some(&first) = rest.first() {
        let run =
            rest.windows(2).take_while(|pair| pair[1] - pair[0] == 1).count().saturating_add(1);
        let last = rest.get(run - 1).copied().unwrap_or(first);
        let count = (last - first + 1).min(MAX_PAGES as u64);
        let len = usize::try_from(count).unwrap_or(0) * PAGE_BYTES;
        batch.push(RemoteAddr::new(first * PAGE), len);
        rest = rest.get(run..).unwrap_or_default();
    }
}

/// Nothing that is read at once is larger than this.
const MAX_OBJECT: usize = 1 << 26;

#[expect(clippy::cast_possible_truncation, reason = "the low bits are what is wanted")]
const fn near_index(page: u64) -> usize {
    page as usize % NEAR
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::ImageMemory;

    fn image() -> ImageMemory {
        let mut image = ImageMemory::new();
        image.insert(RemoteAddr::new(0x10000), (0..8192_u32).map(|i| (i % 251) as u8).collect());
        image
    }

    #[test]
    fn values_across_a_page_boundary_are_whole() {
        let mut memory = PagedMemory::new(image());
        let word = memory.u64(RemoteAddr::new(0x10ffc)).unwrap();
        let expected: Vec<u8> = (4092..4100_u32).map(|i| (i % 251) as u8).collect();
        assert_eq!(word.to_le_bytes().to_vec(), expected);
    }

    #[test]
    fn the_end_of_a_mapping_is_an_error_and_not_zeros() {
        let mut memory = PagedMemory::new(image());
        let end = RemoteAddr::new(0x11ffc);
        assert_eq!(
            memory.u64(end),
            Err(MemoryError::Unreadable { addr: RemoteAddr::new(0x12000), len: PAGE_BYTES })
        );
        assert!(memory.u32(end).is_ok());
    }

    #[test]
    fn a_second_pass_fetches_what_the_first_used() {
        let mut memory = PagedMemory::new(image());
        memory.u64(RemoteAddr::new(0x10000)).unwrap();
        memory.begin_like_last().unwrap();
        assert_eq!(memory.pass_bytes(), PAGE_BYTES);
        assert_eq!(memory.misses, 0);
        memory.u64(RemoteAddr::new(0x10008)).unwrap();
        assert_eq!(memory.misses, 0);
        memory.forget(RemoteAddr::new(0x10008), 8);
        memory.u64(RemoteAddr::new(0x10008)).unwrap();
        assert_eq!(memory.misses, 1);
    }

    #[test]
    fn beside_a_page_that_was_forgotten_none_is_fetched_again() {
        let pages = 256;
        let mut image = ImageMemory::new();
        image.insert(RemoteAddr::new(0x100000), vec![7; pages * PAGE_BYTES]);
        let mut memory = PagedMemory::new(image);
        let page = |number: usize| RemoteAddr::new(0x100000 + number as u64 * PAGE);
        for number in 0..pages {
            memory.u64(page(number)).unwrap();
        }
        assert_eq!(memory.pass_bytes(), pages * PAGE_BYTES);
        for number in 100..110 {
            memory.forget(page(number), 8);
            memory.u64(page(number)).unwrap();
        }
        assert_eq!(memory.pass_bytes(), (pages + 10) * PAGE_BYTES);
    }
}
