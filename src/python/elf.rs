//! Sections of an ELF file by name, read straight from the file: a binary is never read whole.

use std::fs::File;
use std::os::unix::fs::FileExt as _;

/// Larger tables than this belong to no interpreter.
const MAX_TABLE: u64 = 4 << 20;
const SECTION_HEADER: u64 = 64;
const PROGRAM_HEADER: u64 = 56;
const LOAD: u64 = 1;

/// What kind of program an executable is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Machine {
    /// 64-bit and little-endian.
    pub(super) wide: bool,
    /// `e_machine`.
    pub(super) number: u16,
}

impl Machine {
    /// The machine this program was built for.
    pub(super) const OURS: u16 = if cfg!(target_arch = "x86_64") { 62 } else { 183 };
}

/// A section of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Section {
    /// Where it lies in memory, before relocation.
    pub(super) address: u64,
    /// Where it lies in the file.
    pub(super) offset: u64,
    /// Bytes.
    pub(super) size: u64,
}

/// A part of a file that is mapped into memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Segment {
    /// Where it lies in the file.
    pub(super) offset: u64,
    /// Where it lies in memory, before relocation.
    pub(super) address: u64,
    /// Bytes in the file.
    pub(super) size: u64,
}

impl Segment {
    /// Where this offset of the file lies in memory, if it is in this part.
    pub(super) fn address(&self, offset: u64) -> Option<u64> {
        let within = offset.checked_sub(self.offset).filter(|&within| within < self.size)?;
        self.address.checked_add(within)
    }
}

/// An opened ELF file.
pub(super) struct Elf {
    file: File,
    header: [u8; 64],
}

impl Elf {
    /// Opens a file; `None` if it is not ELF.
    pub(super) fn open(file: File) -> Option<Self> {
        let mut header = [0; 64];
        file.read_exact_at(&mut header, 0).ok()?;
        (header.first_chunk::<4>()? == b"\x7fELF").then_some(Self { file, header })
    }

    pub(super) fn machine(&self) -> Machine {
        let [.., low, high] = *self.header.first_chunk::<20>().unwrap_or(&[0; 20]);
        let wide = self.header[4] == 2 && self.header[5] == 1;
        Machine { wide, number: u16::from_le_bytes([low, high]) }
    }

    /// The section of this name.
    pub(super) fn section(&self, wanted: &str) -> Option<Section> {
        if !self.machine().wide {
            return None;
        }
        let count = half(&self.header, 60)?;
        let table = self.read(long(&self.header, 40)?, count.checked_mul(SECTION_HEADER)?)?;
        let header = |index: u64| {
            let start = usize::try_from(index.checked_mul(SECTION_HEADER)?).ok()?;
            table.get(start..start.checked_add(64)?)
        };
        let names = header(half(&self.header, 62)?)?;
        let names = self.read(long(names, 24)?, long(names, 32)?)?;
        (0..count).filter_map(header).find_map(|section| {
            let name = names.get(usize::try_from(word(section, 0)?).ok()?..)?;
            let name = name.split(|&byte| byte == 0).next()?;
            (name == wanted.as_bytes()).then_some(())?;
            Some(Section {
                address: long(section, 16)?,
                offset: long(section, 24)?,
                size: long(section, 32)?,
            })
        })
    }

    /// The parts of the file that are mapped into memory.
    pub(super) fn segments(&self) -> Option<Vec<Segment>> {
        let count = half(&self.header, 56)?;
        let table = self.read(long(&self.header, 32)?, count.checked_mul(PROGRAM_HEADER)?)?;
        let mapped = table.chunks_exact(56).filter(|header| word(header, 0) == Some(LOAD));
        Some(
            mapped
                .filter_map(|header| {
                    let (offset, address) = (long(header, 8)?, long(header, 16)?);
                    Some(Segment { offset, address, size: long(header, 32)? })
                })
                .collect(),
        )
    }

    /// What to add to a section's address, given where the file's first byte is mapped.
    pub(super) fn bias(&self, mapped_at: u64) -> Option<u64> {
        let count = half(&self.header, 56)?;
        let table = self.read(long(&self.header, 32)?, count.checked_mul(PROGRAM_HEADER)?)?;
        let first = table.chunks_exact(56).find(|header| word(header, 0) == Some(LOAD))?;
        let (offset, address) = (long(first, 8)?, long(first, 16)?);
        Some(mapped_at.wrapping_sub(address.checked_sub(offset)?))
    }

    /// Bytes of the file.
    pub(super) fn read(&self, offset: u64, len: u64) -> Option<Vec<u8>> {
        if len > MAX_TABLE {
            return None;
        }
        let mut bytes = vec![0; usize::try_from(len).ok()?];
        self.file.read_exact_at(&mut bytes, offset).ok()?;
        Some(bytes)
    }
}

fn half(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?)))
}

fn word(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?)))
}

fn long(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own() -> Elf {
        Elf::open(File::open("/proc/self/exe").unwrap()).unwrap()
    }

    #[test]
    fn sections_of_our_own_executable_are_found() {
        assert_eq!(own().machine(), Machine { wide: true, number: Machine::OURS });
        let comment = own().section(".text").unwrap();
        assert!(comment.size > 0 && comment.offset > 0);
        assert_eq!(own().section(".no-such-section"), None);
    }

    #[test]
    fn text_is_no_elf() {
        let mut file = tempfile::tempfile().unwrap();
        std::io::Write::write_all(&mut file, &[b'#'; 100]).unwrap();
        assert!(Elf::open(file).is_none());
    }
}
