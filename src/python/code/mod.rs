//! Code objects and their lines, resolved once and remembered.

mod lines;

use rustc_hash::FxHashMap;

use crate::memory::{Memory, MemoryError, RemoteAddr};
use crate::model::{CodeId, CodeLocation, Dictionary, Frame, FrameId, FrameKind};
use crate::python::layout::{CodeLayout, Layout};
use crate::python::objects;

pub use lines::line_of;

/// More code objects than this are not remembered at once (the memory bound of the cache).
const MAX_CODES: usize = 1 << 17;
/// Likewise for lines of code.
const MAX_FRAMES: usize = 1 << 19;
/// Longer line tables are refused: no real function has one.
const MAX_LINE_TABLE: usize = 1 << 22;

const CO_GENERATOR: u32 = 0x20;
const CO_COROUTINE: u32 = 0x80;
const CO_ITERABLE_COROUTINE: u32 = 0x100;
const CO_ASYNC_GENERATOR: u32 = 0x200;

/// The code objects of one process.
///
/// Code objects never change, but their addresses are reused once a function is gone. Each entry
/// is therefore checked against the live object (name, first line, file and line table) the first
/// time it is used after [`Codes::begin_epoch`]; every time where it seldom lives that long: the code
/// of modules, what `exec` makes of a string, and what has an address that was another's before.
#[derive(Debug, Default)]
pub struct Codes {
    codes: FxHashMap<RemoteAddr, Entry>,
    frames: FxHashMap<(RemoteAddr, i32), FrameId>,
    epoch: u32,
}

#[derive(Debug)]
struct Entry {
    head: Head,
    location: CodeLocation,
    code: CodeId,
    line_table: Box<[u8]>,
    /// The name came from a generator and is qualified although the code object has no such field.
    qualified: bool,
    life: Life,
    /// The interpreter's own: its file goes by the function's name.
    trampoline: bool,
    epoch: u32,
}

/// How long a code object has its address, most likely.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Life {
    /// For longer than an epoch.
    Long,
    /// A module's: it runs once and is gone. Checked whenever it is looked up.
    Once,
    /// Others had the address before, or will soon: checked at every look.
    Fleeting,
}

/// The words of a code object that tell it from another one at the same address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Head {
    flags: u32,
    first_line: u32,
    filename: RemoteAddr,
    name: RemoteAddr,
    line_table: RemoteAddr,
    qualname: RemoteAddr,
}

impl Head {
    fn read(
        memory: &mut impl Memory,
        layout: &CodeLayout,
        code: RemoteAddr,
    ) -> Result<Self, MemoryError> {
        Ok(Self {
            flags: memory.u32(code.offset(layout.flags))?,
            first_line: memory.u32(code.offset(layout.first_line))?,
            filename: memory.pointer(code.offset(layout.filename))?,
            name: memory.pointer(code.offset(layout.name))?,
            line_table: memory.pointer(code.offset(layout.line_table))?,
            qualname: match layout.qualname {
                Some(qualname) => memory.pointer(code.offset(qualname))?,
                None => RemoteAddr::NULL,
            },
        })
    }

    const fn kind(&self) -> FrameKind {
        if self.flags & CO_ASYNC_GENERATOR != 0 {
            FrameKind::AsyncGenerator
        } else if self.flags & CO_COROUTINE != 0 {
            FrameKind::Coroutine
        } else if self.flags & (CO_GENERATOR | CO_ITERABLE_COROUTINE) != 0 {
            FrameKind::Generator
        } else {
            FrameKind::Function
        }
    }
}

impl Codes {
    /// No code known yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes every entry be checked once more before its next use.
    pub const fn begin_epoch(&mut self) {
        self.epoch = self.epoch.wrapping_add(1);
    }

    /// The frame of `code` at the bytecode offset `instruction` (in bytes; negative before the
    /// first instruction). `qualname` is the qualified name that the frame's generator carries,
    /// used where code objects have none (3.8–3.10).
    ///
    /// # Errors
    /// When the code object cannot be read or is none.
    pub fn frame<M: Memory>(
        &mut self,
        memory: &mut M,
        layout: &Layout,
        dictionary: &mut Dictionary,
        code: RemoteAddr,
        instruction: i32,
        qualname: Option<RemoteAddr>,
    ) -> Result<FrameId, MemoryError> {
        let entry = self.entry(memory, layout, dictionary, code, qualname)?;
        let (code_id, line) = {
            let offset = u32::try_from(instruction).unwrap_or(0);
            if let Some(&frame) = self.frames.get(&(code, instruction)) {
                return Ok(frame);
            }
            let Some(entry) = self.codes.get(&entry) else {
                return Err(MemoryError::Nonsense { addr: code });
            };
            let kind = layout.code.line_table_kind;
            let line = if instruction < 0 && layout.code.qualname.is_none() {
                // A frame that has not started; up to 3.10 the table knows no place before it.
                Some(entry.head.first_line)
            } else {
                line_of(kind, &entry.line_table, entry.head.first_line, offset)
            };
            (entry.code, line)
        };
        let frame = Frame { code: code_id, line: line.unwrap_or(0) };
        let frame = dictionary.frame(frame).ok_or(MemoryError::Nonsense { addr: code })?;
        if self.frames.len() >= MAX_FRAMES {
            self.frames.clear();
        }
        self.frames.insert((code, instruction), frame);
        Ok(frame)
    }

    /// The frame, if it is known and was checked in this epoch; costs two look-ups and no reading.
    #[must_use]
    pub fn known(&self, code: RemoteAddr, instruction: i32) -> Option<FrameId> {
        let entry = self.codes.get(&code)?;
        if entry.epoch == self.epoch && entry.life == Life::Long {
            self.frames.get(&(code, instruction)).copied()
        } else {
            None
        }
    }

    /// Whether what was found at this address may be something else the next time.
    #[must_use]
    pub fn is_fleeting(&self, code: RemoteAddr) -> bool {
        self.codes.get(&code).is_some_and(|entry| entry.life == Life::Fleeting)
    }

    /// The location of a code object that a frame was resolved for.
    #[must_use]
    pub fn location(&self, code: RemoteAddr) -> Option<&CodeLocation> {
        self.codes.get(&code).map(|entry| &entry.location)
    }

    /// Whether this is code of the interpreter itself, below an `__init__` that it calls without C.
    #[must_use]
    pub fn is_trampoline(&self, code: RemoteAddr) -> bool {
        self.codes.get(&code).is_some_and(|entry| entry.trampoline)
    }

    fn entry<M: Memory>(
        &mut self,
        memory: &mut M,
        layout: &Layout,
        dictionary: &mut Dictionary,
        code: RemoteAddr,
        qualname: Option<RemoteAddr>,
    ) -> Result<RemoteAddr, MemoryError> {
        let epoch = self.epoch;
        if let Some(entry) = self.codes.get_mut(&code) {
            let named = layout.code.qualname.is_some() || entry.is_named(qualname);
            if named && entry.epoch == epoch && entry.life == Life::Long {
                return Ok(code);
            }
            if named && Head::read(memory, &layout.code, code)? == entry.head {
                entry.epoch = epoch;
                return Ok(code);
            }
            self.frames.retain(|&(of, _), _| of != code);
        }
        let another = self.codes.remove(&code).is_some_and(|entry| entry.is_named(qualname));
        let mut entry = Entry::read(memory, layout, dictionary, code, qualname, epoch)?;
        if another {
            entry.life = Life::Fleeting;
        }
        if self.codes.len() >= MAX_CODES {
            self.codes.clear();
            self.frames.clear();
        }
        self.codes.insert(code, entry);
        Ok(code)
    }
}

impl Entry {
    /// Whether its name is as good as this qualified one of a generator would make it.
    const fn is_named(&self, qualname: Option<RemoteAddr>) -> bool {
        self.qualified || qualname.is_none()
    }

    fn read<M: Memory>(
        memory: &mut M,
        layout: &Layout,
        dictionary: &mut Dictionary,
        code: RemoteAddr,
        qualname: Option<RemoteAddr>,
        epoch: u32,
    ) -> Result<Self, MemoryError> {
        let nonsense = MemoryError::Nonsense { addr: code };
        let code = code.plausible().ok_or(nonsense)?;
        let ob_type = memory.pointer(code.offset(layout.object.ob_type))?;
        if !objects::type_name_is(memory, layout, ob_type, b"code")? {
            return Err(nonsense);
        }
        let head = Head::read(memory, &layout.code, code)?;
        let own_name = if head.qualname.is_null() { head.name } else { head.qualname };
        let name =
            if layout.code.qualname.is_some() { own_name } else { qualname.unwrap_or(own_name) };
        let file = objects::text(memory, layout, head.filename)?;
        let function = objects::text(memory, layout, name)?;
        // `<string>`, `<template>` and the like; `<frozen …>` is the interpreter's own.
        let life = if file.starts_with('<') && !file.starts_with("<frozen") {
            Life::Fleeting
        } else if function == "<module>" {
            Life::Once
        } else {
            Life::Long
        };
        let line_table = objects::bytes_object(memory, layout, head.line_table, MAX_LINE_TABLE)?;
        let location = CodeLocation {
            file: dictionary.string(&file).ok_or(nonsense)?,
            function: dictionary.string(&function).ok_or(nonsense)?,
            first_line: head.first_line,
            kind: head.kind(),
        };
        Ok(Self {
            head,
            location,
            code: dictionary.code(location).ok_or(nonsense)?,
            line_table: line_table.into_boxed_slice(),
            qualified: qualname.is_some(),
            life,
            trampoline: function == "__init__" && head.filename == head.name,
            epoch,
        })
    }
}
