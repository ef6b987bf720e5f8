//! `str`, `bytes` and C text.

use super::{flag, is_a, length_at, nonsense, object};
use crate::memory::{Memory, MemoryError, RemoteAddr};
use crate::python::layout::Layout;

/// Longer texts are cut here (in characters) and end in `…`.
pub const MAX_TEXT: u64 = 4096;
/// No text of the target is longer than this (in characters); a larger length is a misread.
const MAX_LENGTH: u64 = 1 << 40;
/// Longer C names are refused.
const MAX_C_TEXT: u64 = 512;

/// Where the characters of a text lie.
struct Characters {
    at: RemoteAddr,
    length: u64,
    /// Bytes per character.
    width: u64,
    ascii: bool,
}

fn characters(
    memory: &mut impl Memory,
    layout: &Layout,
    addr: RemoteAddr,
) -> Result<Characters, MemoryError> {
    let row = layout.values.text;
    if !is_a(memory, layout, addr, flag::STR)? {
        return Err(nonsense(addr));
    }
    let length = length_at(memory, addr.offset(row.length), MAX_LENGTH)?;
    let state = memory.u32(addr.offset(row.state))?;
    let width = u64::from((state >> row.kind_shift) & 7);
    if !matches!(width, 1 | 2 | 4) {
        return Err(nonsense(addr));
    }
    let ascii = state & row.ascii != 0;
    let at = match (state & row.compact != 0, ascii) {
        (true, true) => addr.offset(row.ascii_data),
        (true, false) => addr.offset(row.compact_data),
        (false, _) => memory.pointer(addr.offset(row.data_pointer))?,
    };
    if at.is_null() || (ascii && width != 1) {
        return Err(nonsense(addr));
    }
    Ok(Characters { at, length, width, ascii })
}

/// The value of a `str`, cut at [`MAX_TEXT`] characters. Lone surrogates become `\u{fffd}`.
///
/// # Errors
/// When it is no `str`, cannot be read, or holds what no text holds.
pub fn text(
    memory: &mut impl Memory,
    layout: &Layout,
    addr: RemoteAddr,
) -> Result<String, MemoryError> {
    let Characters { at, length, width, ascii } = characters(memory, layout, addr)?;
    let taken = length.min(MAX_TEXT);
    let len = usize::try_from(taken * width).unwrap_or(0);
    let bytes = if len == 0 { &[][..] } else { memory.bytes(at, len)? };
    if ascii {
        let plain = std::str::from_utf8(bytes).ok().filter(|text| text.is_ascii());
        let mut out = plain.ok_or(nonsense(addr))?.to_owned();
        if length > taken {
            out.push('…');
        }
        return Ok(out);
    }
    let mut out = String::with_capacity(len);
    for unit in bytes.chunks_exact(usize::try_from(width).unwrap_or(1)) {
        let mut word = [0; 4];
        for (into, &byte) in word.iter_mut().zip(unit) {
            *into = byte;
        }
        let code_point = u32::from_le_bytes(word);
        if code_point > 0x10_ffff {
            return Err(nonsense(addr));
        }
        out.push(char::from_u32(code_point).unwrap_or(char::REPLACEMENT_CHARACTER));
    }
    if length > taken {
        out.push('…');
    }
    Ok(out)
}

/// Whether a `str` is exactly the ASCII text `expected`; false for what is no `str`.
///
/// # Errors
/// When it cannot be read.
pub fn text_is(
    memory: &mut impl Memory,
    layout: &Layout,
    addr: RemoteAddr,
    expected: &str,
) -> Result<bool, MemoryError> {
    let row = layout.values.text;
    let Some(addr) = addr.plausible() else { return Ok(false) };
    if memory.u64(addr.offset(row.length))? != expected.len() as u64 {
        return Ok(false);
    }
    let Characters { at, ascii, .. } = match characters(memory, layout, addr) {
        Ok(characters) => characters,
        Err(MemoryError::Nonsense { .. }) => return Ok(false),
        Err(error) => return Err(error),
    };
    Ok(ascii && memory.bytes(at, expected.len())? == expected.as_bytes())
}

/// The content of a `bytes` object.
///
/// # Errors
/// When it is no `bytes`, is longer than `max`, or cannot be read.
pub fn bytes_object(
    memory: &mut impl Memory,
    layout: &Layout,
    addr: RemoteAddr,
    max: usize,
) -> Result<Vec<u8>, MemoryError> {
    if !is_a(memory, layout, addr, flag::BYTES)? {
        return Err(nonsense(addr));
    }
    let len = length_at(memory, addr.offset(layout.object.ob_size), max as u64)?;
    if len == 0 {
        return Ok(Vec::new());
    }
    let len = usize::try_from(len).unwrap_or(0);
    memory.bytes(addr.offset(layout.values.bytes_data), len).map(<[u8]>::to_vec)
}

/// A zero-terminated C text, not necessarily aligned.
///
/// # Errors
/// When it is null, longer than any name, not UTF-8, or cannot be read.
pub fn c_text(memory: &mut impl Memory, addr: RemoteAddr) -> Result<String, MemoryError> {
    if object(RemoteAddr::new(addr.get() & !7)).is_err() {
        return Err(nonsense(addr));
    }
    let mut out = Vec::new();
    for i in 0..MAX_C_TEXT {
        match memory.u8(addr.offset(i))? {
            0 => return String::from_utf8(out).map_err(|_not_utf8| nonsense(addr)),
            byte => out.push(byte),
        }
    }
    Err(nonsense(addr))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::{ImageMemory, PagedMemory};
    use crate::python::layout::Build;

    const TYPE: u64 = 0x20_000;
    const TEXT: u64 = 0x30_000;

    /// A compact `str` of 3.12 with characters of `width` bytes.
    fn image(width: u32, ascii: bool, length: u64, characters: &[u8]) -> PagedMemory<ImageMemory> {
        let layout = layout();
        let row = layout.values.text;
        let mut image = ImageMemory::new();
        let mut of = vec![0; 4096];
        let flags = usize::try_from(layout.type_object.tp_flags).unwrap();
        of[flags..flags + 8].copy_from_slice(&flag::STR.to_le_bytes());
        image.insert(RemoteAddr::new(TYPE), of);
        let data = if ascii { row.ascii_data } else { row.compact_data };
        let size = usize::try_from(data).unwrap() + characters.len();
        let mut text = vec![0; size.next_multiple_of(4096)];
        let mut put = |at: u64, bytes: &[u8]| {
            let at = usize::try_from(at).unwrap();
            text[at..at + bytes.len()].copy_from_slice(bytes);
        };
        put(layout.object.ob_type, &TYPE.to_le_bytes());
        put(row.length, &length.to_le_bytes());
        let kind = width << row.kind_shift;
        let state = kind | row.compact | if ascii { row.ascii } else { 0 };
        put(row.state, &state.to_le_bytes());
        put(data, characters);
        image.insert(RemoteAddr::new(TEXT), text);
        PagedMemory::new(image)
    }

    fn layout() -> &'static Layout {
        Layout::for_version(12, Build::Gil).unwrap()
    }

    fn read(mut memory: PagedMemory<ImageMemory>) -> Result<String, MemoryError> {
        text(&mut memory, layout(), RemoteAddr::new(TEXT))
    }

    #[test]
    fn every_width_is_read() {
        assert_eq!(read(image(1, true, 3, b"abc")).as_deref(), Ok("abc"));
        assert_eq!(read(image(1, false, 2, b"a\xe9")).as_deref(), Ok("aé"));
        assert_eq!(read(image(2, false, 1, &[0xac, 0x20])).as_deref(), Ok("€"));
        assert_eq!(read(image(4, false, 1, &[0x80, 0xf6, 1, 0])).as_deref(), Ok("🚀"));
        assert_eq!(read(image(2, false, 1, &[0, 0xd8])).as_deref(), Ok("\u{fffd}"));
    }

    #[test]
    fn long_texts_are_cut_and_say_so() {
        let found = read(image(1, true, 5000, &[b'x'; 5000])).unwrap();
        assert_eq!(found.chars().count(), 4097);
        assert!(found.ends_with("x…"));
    }

    #[test]
    fn what_no_text_holds_is_refused() {
        let nonsense = Err(nonsense(RemoteAddr::new(TEXT)));
        assert_eq!(read(image(4, false, 1, &[0, 0, 0x11, 0])), nonsense);
        assert_eq!(read(image(1, true, 1, b"\xff")), nonsense);
        assert_eq!(read(image(3, false, 1, &[0; 8])), nonsense);
    }
}
