//! The functions of a binary, by its own table of symbols.

use std::fs::File;
use std::path::Path;

use super::elf::{Elf, Segment};

/// `Elf64_Sym`.
const SYMBOL: usize = 24;
/// `STT_FUNC`, and `STT_GNU_IFUNC`, which chooses one.
const FUNCTIONS: [u8; 2] = [2, 10];
/// Longer names are cut.
const LONGEST: usize = 256;

/// A function's place and name.
#[derive(Debug, Clone, Copy)]
struct Function {
    start: u64,
    size: u64,
    name: u32,
}

/// The functions of one binary, in the order of their addresses.
#[derive(Debug)]
pub struct Symbols {
    segments: Vec<Segment>,
    functions: Vec<Function>,
    names: Vec<u8>,
}

impl Symbols {
    /// Reads a binary's functions: those for the linker where it has kept them, else those that
    /// other binaries may call. `None` if it is no binary, or has neither.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        let elf = Elf::open(File::open(path).ok()?)?;
        let segments = elf.segments()?;
        let tables = [(".symtab", ".strtab"), (".dynsym", ".dynstr")];
        let (functions, names) = tables.iter().find_map(|(symbols, names)| {
            let read = |name: &str| {
                let section = elf.section(name)?;
                elf.read(section.offset, section.size)
            };
            let functions = functions(&read(symbols)?);
            (!functions.is_empty()).then_some((functions, read(names)?))
        })?;
        Some(Self { segments, functions, names })
    }

    /// The function whose code is at this offset of the file.
    #[must_use]
    pub fn at(&self, offset: u64) -> Option<String> {
        let address = self.segments.iter().find_map(|segment| segment.address(offset))?;
        let behind = self.functions.partition_point(|function| function.start <= address);
        let function = self.functions.get(behind.checked_sub(1)?)?;
        (address - function.start < function.size).then_some(())?;
        let name = self.names.get(usize::try_from(function.name).ok()?..)?;
        let name = name.split(|&byte| byte == 0).next()?;
        let name = name.get(..name.len().min(LONGEST))?;
        (!name.is_empty()).then(|| String::from_utf8_lossy(name).into_owned())
    }
}

fn functions(table: &[u8]) -> Vec<Function> {
    let mut found: Vec<Function> = table.chunks_exact(SYMBOL).filter_map(function).collect();
    found.sort_unstable_by_key(|function| (function.start, function.size));
    found
}

/// Name, kind and binding, visibility, section, value, size.
fn function(entry: &[u8]) -> Option<Function> {
    let kind = entry.get(4)? & 0xf;
    let long = |at: usize| Some(u64::from_le_bytes(*entry.get(at..)?.first_chunk()?));
    let (start, size) = (long(8)?, long(16)?);
    let name = u32::from_le_bytes(*entry.first_chunk()?);
    (FUNCTIONS.contains(&kind) && start > 0 && size > 0).then_some(Function { start, size, name })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_found_by_where_they_lie_in_the_file() {
        let entry = |name: u32, kind: u8, start: u64, size: u64| {
            let mut entry = Vec::new();
            entry.extend(name.to_le_bytes());
            entry.extend([kind, 0, 1, 0]);
            entry.extend(start.to_le_bytes());
            entry.extend(size.to_le_bytes());
            entry
        };
        let table = [
            entry(5, 0x12, 0x2100, 0x40),
            entry(1, 0x12, 0x2000, 0x80),
            entry(9, 0x11, 0x2200, 0x80),
            entry(9, 0x12, 0x2300, 0),
        ];
        let symbols = Symbols {
            segments: vec![Segment { offset: 0x1000, address: 0x2000, size: 0x1000 }],
            functions: functions(&table.concat()),
            names: b"\0one\0two\0\xff".to_vec(),
        };
        assert_eq!(symbols.at(0x1000).as_deref(), Some("one"));
        assert_eq!(symbols.at(0x107f).as_deref(), Some("one"));
        assert_eq!(symbols.at(0x1080), None);
        assert_eq!(symbols.at(0x1110).as_deref(), Some("two"));
        for nowhere in [0, 0xfff, 0x1200, 0x1300, 0x2000, u64::MAX] {
            assert_eq!(symbols.at(nowhere), None, "{nowhere:#x}");
        }
    }

    #[test]
    fn our_own_functions_have_names() {
        let own = std::env::current_exe().unwrap();
        let symbols = Symbols::of(&own);
        // The table may be larger than what is read of one.
        assert!(symbols.is_none_or(|symbols| !symbols.functions.is_empty()));
        assert!(Symbols::of(Path::new("/proc/self/status")).is_none());
        let libc = crate::os::maps::mapped_files(std::process::id()).unwrap();
        let libc = libc.iter().find(|file| file.executable && file.path.ends_with("libc.so.6"));
        if let Some(libc) = libc {
            let symbols = Symbols::of(&libc.path).unwrap();
            let function = symbols.functions.first().unwrap();
            let segment = symbols.segments.iter().find(|it| it.address <= function.start).unwrap();
            assert!(symbols.at(function.start - segment.address + segment.offset).is_some());
        }
    }
}
