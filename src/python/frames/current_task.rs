//! Which task's step runs in a thread, up to 3.13: an entry of the dict `_current_tasks`.

use super::words::{pointer_at, u8_at, u64_at};
use crate::memory::RemoteAddr;
use crate::python::layout::{DictKeysLayout, Layout};

/// Where to find the running task of a thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TaskSource {
    /// No event loop runs there.
    #[default]
    None,
    /// The thread state says it (3.14 on).
    ThreadState,
    /// An entry of the dict `{loop: task}`.
    Dict {
        /// `_current_tasks`.
        dict: RemoteAddr,
        /// The loop that runs in the thread.
        event_loop: RemoteAddr,
    },
}

/// Bytes of a dict object that hold `ma_used` … `ma_values`.
pub(super) const DICT_HEAD: usize = 64;
/// Bytes of the keys object fetched: the header, the index and the entries of a dict with up to
/// 16 slots; entries of larger ones are fetched up to [`MAX_KEYS`].
pub(super) const MIN_KEYS: usize = 320;
/// The largest keys object that is looked into (some 150 loops stepping at once).
pub(super) const MAX_KEYS: usize = 8192;

/// The address of the keys object of a dict.
pub(super) fn keys_of(dict: &[u8], layout: &Layout) -> Option<RemoteAddr> {
    pointer_at(dict, layout.values.dict_keys)
}

/// Bytes that a keys object takes up to the end of its used entries.
pub(super) fn keys_len(keys: &[u8], layout: &Layout) -> Option<usize> {
    let (start, entries, width, _) = shape(keys, layout)?;
    usize::try_from(start.checked_add(entries.checked_mul(width)?)?).ok()
}

/// The value of the entry whose key is `event_loop`; null when there is none. `None` when the
/// bytes make no sense or do not reach far enough.
pub(super) fn task_of(keys: &[u8], layout: &Layout, event_loop: RemoteAddr) -> Option<RemoteAddr> {
    let (start, entries, width, key_at) = shape(keys, layout)?;
    let mut found = RemoteAddr::NULL;
    for i in 0..entries {
        let entry = start.checked_add(i.checked_mul(width)?)?;
        if pointer_at(keys, entry + key_at)? == event_loop {
            let value = pointer_at(keys, entry + key_at + 8)?;
            if !value.is_null() {
                found = value;
            }
        }
    }
    Some(found)
}

/// (offset of the first entry, used entries, bytes per entry, offset of the key in an entry)
fn shape(keys: &[u8], layout: &Layout) -> Option<(u64, u64, u64, u64)> {
    const GENERAL: (u64, u64) = (24, 8);
    const UNICODE: (u64, u64) = (16, 0);
    let (start, entries, (width, key_at)) = match layout.values.keys {
        DictKeysLayout::Sized { size, entries, indices } => {
            let size = u64_at(keys, size)?;
            let width = match size {
                0..=0xff => 1,
                0x100..=0xffff => 2,
                _ => return None,
            };
            (indices + size * width, u64_at(keys, entries)?, GENERAL)
        }
        DictKeysLayout::Log { log2_index_bytes, kind, entries, indices } => {
            let index_bytes = 1_u64.checked_shl(u32::from(u8_at(keys, log2_index_bytes)?))?;
            let entry = if u8_at(keys, kind)? == 0 { GENERAL } else { UNICODE };
            (indices.checked_add(index_bytes)?, u64_at(keys, entries)?, entry)
        }
    };
    let end = start.checked_add(entries.checked_mul(width)?)?;
    (end <= MAX_KEYS as u64).then_some((start, entries, width, key_at))
}
