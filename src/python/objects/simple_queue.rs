//! `queue.SimpleQueue`, in C: a list up to 3.12, a ring from 3.13 on.

use super::{length_at, list_items, nonsense, object};
use crate::memory::{Memory, MemoryError, RemoteAddr};
use crate::python::layout::Layout;

/// From the end of `PyObject` to the list and to the position in it, up to 3.12.
const LIST: (u64, u64) = (16, 24);
/// From the end of `PyObject` to the ring's read position, items, room and number of items.
const RING: (u64, u64, u64, u64) = (16, 24, 32, 40);
/// No queue has more items.
const MAX_ITEMS: u64 = 1 << 32;

/// The number of items of a queue; the first `wanted` of them go to `out`.
///
/// # Errors
/// When the queue makes no sense or cannot be read.
pub fn simple_queue(
    memory: &mut impl Memory,
    layout: &Layout,
    addr: RemoteAddr,
    wanted: u64,
    out: &mut Vec<RemoteAddr>,
) -> Result<u64, MemoryError> {
    let head = object(addr)?.offset(layout.object.size);
    out.clear();
    if layout.minor <= 12 {
        let list = memory.pointer(head.offset(LIST.0))?;
        let items = list_items(memory, layout, list)?;
        let gone = length_at(memory, head.offset(LIST.1), items.len)?;
        for index in gone..items.len.min(gone + wanted) {
            out.push(items.get(memory, index)?);
        }
        return Ok(items.len - gone);
    }
    let room = length_at(memory, head.offset(RING.2), MAX_ITEMS)?;
    let count = length_at(memory, head.offset(RING.3), room)?;
    let first = length_at(memory, head.offset(RING.0), room)?;
    let items = object(memory.pointer(head.offset(RING.1))?)?;
    if room == 0 {
        return Err(nonsense(addr));
    }
    for index in 0..count.min(wanted) {
        out.push(memory.pointer(items.offset(8 * ((first + index) % room)))?);
    }
    Ok(count)
}
