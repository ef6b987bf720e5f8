//! asyncio inside an interpreter: its modules, classes and registries.

use crate::memory::{Memory, MemoryError, RemoteAddr};
use crate::python::layout::{Layout, TaskRegistry};
use crate::python::objects::{self, types::KnownTypes};

/// asyncio as one interpreter has imported it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asyncio {
    /// The classes that chains and edges are recognised by.
    pub types: KnownTypes,
    /// `WeakSet` of tasks: `_all_tasks`, or `_scheduled_tasks` from 3.12 on.
    pub weak_set: Option<RemoteAddr>,
    /// `_eager_tasks`: set, from 3.12 on.
    pub eager_tasks: Option<RemoteAddr>,
    /// From 3.14 on: where `_asyncio` keeps tasks of other classes that were registered with it,
    /// a `WeakSet` and a set.
    pub foreign: [Option<RemoteAddr>; 2],
    /// `_current_tasks`: dict of loop to task.
    pub current_tasks: Option<RemoteAddr>,
}

impl Asyncio {
    /// Finds asyncio in an interpreter; `None` while it is not (wholly) imported.
    ///
    /// # Errors
    /// When the interpreter's modules cannot be read.
    pub fn locate(
        memory: &mut impl Memory,
        layout: &Layout,
        interpreter: RemoteAddr,
    ) -> Result<Option<Self>, MemoryError> {
        let modules = memory.pointer(interpreter.offset(layout.interpreter.modules))?;
        if modules.is_null() {
            return Ok(None);
        }
        let mut namespace = |name| namespace(memory, layout, modules, name);
        let (Some(tasks), Some(futures)) =
            (namespace("asyncio.tasks")?, namespace("asyncio.futures")?)
        else {
            return Ok(None);
        };
        let c_module = namespace("_asyncio")?;
        let mut name = |namespace: RemoteAddr, name| {
            objects::lookup(memory, layout, namespace, name)
                .map(|found| found.unwrap_or(RemoteAddr::NULL))
        };
        let (task, future) = match c_module {
            Some(c_module) => (name(c_module, "Task")?, name(c_module, "Future")?),
            None => (RemoteAddr::NULL, RemoteAddr::NULL),
        };
        let types = KnownTypes {
            task,
            future,
            py_task: name(tasks, "_PyTask")?,
            py_future: name(futures, "_PyFuture")?,
            gathering: name(tasks, "_GatheringFuture")?,
        };
        // Named last by the module: before that it is still being imported.
        if types.gathering.is_null() {
            return Ok(None);
        }
        let weak_set = match layout.asyncio.registry {
            TaskRegistry::AllTasks => name(tasks, "_all_tasks")?,
            TaskRegistry::Scheduled | TaskRegistry::Lists => name(tasks, "_scheduled_tasks")?,
        };
        let eager_tasks = name(tasks, "_eager_tasks")?.plausible();
        let current_tasks = name(tasks, "_current_tasks")?.plausible();
        let weak_set = weak_set.plausible();
        if weak_set.is_none() && layout.asyncio.registry != TaskRegistry::Lists {
            return Ok(None);
        }
        let foreign = foreign(memory, layout, modules)?;
        Ok(Some(Self { types, weak_set, eager_tasks, foreign, current_tasks }))
    }
}

/// From `TaskType` to `non_asyncio_tasks` and `non_asyncio_eager_tasks` in the state of `_asyncio`.
const FOREIGN: [(u64, &str); 2] = [(24, "WeakSet"), (32, "set")];

fn foreign(
    memory: &mut impl Memory,
    layout: &Layout,
    modules: RemoteAddr,
) -> Result<[Option<RemoteAddr>; 2], MemoryError> {
    let mut found = [None; 2];
    if layout.asyncio.registry != TaskRegistry::Lists {
        return Ok(found);
    }
    let Some(task_type) = layout.asyncio.module_task_type else { return Ok(found) };
    let Some(module) = objects::lookup(memory, layout, modules, "_asyncio")? else {
        return Ok(found);
    };
    let Some(state) = objects::module_state(memory, layout, module)? else { return Ok(found) };
    for (slot, (offset, name)) in found.iter_mut().zip(FOREIGN) {
        let Some(set) = memory.pointer(state.offset(task_type + offset))?.plausible() else {
            continue;
        };
        let of = objects::ob_type(memory, layout, set)?;
        // No row and no published offset covers these two, so they prove themselves.
        if objects::type_name_is(memory, layout, of, name.as_bytes())? {
            *slot = Some(set);
        }
    }
    Ok(found)
}

/// The dict of an imported module.
fn namespace(
    memory: &mut impl Memory,
    layout: &Layout,
    modules: RemoteAddr,
    name: &str,
) -> Result<Option<RemoteAddr>, MemoryError> {
    match objects::lookup(memory, layout, modules, name)? {
        Some(module) => objects::module_dict(memory, layout, module).map(Some),
        None => Ok(None),
    }
}
