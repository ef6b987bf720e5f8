//! What one look will fetch, as the last look suggests, and the two copies it fetches.

use super::current_task::{DICT_HEAD, MIN_KEYS, TaskSource};
use super::merge::{Merged, Span};
use crate::memory::{Batch, MemoryError, RangeId, ReadMemory, RemoteAddr};
use crate::python::layout::{Layout, TopFrame};

/// Part of the data stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Chunk {
    pub(super) start: RemoteAddr,
    pub(super) len: usize,
}

impl Chunk {
    pub(super) fn contains(&self, addr: RemoteAddr) -> bool {
        addr.offset_from(self.start).is_some_and(|offset| offset < self.len as u64)
    }
}

/// Addresses that the next look will need, if nothing moves.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// 3.11–3.12: the record that names the innermost frame.
    pub(super) cframe: RemoteAddr,
    /// Up to 3.13: the keys of the dict of running tasks.
    pub(super) keys: RemoteAddr,
    pub(super) keys_len: usize,
    /// The running task.
    pub(super) task: RemoteAddr,
    /// The data stack, newest chunk first.
    pub(super) chunks: Vec<Chunk>,
    /// Frames outside the data stack, innermost first: in generators, on the C stack, or (up to
    /// 3.10) all of them.
    pub(super) extras: Vec<RemoteAddr>,
}

/// Where the parts of a plan lie in [`Copies`].
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Parts {
    /// Whether the centre holds the plan's `cframe`.
    pub(super) has_cframe: bool,
    /// The first chunk of the data stack.
    pub(super) chunks: usize,
    /// The first range of everything else.
    pub(super) heap: usize,
}

/// Bytes of a task fetched from its coroutine pointer on: coroutine, name, context.
pub(super) const TASK_WORDS: usize = 24;

/// Ranges closer together than this are fetched as one: a range costs the kernel a page look-up,
/// which takes longer than copying this much.
const MERGE_GAP: u64 = 1024;
/// But no merged range gets longer than this.
const MERGE_MAX: u64 = 8192;

impl Plan {
    /// Lays the plan out.
    pub(super) fn lay_out(
        &self,
        copies: &mut Copies,
        layout: &Layout,
        thread_state: RemoteAddr,
        source: TaskSource,
    ) -> Parts {
        let mut parts = Parts::default();
        copies.clear();
        copies.add_centre(thread_state, len(layout.thread.size));
        if let TopFrame::CFrame { current_frame, .. } = layout.thread.top_frame
            && !self.cframe.is_null()
        {
            copies.add_centre(self.cframe.offset(current_frame), 8);
            parts.has_cframe = true;
        }
        // Only so that the page is warm when the centre reads it, as with the next.
        copies.add(thread_state, len(layout.thread.size));
        if let (true, TopFrame::CFrame { current_frame, .. }) =
            (parts.has_cframe, layout.thread.top_frame)
        {
            copies.add(self.cframe.offset(current_frame), 8);
        }
        parts.chunks = copies.spans.len();
        copies.frames = parts.chunks;
        for chunk in &self.chunks {
            copies.add(chunk.start, chunk.len);
        }
        if let Some(newest) = self.chunks.first() {
            copies.add_centre(newest.start, newest.len);
        }
        parts.heap = copies.spans.len();
        if let TaskSource::Dict { dict, .. } = source {
            copies.add(dict, DICT_HEAD);
            if !self.keys.is_null() {
                copies.add(self.keys, self.keys_len.max(MIN_KEYS));
            }
        }
        if !self.task.is_null() {
            copies.add(self.task.offset(layout.asyncio.coro), TASK_WORDS);
        }
        for &extra in &self.extras {
            copies.add(extra, len(layout.frame.head_size));
        }
        copies.merge(parts.heap);
        if matches!(layout.thread.top_frame, TopFrame::FrameObject { .. }) {
            copies.add_thirds(parts.heap);
        }
        parts
    }

    /// Whether `addr` lies in the part of the data stack that is fetched.
    pub(super) fn in_chunk(&self, addr: RemoteAddr) -> bool {
        self.chunks.iter().any(|chunk| chunk.contains(addr))
    }
}

/// A structure's size as a length to fetch; layouts keep them far below 64 KiB.
pub(super) fn len(size: u64) -> usize {
    usize::try_from(size).unwrap_or(0)
}

/// Ranges fetched twice in one call, the second time in reverse order, around a centre that is
/// fetched once.
///
/// The centre says which frame is innermost; the frames are copied right before and right after
/// it. Where the copies agree they are what memory held when the centre was read, provided that
/// the program did not come round to the same moment in between. Against that: nothing between the
/// copies is cold, since the outermost range touched it; a call that was interrupted is refused
/// (`usual.rs`); up to 3.10 frames say themselves whether they execute; and from 3.11 on, where a
/// popped frame stays whole until the next call overwrites it, the newest part of the data stack
/// is copied a third time right behind the centre, at another distance than the second. Without
/// the third copy 4 of 220,000 looks at `samples/torn.py` mixed two call paths (3.11).
///
/// That the innermost frame was the same from the call's beginning to its end is not asked: it
/// refused 98 % of the looks at `samples/torn.py` on a quiet machine, whose functions take less
/// time than a call, and a profiler that cannot see short functions lies about the long ones. The
/// thread state is one range and says innermost frame, context version and running task together.
#[derive(Debug, Default)]
pub(super) struct Copies {
    batch: Batch,
    pub(super) spans: Vec<Span>,
    /// Where among the spans the frames begin.
    frames: usize,
    centre: Vec<Span>,
    merged: Merged,
    first: Vec<RangeId>,
    middle: Vec<RangeId>,
    second: Vec<RangeId>,
}

impl Copies {
    fn clear(&mut self) {
        self.spans.clear();
        self.centre.clear();
    }

    fn add(&mut self, addr: RemoteAddr, len: usize) -> usize {
        self.spans.push((addr, len));
        self.spans.len() - 1
    }

    /// Merges neighbouring ranges from `from` on; afterwards they lie in the order of addresses.
    fn merge(&mut self, from: usize) {
        let Some(spans) = self.spans.get_mut(from..) else { return };
        spans.sort_unstable();
        let mut kept = 0;
        for i in 1..spans.len() {
            let (addr, len) = spans[i];
            let (start, length) = spans[kept];
            let end = addr.offset(len as u64).get().max(start.offset(length as u64).get());
            let gap = addr.get().saturating_sub(start.offset(length as u64).get());
            let merged = end - start.get();
            if gap <= MERGE_GAP && merged <= MERGE_MAX {
                spans[kept].1 = usize::try_from(merged).unwrap_or(length);
            } else {
                kept += 1;
                spans[kept] = (addr, len);
            }
        }
        self.spans.truncate(from + kept + 1);
    }

    /// Both copies of `len` bytes at `addr`, which lie in one of the ranges from `from` on.
    pub(super) fn locate(
        &self,
        from: usize,
        addr: RemoteAddr,
        len: usize,
    ) -> Option<(&[u8], &[u8])> {
        let heap = self.spans.get(from..)?;
        let after = heap.partition_point(|&(start, _)| start <= addr);
        let index = from + after.checked_sub(1)?;
        let (first, second) = self.pair_at(index, addr)?;
        Some((first.get(..len)?, second.get(..len)?))
    }

    /// Adds a third copy of the ranges from `from` on, in the order of the second.
    fn add_thirds(&mut self, from: usize) {
        let Self { spans, centre, .. } = self;
        centre.extend(spans.get(from..).unwrap_or_default().iter().rev());
    }

    fn add_centre(&mut self, addr: RemoteAddr, len: usize) {
        self.centre.push((addr, len));
    }

    /// How many ranges the next call fetches.
    pub(super) fn ranges(&self) -> usize {
        2 * self.spans.len() + self.centre.len()
    }

    pub(super) fn fetch(&mut self, memory: &impl ReadMemory) -> Result<(), MemoryError> {
        let thread = self.centre.first().copied().unwrap_or_default();
        self.merged.arrange(&self.spans, self.frames, thread);
        self.fetch_arranged(memory)?;
        if self.merged.is_shared() && !self.is_complete() {
            self.merged.separate(&self.spans);
            self.fetch_arranged(memory)?;
        }
        Ok(())
    }

    fn fetch_arranged(&mut self, memory: &impl ReadMemory) -> Result<(), MemoryError> {
        let Self { batch, centre, merged, first, middle, second, .. } = self;
        batch.clear();
        first.clear();
        middle.clear();
        second.clear();
        let spans = merged.fetched();
        first.extend(spans.iter().map(|&(addr, len)| batch.push(addr, len)));
        middle.extend(centre.iter().map(|&(addr, len)| batch.push(addr, len)));
        second.extend(spans.iter().rev().map(|&(addr, len)| batch.push(addr, len)));
        memory.read_batch(batch)
    }

    fn is_complete(&self) -> bool {
        self.first.iter().chain(&self.second).all(|&range| self.batch.get(range).is_some())
    }

    /// The thread state.
    pub(super) fn thread(&self) -> Option<&[u8]> {
        self.batch.get(*self.middle.first()?)
    }

    /// The innermost frame that the `cframe` names.
    pub(super) fn cframe(&self) -> Option<RemoteAddr> {
        self.word(*self.middle.get(1)?)
    }

    /// The third copy from `addr` on, if there is one: of the newest chunk, or (up to 3.10) of all
    /// frames.
    pub(super) fn third(&self, addr: RemoteAddr) -> Option<&[u8]> {
        let holds = |&(start, len): &Span| Chunk { start, len }.contains(addr);
        // The thread state comes first; no frame that is copied a third time lies in it.
        let index = 1 + self.centre.iter().skip(1).position(holds)?;
        let &(start, _) = self.centre.get(index)?;
        let bytes = self.batch.get(*self.middle.get(index)?)?;
        bytes.get(usize::try_from(addr.offset_from(start)?).ok()?..)
    }

    fn word(&self, range: RangeId) -> Option<RemoteAddr> {
        let bytes = self.batch.get(range)?;
        bytes.try_into().ok().map(|word| RemoteAddr::new(u64::from_le_bytes(word)))
    }

    /// Both copies of a range; `None` if either is missing.
    pub(super) fn pair(&self, index: usize) -> Option<(&[u8], &[u8])> {
        let (fetched, range) = self.merged.find(index)?;
        let mirror = self.second.len().checked_sub(fetched + 1)?;
        let first = self.batch.get(*self.first.get(fetched)?)?.get(range.clone())?;
        let second = self.batch.get(*self.second.get(mirror)?)?.get(range)?;
        Some((first, second))
    }

    /// Both copies from `addr` on within range `index`.
    pub(super) fn pair_at(&self, index: usize, addr: RemoteAddr) -> Option<(&[u8], &[u8])> {
        let &(start, _) = self.spans.get(index)?;
        let offset = usize::try_from(addr.offset_from(start)?).ok()?;
        let (first, second) = self.pair(index)?;
        Some((first.get(offset..)?, second.get(offset..)?))
    }
}
