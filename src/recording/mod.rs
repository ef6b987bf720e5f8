//! The recording: an append-only file of framed, checksummed and compressed blocks of events.
//!
//! Its bytes are specified in `docs/recording-format.md`. Times are nanoseconds since the
//! recording began; ids are dense and count from 1.

mod block;
mod codec;
mod column;
mod defined;
mod error;
mod flaw;
mod header;
mod limits;
mod reader;
mod source;
mod summary;
mod trailer;
mod varint;
mod writer;

use std::path::Path;

pub use error::RecordingError;
pub use flaw::Flaw;
pub use limits::{AWAITERS, COMMAND_ARGUMENTS, COMMAND_BYTES, QUEUE_ENTRIES, TEXT_BYTES};
pub use reader::{Damage, Reader};
pub use summary::{Bucket, Lane, Summary};
pub use writer::Writer;

/// The summary of a recording: the one in its trailer, or, where it was cut short, one made from
/// its events in a single pass.
///
/// # Errors
///
/// As [`Reader::open`] and [`Reader::next_event`].
pub fn summarize(path: &Path) -> Result<Summary, RecordingError> {
    let mut reader = Reader::open(path)?;
    if let Some(summary) = reader.summary()? {
        return Ok(summary);
    }
    let mut summary = Summary::new();
    while let Some(event) = reader.next_event()? {
        summary.add(&event);
    }
    Ok(summary)
}
