//! The offsets that the `_asyncio` module publishes, from 3.14 on.
//!
//! The section has neither a cookie nor a version: thirteen words of static data. What it does not
//! name lies next to what it names, in all builds seen.

use super::published::{Decoder, Difference, PublishedError, Slot, fields, word};
use super::{Flag, Layout};

/// Bytes of `struct _Py_AsyncioModuleDebugOffsets`.
pub const SIZE: usize = 13 * 8;

const NAMES: [&str; 13] = [
    "task.size",
    "task.name",
    "task.awaited_by",
    "task.is_task",
    "task.awaited_by_is_set",
    "task.coro",
    "task.node",
    "interpreter.size",
    "interpreter.tasks_head",
    "thread.size",
    "thread.running_loop",
    "thread.running_task",
    "thread.tasks_head",
];
/// No task is larger than this, no thread state and no interpreter.
const LARGEST: [u64; 3] = [4096, 1 << 20, 4 << 20];

/// Lays the section over a layout.
///
/// # Errors
/// When a word cannot be right.
pub fn decode(bytes: &[u8], row: &Layout) -> Result<(Layout, Vec<Difference>), PublishedError> {
    if row.asyncio.node.is_none() {
        return Err(PublishedError::Absent);
    }
    let mut words = [0; 13];
    for (index, slot) in words.iter_mut().enumerate() {
        *slot = word(bytes, index).ok_or(PublishedError::Absent)?;
    }
    check(&words, row)?;
    let mut decoder = Decoder { layout: row.clone(), differences: Vec::new(), gc: 0 };
    for slot in slots(&mut decoder.layout, &words).unwrap_or_default() {
        decoder.differences.extend(slot.set());
    }
    let bits = words[4] + 1;
    let task = &mut decoder.layout.asyncio;
    task.log_traceback = Flag { offset: bits, ..task.log_traceback };
    task.must_cancel = Flag { offset: bits, ..task.must_cancel };
    Ok((decoder.layout, decoder.differences))
}

fn check(words: &[u64; 13], row: &Layout) -> Result<(), PublishedError> {
    let [task, name, awaited_by, is_task, is_set, coro, node, interp, _, thread, ..] = *words;
    let field = |index: usize| PublishedError::Impossible {
        group: "asyncio",
        field: NAMES.get(index).copied().unwrap_or_default(),
        value: words.get(index).copied().unwrap_or_default(),
    };
    let sizes = [(0, task, LARGEST[0]), (9, thread, LARGEST[1]), (7, interp, LARGEST[2])];
    for (index, size, largest) in sizes {
        if size == 0 || size > largest {
            return Err(field(index));
        }
    }
    for (range, size) in [(1..7, task), (8..9, interp), (10..13, thread)] {
        for index in range {
            let value = words.get(index).copied().unwrap_or_default();
            if value < row.object.size || value >= size {
                return Err(field(index));
            }
        }
    }
    // What is derived rests on these neighbours.
    let neighbours = [
        (1, coro.saturating_add(8) == name),
        (3, awaited_by.saturating_add(12) == is_task),
        (4, is_task.saturating_add(1) == is_set),
        (6, node.saturating_add(16) <= task),
        (5, coro >= row.object.size.saturating_add(24)),
    ];
    match neighbours.iter().find(|(_, right)| !right) {
        Some(&(index, _)) => Err(field(index)),
        None => Ok(()),
    }
}

fn slots<'a>(layout: &'a mut Layout, words: &[u64; 13]) -> Option<Vec<Slot<'a>>> {
    let [
        size,
        name,
        awaited_by,
        is_task,
        is_set,
        coro,
        node,
        _,
        orphans,
        _,
        running,
        current,
        head,
    ] = *words;
    let (task, thread) = (&mut layout.asyncio, &mut layout.thread);
    let end = head.max(running).max(current).max(thread.context_ver).checked_add(16);
    fields! {
        "task.size": Some(&mut task.task_size) => Some(size),
        "task.name": Some(&mut task.name) => Some(name),
        "task.awaited_by": task.awaited_by.as_mut() => Some(awaited_by),
        "task.is_task": task.is_task.as_mut() => Some(is_task),
        "task.awaited_by_is_set": task.awaited_by_is_set.as_mut() => Some(is_set),
        "task.coro": Some(&mut task.coro) => Some(coro),
        "task.node": task.node.as_mut() => Some(node),
        "task.state": Some(&mut task.state) => awaited_by.checked_add(8),
        "task.fut_waiter": Some(&mut task.fut_waiter) => coro.checked_sub(8),
        "task.context": Some(&mut task.context) => coro.checked_add(16),
        "task.cancel_requests": task.cancel_requests.as_mut() => coro.checked_sub(16),
        "future.size": Some(&mut task.future_size) => coro.checked_sub(16),
        "interpreter.tasks_head": layout.interpreter.asyncio_tasks_head.as_mut() => Some(orphans),
        "thread.running_loop": thread.asyncio_running_loop.as_mut() => Some(running),
        "thread.running_task": thread.asyncio_running_task.as_mut() => Some(current),
        "thread.tasks_head": thread.asyncio_tasks_head.as_mut() => Some(head),
        "thread.end": Some(&mut thread.size) => end,
    }
}
