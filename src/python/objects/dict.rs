//! `dict`: general, unicode and split tables of all versions.

use super::{flag, is_a, length_at, nonsense, object, text_is};
use crate::memory::{Memory, MemoryError, RemoteAddr};
use crate::python::layout::{DictKeysLayout, Layout};

/// No dict of the target has more entries than this; a larger count is a misread.
const MAX_ENTRIES: u64 = 1 << 32;
/// A look-up by key gives up after this many entries.
const MAX_LOOKUP: u64 = 1 << 16;

/// The entries of a keys object.
#[derive(Debug, Clone, Copy)]
pub(super) struct Keys {
    first: RemoteAddr,
    stride: u64,
    key: u64,
    pub(super) count: u64,
}

impl Keys {
    pub(super) fn read(
        memory: &mut impl Memory,
        layout: &Layout,
        addr: RemoteAddr,
    ) -> Result<Self, MemoryError> {
        let addr = object(addr)?;
        match layout.values.keys {
            DictKeysLayout::Sized { size, entries, indices } => {
                let size = length_at(memory, addr.offset(size), MAX_ENTRIES)?;
                let width = match size {
                    0..=0xff => 1,
                    0x100..=0xffff => 2,
                    0x1_0000..=0xffff_ffff => 4,
                    _ => 8,
                };
                let count = length_at(memory, addr.offset(entries), size)?;
                let first = addr.offset(indices + size * width);
                Ok(Self { first, stride: 24, key: 8, count })
            }
            DictKeysLayout::Log { log2_index_bytes, kind, entries, indices } => {
                let log2 = memory.u8(addr.offset(log2_index_bytes))?;
                let kind = memory.u8(addr.offset(kind))?;
                let count = length_at(memory, addr.offset(entries), MAX_ENTRIES)?;
                if log2 > 40 || kind > 2 {
                    return Err(nonsense(addr));
                }
                let first = addr.offset(indices + (1 << log2));
                let (stride, key) = if kind == 0 { (24, 8) } else { (16, 0) };
                Ok(Self { first, stride, key, count })
            }
        }
    }

    pub(super) fn key(
        &self,
        memory: &mut impl Memory,
        index: u64,
    ) -> Result<RemoteAddr, MemoryError> {
        memory.pointer(self.first.offset(index * self.stride + self.key))
    }

    fn value(&self, memory: &mut impl Memory, index: u64) -> Result<RemoteAddr, MemoryError> {
        memory.pointer(self.first.offset(index * self.stride + self.key + 8))
    }

    /// The position of the `str` key `name`.
    pub(super) fn position(
        &self,
        memory: &mut impl Memory,
        layout: &Layout,
        name: &str,
    ) -> Result<Option<u64>, MemoryError> {
        for index in 0..self.count.min(MAX_LOOKUP) {
            let key = self.key(memory, index)?;
            if text_is(memory, layout, key, name)? {
                return Ok(Some(index));
            }
        }
        Ok(None)
    }
}

/// Walks the live entries of a dict.
#[derive(Debug, Clone)]
pub struct DictCursor {
    keys: Keys,
    values: Option<RemoteAddr>,
    index: u64,
}

impl DictCursor {
    /// The entries of the dict at `addr`.
    ///
    /// # Errors
    /// When it is no dict or cannot be read.
    pub fn new(
        memory: &mut impl Memory,
        layout: &Layout,
        addr: RemoteAddr,
    ) -> Result<Self, MemoryError> {
        if !is_a(memory, layout, addr, flag::DICT)? {
            return Err(nonsense(addr));
        }
        let keys = memory.pointer(addr.offset(layout.values.dict_keys))?;
        let values = memory.pointer(addr.offset(layout.values.dict_values))?;
        let values = (!values.is_null()).then(|| values.offset(layout.values.dict_values_start));
        Ok(Self { keys: Keys::read(memory, layout, keys)?, values, index: 0 })
    }

    /// The next key and value.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn next(
        &mut self,
        memory: &mut impl Memory,
    ) -> Result<Option<(RemoteAddr, RemoteAddr)>, MemoryError> {
        while self.index < self.keys.count {
            let index = self.index;
            self.index += 1;
            let value = self.value(memory, index)?;
            if !value.is_null() {
                let key = self.keys.key(memory, index)?;
                return Ok(Some((key, value)));
            }
        }
        Ok(None)
    }

    fn value(&self, memory: &mut impl Memory, index: u64) -> Result<RemoteAddr, MemoryError> {
        match self.values {
            Some(values) => memory.pointer(values.offset(8 * index)),
            None => self.keys.value(memory, index),
        }
    }
}

/// The number of entries of a dict.
///
/// # Errors
/// When it cannot be read.
pub fn dict_len(
    memory: &mut impl Memory,
    layout: &Layout,
    addr: RemoteAddr,
) -> Result<u64, MemoryError> {
    length_at(memory, object(addr)?.offset(layout.values.dict_used), MAX_ENTRIES)
}

/// The value under the `str` key `name`.
///
/// # Errors
/// When `addr` is no dict or cannot be read.
pub fn lookup(
    memory: &mut impl Memory,
    layout: &Layout,
    addr: RemoteAddr,
    name: &str,
) -> Result<Option<RemoteAddr>, MemoryError> {
    let dict = DictCursor::new(memory, layout, addr)?;
    let Some(index) = dict.keys.position(memory, layout, name)? else { return Ok(None) };
    let value = dict.value(memory, index)?;
    Ok(value.plausible())
}
