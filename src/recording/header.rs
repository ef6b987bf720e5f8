//! The first bytes of a recording, and what is known when it begins.

use super::varint::{self, Malformed};
use crate::model::{Duration, RecordingMeta, TimeAnchor};

/// Bytes before the first block.
pub(crate) const HEADER_BYTES: usize = 16;
/// A reader of one major version cannot read the next.
pub(crate) const MAJOR: u16 = 1;
/// A reader of one minor version reads later ones of the same major version: it skips what is new.
pub(crate) const MINOR: u16 = 2;

// Not text, and broken by whatever converts line ends.
const MAGIC: [u8; 8] = *b"\x89LTR\r\n\x1a\n";
const CHECKED_BYTES: usize = 12;

/// What is wrong with the first bytes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BadHeader {
    /// It is something else.
    NotARecording,
    /// It ends too early.
    TooShort,
    /// Its checksum is wrong.
    Damaged,
    /// It has a newer major version.
    NewerMajor(u16),
}

/// The first bytes of a recording.
pub(crate) fn header() -> [u8; HEADER_BYTES] {
    let mut bytes = [0; HEADER_BYTES];
    bytes[..8].copy_from_slice(&MAGIC);
    bytes[8..10].copy_from_slice(&MAJOR.to_le_bytes());
    bytes[10..12].copy_from_slice(&MINOR.to_le_bytes());
    let crc = crc32fast::hash(&bytes[..CHECKED_BYTES]);
    bytes[CHECKED_BYTES..].copy_from_slice(&crc.to_le_bytes());
    bytes
}

/// Checks the first bytes of a file: all [`HEADER_BYTES`], or as many as it has.
/// Gives the minor version.
pub(crate) fn check(bytes: &[u8]) -> Result<u16, BadHeader> {
    if !bytes.iter().zip(MAGIC).all(|(&byte, magic)| byte == magic) {
        return Err(BadHeader::NotARecording);
    }
    let bytes: &[u8; HEADER_BYTES] = bytes.first_chunk().ok_or(BadHeader::TooShort)?;
    let crc = crc32fast::hash(&bytes[..CHECKED_BYTES]).to_le_bytes();
    if bytes[CHECKED_BYTES..] != crc {
        return Err(BadHeader::Damaged);
    }
    match u16::from_le_bytes([bytes[8], bytes[9]]) {
        newer if newer > MAJOR => Err(BadHeader::NewerMajor(newer)),
        0 => Err(BadHeader::Damaged),
        _ => Ok(u16::from_le_bytes([bytes[10], bytes[11]])),
    }
}

const VERSION: u64 = 1;
const MONOTONIC: u64 = 2;
const WALL: u64 = 3;
const RATE: u64 = 4;
const CENSUS_RATE: u64 = 5;
const BLOCKING: u64 = 6;
const REDACTED: u64 = 7;
const HOST: u64 = 8;
const STALL_THRESHOLD: u64 = 9;

/// Longer texts of the meta block are cut.
const META_TEXT_BYTES: usize = 4096;

/// The payload of the meta block: fields of a tag, a length and that many bytes.
pub(crate) fn encode_meta(meta: &RecordingMeta) -> Vec<u8> {
    let RecordingMeta {
        looptrace_version,
        anchor: TimeAnchor { monotonic_start_ns, wall_start_ns },
        rate_hz,
        census_rate_hz,
        blocking,
        redacted,
        host,
        stall_threshold,
    } = meta;
    let mut out = Vec::new();
    let mut text = |tag, text: &str| {
        let kept = &text[..text.floor_char_boundary(META_TEXT_BYTES)];
        field(&mut out, tag, kept.as_bytes());
    };
    text(VERSION, looptrace_version);
    text(HOST, host);
    for (tag, value) in [
        (MONOTONIC, *monotonic_start_ns),
        (WALL, *wall_start_ns),
        (RATE, u64::from(*rate_hz)),
        (CENSUS_RATE, u64::from(*census_rate_hz)),
        (BLOCKING, u64::from(*blocking)),
        (REDACTED, u64::from(*redacted)),
        (STALL_THRESHOLD, stall_threshold.as_nanos()),
    ] {
        let mut bytes = Vec::new();
        varint::put(&mut bytes, value);
        field(&mut out, tag, &bytes);
    }
    out
}

fn field(out: &mut Vec<u8>, tag: u64, bytes: &[u8]) {
    varint::put(out, tag);
    varint::put(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Undoes [`encode_meta`]. Unknown tags are skipped; a missing field has its default.
pub(crate) fn decode_meta(mut payload: &[u8]) -> Result<RecordingMeta, Malformed> {
    let mut meta = RecordingMeta::default();
    while !payload.is_empty() {
        let tag = varint::take(&mut payload)?;
        let length = varint::take(&mut payload)?;
        let mut bytes = varint::take_bytes(&mut payload, length)?;
        match tag {
            VERSION => meta.looptrace_version = text(bytes)?,
            HOST => meta.host = text(bytes)?,
            MONOTONIC => meta.anchor.monotonic_start_ns = varint::take(&mut bytes)?,
            WALL => meta.anchor.wall_start_ns = varint::take(&mut bytes)?,
            RATE => meta.rate_hz = rate(bytes)?,
            CENSUS_RATE => meta.census_rate_hz = rate(bytes)?,
            BLOCKING => meta.blocking = varint::take(&mut bytes)? != 0,
            STALL_THRESHOLD => {
                meta.stall_threshold = Duration::from_nanos(varint::take(&mut bytes)?);
            }
            REDACTED => meta.redacted = varint::take(&mut bytes)? != 0,
            _ => {}
        }
    }
    Ok(meta)
}

fn text(bytes: &[u8]) -> Result<String, Malformed> {
    std::str::from_utf8(bytes).map(str::to_owned).or(Err(Malformed))
}

fn rate(mut bytes: &[u8]) -> Result<u32, Malformed> {
    u32::try_from(varint::take(&mut bytes)?).or(Err(Malformed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_first_bytes_say() {
        assert_eq!(check(&header()), Ok(MINOR));
        assert_eq!(check(&[]), Err(BadHeader::TooShort));
        assert_eq!(check(&header()[..15]), Err(BadHeader::TooShort));
        assert_eq!(check(b"\x89PNG\r\n\x1a\n and more than that"), Err(BadHeader::NotARecording));
        let mut newer = header();
        newer[8] = 2;
        assert_eq!(check(&newer), Err(BadHeader::Damaged));
        let crc = crc32fast::hash(&newer[..CHECKED_BYTES]).to_le_bytes();
        newer[CHECKED_BYTES..].copy_from_slice(&crc);
        assert_eq!(check(&newer), Err(BadHeader::NewerMajor(2)));
    }

    #[test]
    fn meta_comes_back_and_unknown_fields_are_skipped() {
        let meta = RecordingMeta {
            looptrace_version: "0.1.0".to_owned(),
            anchor: TimeAnchor { monotonic_start_ns: u64::MAX, wall_start_ns: 1 },
            rate_hz: 1000,
            census_rate_hz: 20,
            blocking: true,
            redacted: false,
            host: "Linux".to_owned(),
            stall_threshold: Duration::from_nanos(50_000_000),
        };
        let mut payload = encode_meta(&meta);
        field(&mut payload, 99, b"later");
        assert_eq!(decode_meta(&payload), Ok(meta));
    }
}
