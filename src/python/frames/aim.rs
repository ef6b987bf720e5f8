//! Which task the next look will find, where the last one does not tell.
//!
//! Where many tasks take short steps in turn, a look planned after the last one finds another task,
//! and by the time it is planned anew yet another one. There a first, short call asks which
//! task runs now, and the bracketed call right after it fetches that task's frames, where they
//! were when it was last seen.

use rustc_hash::FxHashMap;

use super::current_task::TaskSource;
use super::look::{Refusal, RunningTask};
use super::plan::Recent;
use super::raw::RawFrame;
use super::reader::{FrameReader, refusal};
use super::words::ThreadWords;
use crate::memory::{ReadMemory, RemoteAddr};
use crate::python::layout::{GeneratorFrame, Layout, TopFrame};

/// Frames remembered of each task, the outermost ones.
pub(super) const DEPTH: usize = 8;
/// Remembered tasks; forgotten all at once beyond this.
pub(super) const MAX_TASKS: usize = 1 << 16;
/// So many tasks that ran last are copied along where a few take turns.
const LIKELY: usize = 8;
/// So many more changes than repetitions are remembered, and the other way round.
const MAX_CHANGES: i8 = 4;
/// The same of tasks that ran a few turns before, and others.
const MAX_RETURNS: i8 = 16;

/// What a task was when last seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct KnownTask {
    pub(super) coro: RemoteAddr,
    pub(super) name: RemoteAddr,
    /// Up to 3.10: the frame of its root coroutine; null if that was not seen.
    root: RemoteAddr,
    /// From 3.11 on: its coroutines' frames, innermost first; null where there are fewer.
    pub(super) frames: [RemoteAddr; DEPTH],
    /// The last two tasks that were found one call after this one; null where there are fewer.
    pub(super) next: [RemoteAddr; 2],
}

/// The tasks seen running.
#[derive(Debug, Default)]
pub(super) struct Tasks {
    pub(super) known: FxHashMap<RemoteAddr, KnownTask>,
    /// Those that ran last.
    pub(super) recent: Recent<LIKELY>,
    /// What ran at the last call of this look; null for none.
    pub(super) before: RemoteAddr,
    /// What calls the steps of tasks: the code of `Handle._run`, and up to 3.10 its frame, too.
    callers: Recent<4>,
    /// How much more often looks found another task than the last one had.
    changes: i8,
    /// How much more often the task that ran was one of those that ran last.
    returns: i8,
}

impl Tasks {
    pub(super) fn get(&self, task: RemoteAddr) -> Option<&KnownTask> {
        self.known.get(&task)
    }

    /// Notes that a task ran.
    pub(super) fn ran(&mut self, task: RemoteAddr) {
        self.follows(task);
        let known = self.recent.iter().position(|recent| recent == task);
        if known != Some(0) {
            let change = if known.is_some() { 1 } else { -1 };
            self.returns = self.returns.saturating_add(change).clamp(-MAX_RETURNS, MAX_RETURNS);
        }
        self.recent.touch(task);
    }

    /// Whether a few tasks take turns: then it pays to copy all of them. Among many, the next one is
    /// none of those that ran last, and what is copied for nothing tears looks and costs the target
    /// time.
    pub(super) const fn are_few(&self) -> bool {
        self.changes > 0 && self.returns > 0
    }

    /// Whether this code, or the frame at this address, calls the steps of tasks.
    pub(super) fn calls_steps(&self, code: RemoteAddr) -> bool {
        self.callers.iter().any(|caller| caller == code)
    }

    pub(super) fn note_caller(&mut self, code: RemoteAddr) {
        self.callers.touch(code);
    }

    /// Notes whether a look found the task that the one before it had.
    pub(super) fn turned(&mut self, changed: bool) {
        let change = if changed { 1 } else { -1 };
        self.changes = self.changes.saturating_add(change).clamp(-MAX_CHANGES, MAX_CHANGES);
    }

    /// Whether the next look is to ask first.
    pub(super) const fn are_changing(&self) -> bool {
        self.changes > 0
    }
}

impl FrameReader {
    /// Asks which task runs, and plans for it. What it says is a guess like the rest.
    pub(super) fn peek(
        &mut self,
        memory: &impl ReadMemory,
        layout: &Layout,
        thread_state: RemoteAddr,
        source: TaskSource,
    ) -> Result<(), Refusal> {
        self.plan.lay_out_peek(&mut self.copies, layout, thread_state, source);
        self.stats.peeks += 1;
        if !self.copies.fetch(memory).map_err(refusal)? {
            return Ok(());
        }
        let thread = self.copies.thread().and_then(|bytes| ThreadWords::parse(bytes, layout));
        let Some(thread) = thread else { return Ok(()) };
        let task = match self.tasks_around(layout, thread, source) {
            Ok(Some(tasks)) => tasks.after,
            Ok(None) | Err(Refusal::Torn) => return Ok(()),
            Err(refusal) => return Err(refusal),
        };
        if !task.is_null() {
            self.tasks.follows(task);
        }
        if task != self.plan.task {
            self.aim_at(layout, task);
        }
        if matches!(layout.thread.top_frame, TopFrame::FrameObject { .. }) {
            // Every frame is an object whose caller is known from before, as a rule.
            self.used_extras.clear();
            self.expect_frames(memory, layout, thread.top)?;
        }
        Ok(())
    }

    fn aim_at(&mut self, layout: &Layout, task: RemoteAddr) {
        self.plan.task = task;
        let known = self.tasks.get(task).copied().unwrap_or_default();
        self.plan.name = known.name;
        if layout.thread.datastack_chunk.is_some() {
            self.plan.extras.clear();
            self.plan.extras.extend(known.frames.iter().filter(|frame| !frame.is_null()));
        }
    }

    /// Up to 3.10: has the root coroutine of the running task copied as the innermost frame, where
    /// it is not planned for. If the task's step has just begun, it is the innermost one; if it has
    /// not or is over, it says so.
    pub(super) fn plan_root(&mut self) {
        let root = self.tasks.get(self.plan.task).map_or(RemoteAddr::NULL, |known| known.root);
        if !root.is_null() && !self.plan.apart && !self.plan.extras.contains(&root) {
            self.plan.extras.insert(0, root);
        }
    }

    /// Whether the root coroutine of the running task was copied and did not execute: up to 3.10 as
    /// it says itself, later as it stood still at the same place, called by nobody.
    pub(super) fn is_outside(&self, layout: &Layout, task: RunningTask) -> bool {
        let of_task = |root: &RawFrame| root.generator(layout) == Some(task.coro);
        let GeneratorFrame::Inline { frame, .. } = layout.generator.frame else {
            let known = self.tasks.get(task.addr).filter(|_| !task.coro.is_null());
            return known.is_some_and(|known| {
                self.every_copy(layout, known.root, |root| of_task(root) && !root.is_executing())
            });
        };
        let at = task.coro.offset(frame);
        let Some(copies) = self.copies.frame(at) else { return false };
        let copy =
            |bytes| RawFrame::parse(bytes, at, layout).filter(|root| root.previous.is_null());
        let (first, second) = (copy(copies.first), copies.second.and_then(copy));
        // Nor may what has moved since have been called by any coroutine.
        !self.frames.iter().any(|frame| frame.is_generators(layout))
            && matches!((first, second), (Some(first), Some(second))
                if of_task(&first) && of_task(&second) && first.agrees(&second, false))
    }

    /// Remembers what a look found.
    pub(super) fn remember_task(&mut self, layout: &Layout, task: Option<RunningTask>) {
        let Self { frames, plan, tasks, .. } = self;
        let on_stack = layout.thread.datastack_chunk.is_some();
        let mut known = KnownTask::default();
        let mut free = known.frames.iter_mut();
        for frame in frames.iter().rev() {
            if task.is_some() && frame.is_generators(layout) {
                plan.coroutines.touch(frame.addr);
            }
            if !on_stack || plan.in_chunk(frame.addr) {
                continue;
            }
            if task.is_none() || !frame.is_generators(layout) {
                plan.recent.touch(frame.addr);
            } else if let Some(slot) = free.next() {
                *slot = frame.addr;
            }
        }
        let Some(task) = task else { return };
        (known.coro, known.name) = (task.coro, task.name);
        known.frames.reverse();
        let all = &mut tasks.known;
        // Null where nothing but its frames is known so far.
        let same = |before: &&KnownTask| before.coro == task.coro || before.coro.is_null();
        let before = all.get(&task.addr).filter(same);
        let before = before.copied().unwrap_or_default();
        known.next = before.next;
        if known.frames.iter().all(|frame| frame.is_null()) {
            // Its step was seen outside them.
            known.frames = before.frames;
        }
        if known.name.is_null() {
            // It was not copied this time.
            known.name = before.name;
        }
        if !on_stack {
            let root = frames.iter().find(|frame| frame.generator(layout) == Some(task.coro));
            known.root = root.map_or(before.root, |root| root.addr);
        }
        if all.get(&task.addr) != Some(&known) {
            if all.len() >= MAX_TASKS {
                all.clear();
            }
            all.insert(task.addr, known);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is thought of the tasks after a hundred looks at so many that take turns.
    fn after_turns_of(count: u64) -> Tasks {
        let mut tasks = Tasks::default();
        for look in 0..100 {
            tasks.ran(RemoteAddr::new(0x1000 + look % count * 0x100));
            tasks.turned(count > 1);
        }
        tasks
    }

    #[test]
    fn a_few_tasks_that_take_turns_are_told_from_many_and_from_one() {
        let told = |count| {
            let tasks = after_turns_of(count);
            (tasks.are_changing(), tasks.are_few())
        };
        assert_eq!(told(1), (false, false));
        assert_eq!(told(2), (true, true));
        assert_eq!(told(LIKELY as u64), (true, true));
        assert_eq!(told(100), (true, false));
    }
}
