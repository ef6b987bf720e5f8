//! `tuple`, `list`, `set` and `deque`.

use super::{flag, is_a, length_at, nonsense, object};
use crate::memory::{Memory, MemoryError, PagedMemory, ReadMemory, RemoteAddr};
use crate::python::layout::Layout;

/// No container of the target has more items than this; a larger count is a misread.
const MAX_ITEMS: u64 = 1 << 32;
/// Items per block of a deque.
const DEQUE_BLOCK: u64 = 64;

/// The items of a tuple or list, by index.
#[derive(Debug, Clone, Copy)]
pub struct Items {
    first: RemoteAddr,
    /// How many.
    pub len: u64,
}

impl Items {
    /// The item at `index`, or null behind the end.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn get(&self, memory: &mut impl Memory, index: u64) -> Result<RemoteAddr, MemoryError> {
        if index >= self.len {
            return Ok(RemoteAddr::NULL);
        }
        memory.pointer(self.first.offset(8 * index))
    }
}

/// The items of a tuple.
///
/// # Errors
/// When it is no tuple or cannot be read.
pub fn tuple_items(
    memory: &mut impl Memory,
    layout: &Layout,
    addr: RemoteAddr,
) -> Result<Items, MemoryError> {
    if !is_a(memory, layout, addr, flag::TUPLE)? {
        return Err(nonsense(addr));
    }
    let len = length_at(memory, addr.offset(layout.object.ob_size), MAX_ITEMS)?;
    Ok(Items { first: addr.offset(layout.values.tuple_items), len })
}

/// The items of a list.
///
/// # Errors
/// When it is no list or cannot be read.
pub fn list_items(
    memory: &mut impl Memory,
    layout: &Layout,
    addr: RemoteAddr,
) -> Result<Items, MemoryError> {
    if !is_a(memory, layout, addr, flag::LIST)? {
        return Err(nonsense(addr));
    }
    let len = length_at(memory, addr.offset(layout.object.ob_size), MAX_ITEMS)?;
    let first = memory.pointer(addr.offset(layout.values.list_items))?;
    if len > 0 {
        object(first)?;
    }
    Ok(Items { first, len })
}

/// Walks the keys of a set or frozenset. Deleted slots hold a dummy object that the caller cannot
/// tell by address; it is left out because its hash is −1.
#[derive(Debug, Clone)]
pub struct SetCursor {
    table: RemoteAddr,
    slots: u64,
    index: u64,
    /// Live keys the set says it has.
    pub len: u64,
}

impl SetCursor {
    /// The keys of the set at `addr`.
    ///
    /// # Errors
    /// When the set makes no sense or cannot be read.
    pub fn new(
        memory: &mut impl Memory,
        layout: &Layout,
        addr: RemoteAddr,
    ) -> Result<Self, MemoryError> {
        let addr = object(addr)?;
        let mask = length_at(memory, addr.offset(layout.values.set_mask), MAX_ITEMS)?;
        let len = length_at(memory, addr.offset(layout.values.set_used), mask)?;
        if !(mask + 1).is_power_of_two() {
            return Err(nonsense(addr));
        }
        let table = object(memory.pointer(addr.offset(layout.values.set_table))?)?;
        Ok(Self { table, slots: mask + 1, index: 0, len })
    }

    /// Makes the next walk read the table anew.
    pub fn forget<M: ReadMemory>(&self, memory: &mut PagedMemory<M>) {
        memory.forget(self.table, usize::try_from(16 * self.slots).unwrap_or(0));
    }

    /// The next key.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn next(&mut self, memory: &mut impl Memory) -> Result<Option<RemoteAddr>, MemoryError> {
        while self.index < self.slots {
            let slot = self.table.offset(16 * self.index);
            self.index += 1;
            let key = memory.pointer(slot)?;
            if key.plausible().is_some() && memory.u64(slot.offset(8))? != u64::MAX {
                return Ok(Some(key));
            }
        }
        Ok(None)
    }
}

/// The number of items of a set.
///
/// # Errors
/// When it cannot be read.
pub fn set_len(
    memory: &mut impl Memory,
    layout: &Layout,
    addr: RemoteAddr,
) -> Result<u64, MemoryError> {
    length_at(memory, object(addr)?.offset(layout.values.set_used), MAX_ITEMS)
}

/// The number of items of a `collections.deque`.
///
/// # Errors
/// When it cannot be read.
pub fn deque_len(
    memory: &mut impl Memory,
    layout: &Layout,
    addr: RemoteAddr,
) -> Result<u64, MemoryError> {
    length_at(memory, object(addr)?.offset(layout.object.ob_size), MAX_ITEMS)
}

/// Walks the items of a `collections.deque` from the left.
#[derive(Debug, Clone)]
pub struct DequeCursor {
    block: RemoteAddr,
    index: u64,
    left: u64,
}

impl DequeCursor {
    /// The items of the deque at `addr`.
    ///
    /// # Errors
    /// When the deque makes no sense or cannot be read.
    pub fn new(
        memory: &mut impl Memory,
        layout: &Layout,
        addr: RemoteAddr,
    ) -> Result<Self, MemoryError> {
        let left = deque_len(memory, layout, addr)?;
        let block = object(memory.pointer(addr.offset(layout.values.deque_left))?)?;
        let index = addr.offset(layout.values.deque_left_index);
        let index = length_at(memory, index, DEQUE_BLOCK)?;
        Ok(Self { block, index, left })
    }

    /// The next item.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn next(&mut self, memory: &mut impl Memory) -> Result<Option<RemoteAddr>, MemoryError> {
        if self.left == 0 {
            return Ok(None);
        }
        // A block: left link, items, right link.
        if self.index == DEQUE_BLOCK {
            let right = memory.pointer(self.block.offset(8 + 8 * DEQUE_BLOCK))?;
            self.block = object(right)?;
            self.index = 0;
        }
        let item = memory.pointer(self.block.offset(8 + 8 * self.index))?;
        self.index += 1;
        self.left -= 1;
        Ok(Some(item))
    }
}
