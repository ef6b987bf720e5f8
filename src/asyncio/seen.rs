//! Which task a look found, by nothing but what the look copied: a task that takes a few short steps
//! is gone by the time that more could be read.

use super::chain::Leaf;
use super::naming::{self, Found, Known};
use super::reader::AsyncioReader;
use super::reading::Reading;
use super::task::{self, TaskFields};
use crate::memory::{Memory, MemoryError, RemoteAddr};
use crate::model::{CodeId, Dictionary, LoopId, TaskId, TaskState};
use crate::python::frames::RunningTask;
use crate::python::layout::Layout;
use crate::python::objects;

impl AsyncioReader {
    /// The id of a task whose words a look copied, if they are those of a task known at that
    /// address: same coroutine, same context and, by its memory, same name. No system call.
    #[must_use]
    pub fn known_task(&self, layout: &Layout, task: &RunningTask) -> Option<TaskId> {
        let record = self.lasting.records.get(task.addr)?;
        let identity = &record.identity;
        let done = record.row.is_some_and(|row| row.state == TaskState::Done);
        if done || identity.coro != task.coro || identity.context != task.context {
            return None;
        }
        record.id.filter(|_| self.name_mark(layout, task) == Some(identity.name_mark))
    }

    /// The id of a task whose words a look copied; it is defined at first sight, with the code of its
    /// root coroutine if that was on the stack. `None` if the look did not copy enough. `memory` is
    /// asked for nothing but types.
    pub fn seen_task(
        &mut self,
        memory: &mut impl Memory,
        layout: &Layout,
        dictionary: &mut Dictionary,
        task: &RunningTask,
        (root, event_loop): (Option<CodeId>, LoopId),
    ) -> Option<TaskId> {
        let name_mark = self.name_mark(layout, task)?;
        let copied = task.name_head.as_ref()?;
        let mut memory = Copied { at: task.name, bytes: copied, beneath: memory };
        let name = objects::text(&mut memory, layout, task.name).or_else(|_no_text| {
            let number = objects::int(&mut memory, layout, task.name)?;
            Ok::<_, MemoryError>(task::numbered(number))
        });
        let name = dictionary.string(&name.ok()?);
        let fields = TaskFields {
            pending: true,
            event_loop: RemoteAddr::NULL,
            coro: task.coro,
            fut_waiter: None,
            context: task.context,
            name: task.name,
            cancel_requests: None,
        };
        let (state, leaf) = (TaskState::Running, Leaf::Yielded);
        let reading = Reading { fields, name_mark, state, leaf, consistent: true };
        let found = Found { reading: &reading, name, root, event_loop: Some(event_loop) };
        match naming::record(&mut self.lasting, dictionary, task.addr, found) {
            Known::Same(id) => Some(id),
            Known::New(id) => id,
        }
    }

    fn name_mark(&self, layout: &Layout, task: &RunningTask) -> Option<u64> {
        let head = task.name_head.as_ref()?;
        let mut states = self.interpreters.iter().filter(|state| state.asyncio.is_some());
        states.find_map(|state| task::mark_of(head, layout, &state.types))
    }
}

/// Memory of which a part was copied before.
struct Copied<'a, M> {
    at: RemoteAddr,
    bytes: &'a [u8],
    beneath: &'a mut M,
}

impl<M: Memory> Memory for Copied<'_, M> {
    fn bytes(&mut self, addr: RemoteAddr, len: usize) -> Result<&[u8], MemoryError> {
        let offset = addr.offset_from(self.at).and_then(|offset| usize::try_from(offset).ok());
        match offset.and_then(|offset| self.bytes.get(offset..)).filter(|rest| !rest.is_empty()) {
            Some(rest) => rest.get(..len).ok_or(objects::nonsense(addr)),
            None => self.beneath.bytes(addr, len),
        }
    }
}
