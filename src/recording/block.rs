//! Blocks: the framed, checksummed and compressed pieces a recording is made of.

use super::limits::BLOCK_BYTES;

/// Bytes of a block's header.
pub(crate) const HEADER_BYTES: usize = 16;

const CHECKED_BYTES: usize = 12;
const FLAG_LZ4: u8 = 1;
const FLAG_OPTIONAL: u8 = 2;

/// What a block holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BlockKind {
    /// What is known when a recording begins; always the first block.
    Meta,
    /// A batch of events.
    Events,
    /// The summary pyramid; can be skipped.
    Summary,
    /// The trailer of a recording that was finished.
    End,
}

impl BlockKind {
    const fn code(self) -> u8 {
        match self {
            Self::Meta => 1,
            Self::Events => 2,
            Self::Summary => 3,
            Self::End => 4,
        }
    }

    const fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            1 => Self::Meta,
            2 => Self::Events,
            3 => Self::Summary,
            4 => Self::End,
            _ => return None,
        })
    }

    const fn is_optional(self) -> bool {
        matches!(self, Self::Summary)
    }
}

/// A decoded block header whose lengths are within bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BlockHeader {
    /// Payload bytes in the file.
    pub(crate) stored: usize,
    /// Payload bytes after decompression.
    pub(crate) raw: usize,
    /// The kind's code, perhaps one this build does not know.
    pub(crate) code: u8,
    flags: u8,
    crc: u32,
}

impl BlockHeader {
    /// `None` if the header cannot be one: lengths out of bounds or contradictory.
    pub(crate) fn parse(bytes: &[u8; HEADER_BYTES]) -> Option<Self> {
        let word = |at: usize| {
            let word = bytes.get(at..at + 4)?.try_into().ok()?;
            Some(u32::from_le_bytes(word))
        };
        let length =
            |at: usize| usize::try_from(word(at)?).ok().filter(|&bytes| bytes <= BLOCK_BYTES);
        let (stored, raw) = (length(0)?, length(4)?);
        let flags = bytes[9];
        let lengths_agree = match flags & !FLAG_OPTIONAL {
            0 => stored == raw,
            FLAG_LZ4 => stored < raw,
            _ => true,
        };
        let reserved_are_zero = bytes[10] == 0 && bytes[11] == 0;
        (lengths_agree && reserved_are_zero).then_some(Self {
            stored,
            raw,
            code: bytes[8],
            flags,
            crc: word(CHECKED_BYTES)?,
        })
    }

    /// Whether a reader that does not know the kind may skip the block.
    pub(crate) const fn is_optional(self) -> bool {
        self.flags & FLAG_OPTIONAL != 0
    }

    /// Its kind; `None` if this build cannot read it, for its kind or for its flags.
    pub(crate) const fn kind(self) -> Option<BlockKind> {
        if self.flags & !(FLAG_LZ4 | FLAG_OPTIONAL) == 0 {
            BlockKind::from_code(self.code)
        } else {
            None
        }
    }

    /// Bytes from the start of this block to the next.
    pub(crate) const fn block_bytes(self) -> u64 {
        (HEADER_BYTES + self.stored) as u64
    }

    /// Whether the checksum of the header and of `stored` is right.
    pub(crate) fn matches(self, header: &[u8; HEADER_BYTES], stored: &[u8]) -> bool {
        crc(&header[..CHECKED_BYTES], stored) == self.crc
    }

    /// Decompresses `stored` into `raw`, replacing what it held. `None` if it is malformed.
    pub(crate) fn unpack(self, stored: &[u8], raw: &mut Vec<u8>) -> Option<()> {
        raw.clear();
        if self.flags & FLAG_LZ4 == 0 {
            raw.extend_from_slice(stored);
            return Some(());
        }
        raw.resize(self.raw, 0);
        let written = lz4_flex::block::decompress_into(stored, raw).ok()?;
        (written == self.raw).then_some(())
    }
}

/// Replaces `out` by the whole block: header and payload, compressed where that makes it smaller.
///
/// `payload` must be within [`BLOCK_BYTES`]; the writer's limits see to that.
pub(crate) fn pack(kind: BlockKind, payload: &[u8], out: &mut Vec<u8>) {
    out.clear();
    let room = lz4_flex::block::get_maximum_output_size(payload.len());
    out.resize(HEADER_BYTES + room, 0);
    let compressed = lz4_flex::block::compress_into(payload, &mut out[HEADER_BYTES..])
        .ok()
        // The trailer has a fixed size, to be found from the end of the file.
        .filter(|&bytes| bytes < payload.len() && kind != BlockKind::End);
    let mut flags = if kind.is_optional() { FLAG_OPTIONAL } else { 0 };
    if let Some(bytes) = compressed {
        flags |= FLAG_LZ4;
        out.truncate(HEADER_BYTES + bytes);
    } else {
        out.truncate(HEADER_BYTES);
        out.extend_from_slice(payload);
    }
    let (header, stored) = out.split_at_mut(HEADER_BYTES);
    header[0..4].copy_from_slice(&length_word(stored.len()));
    header[4..8].copy_from_slice(&length_word(payload.len()));
    header[8] = kind.code();
    header[9] = flags;
    let crc = crc(&header[..CHECKED_BYTES], stored);
    header[CHECKED_BYTES..].copy_from_slice(&crc.to_le_bytes());
}

fn length_word(bytes: usize) -> [u8; 4] {
    // A length that did not fit would be refused by every reader, as it should be.
    u32::try_from(bytes).unwrap_or(u32::MAX).to_le_bytes()
}

fn crc(header: &[u8], stored: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(header);
    hasher.update(stored);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header_of(block: &[u8]) -> [u8; HEADER_BYTES] {
        block[..HEADER_BYTES].try_into().unwrap()
    }

    #[test]
    fn a_payload_comes_back_compressed_or_not() {
        for payload in [&b"ab"[..], &[7; 5000], &[]] {
            let mut block = Vec::new();
            pack(BlockKind::Summary, payload, &mut block);
            let header = BlockHeader::parse(&header_of(&block)).unwrap();
            assert_eq!(header.kind(), Some(BlockKind::Summary));
            assert!(header.is_optional());
            assert!(header.matches(&header_of(&block), &block[HEADER_BYTES..]));
            let mut raw = vec![1, 2, 3];
            header.unpack(&block[HEADER_BYTES..], &mut raw).unwrap();
            assert_eq!(raw, payload);
        }
    }

    #[test]
    fn lengths_are_checked_before_they_are_used() {
        let mut block = Vec::new();
        pack(BlockKind::Events, &[7; 5000], &mut block);
        let mut header = header_of(&block);
        header[7] = 0xff;
        assert_eq!(BlockHeader::parse(&header), None);
    }
}
