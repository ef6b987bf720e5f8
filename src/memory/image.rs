//! Captured memory: the same readers run on it in tests as on a live process.

use std::collections::BTreeMap;

use super::{Batch, MemoryError, ReadMemory, RemoteAddr};

/// A set of captured regions.
#[derive(Debug, Default, Clone)]
pub struct ImageMemory {
    regions: BTreeMap<RemoteAddr, Vec<u8>>,
}

impl ImageMemory {
    /// An image without any memory.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a region; a region at the same address is replaced.
    pub fn insert(&mut self, addr: RemoteAddr, bytes: Vec<u8>) {
        self.regions.insert(addr, bytes);
    }

    fn copy(&self, addr: RemoteAddr, into: &mut [u8]) -> bool {
        let Some((&start, bytes)) = self.regions.range(..=addr).next_back() else { return false };
        let found = addr
            .offset_from(start)
            .and_then(|offset| usize::try_from(offset).ok())
            .and_then(|offset| bytes.get(offset..)?.get(..into.len()));
        match found {
            Some(found) => {
                into.copy_from_slice(found);
                true
            }
            None => false,
        }
    }
}

impl ReadMemory for ImageMemory {
    fn read_batch(&self, batch: &mut Batch) -> Result<(), MemoryError> {
        batch.fill_with(|addr, into| self.copy(addr, into));
        Ok(())
    }
}
