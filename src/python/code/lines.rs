//! From a bytecode offset to a source line, for the three table formats.
//!
//! Sources: `Objects/lnotab_notes.txt` (3.8–3.9), PEP 626 (3.10), PEP 657 and
//! `Objects/locations.md` (3.11 on).

use crate::python::layout::LineTable;

/// The line of the instruction at byte `offset`; `None` where the table names none.
#[must_use]
pub fn line_of(kind: LineTable, table: &[u8], first_line: u32, offset: u32) -> Option<u32> {
    let first_line = i64::from(first_line);
    let line = match kind {
        LineTable::Lnotab => lnotab(table, first_line, offset),
        LineTable::Linetable310 => linetable_310(table, first_line, offset),
        LineTable::Locations311 => locations_311(table, first_line, offset),
    }?;
    u32::try_from(line).ok().filter(|&line| line > 0)
}

/// Pairs of (bytes, signed lines): the line changes after that many bytes.
fn lnotab(table: &[u8], first_line: i64, offset: u32) -> Option<i64> {
    let mut line = first_line;
    let mut at = 0_u32;
    for pair in table.chunks_exact(2) {
        at = at.saturating_add(u32::from(pair[0]));
        if at > offset {
            break;
        }
        line += i64::from(pair[1].cast_signed());
    }
    Some(line)
}

/// Pairs of (bytes, signed lines): the bytes that follow have that line; −128 means none.
fn linetable_310(table: &[u8], first_line: i64, offset: u32) -> Option<i64> {
    let mut line = first_line;
    let mut end = 0_u32;
    for pair in table.chunks_exact(2) {
        let delta = pair[1].cast_signed();
        if delta != -128 {
            line += i64::from(delta);
        }
        end = end.saturating_add(u32::from(pair[0]));
        if offset < end {
            return (delta != -128).then_some(line);
        }
    }
    None
}

const NO_LOCATION: u8 = 15;
const LONG: u8 = 14;
const NO_COLUMNS: u8 = 13;
const ONE_LINE_0: u8 = 10;

/// Entries of a tagged byte (bit 7 set, form in bits 3–6, length − 1 in code units in bits 0–2)
/// and payload bytes without bit 7.
fn locations_311(table: &[u8], first_line: i64, offset: u32) -> Option<i64> {
    let mut line = first_line;
    let mut end = 0_u32;
    let mut rest = table;
    while let Some((&tag, tail)) = rest.split_first() {
        if tag & 0x80 == 0 {
            return None;
        }
        let payload_len = tail.iter().take_while(|&&byte| byte & 0x80 == 0).count();
        let (payload, next) = tail.split_at(payload_len);
        let form = (tag >> 3) & 15;
        let delta = match form {
            NO_LOCATION => None,
            LONG | NO_COLUMNS => Some(signed_varint(payload)?),
            ONE_LINE_0..NO_COLUMNS => Some(i64::from(form - ONE_LINE_0)),
            _ => Some(0),
        };
        line = line.checked_add(delta.unwrap_or(0))?;
        end = end.saturating_add((u32::from(tag & 7) + 1) * 2);
        if offset < end {
            return delta.map(|_| line);
        }
        rest = next;
    }
    None
}

/// Groups of 6 bits, least significant first, bit 6 set on all but the last; the lowest bit of the
/// number is its sign.
fn signed_varint(bytes: &[u8]) -> Option<i64> {
    let mut value = 0_i64;
    for (i, &byte) in bytes.iter().take(8).enumerate() {
        value |= i64::from(byte & 0x3f) << (6 * i);
        if byte & 0x40 == 0 {
            return Some(if value & 1 == 1 { -(value >> 1) } else { value >> 1 });
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lnotab_changes_the_line_at_its_offset() {
        let table = [0, 1, 6, 1, 4, 0xff];
        let line = |offset| line_of(LineTable::Lnotab, &table, 10, offset);
        assert_eq!(line(0), Some(11));
        assert_eq!(line(5), Some(11));
        assert_eq!(line(6), Some(12));
        assert_eq!(line(10), Some(11));
    }

    #[test]
    fn linetable_310_knows_ranges_without_a_line() {
        let table = [4, 1, 2, 0x80, 2, 1];
        let line = |offset| line_of(LineTable::Linetable310, &table, 10, offset);
        assert_eq!(line(0), Some(11));
        assert_eq!(line(4), None);
        assert_eq!(line(6), Some(12));
        assert_eq!(line(8), None);
    }

    #[test]
    fn locations_311_decode_every_form() {
        // no location (1 unit), one-line form 11 (+1, 2 units, 2 payload bytes), long form (+33,
        // 1 unit), short form 0 (same line, 1 unit)
        let table = [0xf8, 0xd9, 1, 2, 0xf0, 0x42, 0x01, 0, 0, 0, 0x80, 5];
        let line = |offset| line_of(LineTable::Locations311, &table, 10, offset);
        assert_eq!(line(0), None);
        assert_eq!(line(2), Some(11));
        assert_eq!(line(5), Some(11));
        assert_eq!(line(6), Some(44));
        assert_eq!(line(8), Some(44));
        assert_eq!(line(10), None);
    }

    #[test]
    fn arbitrary_tables_end() {
        for seed in 0..2000_u32 {
            let table: Vec<u8> = (0..40_u32)
                .map(|i| (seed.wrapping_mul(2_654_435_761) >> (i % 24)).to_le_bytes()[0])
                .collect();
            for kind in [LineTable::Lnotab, LineTable::Linetable310, LineTable::Locations311] {
                assert_ne!(line_of(kind, &table, seed, seed % 100), Some(0));
            }
        }
    }
}
