//! The last block of a recording that was finished.

use super::varint::Malformed;

/// Bytes of its payload; it is never compressed, so that it is found from the end of the file.
pub(crate) const TRAILER_BYTES: usize = 16;

/// Says that nothing is missing, and where the summary is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Trailer {
    /// Where the summary block begins, in bytes from the start of the file.
    pub(crate) summary_offset: u64,
    /// How many events the recording has.
    pub(crate) events: u64,
}

impl Trailer {
    pub(crate) fn encode(self) -> [u8; TRAILER_BYTES] {
        let mut bytes = [0; TRAILER_BYTES];
        bytes[..8].copy_from_slice(&self.summary_offset.to_le_bytes());
        bytes[8..].copy_from_slice(&self.events.to_le_bytes());
        bytes
    }

    /// Later versions may append to it.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let (&summary_offset, rest) = bytes.split_first_chunk().ok_or(Malformed)?;
        let &events = rest.first_chunk().ok_or(Malformed)?;
        Ok(Self {
            summary_offset: u64::from_le_bytes(summary_offset),
            events: u64::from_le_bytes(events),
        })
    }
}
