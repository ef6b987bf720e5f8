//! Where all tasks of an interpreter are registered.

use super::linked::Lists;
use super::locate::Asyncio;
use crate::memory::{MemoryError, PagedMemory, ReadMemory, RemoteAddr};
use crate::python::layout::Layout;
use crate::python::objects::{self, SetCursor};

/// More tasks than this are not followed in one registry.
const MAX_TASKS: usize = 1 << 22;
/// A registry that changes under the read is walked this often.
const TRIES: usize = 3;

/// Collects the tasks of one interpreter into `tasks`, duplicates included.
/// Gives whether none was missed.
pub(super) fn collect<M: ReadMemory>(
    memory: &mut PagedMemory<M>,
    layout: &Layout,
    asyncio: &Asyncio,
    interpreter: RemoteAddr,
    (threads, lists): (&[RemoteAddr], &mut Lists),
    tasks: &mut Vec<RemoteAddr>,
) -> Result<bool, MemoryError> {
    let mut complete = true;
    if let Some(node) = layout.asyncio.node {
        if let Some(head) = layout.thread.asyncio_tasks_head {
            for thread in threads {
                complete &= list(memory, lists, thread.offset(head), node, tasks)?;
            }
        }
        if let Some(head) = layout.interpreter.asyncio_tasks_head {
            complete &= list(memory, lists, interpreter.offset(head), node, tasks)?;
        }
    }
    if let Some(weak_set) = asyncio.weak_set {
        complete &= retried(tasks, |tasks| weak_set_tasks(memory, layout, weak_set, tasks))?;
    }
    if let Some(set) = asyncio.eager_tasks {
        complete &= retried(tasks, |tasks| set_tasks(memory, layout, set, false, tasks))?;
    }
    let [weak_set, set] = asyncio.foreign;
    if let Some(weak_set) = weak_set {
        complete &= retried(tasks, |tasks| weak_set_tasks(memory, layout, weak_set, tasks))?;
    }
    if let Some(set) = set {
        complete &= retried(tasks, |tasks| set_tasks(memory, layout, set, false, tasks))?;
    }
    Ok(complete)
}

/// Walks again while the registry changed under the walk; what the last walk found stays.
fn retried(
    tasks: &mut Vec<RemoteAddr>,
    mut walk: impl FnMut(&mut Vec<RemoteAddr>) -> Result<bool, MemoryError>,
) -> Result<bool, MemoryError> {
    let before = tasks.len();
    for _ in 0..TRIES {
        tasks.truncate(before);
        match walk(tasks) {
            Ok(true) => return Ok(true),
            Ok(false) | Err(MemoryError::Unreadable { .. } | MemoryError::Nonsense { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(false)
}

/// An intrusive list; its nodes lie `node` bytes into the tasks.
fn list<M: ReadMemory>(
    memory: &mut PagedMemory<M>,
    lists: &mut Lists,
    head: RemoteAddr,
    node: u64,
    tasks: &mut Vec<RemoteAddr>,
) -> Result<bool, MemoryError> {
    let before = tasks.len();
    // What is known from the last walk may be what is out of date.
    let mut again = false;
    let whole = retried(tasks, |tasks| {
        let again = std::mem::replace(&mut again, true);
        lists.walk(memory, head, again, (tasks, MAX_TASKS))
    })?;
    for task in tasks.iter_mut().skip(before) {
        *task = task.before(node);
    }
    Ok(whole)
}

fn weak_set_tasks<M: ReadMemory>(
    memory: &mut PagedMemory<M>,
    layout: &Layout,
    weak_set: RemoteAddr,
    tasks: &mut Vec<RemoteAddr>,
) -> Result<bool, MemoryError> {
    match objects::attribute(memory, layout, weak_set, "data")? {
        Some(data) => set_tasks(memory, layout, data, true, tasks),
        None => Ok(false),
    }
}

fn set_tasks<M: ReadMemory>(
    memory: &mut PagedMemory<M>,
    layout: &Layout,
    set: RemoteAddr,
    weak: bool,
    tasks: &mut Vec<RemoteAddr>,
) -> Result<bool, MemoryError> {
    let mut cursor = SetCursor::new(memory, layout, set)?;
    let mut found = 0;
    while let Some(key) = cursor.next(memory)? {
        found += 1;
        if tasks.len() >= MAX_TASKS {
            return Ok(false);
        }
        let task = if weak { objects::weakref_object(memory, layout, key)? } else { Some(key) };
        // A dead reference holds `None`: dropped when its type is looked at.
        tasks.extend(task);
    }
    if found != cursor.len {
        memory.forget(set, 64);
        cursor.forget(memory);
        return Ok(false);
    }
    Ok(true)
}
