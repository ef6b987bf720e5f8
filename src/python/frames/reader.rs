//! Looks at one thread, again and again.

use std::time::Instant;

use rustc_hash::FxHashMap;

use super::current_task::{DICT_HEAD, MAX_KEYS, MIN_KEYS, TaskSource, keys_len, keys_of, task_of};
use super::look::{Look, LookStats, Refusal, RunningTask};
use super::plan::{Chunk, Copies, Parts, Plan, TASK_WORDS, len};
use super::raw::RawFrame;
use super::usual::Usual;
use super::words::{ThreadWords, pointer_at, u64_at};
use crate::memory::{MemoryError, ReadMemory, RemoteAddr};
use crate::python::layout::{Layout, TopFrame};

/// Bracketed calls for one look before it is given up as torn.
const ATTEMPTS: u32 = 10;
/// A deeper stack is refused as unreadable.
const MAX_FRAMES: usize = 8192;
/// Frames learnt one by one in one attempt; code that enters more new coroutines between two looks
/// takes further attempts.
const MAX_CHASES: u32 = 96;
/// The data stack of a thread: 128 chunks are more than 2 MiB of frames.
const MAX_CHUNKS: usize = 128;
/// A chunk of the data stack larger than this is not believed.
const MAX_CHUNK: u64 = 1 << 26;
/// Fetched beyond the known end of the data stack, for the next calls' frames.
const HEADROOM: usize = 512;
/// The header of a chunk: `previous`, `size`, `top` (in words from the data on), then the data.
const CHUNK_HEADER: usize = 24;
/// Remembered callers of frames outside the data stack; forgotten all at once beyond this.
const MAX_LINKS: usize = 1 << 16;

/// Reads one thread's frames. All buffers are reused; after warm-up a look allocates nothing.
#[derive(Debug, Default)]
pub struct FrameReader {
    copies: Copies,
    plan: Plan,
    frames: Vec<RawFrame>,
    used_extras: Vec<RemoteAddr>,
    /// Frame outside the data stack → its caller when last seen: the guess for its next time.
    links: FxHashMap<RemoteAddr, RemoteAddr>,
    usual: Usual,
    paused: bool,
    stats: LookStats,
}

enum Step {
    Done(ThreadWords, Option<RunningTask>),
    /// The plan was wrong and has been mended.
    Moved,
}

impl FrameReader {
    /// A reader that knows nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Says whether the thread is paused while it is looked at: then nothing can move, however long
    /// a call takes.
    pub const fn set_paused(&mut self, paused: bool) {
        self.paused = paused;
    }

    /// How many system calls looks took so far.
    #[must_use]
    pub const fn stats(&self) -> LookStats {
        self.stats
    }

    /// One look at the thread whose state lies at `thread_state`.
    ///
    /// # Errors
    /// The reason why there is none.
    pub fn look<'a>(
        &'a mut self,
        memory: &impl ReadMemory,
        layout: &Layout,
        thread_state: RemoteAddr,
        source: TaskSource,
    ) -> Result<Look<'a>, Refusal> {
        self.stats.looks += 1;
        for _ in 0..ATTEMPTS {
            match self.attempt(memory, layout, thread_state, source) {
                Ok(Step::Done(thread, task)) => {
                    return Ok(Look { thread, frames: &self.frames, task });
                }
                Ok(Step::Moved) => {}
                // The first call of a look finds everything cold and takes longer than a short
                // callback; the next one, microseconds later, does not.
                Err(Refusal::Torn) => self.stats.torn_brackets += 1,
                Err(refusal) => return Err(refusal),
            }
        }
        Err(Refusal::Torn)
    }

    fn attempt(
        &mut self,
        memory: &impl ReadMemory,
        layout: &Layout,
        thread_state: RemoteAddr,
        source: TaskSource,
    ) -> Result<Step, Refusal> {
        let parts = self.plan.lay_out(&mut self.copies, layout, thread_state, source);
        self.stats.brackets += 1;
        let begun = Instant::now();
        self.copies.fetch(memory).map_err(refusal)?;
        let short = self.usual.admits(begun.elapsed(), self.copies.ranges());
        if !short && !self.paused {
            return Err(Refusal::Torn);
        }
        let thread = self.copies.thread().ok_or(Refusal::Unreadable)?;
        let thread = ThreadWords::parse(thread, layout).ok_or(Refusal::Unreadable)?;
        let top = self.top_frame(memory, layout, parts, thread)?;
        let task = self.running_task(layout, parts, thread, source)?;
        let chunks_fit = self.check_chunks(memory, layout, parts, thread)?;
        let Some(top) = top else {
            return Ok(Step::Moved);
        };
        let all_found = self.walk(memory, layout, parts, top)?;
        match task {
            Some(task) if all_found && chunks_fit => Ok(Step::Done(thread, task)),
            _ => Ok(Step::Moved),
        }
    }

    /// The innermost frame; `None` if the plan had to be mended first.
    fn top_frame(
        &mut self,
        memory: &impl ReadMemory,
        layout: &Layout,
        parts: Parts,
        thread: ThreadWords,
    ) -> Result<Option<RemoteAddr>, Refusal> {
        let TopFrame::CFrame { current_frame, .. } = layout.thread.top_frame else {
            return Ok(Some(thread.top));
        };
        if parts.has_cframe && thread.top == self.plan.cframe {
            return self.copies.cframe().map(Some).ok_or(Refusal::Unreadable);
        }
        self.plan.cframe = thread.top.plausible().ok_or(Refusal::Unreadable)?;
        let top = self.chase(memory, self.plan.cframe.offset(current_frame))?;
        self.used_extras.clear();
        self.expect_frames(memory, layout, parts, top)?;
        Ok(None)
    }

    /// The running task; `None` if the plan had to be mended first.
    #[expect(clippy::option_option, reason = "no task is an answer, no answer yet is not")]
    fn running_task(
        &mut self,
        layout: &Layout,
        parts: Parts,
        thread: ThreadWords,
        source: TaskSource,
    ) -> Result<Option<Option<RunningTask>>, Refusal> {
        let task = match source {
            TaskSource::None => RemoteAddr::NULL,
            TaskSource::ThreadState => thread.running_task,
            TaskSource::Dict { dict, event_loop } => {
                match self.current_task(layout, parts, dict, event_loop)? {
                    Some(task) => task,
                    None => return Ok(None),
                }
            }
        };
        if task.is_null() {
            return Ok(Some(None));
        }
        let at = task.plausible().ok_or(Refusal::Unreadable)?.offset(layout.asyncio.coro);
        let Some((first, second)) = self.copies.locate(parts.heap, at, TASK_WORDS) else {
            if task == self.plan.task {
                return Err(Refusal::Unreadable);
            }
            self.plan.task = task;
            return Ok(None);
        };
        if first != second {
            return Err(Refusal::Torn);
        }
        let coro = pointer_at(first, 0).ok_or(Refusal::Unreadable)?;
        Ok(Some(Some(RunningTask { addr: task, coro })))
    }

    /// The task in the dict of running tasks, null if there is none; `None` if the plan had to be
    /// mended first.
    fn current_task(
        &mut self,
        layout: &Layout,
        parts: Parts,
        dict: RemoteAddr,
        event_loop: RemoteAddr,
    ) -> Result<Option<RemoteAddr>, Refusal> {
        let copies = self.copies.locate(parts.heap, dict, DICT_HEAD);
        let (first, second) = copies.ok_or(Refusal::Unreadable)?;
        let keys = keys_of(first, layout).ok_or(Refusal::Unreadable)?;
        if keys_of(second, layout) != Some(keys) {
            return Err(Refusal::Torn);
        }
        let len = self.plan.keys_len.max(MIN_KEYS);
        let copies =
            if keys == self.plan.keys { self.copies.locate(parts.heap, keys, len) } else { None };
        let Some((first, second)) = copies else {
            self.plan.keys = keys.plausible().ok_or(Refusal::Unreadable)?;
            return Ok(None);
        };
        let Some(task) = task_of(first, layout, event_loop) else {
            let needed = keys_len(first, layout).ok_or(Refusal::Torn)?;
            if needed <= len || needed > MAX_KEYS {
                return Err(Refusal::Unreadable);
            }
            self.plan.keys_len = needed;
            return Ok(None);
        };
        if task_of(second, layout, event_loop) == Some(task) {
            Ok(Some(task))
        } else {
            Err(Refusal::Torn)
        }
    }

    /// Whether the data stack was fetched whole; else the plan is mended.
    fn check_chunks(
        &mut self,
        memory: &impl ReadMemory,
        layout: &Layout,
        parts: Parts,
        thread: ThreadWords,
    ) -> Result<bool, Refusal> {
        if layout.thread.datastack_chunk.is_none() || thread.chunk.is_null() {
            self.plan.chunks.clear();
            return Ok(true);
        }
        let newest = self.plan.chunks.first().map(|chunk| chunk.start);
        let oldest = self.plan.chunks.len().checked_sub(1).map(|last| parts.chunks + last);
        let whole = newest == Some(thread.chunk)
            && oldest
                .and_then(|index| self.copies.pair(index))
                .is_some_and(|(first, _)| pointer_at(first, 0) == Some(RemoteAddr::NULL));
        if !whole {
            self.learn_chunks(memory, thread)?;
            return Ok(false);
        }
        let used = thread.stack_end.offset_from(thread.chunk).unwrap_or(0);
        let used = usize::try_from(used).unwrap_or(0);
        let (_, fetched) = self.copies.spans.get(parts.chunks).copied().unwrap_or_default();
        let size = self.copies.pair(parts.chunks).and_then(|(first, _)| u64_at(first, 8));
        let size = len(size.filter(|&size| size <= MAX_CHUNK).ok_or(Refusal::Unreadable)?);
        if let Some(chunk) = self.plan.chunks.first_mut() {
            // Grow at once, shrink slowly.
            let wanted = (used + HEADROOM).min(size.max(CHUNK_HEADER));
            chunk.len = wanted.max(chunk.len - chunk.len.saturating_sub(wanted) / 16);
        }
        Ok(used <= fetched)
    }

    fn learn_chunks(
        &mut self,
        memory: &impl ReadMemory,
        thread: ThreadWords,
    ) -> Result<(), Refusal> {
        self.plan.chunks.clear();
        let mut at = thread.chunk;
        while !at.is_null() {
            let start = at.plausible().ok_or(Refusal::Unreadable)?;
            if self.plan.chunks.len() >= MAX_CHUNKS {
                return Err(Refusal::Unreadable);
            }
            let mut header = [0; CHUNK_HEADER];
            self.stats.chases += 1;
            memory.read_into(start, &mut header).map_err(refusal)?;
            let size = u64_at(&header, 8).filter(|&size| size <= MAX_CHUNK);
            let size = size.ok_or(Refusal::Unreadable)?;
            let used = if self.plan.chunks.is_empty() {
                thread.stack_end.offset_from(start).unwrap_or(0).saturating_add(HEADROOM as u64)
            } else {
                let top = u64_at(&header, 16).unwrap_or(0);
                top.saturating_mul(8).saturating_add(CHUNK_HEADER as u64)
            };
            let len = len(used.clamp(CHUNK_HEADER as u64, size.max(CHUNK_HEADER as u64)));
            self.plan.chunks.push(Chunk { start, len });
            at = pointer_at(&header, 0).unwrap_or_default();
        }
        Ok(())
    }

    /// Follows the frames through both copies. `false` if some were not fetched; the plan has them
    /// then.
    fn walk(
        &mut self,
        memory: &impl ReadMemory,
        layout: &Layout,
        parts: Parts,
        top: RemoteAddr,
    ) -> Result<bool, Refusal> {
        self.frames.clear();
        self.used_extras.clear();
        let mut at = top;
        while !at.is_null() {
            if self.frames.len() >= MAX_FRAMES {
                return Err(Refusal::Unreadable);
            }
            let Some((first, second, chunk)) = self.find(layout, parts, at) else {
                self.expect_frames(memory, layout, parts, at)?;
                return Ok(false);
            };
            let frame = RawFrame::parse(first, at, layout);
            let later = RawFrame::parse(second, at, layout);
            let (Some(frame), Some(later)) = (frame, later) else {
                return Err(Refusal::Unreadable);
            };
            let innermost = self.frames.is_empty();
            if !frame.agrees(&later, innermost) || frame.previous == at {
                return Err(Refusal::Torn);
            }
            if !frame.is_executing() || !later.is_executing() {
                return Err(Refusal::Torn);
            }
            if chunk == Some(0) || layout.thread.datastack_chunk.is_none() {
                let third = self.copies.third(at);
                let third = third.and_then(|bytes| RawFrame::parse(bytes, at, layout));
                if !third.is_some_and(|third| frame.agrees(&third, innermost)) {
                    return Err(Refusal::Torn);
                }
            }
            if chunk.is_none() {
                self.used_extras.push(at);
            }
            self.frames.push(frame);
            at = frame.previous;
        }
        if self.used_extras != self.plan.extras {
            self.remember();
        }
        Ok(true)
    }

    /// Both copies of the head of the frame at `addr`, and on which chunk of the data stack it
    /// lies, the newest being 0.
    fn find(
        &self,
        layout: &Layout,
        parts: Parts,
        addr: RemoteAddr,
    ) -> Option<(&[u8], &[u8], Option<usize>)> {
        for index in parts.chunks..parts.heap {
            let &(start, len) = self.copies.spans.get(index)?;
            if (Chunk { start, len }).contains(addr) {
                let (first, second) = self.copies.pair_at(index, addr)?;
                return Some((first, second, Some(index - parts.chunks)));
            }
        }
        let (first, second) = self.copies.locate(parts.heap, addr, len(layout.frame.head_size))?;
        Some((first, second, None))
    }

    /// Plans for the frames outside the data stack that were just used, and remembers their
    /// callers.
    fn remember(&mut self) {
        std::mem::swap(&mut self.plan.extras, &mut self.used_extras);
        if self.links.len() > MAX_LINKS {
            self.links.clear();
        }
        let mut extras = self.plan.extras.iter().peekable();
        for frame in &self.frames {
            if extras.peek() == Some(&&frame.addr) {
                extras.next();
                self.links.insert(frame.addr, frame.previous);
            }
        }
    }

    /// Plans for the frames from `at` outwards, of which the first is not in the plan: where the
    /// caller of a frame outside the data stack is known from before it is taken for granted, else
    /// it is looked up. Frames on the data stack are followed in the copy at hand.
    fn expect_frames(
        &mut self,
        memory: &impl ReadMemory,
        layout: &Layout,
        parts: Parts,
        at: RemoteAddr,
    ) -> Result<(), Refusal> {
        let mut at = at;
        let mut chases = 0;
        for _ in 0..MAX_FRAMES {
            if at.is_null() {
                break;
            }
            at.plausible().ok_or(Refusal::Torn)?;
            if self.plan.in_chunk(at) {
                let Some(previous) = self.previous_in_copy(layout, parts, at) else { break };
                at = previous;
                continue;
            }
            if self.used_extras.contains(&at) {
                // A remembered caller is out of date and leads in a circle.
                self.links.clear();
                break;
            }
            self.used_extras.push(at);
            at = match self.links.get(&at) {
                Some(&previous) => previous,
                None if chases < MAX_CHASES => {
                    chases += 1;
                    let previous = self.chase(memory, at.offset(layout.frame.previous))?;
                    self.links.insert(at, previous);
                    previous
                }
                None => break,
            };
        }
        std::mem::swap(&mut self.plan.extras, &mut self.used_extras);
        Ok(())
    }

    /// The caller of a frame on the data stack, as the first copy says; a guess like the rest.
    fn previous_in_copy(
        &self,
        layout: &Layout,
        parts: Parts,
        at: RemoteAddr,
    ) -> Option<RemoteAddr> {
        let (first, _, _) = self.find(layout, parts, at)?;
        let previous = RawFrame::parse(first, at, layout)?.previous;
        (previous != at).then_some(previous)
    }

    /// Reads one pointer outside any bracket, only to learn where to look.
    fn chase(&mut self, memory: &impl ReadMemory, addr: RemoteAddr) -> Result<RemoteAddr, Refusal> {
        let mut word = [0; 8];
        self.stats.chases += 1;
        memory.read_into(addr, &mut word).map_err(|error| match error {
            MemoryError::Exited | MemoryError::Denied => Refusal::Exited,
            _ => Refusal::Torn,
        })?;
        Ok(RemoteAddr::new(u64::from_le_bytes(word)))
    }
}

/// Why nothing can be said, given what the kernel answered.
const fn refusal(error: MemoryError) -> Refusal {
    match error {
        MemoryError::Exited | MemoryError::Denied => Refusal::Exited,
        MemoryError::Unreadable { .. } | MemoryError::Nonsense { .. } | MemoryError::Os(_) => {
            Refusal::Unreadable
        }
    }
}
