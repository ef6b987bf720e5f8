//! Pages of another process that are kept from one pass to the next, and when which part of them
//! changed.

use std::sync::atomic::{AtomicU32, Ordering};

use super::live::prefer_huge_pages;
use super::paged::PAGE_BYTES;

/// Pages per segment (16 MiB: whole huge pages).
const SEGMENT: usize = 4096;
/// Segments that are kept when everything is forgotten, and not made of huge pages: most programs
/// need no more.
const SMALL: usize = 1;
/// Changes are noted for parts of a page of this size: objects of other tasks lie on the same page.
pub(super) const PART: usize = 256;
/// Parts of a page.
pub(super) const PARTS: usize = PAGE_BYTES / PART;

/// The number of a page's part among the parts of all pages.
pub(super) fn number(slot: u32, part: u64) -> u32 {
    u32::try_from(u64::from(slot) * PARTS as u64 + part).unwrap_or(u32::MAX)
}

/// A time in the life of a store, to tell what was read before from what changed afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Seen {
    /// No two stores have the same; never 0.
    store: u32,
    at: u32,
}

/// What is known about a page.
#[derive(Debug, Clone, Copy)]
struct Kept {
    page: u64,
    /// Whether it holds a page at all.
    live: bool,
    /// Whether anybody looked at it.
    touched: bool,
    /// Whether it has to be read again before it is looked at.
    stale: bool,
}

/// Pages by slot; a slot is a page's for as long as it is kept.
#[derive(Debug)]
pub(super) struct Store {
    segments: Vec<Vec<u8>>,
    kept: Vec<Kept>,
    /// By slot and part: when it was last seen changed.
    changed: Vec<[u32; PARTS]>,
    /// The same for the change before that one.
    before: Vec<[u32; PARTS]>,
    /// By slot and part: which words the last change was of, a bit for each.
    words: Vec<[u32; PARTS]>,
    free: Vec<u32>,
    id: u32,
    now: u32,
    /// What was seen before this counts as changed.
    floor: u32,
}

/// Stores so far.
static STORES: AtomicU32 = AtomicU32::new(1);

impl Store {
    pub(super) fn new() -> Self {
        Self {
            segments: Vec::new(),
            kept: Vec::new(),
            changed: Vec::new(),
            before: Vec::new(),
            words: Vec::new(),
            free: Vec::new(),
            id: STORES.fetch_add(1, Ordering::Relaxed),
            now: 0,
            floor: 0,
        }
    }

    /// Forgets all pages; gives most of the memory back.
    pub(super) fn clear(&mut self) {
        self.segments.truncate(SMALL);
        self.kept.clear();
        self.changed.clear();
        self.before.clear();
        self.words.clear();
        self.free.clear();
    }

    /// What is read from here on is later than all that was seen; false once time is used up.
    pub(super) const fn tick(&mut self) -> bool {
        self.now = self.now.saturating_add(1);
        self.now < u32::MAX
    }

    /// Whoever folds or reads words now has seen them as they were at this time.
    pub(super) const fn seen(&self) -> Seen {
        Seen { store: self.id, at: self.now }
    }

    /// From now on nothing counts as unchanged that was seen before, and no page as touched.
    pub(super) fn doubt(&mut self) {
        self.now = self.now.saturating_add(1);
        self.floor = self.now;
        self.kept.iter_mut().for_each(|kept| kept.touched = false);
    }

    /// Whether none of these parts has changed since then.
    pub(super) fn unchanged(&self, parts: &[u32], since: Seen) -> bool {
        // At the end of time all changes would be equally late.
        since.store == self.id
            && since.at >= self.floor
            && self.now < u32::MAX
            && parts.iter().all(|&part| {
                let part = part as usize;
                let changed = self.changed.get(part / PARTS).and_then(|of| of.get(part % PARTS));
                changed.is_some_and(|&changed| changed <= since.at)
            })
    }

    /// Whether these words of a part, a bit for each, may have changed since then.
    pub(super) fn may_have_changed(&self, part: u32, words: u32, since: Seen) -> bool {
        if since.store != self.id || since.at < self.floor || self.now == u32::MAX {
            return true;
        }
        let (index, part) = (part as usize / PARTS, part as usize % PARTS);
        let of = |all: &[[u32; PARTS]]| all.get(index).and_then(|all| all.get(part)).copied();
        match (of(&self.changed), of(&self.before), of(&self.words)) {
            (Some(changed), ..) if changed <= since.at => false,
            (_, Some(before), Some(last)) if before <= since.at => last & words != 0,
            _ => true,
        }
    }

    /// Pages that are kept.
    pub(super) const fn len(&self) -> usize {
        self.kept.len() - self.free.len()
    }

    /// The pages that are kept and their slots, in the order of slots.
    pub(super) fn pages(&self) -> impl Iterator<Item = (u64, u32)> {
        let live = self.kept.iter().zip(0_u32..).filter(|(kept, _)| kept.live);
        live.map(|(kept, slot)| (kept.page, slot))
    }

    /// A slot for a page, with whatever bytes are in it.
    pub(super) fn add(&mut self, page: u64) -> Option<u32> {
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None => u32::try_from(self.kept.len()).ok()?,
        };
        let index = slot as usize;
        if index == self.kept.len() {
            if self.segments.len() <= index / SEGMENT {
                let mut segment = vec![0; SEGMENT * PAGE_BYTES];
                if self.segments.len() >= SMALL {
                    prefer_huge_pages(&mut segment);
                }
                self.segments.push(segment);
            }
            self.kept.push(Kept { page: 0, live: false, touched: false, stale: false });
            self.changed.push([0; PARTS]);
            self.before.push([0; PARTS]);
            self.words.push([0; PARTS]);
        }
        *self.kept.get_mut(index)? = Kept { page, live: true, touched: false, stale: false };
        *self.changed.get_mut(index)? = [self.now; PARTS];
        *self.before.get_mut(index)? = [self.now; PARTS];
        Some(slot)
    }

    /// Gives a slot back.
    pub(super) fn remove(&mut self, slot: u32) {
        let index = slot as usize;
        let kept = self.kept.get_mut(index).filter(|kept| kept.live);
        if let (Some(kept), Some(changed), Some(before)) =
            (kept, self.changed.get_mut(index), self.before.get_mut(index))
        {
            kept.live = false;
            (*changed, *before) = ([u32::MAX; PARTS], [u32::MAX; PARTS]);
            self.free.push(slot);
        }
    }

    /// The page was read again: notes what changed.
    pub(super) fn update(&mut self, slot: u32, bytes: &[u8]) {
        let now = self.now;
        let index = slot as usize;
        if let Some(kept) = self.kept.get_mut(index) {
            kept.stale = false;
        }
        let (changed, before) = (self.changed.get_mut(index), self.before.get_mut(index));
        let (Some(changed), Some(before), Some(words)) =
            (changed, before, self.words.get_mut(index))
        else {
            return;
        };
        let segment = self.segments.get_mut(index / SEGMENT);
        let Some(segment) = segment else { return };
        let start = index % SEGMENT * PAGE_BYTES;
        let Some(page) = segment.get_mut(start..start + PAGE_BYTES) else { return };
        if page == bytes {
            return;
        }
        let parts = page.chunks_exact_mut(PART).zip(bytes.chunks_exact(PART));
        let noted = changed.iter_mut().zip(before).zip(words);
        for ((old, new), ((changed, before), words)) in parts.zip(noted) {
            if old != new {
                *words = differing(old, new);
                old.copy_from_slice(new);
                *before = std::mem::replace(changed, now);
            }
        }
    }

    /// The bytes of a page, to be written at once after it was added.
    pub(super) fn page_mut(&mut self, slot: u32) -> Option<&mut [u8]> {
        let start = slot as usize % SEGMENT * PAGE_BYTES;
        self.segments.get_mut(slot as usize / SEGMENT)?.get_mut(start..start + PAGE_BYTES)
    }

    /// `len` bytes at `within` in the page at `slot`.
    #[inline]
    pub(super) fn get(&self, slot: u32, within: usize, len: usize) -> Option<&[u8]> {
        let start = slot as usize % SEGMENT * PAGE_BYTES + within;
        self.segments.get(slot as usize / SEGMENT)?.get(start..start + len)
    }

    /// Makes the next look at the page read it again.
    pub(super) fn set_stale(&mut self, slot: u32) {
        if let Some(kept) = self.kept.get_mut(slot as usize) {
            kept.stale = true;
        }
    }

    pub(super) fn is_stale(&self, slot: u32) -> bool {
        self.kept.get(slot as usize).is_some_and(|kept| kept.stale)
    }

    /// Notes that somebody looks at the page.
    pub(super) fn touch(&mut self, slot: u32) {
        if let Some(kept) = self.kept.get_mut(slot as usize) {
            kept.touched = true;
        }
    }

    /// The pages that nobody has looked at, with their slots.
    pub(super) fn untouched(&self) -> impl Iterator<Item = (u64, u32)> {
        let kept = self.kept.iter().zip(0_u32..);
        kept.filter(|(kept, _)| kept.live && !kept.touched).map(|(kept, slot)| (kept.page, slot))
    }
}

/// A bit for each word that differs.
fn differing(one: &[u8], other: &[u8]) -> u32 {
    let words = one.as_chunks::<8>().0.iter().zip(other.as_chunks::<8>().0);
    words.zip(0..32).fold(0, |bits, ((one, other), at)| bits | (u32::from(one != other) << at))
}

const _: () = assert!(PART == 32 * 8, "a bit for each word");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_counts_as_changed_for_those_who_saw_it_before() {
        let mut store = Store::new();
        let slot = store.add(7).unwrap();
        let mut bytes = vec![1; PAGE_BYTES];
        store.page_mut(slot).unwrap().copy_from_slice(&bytes);
        let before = store.seen();
        let part = |within: usize| [number(slot, (within / PART) as u64)];
        assert!(store.tick());
        bytes[3 * PART] = 2;
        store.update(slot, &bytes);
        assert!(!store.unchanged(&part(3 * PART), before));
        assert!(store.unchanged(&part(4 * PART), before));
        assert!(store.unchanged(&part(3 * PART), store.seen()));
        assert_eq!(store.get(slot, 3 * PART, 1), Some(&[2][..]));
        let [three] = part(3 * PART);
        assert!(store.may_have_changed(three, 1, before));
        assert!(!store.may_have_changed(three, !1, before), "other words of the part");
        assert!(store.tick());
        bytes[3 * PART + 8] = 2;
        store.update(slot, &bytes);
        assert!(store.may_have_changed(three, 4, before), "too long ago to tell");
        assert!(!store.may_have_changed(three, 4, Seen { at: before.at + 1, ..before }));
        assert!(store.may_have_changed(three, 2, Seen { at: before.at + 1, ..before }));
        assert!(!store.unchanged(&part(0), Store::new().seen()), "another store's time");
        store.doubt();
        assert!(!store.unchanged(&part(4 * PART), before));
    }

    #[test]
    fn a_slot_that_passed_to_another_page_has_changed() {
        let mut store = Store::new();
        let slot = store.add(7).unwrap();
        let seen = store.seen();
        store.remove(slot);
        assert!(!store.unchanged(&[0], seen));
        assert!(store.tick());
        assert_eq!(store.add(8), Some(slot));
        assert_eq!(store.len(), 1);
        assert!(!store.unchanged(&[0], seen));
        assert!(store.unchanged(&[0], store.seen()));
    }
}
