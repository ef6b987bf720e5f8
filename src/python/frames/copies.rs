//! What one bracketed call copies, and in which order.

use super::groups::{Groups, Span};
use super::words::{pointer_at, u64_at};
use crate::memory::{Batch, MemoryError, RangeId, ReadMemory, RemoteAddr};

/// The copies of one call. Ranges are copied one after the other, each within a fraction of a
/// microsecond; the order is what proves that they belong together (`plan.rs` says how).
#[derive(Debug, Default)]
pub(super) struct Copies {
    batch: Batch,
    /// Frames outside the data stack: where the copies of each group of them are.
    frames: Groups,
    frame_copies: Vec<[Option<RangeId>; 3]>,
    /// What of a frame must have been copied.
    head: usize,
    /// Everything else outside the data stack.
    words: Groups,
    word_copies: Vec<Option<RangeId>>,
    /// The chunks of the data stack, newest first.
    chunks: Vec<(Span, RangeId)>,
    /// The end of the newest chunk, once more.
    tail: Option<(Span, RangeId)>,
    thread: Option<RangeId>,
    /// The dict of running tasks.
    dict: Groups,
    /// Its copies right before and right after the thread state.
    dict_copies: [Vec<RangeId>; 2],
    /// The words that name the innermost frame (3.11–3.12), each at one of a few places.
    tops: Groups,
    top_copies: Vec<RangeId>,
}

/// A frame's bytes, from its address on.
#[derive(Debug, Clone, Copy)]
pub(super) struct FrameCopies<'a> {
    pub(super) first: &'a [u8],
    pub(super) second: Option<&'a [u8]>,
    pub(super) third: Option<&'a [u8]>,
    /// On which chunk of the data stack it lies, the newest being 0.
    pub(super) chunk: Option<usize>,
}

impl Copies {
    pub(super) fn clear(&mut self) {
        self.batch.clear();
        self.frames.clear();
        self.frame_copies.clear();
        self.words.clear();
        self.word_copies.clear();
        self.chunks.clear();
        self.tail = None;
        self.thread = None;
        self.dict.clear();
        for copies in &mut self.dict_copies {
            copies.clear();
        }
        self.tops.clear();
        self.top_copies.clear();
    }

    /// Says how much of a frame is needed to tell anything of it.
    pub(super) const fn need(&mut self, head: usize) {
        self.head = head;
    }

    /// Asks for a frame outside the data stack.
    pub(super) fn ask_frame(&mut self, addr: RemoteAddr, len: usize) {
        self.frames.ask(addr, len);
    }

    /// Asks for something else outside the data stack.
    pub(super) fn ask_words(&mut self, addr: RemoteAddr, len: usize) {
        self.words.ask(addr, len);
    }

    /// Asks for a part of the dict of running tasks.
    pub(super) fn ask_dict(&mut self, addr: RemoteAddr, len: usize) {
        self.dict.ask(addr, len);
    }

    /// Asks for a word that may name the innermost frame.
    pub(super) fn ask_top(&mut self, addr: RemoteAddr) {
        self.tops.ask(addr, 8);
    }

    /// Ends asking; with `apart`, neighbours are not fetched together.
    pub(super) fn arrange(&mut self, apart: bool) {
        self.frames.arrange(apart);
        self.frame_copies.resize(self.frames.spans().len(), [None; 3]);
        self.words.arrange(apart);
        self.dict.arrange(apart);
        self.tops.arrange(apart);
    }

    /// Copies the thread state next, and the words that may name the innermost frame; the dict of
    /// running tasks right before and right after.
    pub(super) fn copy_thread(&mut self, thread: Span) {
        let Self { batch, dict, dict_copies: [before, after], tops, top_copies, .. } = self;
        before.extend(dict.spans().iter().map(|&(addr, len)| batch.push(addr, len)));
        self.thread = Some(batch.push(thread.0, thread.1));
        top_copies.extend(tops.spans().iter().map(|&(addr, len)| batch.push(addr, len)));
        after.extend(dict.spans().iter().map(|&(addr, len)| batch.push(addr, len)));
    }

    /// Copies everything that is neither frame nor thread next.
    pub(super) fn copy_words(&mut self) {
        for &(addr, len) in self.words.spans() {
            self.word_copies.push(Some(self.batch.push(addr, len)));
        }
    }

    /// Copies the group of a frame next, if that has not been done three times.
    pub(super) fn copy_group(&mut self, group: usize) {
        let Some(&(addr, len)) = self.frames.spans().get(group) else { return };
        let Some(copies) = self.frame_copies.get_mut(group) else { return };
        if let Some(copy) = copies.iter_mut().find(|copy| copy.is_none()) {
            *copy = Some(self.batch.push(addr, len));
        }
    }

    /// The group that a frame is in.
    pub(super) fn group_of(&self, frame: RemoteAddr) -> Option<usize> {
        self.frames.find(frame)
    }

    /// The groups of frames.
    pub(super) fn groups(&self) -> usize {
        self.frames.spans().len()
    }

    /// Copies a chunk of the data stack next; they are numbered in the order of these calls.
    pub(super) fn copy_chunk(&mut self, span: Span) {
        let id = self.batch.push(span.0, span.1);
        self.chunks.push((span, id));
    }

    /// Puts the chunk that was copied last first.
    pub(super) fn last_chunk_is_newest(&mut self) {
        self.chunks.rotate_right(1);
    }

    /// Copies the end of the newest chunk next.
    pub(super) fn copy_tail(&mut self, span: Span) {
        self.tail = Some((span, self.batch.push(span.0, span.1)));
    }

    /// How many ranges a call fetches.
    pub(super) fn ranges(&self) -> usize {
        self.batch.len()
    }

    /// Makes the call. `false` if something could not be read.
    pub(super) fn fetch(&mut self, memory: &impl ReadMemory) -> Result<bool, MemoryError> {
        self.batch.reset();
        memory.read_batch(&mut self.batch)?;
        Ok(self.batch.is_filled())
    }

    /// The thread state.
    pub(super) fn thread(&self) -> Option<&[u8]> {
        self.batch.get(self.thread?)
    }

    /// `len` bytes at `addr` of the dict of running tasks, as they were right before and right after
    /// the thread state.
    pub(super) fn dict(&self, addr: RemoteAddr, len: usize) -> Option<[&[u8]; 2]> {
        let index = self.dict.find(addr)?;
        let &(start, _) = self.dict.spans().get(index)?;
        let copy = |copies: &[RangeId]| {
            within(self.batch.get(*copies.get(index)?)?, start, addr)?.get(..len)
        };
        let [before, after] = &self.dict_copies;
        Some([copy(before)?, copy(after)?])
    }

    /// The innermost frame that the word at `addr` names; `None` if it was not asked for.
    pub(super) fn top(&self, addr: RemoteAddr) -> Option<RemoteAddr> {
        let index = self.tops.find(addr)?;
        let &(start, _) = self.tops.spans().get(index)?;
        pointer_at(within(self.batch.get(*self.top_copies.get(index)?)?, start, addr)?, 0)
    }

    /// A chunk of the data stack.
    pub(super) fn chunk(&self, index: usize) -> Option<&[u8]> {
        self.batch.get(self.chunks.get(index)?.1)
    }

    /// `len` bytes at `addr` of what is neither frame nor thread.
    pub(super) fn words(&self, addr: RemoteAddr, len: usize) -> Option<&[u8]> {
        let index = self.words.find(addr)?;
        let &(start, _) = self.words.spans().get(index)?;
        let bytes = self.batch.get((*self.word_copies.get(index)?)?)?;
        within(bytes, start, addr)?.get(..len)
    }

    /// The word at `addr`, from the latest copy of what holds it.
    pub(super) fn word(&self, addr: RemoteAddr) -> Option<u64> {
        if let Some(bytes) = self.words(addr, size_of::<u64>()) {
            return u64_at(bytes, 0);
        }
        let copies = self.holding(addr)?;
        u64_at(copies.third.or(copies.second).unwrap_or(copies.first), 0)
    }

    /// The copies of the frame at `addr`; `None` if it was not asked for or could not be read.
    pub(super) fn frame(&self, addr: RemoteAddr) -> Option<FrameCopies<'_>> {
        // Where one lies across the end of a range that was fetched for another, it was not asked for.
        self.holding(addr)
            .filter(|copies| copies.chunk.is_some() || copies.first.len() >= self.head)
    }

    /// The copies of what holds `addr`, from there on.
    fn holding(&self, addr: RemoteAddr) -> Option<FrameCopies<'_>> {
        for (index, &((start, len), id)) in self.chunks.iter().enumerate() {
            if addr.offset_from(start).is_some_and(|offset| offset < len as u64) {
                let first = within(self.batch.get(id)?, start, addr)?;
                let tail = if index == 0 { self.tail } else { None };
                let second =
                    tail.and_then(|((start, _), id)| within(self.batch.get(id)?, start, addr));
                return Some(FrameCopies { first, second, third: None, chunk: Some(index) });
            }
        }
        let group = self.frames.find(addr)?;
        let &(start, _) = self.frames.spans().get(group)?;
        let &[first, second, third] = self.frame_copies.get(group)?;
        let copy = |id: RangeId| within(self.batch.get(id)?, start, addr);
        let first = copy(first?)?;
        Some(FrameCopies {
            first,
            second: second.and_then(copy),
            third: third.and_then(copy),
            chunk: None,
        })
    }
}

fn within(bytes: &[u8], start: RemoteAddr, addr: RemoteAddr) -> Option<&[u8]> {
    bytes.get(usize::try_from(addr.offset_from(start)?).ok()?..)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::LiveMemory;

    #[test]
    fn a_frame_across_the_end_of_what_was_fetched_for_another_was_not_asked_for() {
        let bytes = [7_u8; 256];
        let at = |offset: u64| RemoteAddr::new(bytes.as_ptr() as u64 + offset);
        let mut copies = Copies::default();
        copies.need(96);
        copies.ask_frame(at(0), 96);
        copies.arrange(false);
        copies.copy_group(0);
        assert!(copies.fetch(&LiveMemory::new(std::process::id())).unwrap());
        assert_eq!(copies.frame(at(0)).map(|copies| copies.first.len()), Some(96));
        assert!(copies.frame(at(48)).is_none());
        assert_eq!(copies.word(at(48)), Some(0x0707_0707_0707_0707));
    }
}
