//! Random access to another process through copied pages.
//!
//! A census touches many small objects that lie close together in the interpreter's arenas. One
//! scattered range costs the kernel about as much as copying 2–4 KiB, so whole pages are copied:
//! on a miss a block of neighbouring pages, and at the start of the next pass all pages that were
//! needed lately. These are compared with what is kept while they are in the cache, so that whoever
//! was built from parts that did not change is known to hold without being looked at.

use rustc_hash::FxHashMap;

use super::again::Again;
use super::store::Store;
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
/// Pages that are read again in one call: they are compared while they are in the cache.
const TOGETHER: usize = 64;
/// No pass holds more pages than this (1 GiB); reads beyond it fail.
const MAX_PAGES: usize = 1 << 18;
/// After so many passes, or this much more memory, pages have to show that somebody needs them.
const REVIEW_AFTER: u32 = 256;
const REVIEW_GROWTH: (usize, usize) = (5, 4);

/// Pages of another process, copied on demand and kept from pass to pass.
#[derive(Debug)]
pub struct PagedMemory<M> {
    pub(super) source: M,
    /// Page number → slot.
    slots: FxHashMap<u64, u32>,
    near: Vec<(u64, u32)>,
    /// The number of the pass, shifted above the page bits; never 0.
    pass: u64,
    pub(super) store: Store,
    /// The pages kept and their slots, in the order of pages.
    order: Vec<(u64, u32)>,
    /// What is just being read.
    fresh: Batch,
    pub(super) again: Again,
    scratch: Vec<u8>,
    misses: u32,
    /// Pages copied in this pass.
    copied: usize,
    /// Passes since the last review, and the pages kept then.
    review: (u32, usize),
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
            store: Store::new(),
            order: Vec::new(),
            fresh: Batch::new(),
            again: Again::default(),
            scratch: Vec::new(),
            misses: 0,
            copied: 0,
            review: (0, 0),
        }
    }

    /// The process behind the pages.
    pub fn source(&self) -> &M {
        &self.source
    }

    /// Bytes copied in this pass so far.
    #[must_use]
    pub fn pass_bytes(&self) -> usize {
        self.copied * PAGE_BYTES
    }

    /// Begins a new look at the target: forgets all pages.
    pub fn begin(&mut self) {
        self.slots.clear();
        self.store.clear();
        self.next_pass();
    }

    fn next_pass(&mut self) {
        self.pass = self.pass.wrapping_add(1 << PAGE_BITS);
        if self.pass == 0 {
            self.near.fill((0, 0));
            self.pass = 1 << PAGE_BITS;
        }
        if !self.store.tick() {
            self.slots.clear();
            self.store = Store::new();
        }
        self.misses = 0;
        self.copied = 0;
    }

    /// Begins a new look at the target and fetches anew the pages that were needed lately.
    ///
    /// # Errors
    /// When nothing can be read any more.
    pub fn begin_like_last(&mut self) -> Result<(), MemoryError> {
        let unneeded: Vec<(u64, u32)> = self.store.untouched().collect();
        for (page, slot) in unneeded {
            self.drop_page(page, slot);
        }
        if self.review.0 == 0 {
            // What nobody needed has just gone. A pass may need more than the others for once.
            self.review.1 = self.store.len();
        }
        self.next_pass();
        self.order.clear();
        self.order.extend(self.store.pages());
        self.order.sort_unstable();
        let order = std::mem::take(&mut self.order);
        let result = order.chunks(TOGETHER).try_for_each(|chunk| self.refresh(chunk));
        self.order = order;
        self.review.0 += 1;
        let (most, of) = REVIEW_GROWTH;
        if self.review.0 > REVIEW_AFTER || self.store.len() * of > self.review.1 * most + TOGETHER {
            self.review = (0, self.store.len());
            self.store.doubt();
        }
        result
    }

    /// Reads these pages again, in one call.
    fn refresh(&mut self, pages: &[(u64, u32)]) -> Result<(), MemoryError> {
        let mut fresh = std::mem::take(&mut self.fresh);
        fresh.clear();
        push_runs(&mut fresh, pages.iter().map(|&(page, _)| page));
        let result = self.source.read_batch(&mut fresh);
        self.copied += pages.len();
        let mut rest = pages;
        for range in &fresh.ranges {
            let (these, others) = rest.split_at(rest.len().min(range.len / PAGE_BYTES));
            rest = others;
            let bytes = fresh.bytes.get(range.start..range.start + range.len);
            let bytes = bytes.filter(|_| range.filled).unwrap_or_default();
            let mut bytes = bytes.chunks_exact(PAGE_BYTES);
            for &(page, slot) in these {
                match bytes.next() {
                    Some(bytes) => self.store.update(slot, bytes),
                    None => self.drop_page(page, slot),
                }
            }
        }
        self.fresh = fresh;
        result
    }

    fn drop_page(&mut self, page: u64, slot: u32) {
        self.slots.remove(&page);
        self.store.remove(slot);
        if let Some(near) = self.near.get_mut(near_index(page)) {
            *near = (0, 0);
        }
    }

    /// Makes the next access to these bytes fetch them anew.
    pub fn forget(&mut self, addr: RemoteAddr, len: usize) {
        let last = addr.offset(len.saturating_sub(1) as u64).get() / PAGE;
        for page in addr.get() / PAGE..=last {
            if let Some(&slot) = self.slots.get(&page) {
                self.store.set_stale(slot);
            }
            if let Some(near) = self.near.get_mut(near_index(page)) {
                *near = (0, 0);
            }
        }
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

    /// The run of pages around `page` that are not kept, within the block of `block`
    /// pages that it is in. What is there is not fetched twice: beside one page that was forgotten
    /// that would be all the others.
    fn unknown_around(&self, page: u64, block: u64) -> (u64, u64) {
        let unknown = |page: &u64| !self.slots.contains_key(page);
        let start = page - page % block;
        let before = (start..page).rev().take_while(unknown).count() as u64;
        let after = (page + 1..start + block).take_while(unknown).count() as u64;
        (page - before, before + 1 + after)
    }

    /// Fetches pages that are not kept yet.
    fn fetch_block(&mut self, first: u64, count: u64) -> Result<(), MemoryError> {
        let addr = RemoteAddr::new(first * PAGE);
        let pages = usize::try_from(count).unwrap_or(0);
        let len = pages * PAGE_BYTES;
        if self.store.len() + pages > MAX_PAGES {
            return Err(MemoryError::Unreadable { addr, len });
        }
        self.store.tick();
        self.copied += pages;
        let mut fresh = std::mem::take(&mut self.scratch);
        if fresh.len() < len {
            fresh.resize(len, 0);
        }
        let into = fresh.get_mut(..len).unwrap_or_default();
        let result = self.source.read_into(addr, into);
        if result.is_ok() {
            for (page, bytes) in (first..).zip(into.chunks_exact(PAGE_BYTES)) {
                let Some(slot) = self.store.add(page) else { break };
                if let Some(kept) = self.store.page_mut(slot) {
                    kept.copy_from_slice(bytes);
                }
                self.slots.insert(page, slot);
            }
        }
        self.scratch = fresh;
        result
    }

    /// Fetches a page anew that is kept.
    fn fetch_again(&mut self, page: u64, slot: u32) -> Result<(), MemoryError> {
        self.misses = self.misses.saturating_add(1);
        self.copied += 1;
        self.store.tick();
        let mut bytes = [0; PAGE_BYTES];
        let result = self.source.read_into(RemoteAddr::new(page * PAGE), &mut bytes);
        match result {
            Ok(()) => self.store.update(slot, &bytes),
            Err(_) => self.drop_page(page, slot),
        }
        result
    }

    /// The slot of a page, fetched if need be.
    #[inline]
    pub(super) fn slot(&mut self, page: u64) -> Result<u32, MemoryError> {
        match self.near.get(near_index(page)) {
            Some(&(near, slot)) if near == page | self.pass => Ok(slot),
            _ => self.far_slot(page),
        }
    }

    /// The slot of a page that is not at hand; from then on it is, and counts as used.
    fn far_slot(&mut self, page: u64) -> Result<u32, MemoryError> {
        let slot = match self.slots.get(&page) {
            Some(&slot) => {
                if self.store.is_stale(slot) {
                    self.fetch_again(page, slot)?;
                }
                slot
            }
            None => self.miss(page)?,
        };
        if let Some(near) = self.near.get_mut(near_index(page)) {
            *near = (page | self.pass, slot);
        }
        self.store.touch(slot);
        Ok(slot)
    }

    /// `len` bytes at `within` in the page at `slot`.
    #[inline]
    pub(super) fn at(&self, slot: u32, within: usize, len: usize) -> Option<&[u8]> {
        self.store.get(slot, within, len)
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
pub(super) fn push_runs(batch: &mut Batch, pages: impl IntoIterator<Item = u64>) {
    let mut run: Option<(u64, usize)> = None;
    let mut end = |run: Option<(u64, usize)>| {
        if let Some((first, count)) = run {
            batch.push(RemoteAddr::new(first * PAGE), count * PAGE_BYTES);
        }
    };
    for page in pages {
        run = match run {
            Some((first, count)) if first + count as u64 == page => Some((first, count + 1)),
            before => {
                end(before);
                Some((page, 1))
            }
        };
    }
    end(run);
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
