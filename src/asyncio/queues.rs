//! What a loop has queued: callbacks that could run, and timers.

use super::edges;
use super::env::Env;
use super::reader::AsyncioReader;
use super::watch::Watch;
use crate::memory::{Memory, MemoryError, PagedMemory, ReadMemory, RemoteAddr};
use crate::model::TaskId;
use crate::python::layout::Layout;
use crate::python::objects::types::ObjectKind;
use crate::python::objects::{self, DequeCursor};

/// Handles looked at in one loop.
const MOST: u32 = 512;
/// Timers due later than this after now do not matter.
const HORIZON_SECONDS: f64 = 10.0;
/// Calls that set the result of a future, their first argument.
const SETTERS: [&str; 2] = ["_set_result_unless_cancelled", "_set_result_unless_done"];

/// Something a loop is to run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Queued {
    /// The task that goes on with it, if it is one that a census found.
    pub task: Option<TaskId>,
    /// When it is due on the loop's clock, in seconds; `None` for what could run at once.
    pub due: Option<f64>,
}

impl AsyncioReader {
    /// What the loop of asyncio at `addr` has queued, `now` being its clock in seconds, and whether
    /// that is all. Tasks are those of the last census. What makes no sense, since the loop runs
    /// meanwhile, is left out.
    ///
    /// # Errors
    /// When the queues cannot be read at all.
    pub fn queued<M: ReadMemory>(
        &mut self,
        memory: &mut PagedMemory<M>,
        layout: &Layout,
        addr: RemoteAddr,
        now: f64,
    ) -> Result<(Vec<Queued>, bool), MemoryError> {
        memory.begin();
        let Some(state) = self.interpreters.iter_mut().find(|state| state.asyncio.is_some()) else {
            return Ok((Vec::new(), false));
        };
        let mut spans = Vec::new();
        let mut queues = Queues {
            memory: Watch::new(memory, &mut spans),
            env: Env { layout, types: &mut state.types },
            found: Vec::new(),
            left: MOST,
            complete: true,
        };
        queues.ready(addr)?;
        queues.scheduled(addr, now + HORIZON_SECONDS)?;
        let Queues { found, complete, .. } = queues;
        let id_of = |task: RemoteAddr| self.lasting.records.get(task).and_then(|record| record.id);
        let queued = found
            .into_iter()
            .map(|(task, due)| Queued { task: task.and_then(id_of), due })
            .collect();
        Ok((queued, complete))
    }
}

struct Queues<'a, M> {
    memory: Watch<'a, M>,
    env: Env<'a>,
    found: Vec<(Option<RemoteAddr>, Option<f64>)>,
    left: u32,
    complete: bool,
}

impl<M: Memory> Queues<'_, M> {
    fn ready(&mut self, event_loop: RemoteAddr) -> Result<(), MemoryError> {
        let Some(ready) = self.env.attribute(&mut self.memory, event_loop, "_ready")? else {
            self.complete = false;
            return Ok(());
        };
        let mut handles = DequeCursor::new(self.memory.raw(), self.env.layout, ready)?;
        while let Some(handle) = handles.next(self.memory.raw())? {
            if !self.one_more() {
                return Ok(());
            }
            self.add(handle, None);
        }
        Ok(())
    }

    /// The timers, a heap by the time they are due: what lies below a late one is later still.
    fn scheduled(&mut self, event_loop: RemoteAddr, horizon: f64) -> Result<(), MemoryError> {
        let Some(list) = self.env.attribute(&mut self.memory, event_loop, "_scheduled")? else {
            self.complete = false;
            return Ok(());
        };
        let timers = objects::list_items(self.memory.raw(), self.env.layout, list)?;
        let mut next = vec![0];
        while let Some(index) = next.pop() {
            if index >= timers.len {
                continue;
            }
            if !self.one_more() {
                return Ok(());
            }
            let timer = timers.get(self.memory.raw(), index)?;
            let due = match self.slot(timer, "_when")? {
                Some(when) => objects::float(self.memory.raw(), self.env.layout, when)?,
                None => continue,
            };
            if due.is_finite() && due <= horizon {
                self.add(timer, Some(due));
                next.extend([2 * index + 1, 2 * index + 2]);
            }
        }
        Ok(())
    }

    const fn one_more(&mut self) -> bool {
        match self.left.checked_sub(1) {
            Some(left) => self.left = left,
            None => self.complete = false,
        }
        self.complete
    }

    fn slot(&mut self, handle: RemoteAddr, name: &str) -> Result<Option<RemoteAddr>, MemoryError> {
        objects::slot(self.memory.raw(), self.env.layout, handle, name)
    }

    fn add(&mut self, handle: RemoteAddr, due: Option<f64>) {
        match self.handle(handle) {
            Ok(Some(task)) => self.found.push((task, due)),
            Ok(None) => {}
            Err(_changing) => self.complete = false,
        }
    }

    /// The task that a handle lets go on, if any; `None` for one that is cancelled.
    #[expect(clippy::option_option, reason = "cancelled handles are no handles of no task")]
    fn handle(&mut self, handle: RemoteAddr) -> Result<Option<Option<RemoteAddr>>, MemoryError> {
        if let Some(cancelled) = self.slot(handle, "_cancelled")?
            && objects::int(self.memory.raw(), self.env.layout, cancelled)? != 0
        {
            return Ok(None);
        }
        let Some(callback) = self.slot(handle, "_callback")? else { return Ok(None) };
        match self.env.kind(&mut self.memory, callback)? {
            ObjectKind::None => Ok(None),
            ObjectKind::TaskStepWrapper => {
                let at = callback.offset(self.env.layout.asyncio.step_wrapper_task);
                Ok(Some(self.memory.raw().pointer(at)?.plausible()))
            }
            ObjectKind::TaskWakeupWrapper => match self.env.layout.asyncio.wakeup_wrapper_task {
                Some(offset) => {
                    Ok(Some(self.memory.raw().pointer(callback.offset(offset))?.plausible()))
                }
                None => Ok(Some(None)),
            },
            ObjectKind::Builtin => {
                let (name, owner) =
                    objects::builtin_method(self.memory.raw(), self.env.layout, callback)?;
                Ok(Some(owner.filter(|_| name == "task_wakeup")))
            }
            ObjectKind::Method => {
                let (_, owner) =
                    objects::bound_method(self.memory.raw(), self.env.layout, callback)?;
                let kind = self.env.kind(&mut self.memory, owner)?;
                Ok(Some(Some(owner).filter(|_| kind == ObjectKind::PyTask)))
            }
            ObjectKind::Function => Ok(Some(self.set_by(handle, callback)?)),
            _ => Ok(Some(None)),
        }
    }

    /// The task that awaits the future that a function sets the result of.
    fn set_by(
        &mut self,
        handle: RemoteAddr,
        function: RemoteAddr,
    ) -> Result<Option<RemoteAddr>, MemoryError> {
        let name = objects::function_qualname(self.memory.raw(), self.env.layout, function)?;
        if !SETTERS.contains(&name.as_str()) {
            return Ok(None);
        }
        let Some(arguments) = self.slot(handle, "_args")? else { return Ok(None) };
        let arguments = objects::tuple_items(self.memory.raw(), self.env.layout, arguments)?;
        if arguments.len == 0 {
            return Ok(None);
        }
        let future = arguments.get(self.memory.raw(), 0)?;
        let mut awaiters = Vec::new();
        edges::awaiters(&mut self.memory, &mut self.env, future, &mut awaiters)?;
        Ok(awaiters.first().copied().filter(|_| awaiters.len() == 1))
    }
}
