//! Bytes of another process.
//!
//! Everything above this layer asks for bytes and never fetches them itself, so the same code runs
//! on a live process, on a captured image in tests, and later on a core file.

mod addr;
mod again;
mod batch;
mod error;
mod fold;
mod image;
mod live;
mod paged;
mod span;
mod store;

pub use addr::RemoteAddr;
pub use batch::{Batch, RangeId};
pub use error::MemoryError;
pub use image::ImageMemory;
pub use live::LiveMemory;
pub use paged::{Memory, PagedMemory};
pub use span::Span;
pub use store::Seen;

/// A source of another process's bytes.
pub trait ReadMemory {
    /// Fetches all ranges of `batch`, in their order, in as few system calls as possible.
    ///
    /// A range that cannot be read is marked as missing ([`Batch::get`] gives `None`); the others
    /// are delivered.
    ///
    /// # Errors
    /// Only when nothing can be read any more: the process is gone or access was revoked.
    fn read_batch(&self, batch: &mut Batch) -> Result<(), MemoryError>;

    /// Fetches one range.
    ///
    /// # Errors
    /// When the range is not wholly readable.
    fn read_into(&self, addr: RemoteAddr, into: &mut [u8]) -> Result<(), MemoryError> {
        let mut batch = Batch::new();
        let range = batch.push(addr, into.len());
        self.read_batch(&mut batch)?;
        let bytes = batch.get(range).ok_or(MemoryError::Unreadable { addr, len: into.len() })?;
        into.copy_from_slice(bytes);
        Ok(())
    }
}
