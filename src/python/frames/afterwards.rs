//! What a look did not copy of its task, asked right after it.
//!
//! A task's words (coroutine, name and context) that are the same after its name was read were the
//! same all the time since the look: to be another task by then, one at the same address would have
//! to have got all three objects at the addresses of the first one's, within microseconds.

use super::look::{NAME_HEAD, Refusal, RunningTask};
use super::plan::TASK_WORDS;
use super::reader::{FrameReader, refusal};
use super::stepping::decode;
use crate::memory::{ReadMemory, RemoteAddr};
use crate::python::layout::{GeneratorFrame, Layout};

impl FrameReader {
    /// What the task at `addr` is whose step ran outside its coroutine in the look just made, and was
    /// not copied. Another one that took its place since would have to have begun to run since, too.
    pub(super) fn ask_afterwards(
        &mut self,
        memory: &impl ReadMemory,
        layout: &Layout,
        addr: RemoteAddr,
    ) -> Result<Option<RunningTask>, Refusal> {
        let mut words = [0; TASK_WORDS];
        self.stats.chases += 3;
        match memory.read_into(addr.offset(layout.asyncio.coro), &mut words).map_err(refusal) {
            Err(Refusal::Unreadable) => return Ok(None),
            other => other?,
        }
        let (coro, name, context) = decode(&words)?;
        let Some(coro) = coro.plausible() else { return Ok(None) };
        if !has_begun(memory, layout, coro).unwrap_or(false) {
            return Ok(None);
        }
        let mut head = [0; NAME_HEAD];
        let named = memory.read_into(name, &mut head).is_ok();
        Ok(Some(RunningTask { addr, coro, name, context, name_head: named.then_some(head) }))
    }

    /// The task of a look with its name, where that can still be had.
    pub(super) fn named(
        &mut self,
        memory: &impl ReadMemory,
        layout: &Layout,
        task: RunningTask,
    ) -> RunningTask {
        if task.name_head.is_some() || task.coro.is_null() {
            return task;
        }
        self.read_name(memory, layout, task).unwrap_or(task)
    }

    fn read_name(
        &mut self,
        memory: &impl ReadMemory,
        layout: &Layout,
        task: RunningTask,
    ) -> Option<RunningTask> {
        let mut words = || {
            let mut words = [0; TASK_WORDS];
            self.stats.chases += 1;
            memory.read_into(task.addr.offset(layout.asyncio.coro), &mut words).ok()?;
            decode(&words).ok()
        };
        let (coro, name, context) = match task {
            // They were not copied.
            RunningTask { name: RemoteAddr::NULL, .. } => words()?,
            RunningTask { coro, name, context, .. } => (coro, name, context),
        };
        let mut head = [0; NAME_HEAD];
        memory.read_into(name.plausible()?, &mut head).ok()?;
        let (coro_after, name_after, context_after) = words()?;
        self.stats.chases += 1;
        // A task that has ended since has given its coroutine back.
        let same_coro = coro_after == coro || coro_after.is_null();
        let same = coro == task.coro && same_coro && (name_after, context_after) == (name, context);
        same.then_some(RunningTask { name, context, name_head: Some(head), ..task })
    }
}

/// Whether a coroutine has been entered; `None` if it cannot be read.
fn has_begun(memory: &impl ReadMemory, layout: &Layout, coro: RemoteAddr) -> Option<bool> {
    match (layout.generator.frame, layout.generator.states) {
        (GeneratorFrame::Inline { state, .. }, Some(states)) => {
            let mut now = [0];
            memory.read_into(coro.offset(state), &mut now).ok()?;
            Some(now[0].cast_signed() != states.created)
        }
        (GeneratorFrame::ObjectRunning { frame, .. } | GeneratorFrame::Object { frame }, _) => {
            let mut pointer = [0; 8];
            memory.read_into(coro.offset(frame), &mut pointer).ok()?;
            let frame = RemoteAddr::new(u64::from_le_bytes(pointer));
            if frame.is_null() {
                // It has ended.
                return Some(true);
            }
            let mut instruction = [0; 4];
            let at = frame.plausible()?.offset(layout.frame.instruction);
            memory.read_into(at, &mut instruction).ok()?;
            Some(i32::from_le_bytes(instruction) >= 0)
        }
        (GeneratorFrame::Inline { .. }, None) => None,
    }
}
