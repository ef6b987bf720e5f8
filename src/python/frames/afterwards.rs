//! What a look did not copy of its task, asked right after it.
//!
//! Where a task's words (coroutine, name and context) are the same after its name was read as they were
//! in the look, they were so all the time, or another task got its place and those of all three since
//! then. That is possible, since memory is given out again at once, but these are microseconds, and a look
//! that ends after its millisecond counts for nothing.

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
        self.stats.chases += 2;
        match memory.read_into(addr.offset(layout.asyncio.coro), &mut words).map_err(refusal) {
            Err(Refusal::Unreadable) => return Ok(None),
            other => other?,
        }
        let (coro, name, context) = decode(&words)?;
        let Some(coro) = coro.plausible() else { return Ok(None) };
        if !has_begun(memory, layout, coro).unwrap_or(false) {
            return Ok(None);
        }
        // Its name is read by `named`, which makes sure that it is this task's.
        Ok(Some(RunningTask { addr, coro, name, context, name_head: None }))
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
        let same = coro == task.coro && words()? == (coro, name, context);
        self.stats.chases += 1;
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

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::memory::{Batch, ImageMemory, MemoryError};
    use crate::python::layout::Build;

    const TASK: RemoteAddr = RemoteAddr::new(0x5000_0000_1000);
    const CORO: RemoteAddr = RemoteAddr::new(0x5000_0001_0000);
    const NAME: RemoteAddr = RemoteAddr::new(0x5000_0002_0000);
    const CONTEXT: RemoteAddr = RemoteAddr::new(0x5000_0003_0000);
    const FRAME: RemoteAddr = RemoteAddr::new(0x5000_0004_0000);
    const LOOKED_AT: RunningTask =
        RunningTask { addr: TASK, coro: CORO, name: NAME, context: CONTEXT, name_head: None };

    /// Memory in which another task with another name takes the place after so many reads.
    struct Reused {
        before: ImageMemory,
        after: ImageMemory,
        reads: Cell<u32>,
    }

    impl ReadMemory for Reused {
        fn read_batch(&self, batch: &mut Batch) -> Result<(), MemoryError> {
            let left = self.reads.get();
            self.reads.set(left.saturating_sub(1));
            if left > 0 { &self.before } else { &self.after }.read_batch(batch)
        }
    }

    fn layout(minor: u8) -> &'static Layout {
        Layout::for_version(minor, Build::Gil).unwrap()
    }

    fn task_with(coro: RemoteAddr, letter: u8) -> ImageMemory {
        let mut memory = ImageMemory::new();
        let words = [coro, NAME, CONTEXT].map(|word| word.get().to_le_bytes()).concat();
        memory.insert(TASK.offset(layout(12).asyncio.coro), words);
        memory.insert(NAME, vec![letter; NAME_HEAD]);
        memory
    }

    fn named(task: RunningTask, reads: u32) -> Option<[u8; NAME_HEAD]> {
        let (before, after) = (task_with(CORO, b'a'), task_with(CORO.offset(64), b'b'));
        let memory = Reused { before, after, reads: Cell::new(reads) };
        FrameReader::new().named(&memory, layout(12), task).name_head
    }

    #[test]
    fn a_name_counts_where_the_task_is_still_the_same_afterwards() {
        let unknown =
            RunningTask { name: RemoteAddr::NULL, context: RemoteAddr::NULL, ..LOOKED_AT };
        assert_eq!(named(LOOKED_AT, 2), Some([b'a'; NAME_HEAD]));
        assert_eq!(named(unknown, 3), Some([b'a'; NAME_HEAD]));
        for (task, reads) in
            [(LOOKED_AT, 0), (LOOKED_AT, 1), (unknown, 0), (unknown, 1), (unknown, 2)]
        {
            assert_eq!(named(task, reads), None, "replaced after {reads} reads");
        }
    }

    #[test]
    fn a_coroutine_that_was_never_entered_may_be_of_a_task_that_came_since() {
        for minor in [8, 9, 10] {
            let layout = layout(minor);
            let (GeneratorFrame::ObjectRunning { frame, .. } | GeneratorFrame::Object { frame }) =
                layout.generator.frame
            else {
                panic!()
            };
            let begun = |frame_at: RemoteAddr, instruction: i32| {
                let mut memory = ImageMemory::new();
                memory.insert(CORO.offset(frame), frame_at.get().to_le_bytes().to_vec());
                let at = FRAME.offset(layout.frame.instruction);
                memory.insert(at, instruction.to_le_bytes().to_vec());
                has_begun(&memory, layout, CORO)
            };
            assert_eq!(begun(FRAME, -1), Some(false), "not entered");
            assert_eq!(begun(FRAME, 0), Some(true), "at its first instruction");
            assert_eq!(begun(RemoteAddr::NULL, -1), Some(true), "ended");
            assert_eq!(begun(RemoteAddr::new(8), 4), None, "nonsense");
        }
    }
}
