//! Looks at one thread, again and again.

use std::time::{Duration, Instant};

use rustc_hash::FxHashMap;

use super::aim::Tasks;
use super::calls::Calls;
use super::copies::Copies;
use super::current_task::TaskSource;
use super::look::{Look, LookStats, Refusal, RunningTask};
use super::plan::{Plan, len};
use super::raw::RawFrame;
use super::stepping::{Around, Doing};
use super::usual::{PAIRWISE_PERCENT, STACK_PERCENT, Usual};
use super::walk::Walk;
use super::words::{ThreadWords, pointer_at, u64_at};
use crate::memory::{MemoryError, ReadMemory, RemoteAddr};
use crate::python::layout::{Layout, TopFrame};

/// How hard a look tries.
#[derive(Debug, Clone, Copy)]
struct Effort {
    /// Bracketed calls before it is given up as torn.
    attempts: u32,
    /// After so many of them that took no longer than usual, the part of a stack that held still is
    /// better than none: waiting on would favour whatever lasts long. Up to 3.10 a call takes longer,
    /// and what moves has moved again by the next one.
    patience: u32,
    /// So many of them look for what the first one found the thread do: else what is hard to read
    /// would be seen less often than it is.
    persistence: u32,
}

impl Effort {
    /// For frames `on_stack` (3.11 on) or each an object of its own, and for `few` tasks that take
    /// turns, or many or a single one: of many, more calls find one that could not be planned for, and
    /// each call costs the target time.
    const fn new(on_stack: bool, few: bool) -> Self {
        let (patience, persistence) = match (on_stack, few) {
            (true, true) => (6, 24),
            (true, false) => (6, 1),
            (false, true) => (2, 24),
            (false, false) => (2, 10),
        };
        Self { attempts: if few { 32 } else { 20 }, patience, persistence }
    }
}

/// Nor is it looked for longer than this: a look that ends after its millisecond is lost.
const LONGEST_SEARCH: Duration = Duration::from_micros(400);
/// The data stack of a thread: 128 chunks are more than 2 MiB of frames.
const MAX_CHUNKS: usize = 128;
/// A chunk of the data stack larger than this is not believed.
const MAX_CHUNK: u64 = 1 << 26;
/// Fetched beyond the known end of the data stack, for the next calls' frames.
const HEADROOM: usize = 512;
/// No thread state is larger.
const MAX_THREAD_STATE: u64 = 4096;
/// The header of a chunk: `previous`, `size`, `top` (in words from the data on), then the data.
const CHUNK_HEADER: usize = 24;

/// Reads one thread's frames. All buffers are reused; after warm-up a look allocates nothing.
#[derive(Debug, Default)]
pub struct FrameReader {
    pub(super) copies: Copies,
    pub(super) plan: Plan,
    pub(super) frames: Vec<RawFrame>,
    pub(super) used_extras: Vec<RemoteAddr>,
    /// Frame outside the data stack → its caller when last seen: the guess for its next time.
    pub(super) links: FxHashMap<RemoteAddr, RemoteAddr>,
    pub(super) tasks: Tasks,
    pub(super) calls: Calls,
    usual: Usual,
    /// What the thread did at the instant of the last call.
    pub(super) doing: Option<Doing>,
    pub(super) paused: bool,
    pub(super) stats: LookStats,
}

enum Step {
    Done(ThreadWords, Option<RunningTask>),
    /// So many of the innermost frames moved; the rest is good.
    Outer(ThreadWords, Option<RunningTask>, usize),
    /// The plan was wrong and has been mended.
    Moved,
    /// The call took too long to prove anything; the plan is as it was.
    Interrupted,
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
        let last = self.plan.task;
        self.tasks.begin();
        if self.tasks.are_changing() {
            self.peek(memory, layout, thread_state, source)?;
        }
        let on_stack = layout.thread.datastack_chunk.is_some();
        let Effort { attempts, patience, persistence } =
            Effort::new(on_stack, self.tasks.are_few());
        let begun = Instant::now();
        let mut first = None;
        let mut in_time = 0;
        for attempt in 0..attempts {
            let impatient = in_time >= patience;
            let step = self.attempt(memory, layout, thread_state, source, impatient);
            in_time += u32::from(!matches!(step, Ok(Step::Interrupted)));
            let same = first.is_none() || self.doing.is_none() || self.doing == first;
            let same = same || attempt >= persistence || begun.elapsed() > LONGEST_SEARCH;
            first = first.or(self.doing);
            match step {
                Ok(Step::Done(..) | Step::Outer(..)) if !same => {}
                Ok(Step::Done(thread, task)) => {
                    let task = task.map(|task| self.named(memory, layout, task));
                    self.settle(layout, last, task);
                    if let Some(task) = task {
                        self.remember_caller(layout, task);
                    }
                    let (frames, copies) = (&*self.frames, &self.copies);
                    return Ok(Look { thread, frames, task, partial: false, copies });
                }
                Ok(Step::Outer(thread, task, inner)) if impatient => {
                    self.stats.outer += 1;
                    let task = task.map(|task| self.named(memory, layout, task));
                    self.settle(layout, last, task);
                    let (frames, copies) = (self.kept(Walk::Outer(inner)), &self.copies);
                    return Ok(Look { thread, frames, task, partial: true, copies });
                }
                Ok(Step::Moved) => {}
                // The first call of a look finds everything cold and takes longer than a short
                // callback; the next one, microseconds later, does not.
                Ok(Step::Outer(..) | Step::Interrupted) | Err(Refusal::Torn) => {
                    self.stats.torn_brackets += 1;
                }
                Err(refusal) => return Err(refusal),
            }
        }
        Err(Refusal::Torn)
    }

    /// Has a look copy the word at `addr` along; null for none.
    pub const fn also(&mut self, addr: RemoteAddr) {
        self.plan.also = addr;
    }

    /// After a look: what the next one is to expect.
    fn settle(&mut self, layout: &Layout, last: RemoteAddr, task: Option<RunningTask>) {
        self.tasks.turned(task.map_or(RemoteAddr::NULL, |task| task.addr) != last);
        self.remember_task(layout, task);
        self.plan.task = task.map_or(RemoteAddr::NULL, |task| task.addr);
    }

    fn attempt(
        &mut self,
        memory: &impl ReadMemory,
        layout: &Layout,
        thread_state: RemoteAddr,
        source: TaskSource,
        impatient: bool,
    ) -> Result<Step, Refusal> {
        let thread = match self.copy(memory, layout, thread_state, source)? {
            Ok(thread) => thread,
            Err(step) => return Ok(step),
        };
        let top = self.top_frame(memory, layout, thread)?;
        let tasks = self.tasks_around(layout, thread, source)?;
        self.doing = match (tasks, top) {
            (Some(tasks), Some(top)) => self.doing_by_task(layout, tasks, top),
            _ => None,
        };
        let chunks_fit = self.check_chunks(memory, layout, thread)?;
        let Some(top) = top else {
            return Ok(Step::Moved);
        };
        if top.is_null()
            && (tasks.is_some_and(Around::any) || is_entering(thread, thread_state, layout))
        {
            return Err(Refusal::Torn);
        }
        if layout.thread.datastack_chunk.is_none() && !top.is_null() {
            self.plan.recent.touch(top);
        }
        let walk = self.walk(memory, layout, top, impatient).map(|walk| match walk {
            Walk::Outer(1) if self.restore_step(layout, top) => Walk::Whole,
            walk => walk,
        });
        if let Some(tasks) = tasks.filter(|_| self.doing.is_none()) {
            // Callers that were not known may have been looked up by now; of coroutines that were left
            // since nobody tells who called them.
            self.doing = self.doing_by_task(layout, tasks, top).or(Some(Doing::Inside));
        }
        let task = match tasks {
            Some(tasks) => self.running_task(layout, tasks, walk.unwrap_or(Walk::Moved))?,
            None => None,
        };
        let walk = walk?;
        let on_stack = layout.thread.datastack_chunk.is_some();
        if walk == Walk::Moved && on_stack && matches!(task, Some(Some(_))) {
            self.expect_again();
        }
        let Some(task) = task.filter(|_| chunks_fit) else { return Ok(Step::Moved) };
        let Some(task) = self.confirmed(memory, layout, task, walk)? else {
            return Ok(Step::Moved);
        };
        Ok(match walk {
            Walk::Whole => Step::Done(thread, task),
            // Nothing held still.
            Walk::Outer(inner) if inner >= self.frames.len() => return Err(Refusal::Torn),
            Walk::Outer(inner) => Step::Outer(thread, task, inner),
            Walk::Moved => Step::Moved,
        })
    }

    /// The bracketed call and the thread state that it copied, or what became of it instead.
    fn copy(
        &mut self,
        memory: &impl ReadMemory,
        layout: &Layout,
        thread_state: RemoteAddr,
        source: TaskSource,
    ) -> Result<Result<ThreadWords, Step>, Refusal> {
        let on_stack = layout.thread.datastack_chunk.is_some();
        if !on_stack {
            self.plan_root();
        }
        self.doing = None;
        self.plan_likely(on_stack);
        self.plan.lay_out(&mut self.copies, layout, thread_state, source);
        self.stats.brackets += 1;
        let begun = Instant::now();
        if !self.copies.fetch(memory).map_err(refusal)? && !self.plan.apart {
            self.plan.apart = true;
            self.tasks.follows_nothing(self.plan.task);
            return Ok(Err(Step::Moved));
        }
        let percent = if on_stack { STACK_PERCENT } else { PAIRWISE_PERCENT };
        let short = self.usual.admits(begun.elapsed(), self.copies.ranges(), percent);
        if !short && !self.paused {
            return Ok(Err(Step::Interrupted));
        }
        let thread = self.copies.thread().ok_or(Refusal::Unreadable)?;
        ThreadWords::parse(thread, layout).ok_or(Refusal::Unreadable).map(Ok)
    }

    /// The frames that a walk leaves.
    pub(super) fn kept(&self, walk: Walk) -> &[RawFrame] {
        match walk {
            Walk::Whole => &self.frames,
            Walk::Outer(inner) => self.frames.get(inner..).unwrap_or_default(),
            Walk::Moved => &[],
        }
    }

    /// The innermost frame; `None` if the plan had to be mended first.
    fn top_frame(
        &mut self,
        memory: &impl ReadMemory,
        layout: &Layout,
        thread: ThreadWords,
    ) -> Result<Option<RemoteAddr>, Refusal> {
        let TopFrame::CFrame { current_frame, .. } = layout.thread.top_frame else {
            return Ok(Some(thread.top));
        };
        let cframe = thread.top.plausible().ok_or(Refusal::Unreadable)?;
        self.plan.cframes.touch(cframe);
        let named = cframe.offset(current_frame);
        if let Some(top) = self.copies.top(named) {
            return Ok(Some(top));
        }
        let top = self.chase(memory, named)?;
        self.used_extras.clear();
        self.expect_frames(memory, layout, top)?;
        Ok(None)
    }

    /// Whether the data stack was fetched whole; else the plan is mended.
    fn check_chunks(
        &mut self,
        memory: &impl ReadMemory,
        layout: &Layout,
        thread: ThreadWords,
    ) -> Result<bool, Refusal> {
        if layout.thread.datastack_chunk.is_none() || thread.chunk.is_null() {
            self.plan.chunks.clear();
            return Ok(true);
        }
        let newest = self.plan.chunks.first().map(|&(start, _)| start);
        let oldest = self.plan.chunks.len().checked_sub(1);
        let oldest = oldest.and_then(|index| self.copies.chunk(index));
        let whole = newest == Some(thread.chunk)
            && oldest.is_some_and(|chunk| pointer_at(chunk, 0) == Some(RemoteAddr::NULL));
        if !whole {
            self.learn_chunks(memory, thread)?;
            return Ok(false);
        }
        let used = thread.stack_end.offset_from(thread.chunk).unwrap_or(0);
        let used = usize::try_from(used).unwrap_or(0);
        let copied = self.copies.chunk(0).ok_or(Refusal::Unreadable)?;
        let fetched = copied.len();
        let size = u64_at(copied, 8).filter(|&size| size <= MAX_CHUNK);
        let size = len(size.ok_or(Refusal::Unreadable)?);
        if let Some((_, length)) = self.plan.chunks.first_mut() {
            // Grow at once, shrink slowly.
            let wanted = (used + HEADROOM).min(size.max(CHUNK_HEADER));
            *length = wanted.max(*length - length.saturating_sub(wanted) / 16);
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
            self.plan.chunks.push((start, len));
            at = pointer_at(&header, 0).unwrap_or_default();
        }
        Ok(())
    }
}

/// Whether a thread without a frame is just entering the interpreter (3.11 and 3.12): its record on
/// the C stack counts already and names no frame yet. A thread that runs no Python has its record
/// in its state.
fn is_entering(thread: ThreadWords, thread_state: RemoteAddr, layout: &Layout) -> bool {
    matches!(layout.thread.top_frame, TopFrame::CFrame { .. })
        && thread.top.offset_from(thread_state).is_none_or(|offset| offset > MAX_THREAD_STATE)
}

/// Why nothing can be said, given what the kernel answered.
pub(super) const fn refusal(error: MemoryError) -> Refusal {
    match error {
        MemoryError::Exited | MemoryError::Denied => Refusal::Exited,
        MemoryError::Unreadable { .. } | MemoryError::Nonsense { .. } | MemoryError::Os(_) => {
            Refusal::Unreadable
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::memory::{Batch, ImageMemory};
    use crate::python::layout::Build;

    const STATE: RemoteAddr = RemoteAddr::new(0x7000_0000_0000);

    fn put(bytes: &mut [u8], offset: u64, word: u64) {
        let offset = usize::try_from(offset).unwrap();
        bytes[offset..offset + 8].copy_from_slice(&word.to_le_bytes());
    }

    /// A thread without a frame, whose record lies `away` from its state.
    fn look_at_record(minor: u8, away: u64) -> Result<usize, Refusal> {
        let layout = Layout::for_version(minor, Build::Gil).unwrap();
        let TopFrame::CFrame { cframe, .. } = layout.thread.top_frame else { panic!() };
        let record = STATE.offset(away);
        let mut state = vec![0; 4096];
        put(&mut state, cframe, record.get());
        let mut memory = ImageMemory::new();
        memory.insert(STATE, state);
        memory.insert(STATE.offset(1 << 20), vec![0; 64]);
        FrameReader::new()
            .look(&memory, layout, STATE, TaskSource::None)
            .map(|look| look.frames.len())
    }

    #[test]
    fn a_thread_that_enters_the_interpreter_is_not_taken_for_one_without_frames() {
        for minor in [11, 12] {
            assert_eq!(look_at_record(minor, 304), Ok(0), "its state's own record");
            assert_eq!(look_at_record(minor, 1 << 20), Err(Refusal::Torn), "one on the C stack");
        }
    }

    /// Memory whose first so many calls take long, as if others had the CPU meanwhile.
    struct Slow {
        memory: ImageMemory,
        calls: Cell<u32>,
    }

    impl ReadMemory for Slow {
        fn read_batch(&self, batch: &mut Batch) -> Result<(), MemoryError> {
            if self.calls.get() > 0 {
                self.calls.set(self.calls.get() - 1);
                let begun = Instant::now();
                while begun.elapsed() < Duration::from_millis(5) {}
            }
            self.memory.read_batch(batch)
        }
    }

    #[test]
    fn calls_that_took_too_long_are_no_reason_to_leave_out_what_sleeps() {
        let layout = Layout::for_version(10, Build::Gil).unwrap();
        let TopFrame::FrameObject { frame: top } = layout.thread.top_frame else { panic!() };
        let (row, frames) = (layout.frame, [STATE.offset(1 << 20), STATE.offset(1 << 21)]);
        let mut slow = Slow { memory: ImageMemory::new(), calls: Cell::new(0) };
        for (i, frame) in frames.into_iter().enumerate() {
            let mut bytes = vec![0; 1024];
            put(&mut bytes, row.previous, if i == 0 { 0 } else { frames[0].get() });
            put(&mut bytes, row.code, STATE.get() + (i as u64 + 3) * (1 << 20));
            let (offset, value) = row.executing.unwrap();
            bytes[usize::try_from(offset).unwrap()] = value;
            slow.memory.insert(frame, bytes);
        }
        let mut reader = FrameReader::new();
        let mut look = |frames_on_stack: usize, slow: &mut Slow| {
            let mut state = vec![0; 4096];
            put(&mut state, top, frames[frames_on_stack - 1].get());
            slow.memory.insert(STATE, state);
            let look = reader.look(slow, layout, STATE, TaskSource::None).unwrap();
            (look.frames.len(), look.partial)
        };
        assert_eq!(look(1, &mut slow), (1, false));
        slow.calls.set(4);
        assert_eq!(look(2, &mut slow), (2, false));
    }
}
