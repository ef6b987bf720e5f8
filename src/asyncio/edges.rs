//! Who awaits a task, from the callbacks that it will call when it is done.
//!
//! The same on all versions: 3.14 publishes `awaited_by` as well, but sets it to the task that
//! *called* `gather` or `shield`, which need not await the result.

use super::env::Env;
use super::watch::Watch;
use crate::memory::{Memory, MemoryError, RemoteAddr};
use crate::python::objects::types::ObjectKind;
use crate::python::objects::{self, DequeCursor, SetCursor, nonsense};

/// Callbacks looked at for one task, those of intermediate futures included.
const MAX_CALLBACKS: u32 = 1 << 16;
/// Futures between a task and its awaiter (nested gathers, shields).
const MAX_DEPTH: u32 = 64;

/// Where a kind of callback leads.
enum Lead {
    /// To the future in this free variable.
    Future(&'static str),
    /// To the getters of the queue in this free variable.
    Queue(&'static str),
}

const FUNCTIONS: &[(&str, Lead)] = &[
    ("gather.<locals>._done_callback", Lead::Future("outer")),
    ("_gather.<locals>._done_callback", Lead::Future("outer")),
    ("_wait.<locals>._on_completion", Lead::Future("waiter")),
    ("shield.<locals>._inner_done_callback", Lead::Future("outer")),
    ("as_completed.<locals>._on_completion", Lead::Queue("done")),
    ("_chain_future.<locals>._call_set_state", Lead::Future("destination")),
];

/// Collects the tasks that await the future or task at `addr`; may hold duplicates.
pub(super) fn awaiters<M: Memory>(
    memory: &mut Watch<'_, M>,
    env: &mut Env<'_>,
    addr: RemoteAddr,
    out: &mut Vec<RemoteAddr>,
) -> Result<(), MemoryError> {
    out.clear();
    let mut search = Search { out, left: MAX_CALLBACKS, unexplained: false };
    search.future(memory, env, addr, 0)?;
    if search.unexplained {
        published(memory, env, addr, out)?;
    }
    out.sort_unstable();
    out.dedup();
    Ok(())
}

struct Search<'a> {
    out: &'a mut Vec<RemoteAddr>,
    left: u32,
    /// A callback was not understood.
    unexplained: bool,
}

impl Search<'_> {
    fn future<M: Memory>(
        &mut self,
        memory: &mut Watch<'_, M>,
        env: &mut Env<'_>,
        addr: RemoteAddr,
        depth: u32,
    ) -> Result<(), MemoryError> {
        if depth >= MAX_DEPTH {
            return Ok(());
        }
        let c_layout = match env.kind(memory, addr)? {
            ObjectKind::Task | ObjectKind::Future => true,
            ObjectKind::GatheringFuture => !env.types.known().future.is_null(),
            ObjectKind::PyTask | ObjectKind::PyFuture => false,
            _ => return self.other_thread(memory, env, addr, depth),
        };
        let list = if c_layout {
            let row = env.layout.asyncio;
            let first = memory.pointer(addr.offset(row.callback0))?;
            if !first.is_null() {
                self.callback(memory, env, first, depth)?;
            }
            memory.pointer(addr.offset(row.callbacks))?.plausible()
        } else {
            env.attribute(memory, addr, "_callbacks")?
        };
        let Some(list) = list else { return Ok(()) };
        if env.kind(memory, list)? == ObjectKind::None {
            return Ok(());
        }
        let items = objects::list_items(memory, env.layout, list)?;
        for index in 0..items.len {
            if self.left == 0 {
                self.unexplained = true;
                break;
            }
            let pair = items.get(memory, index)?;
            let pair = objects::tuple_items(memory, env.layout, pair)?;
            let callback = pair.get(memory, 0)?;
            self.callback(memory, env, callback, depth)?;
        }
        Ok(())
    }

    /// A future of `concurrent.futures`, by which `run_coroutine_threadsafe` hands a result over.
    fn other_thread<M: Memory>(
        &mut self,
        memory: &mut Watch<'_, M>,
        env: &mut Env<'_>,
        addr: RemoteAddr,
        depth: u32,
    ) -> Result<(), MemoryError> {
        let of = objects::ob_type(memory, env.layout, addr)?;
        if env.types.name(memory.raw(), env.layout, of)? != "Future" {
            return Ok(());
        }
        let Some(list) = env.attribute(memory, addr, "_done_callbacks")? else { return Ok(()) };
        let items = objects::list_items(memory, env.layout, list)?;
        for index in 0..items.len {
            if self.left == 0 {
                break;
            }
            let callback = items.get(memory, index)?;
            self.callback(memory, env, callback, depth)?;
        }
        Ok(())
    }

    fn callback<M: Memory>(
        &mut self,
        memory: &mut Watch<'_, M>,
        env: &mut Env<'_>,
        callback: RemoteAddr,
        depth: u32,
    ) -> Result<(), MemoryError> {
        self.left = self.left.saturating_sub(1);
        match env.kind(memory, callback)? {
            ObjectKind::TaskWakeupWrapper => {
                let offset = env.layout.asyncio.wakeup_wrapper_task.ok_or(nonsense(callback))?;
                let task = memory.pointer(callback.offset(offset))?;
                self.task(memory, env, task)
            }
            ObjectKind::Builtin => match objects::builtin_method(memory, env.layout, callback)? {
                (name, Some(task)) if name == "task_wakeup" => self.task(memory, env, task),
                _ => self.unexplained(),
            },
            ObjectKind::Method => self.method(memory, env, callback, depth),
            ObjectKind::Function => self.function(memory, env, callback, depth),
            ObjectKind::Partial => self.partial(memory, env, callback, depth),
            _ => self.unexplained(),
        }
    }

    const fn unexplained(&mut self) -> Result<(), MemoryError> {
        self.unexplained = true;
        Ok(())
    }

    /// Keeps `task` if it is one.
    fn task<M: Memory>(
        &mut self,
        memory: &mut Watch<'_, M>,
        env: &mut Env<'_>,
        task: RemoteAddr,
    ) -> Result<(), MemoryError> {
        if matches!(env.kind(memory, task)?, ObjectKind::Task | ObjectKind::PyTask) {
            self.out.push(task);
        }
        Ok(())
    }

    fn method<M: Memory>(
        &mut self,
        memory: &mut Watch<'_, M>,
        env: &mut Env<'_>,
        method: RemoteAddr,
        depth: u32,
    ) -> Result<(), MemoryError> {
        let (function, owner) = objects::bound_method(memory, env.layout, method)?;
        if env.kind(memory, function)? != ObjectKind::Function {
            return self.unexplained();
        }
        match &*objects::function_qualname(memory.raw(), env.layout, function)? {
            "Task.__wakeup" => self.task(memory, env, owner),
            "TaskGroup._on_task_done" => match env.attribute(memory, owner, "_parent_task")? {
                Some(parent) => self.task(memory, env, parent),
                None => Ok(()),
            },
            "_AsCompletedIterator._handle_completion" => {
                match env.attribute(memory, owner, "_done")? {
                    Some(queue) => self.queue(memory, env, queue, depth),
                    None => Ok(()),
                }
            }
            _ => self.unexplained(),
        }
    }

    fn function<M: Memory>(
        &mut self,
        memory: &mut Watch<'_, M>,
        env: &mut Env<'_>,
        function: RemoteAddr,
        depth: u32,
    ) -> Result<(), MemoryError> {
        let qualname = objects::function_qualname(memory.raw(), env.layout, function)?;
        let Some((_, lead)) = FUNCTIONS.iter().find(|(name, _)| *name == qualname) else {
            // `shield` and `staggered_race` clear `awaited_by` in a callback of their own.
            self.unexplained |= !matches!(
                &*qualname,
                "shield.<locals>._clear_awaited_by_callback"
                    | "_chain_future.<locals>._call_check_cancel"
            );
            return Ok(());
        };
        let (Lead::Future(variable) | Lead::Queue(variable)) = *lead;
        let cell = objects::closure_cell(memory.raw(), env.layout, function, variable)?;
        let value = match cell {
            Some(cell) => objects::cell_value(memory, env.layout, cell)?,
            None => None,
        };
        match (value, lead) {
            (Some(future), Lead::Future(_)) => self.future(memory, env, future, depth + 1),
            (Some(queue), Lead::Queue(_)) => self.queue(memory, env, queue, depth),
            (None, _) => Ok(()),
        }
    }

    /// `wait_for` up to 3.11: `partial(_release_waiter, waiter)`.
    fn partial<M: Memory>(
        &mut self,
        memory: &mut Watch<'_, M>,
        env: &mut Env<'_>,
        partial: RemoteAddr,
        depth: u32,
    ) -> Result<(), MemoryError> {
        let (function, arguments) = objects::partial(memory, env.layout, partial)?;
        let release = env.kind(memory, function)? == ObjectKind::Function
            && objects::function_qualname(memory.raw(), env.layout, function)? == "_release_waiter";
        if !release {
            return self.unexplained();
        }
        let arguments = objects::tuple_items(memory, env.layout, arguments)?;
        let waiter = arguments.get(memory, 0)?;
        self.future(memory, env, waiter, depth + 1)
    }

    /// The tasks in `get` of an `asyncio.Queue`.
    fn queue<M: Memory>(
        &mut self,
        memory: &mut Watch<'_, M>,
        env: &mut Env<'_>,
        queue: RemoteAddr,
        depth: u32,
    ) -> Result<(), MemoryError> {
        let Some(getters) = env.attribute(memory, queue, "_getters")? else { return Ok(()) };
        if env.kind(memory, getters)? != ObjectKind::Deque {
            return Ok(());
        }
        let mut getters = DequeCursor::new(memory, env.layout, getters)?;
        while let Some(future) = getters.next(memory)? {
            if self.left == 0 {
                break;
            }
            self.future(memory, env, future, depth + 1)?;
        }
        Ok(())
    }
}

/// `awaited_by` (3.14 on), for callbacks of other libraries.
fn published<M: Memory>(
    memory: &mut Watch<'_, M>,
    env: &mut Env<'_>,
    addr: RemoteAddr,
    out: &mut Vec<RemoteAddr>,
) -> Result<(), MemoryError> {
    let row = env.layout.asyncio;
    let (Some(awaited_by), Some(is_set)) = (row.awaited_by, row.awaited_by_is_set) else {
        return Ok(());
    };
    if env.kind(memory, addr)? != ObjectKind::Task {
        return Ok(());
    }
    let value = memory.pointer(addr.offset(awaited_by))?;
    if value.plausible().is_none() {
        return Ok(());
    }
    let mut search = Search { out, left: 0, unexplained: false };
    if memory.u8(addr.offset(is_set))? == 0 {
        return search.task(memory, env, value);
    }
    let mut set = SetCursor::new(memory, env.layout, value)?;
    for _ in 0..MAX_CALLBACKS {
        let Some(task) = set.next(memory)? else { break };
        search.task(memory, env, task)?;
    }
    Ok(())
}
