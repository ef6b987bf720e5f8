//! The `_asyncio` module's file, and the offsets it publishes from 3.14 on.

use std::path::PathBuf;

use super::discovery::opened;
use super::layout::Layout;
use super::layout::published::Difference;
use super::layout::published_asyncio;
use crate::memory::{LiveMemory, ReadMemory as _, RemoteAddr};
use crate::os::maps::{Mapping, mapped_files};

/// Where `_asyncio` comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AsyncioLibrary {
    /// The file, as the target names it: `_asyncio….so`, or the interpreter where it is built in.
    pub path: PathBuf,
    /// Where its first byte is mapped.
    pub base: RemoteAddr,
    /// Whether it publishes its offsets.
    pub publishes: bool,
}

/// Finds the library and lays what it publishes over `layout`; `None` where asyncio's C part is
/// not loaded (yet), or is built into an interpreter that publishes nothing.
pub(super) fn find(
    pid: u32,
    memory: &LiveMemory,
    interpreter: &std::path::Path,
    layout: &mut Layout,
    differences: &mut Vec<Difference>,
) -> Option<AsyncioLibrary> {
    let maps = mapped_files(pid).ok()?;
    let own = |mapping: &&Mapping| mapping.offset == 0 && names_asyncio(mapping);
    let separate = maps.iter().find(own);
    let built_in = maps.iter().find(|mapping| mapping.offset == 0 && mapping.path == interpreter);
    for mapping in [separate, built_in].into_iter().flatten() {
        let published = section(pid, memory, mapping);
        let decoded = published.and_then(|bytes| published_asyncio::decode(&bytes, layout).ok());
        let publishes = decoded.is_some();
        if let Some((overlaid, more)) = decoded {
            *layout = overlaid;
            differences.extend(more);
        }
        if publishes || names_asyncio(mapping) {
            let base = RemoteAddr::new(mapping.start);
            return Some(AsyncioLibrary { path: mapping.path.clone(), base, publishes });
        }
    }
    None
}

fn names_asyncio(mapping: &Mapping) -> bool {
    let name = mapping.path.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with("_asyncio.") && name.contains(".so")
}

fn section(pid: u32, memory: &LiveMemory, mapping: &Mapping) -> Option<Vec<u8>> {
    let (elf, bias) = opened(pid, mapping)?;
    let section = elf.section(".AsyncioDebug")?;
    let mut bytes = vec![0; published_asyncio::SIZE];
    let loaded = RemoteAddr::new(section.address.wrapping_add(bias));
    if memory.read_into(loaded, &mut bytes).is_ok() {
        return Some(bytes);
    }
    // The words are static data: the file holds the same.
    elf.read(section.offset, published_asyncio::SIZE as u64)
}
