//! Which task's step runs at the instant of a look.
//!
//! From 3.14 on the thread state says it. Before, the dict of running tasks does, which is copied
//! right before and right after the thread state. Where the two copies differ, a step began or
//! ended in the half microsecond between: the stack then says whether its coroutine runs. To refuse
//! such looks would favour what lasts long; the states around a coroutine last no longer than that.

use super::current_task::{DICT_HEAD, MAX_KEYS, MIN_KEYS, TaskSource, keys_len, keys_of, task_of};
use super::look::{NAME_HEAD, Refusal, RunningTask};
use super::plan::TASK_WORDS;
use super::raw::RawFrame;
use super::reader::FrameReader;
use super::walk::Walk;
use super::words::{ThreadWords, pointer_at};
use crate::memory::{ReadMemory, RemoteAddr};
use crate::python::layout::Layout;

/// So many functions are followed outwards to whoever called them.
const MAX_CALLEES: usize = 32;

/// The tasks that ran right before and right after the thread state was copied; null for none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Around {
    pub(super) before: RemoteAddr,
    pub(super) after: RemoteAddr,
}

impl Around {
    const fn same(task: RemoteAddr) -> Self {
        Self { before: task, after: task }
    }

    /// Whether any task ran.
    pub(super) fn any(self) -> bool {
        !self.before.is_null() || !self.after.is_null()
    }
}

/// What a thread does at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doing {
    /// It runs no task's step.
    Other,
    /// It runs a step before or after its coroutine.
    Outside,
    /// It runs a coroutine.
    Inside,
}

impl FrameReader {
    /// What the thread did, as far as a call tells that need not have fetched its frames, by the
    /// last copy of each and the caller it had when last seen. Not proven, but true on average. `None`
    /// if a caller is not known.
    pub(super) fn doing_by_task(
        &self,
        layout: &Layout,
        tasks: Around,
        top: RemoteAddr,
    ) -> Option<Doing> {
        if tasks.before.is_null() {
            return Some(Doing::Other);
        }
        let on_stack = layout.thread.datastack_chunk.is_some();
        let mut at = top;
        for _ in 0..MAX_CALLEES {
            if self.tasks.calls_steps(at) {
                return Some(Doing::Outside);
            }
            let copies = self.copies.frame(at);
            let last = copies.map(|copies| copies.third.or(copies.second).unwrap_or(copies.first));
            let frame = last.and_then(|bytes| RawFrame::parse(bytes, at, layout));
            at = match frame {
                Some(frame) if frame.is_generators(layout) => break,
                Some(frame) if self.tasks.calls_steps(frame.code) => return Some(Doing::Outside),
                Some(frame) if self.plan.in_chunk(at) => frame.previous,
                None if self.plan.coroutines.iter().any(|coroutine| coroutine == at) => break,
                Some(frame) if !on_stack => frame.previous,
                // Entry records on the C stack are overwritten at once: where one was seen before, its
                // caller then is the better guess.
                _ => {
                    let copied = frame.map(|frame| frame.previous);
                    self.links.get(&at).copied().or(copied).filter(|caller| !caller.is_null())?
                }
            };
        }
        Some(Doing::Inside)
    }

    /// Whether a coroutine is among the frames that a walk leaves.
    fn is_on_stack(&self, layout: &Layout, walk: Walk, coro: RemoteAddr) -> bool {
        self.kept(walk).iter().any(|frame| frame.generator(layout) == Some(coro))
    }

    /// The tasks that ran around the instant of the look; `None` if the plan had to be mended first.
    pub(super) fn tasks_around(
        &mut self,
        layout: &Layout,
        thread: ThreadWords,
        source: TaskSource,
    ) -> Result<Option<Around>, Refusal> {
        match source {
            TaskSource::None => Ok(Some(Around::same(RemoteAddr::NULL))),
            TaskSource::ThreadState => Ok(Some(Around::same(thread.running_task))),
            TaskSource::Dict { dict, event_loop } => self.tasks_in_dict(layout, dict, event_loop),
        }
    }

    fn tasks_in_dict(
        &mut self,
        layout: &Layout,
        dict: RemoteAddr,
        event_loop: RemoteAddr,
    ) -> Result<Option<Around>, Refusal> {
        let heads = self.copies.dict(dict, DICT_HEAD).ok_or(Refusal::Unreadable)?;
        let len = self.plan.keys_len.max(MIN_KEYS);
        let [Some(keys), Some(later)] = heads.map(|head| keys_of(head, layout)) else {
            return Err(Refusal::Unreadable);
        };
        let copies = [keys, later].map(|keys| self.copies.dict(keys, len));
        let [Some([before, _]), Some([_, after])] = copies else {
            for keys in [keys, later] {
                self.plan.keys.touch(keys.plausible().ok_or(Refusal::Unreadable)?);
            }
            return Ok(None);
        };
        self.plan.keys.touch(keys);
        let copied = [before, after];
        let tasks = copied.map(|copy| task_of(copy, layout, event_loop));
        if let [Some(before), Some(after)] = tasks {
            return Ok(Some(Around { before, after }));
        }
        let mut needed = 0;
        for copy in copied {
            needed = needed.max(keys_len(copy, layout).ok_or(Refusal::Torn)?);
        }
        if needed <= len || needed > MAX_KEYS {
            return Err(Refusal::Unreadable);
        }
        self.plan.keys_len = needed;
        Ok(None)
    }

    /// The running task; `None` if the plan had to be mended first.
    #[expect(clippy::option_option, reason = "no task is an answer, no answer yet is not")]
    pub(super) fn running_task(
        &mut self,
        layout: &Layout,
        tasks: Around,
        walk: Walk,
    ) -> Result<Option<Option<RunningTask>>, Refusal> {
        let Some(task) = self.choose(layout, tasks, walk)? else { return Ok(None) };
        if task.is_null() {
            return Ok(Some(None));
        }
        let at = task.plausible().ok_or(Refusal::Unreadable)?.offset(layout.asyncio.coro);
        self.tasks.ran(task);
        let null = RemoteAddr::NULL;
        let Some(words) = self.copies.words(at, TASK_WORDS) else {
            if task == self.plan.task {
                return Err(Refusal::Unreadable);
            }
            self.plan.task = task;
            let known = self.tasks.get(task).copied().unwrap_or_default();
            self.plan.name = known.name;
            let (name, context) = (null, null);
            let running =
                RunningTask { addr: task, coro: known.coro, name, context, name_head: None };
            return Ok(Some(Some(running)));
        };
        let (coro, name, context) = decode(words)?;
        self.plan.task = task;
        self.plan.name = name.plausible().filter(|_| !coro.is_null()).unwrap_or(null);
        let name_head = self.copies.words(name, NAME_HEAD).and_then(|head| head.try_into().ok());
        Ok(Some(Some(RunningTask { addr: task, coro, name, context, name_head })))
    }

    /// The task that ran, null for none; `None` if the plan had to be mended first.
    fn choose(
        &mut self,
        layout: &Layout,
        tasks: Around,
        walk: Walk,
    ) -> Result<Option<RemoteAddr>, Refusal> {
        let Around { before, after } = tasks;
        if before == after {
            return Ok(Some(before));
        }
        for task in [after, before].into_iter().filter(|task| !task.is_null()) {
            let Some(coro) = self.coro_of(layout, task) else {
                self.plan.task = task;
                return Ok(None);
            };
            if !coro.is_null() && self.is_on_stack(layout, walk, coro) {
                return Ok(Some(task));
            }
        }
        if walk != Walk::Whole || !(before.is_null() || after.is_null()) {
            return Err(Refusal::Torn);
        }
        let mut frames = self.frames.iter().filter(|frame| !frame.is_shim(layout));
        let steps = |frame: &RawFrame| self.tasks.calls_steps(frame.code);
        match frames.position(steps) {
            // No step without the frame that calls it.
            None => Ok(Some(RemoteAddr::NULL)),
            // Half a microsecond is no answer; the earlier copy is one as good as the later.
            Some(0) => Ok(Some(before)),
            Some(_) => Err(Refusal::Torn),
        }
    }

    /// The root coroutine of a task, null if it is not known where it is; `None` if it is still to
    /// be copied.
    fn coro_of(&self, layout: &Layout, task: RemoteAddr) -> Option<RemoteAddr> {
        match self.copies.words(task.offset(layout.asyncio.coro), TASK_WORDS) {
            Some(words) => pointer_at(words, 0),
            None => self.tasks.get(task).map(|known| known.coro).filter(|coro| !coro.is_null()),
        }
    }

    /// The running task, if what is known of it is of this instant: its words were copied along, or
    /// its root coroutine is on the stack, or what it is can still be asked. `None` if the plan had to
    /// be mended first.
    #[expect(clippy::option_option, reason = "no task is an answer, no answer yet is not")]
    pub(super) fn confirmed(
        &mut self,
        memory: &impl ReadMemory,
        layout: &Layout,
        task: Option<RunningTask>,
        walk: Walk,
    ) -> Result<Option<Option<RunningTask>>, Refusal> {
        let Some(doubted) = task else { return Ok(Some(None)) };
        let words = doubted.addr.offset(layout.asyncio.coro);
        // The outer part of a stack that does not reach the coroutine would put it where it is not.
        let part = matches!(walk, Walk::Outer(_)) && !doubted.coro.is_null();
        if (self.copies.words(words, TASK_WORDS).is_some() && !part)
            || self.is_on_stack(layout, walk, doubted.coro)
            || self.is_outside(layout, doubted)
        {
            return Ok(Some(task));
        }
        if walk != Walk::Whole || self.doing != Some(Doing::Outside) {
            return Ok(None);
        }
        let asked = self.ask_afterwards(memory, layout, doubted.addr)?;
        // It ran outside its coroutine only if the stack has none, whatever was thought before.
        let outside = !self.frames.iter().any(|frame| frame.is_generators(layout));
        let fits = |task: &RunningTask| outside || self.is_on_stack(layout, walk, task.coro);
        Ok(asked.filter(fits).map(Some))
    }

    /// Puts the innermost frame, which has moved since the instant of the look, back to what it was
    /// then, where that was the one that calls a task's step (3.11 on): such a step ran, and a frame of
    /// its code was there before, called from where the stack ends now. Tells whether that was so.
    pub(super) fn restore_step(&mut self, layout: &Layout, top: RemoteAddr) -> bool {
        let on_stack = layout.thread.datastack_chunk.is_some();
        if !on_stack || self.doing != Some(Doing::Outside) {
            return false;
        }
        let copies = self.copies.frame(top);
        let before = copies.and_then(|copies| RawFrame::parse(copies.first, top, layout));
        let caller = self.frames.get(1).map(|caller| caller.addr);
        match (before, self.frames.first_mut()) {
            (Some(before), Some(frame))
                if self.tasks.calls_steps(before.code) && Some(before.previous) == caller =>
            {
                *frame = before;
                true
            }
            _ => false,
        }
    }

    /// Remembers which code calls the steps of tasks.
    pub(super) fn remember_caller(&mut self, layout: &Layout, task: RunningTask) {
        let Self { frames, tasks, .. } = self;
        let on_stack = layout.thread.datastack_chunk.is_some();
        let mut outwards =
            frames.iter().skip_while(|frame| frame.generator(layout) != Some(task.coro)).skip(1);
        if let Some(step) = outwards.find(|frame| !frame.is_shim(layout)) {
            tasks.note_caller(step.code);
            if !on_stack {
                tasks.note_caller(step.addr);
            }
        }
    }
}

/// Coroutine, name and context, from a task's words.
pub(super) fn decode(words: &[u8]) -> Result<(RemoteAddr, RemoteAddr, RemoteAddr), Refusal> {
    let word = |offset| pointer_at(words, offset).ok_or(Refusal::Unreadable);
    Ok((word(0)?, word(8)?, word(16)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::layout::Build;

    const TASK: RemoteAddr = RemoteAddr::new(0x5000_0000_1000);
    const CORO: RemoteAddr = RemoteAddr::new(0x5000_0000_2000);
    const NONE: RemoteAddr = RemoteAddr::NULL;
    /// The codes of a loop's frame, of the one that calls steps, and of a coroutine.
    const ROUND: u64 = 0x5000_0001_0000;
    const STEP: u64 = 0x5000_0001_1000;
    const BODY: u64 = 0x5000_0001_2000;
    /// What the dict says where a step begins or ends.
    const BEGINS: Around = Around { before: NONE, after: TASK };
    const ENDS: Around = Around { before: TASK, after: NONE };

    fn layout() -> &'static Layout {
        Layout::for_version(10, Build::Gil).unwrap()
    }

    fn frame(addr: u64, code: u64, generator: RemoteAddr) -> RawFrame {
        let row = layout().frame;
        let mut bytes = vec![0; 512];
        for (offset, word) in [(row.code, code), (row.generator.unwrap(), generator.get())] {
            let offset = usize::try_from(offset).unwrap();
            bytes[offset..offset + 8].copy_from_slice(&word.to_le_bytes());
        }
        RawFrame::parse(&bytes, RemoteAddr::new(addr), layout()).unwrap()
    }

    /// A reader that saw the task run once, and now copied these frames, innermost first.
    fn reader(codes: &[u64]) -> FrameReader {
        let frames = |codes: &[u64]| {
            let of = |code| if code == BODY { CORO } else { NONE };
            codes.iter().map(|&code| frame(code + 0x1_0000, code, of(code))).collect()
        };
        let mut reader = FrameReader::new();
        let task =
            RunningTask { addr: TASK, coro: CORO, name: NONE, context: NONE, name_head: None };
        reader.frames = frames(&[BODY, STEP, ROUND]);
        reader.remember_task(layout(), Some(task));
        reader.remember_caller(layout(), task);
        reader.frames = frames(codes);
        reader
    }

    fn chosen(codes: &[u64], tasks: Around) -> Result<Option<RemoteAddr>, Refusal> {
        reader(codes).choose(layout(), tasks, Walk::Whole)
    }

    #[test]
    fn a_coroutine_on_the_stack_says_that_its_task_runs() {
        for tasks in [BEGINS, ENDS] {
            assert_eq!(chosen(&[BODY, STEP, ROUND], tasks), Ok(Some(TASK)));
        }
    }

    #[test]
    fn no_task_runs_where_nothing_calls_steps() {
        for tasks in [BEGINS, ENDS] {
            assert_eq!(chosen(&[ROUND], tasks), Ok(Some(NONE)));
        }
    }

    #[test]
    fn before_and_after_a_coroutine_the_earlier_copy_counts() {
        assert_eq!(chosen(&[STEP, ROUND], BEGINS), Ok(Some(NONE)));
        assert_eq!(chosen(&[STEP, ROUND], ENDS), Ok(Some(TASK)));
    }

    #[test]
    fn what_may_be_a_step_or_another_callback_is_torn() {
        for tasks in [BEGINS, ENDS] {
            assert_eq!(chosen(&[0x5000_0001_3000, STEP, ROUND], tasks), Err(Refusal::Torn));
        }
    }

    #[test]
    fn a_part_of_a_stack_does_not_tell_whether_a_coroutine_ran() {
        let mut reader = reader(&[STEP, ROUND]);
        assert_eq!(reader.choose(layout(), ENDS, Walk::Outer(1)), Err(Refusal::Torn));
    }
}
