//! Variables and value stacks of suspended frames.

use super::layout::{Layout, StackTop};
use super::objects::{self, nonsense, object, text_is, tuple_items};
use crate::memory::{Memory, MemoryError, RemoteAddr};

/// Variables of a code object that are looked at for a name.
const MAX_VARIABLES: u64 = 4096;
/// Entries of a value stack that are looked at, innermost first.
const MAX_STACK: u64 = 64;
/// From `co_freevars` to `co_cellvars`, up to 3.10.
const CELLVARS: u64 = 8;
/// `CO_FAST_CELL` and `CO_FAST_FREE` in `co_localspluskinds`.
const IN_CELL: u8 = 0x40 | 0x80;

/// Where a code object keeps a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Variable {
    index: u64,
    in_cell: bool,
}

impl Variable {
    /// Whether the frame holds a cell with the value instead of the value.
    #[must_use]
    pub const fn is_in_cell(self) -> bool {
        self.in_cell
    }

    /// Where a frame keeps it.
    #[must_use]
    pub fn place(self, frame: RemoteAddr, layout: &Layout) -> RemoteAddr {
        frame.offset(layout.frame.locals + 8 * self.index)
    }
}

/// Finds the variable `name` of a code object. Arguments that inner functions use stand in cells,
/// and have a plain place as well up to 3.10, which is empty.
///
/// # Errors
/// When the code object cannot be read.
pub fn variable(
    memory: &mut impl Memory,
    layout: &Layout,
    code: RemoteAddr,
    name: &str,
) -> Result<Option<Variable>, MemoryError> {
    if let (Some(varnames), Some(freevars)) = (layout.code.varnames, layout.code.freevars) {
        return variable_by_kind(memory, layout, code, name, (varnames, freevars));
    }
    let (Some(names), Some(kinds)) = (layout.code.localsplusnames, layout.code.localspluskinds)
    else {
        return Err(nonsense(code));
    };
    let names = memory.pointer(code.offset(names))?;
    let names = tuple_items(memory, layout, names)?;
    let kinds = object(memory.pointer(code.offset(kinds))?)?;
    for index in 0..names.len.min(MAX_VARIABLES) {
        let found = names.get(memory, index)?;
        if text_is(memory, layout, found, name)? {
            let kind = memory.u8(kinds.offset(layout.values.bytes_data + index))?;
            return Ok(Some(Variable { index, in_cell: kind & IN_CELL != 0 }));
        }
    }
    Ok(None)
}

/// Up to 3.10: plain variables, then cells, then free variables, each with names of its own.
fn variable_by_kind(
    memory: &mut impl Memory,
    layout: &Layout,
    code: RemoteAddr,
    name: &str,
    (varnames, freevars): (u64, u64),
) -> Result<Option<Variable>, MemoryError> {
    let mut first = 0;
    let mut found = None;
    for (offset, in_cell) in [(varnames, false), (freevars + CELLVARS, true), (freevars, true)] {
        let names = memory.pointer(code.offset(offset))?;
        let names = tuple_items(memory, layout, names)?;
        let len = names.len.min(MAX_VARIABLES);
        for index in 0..len {
            let at = names.get(memory, index)?;
            if text_is(memory, layout, at, name)? {
                found = Some(Variable { index: first + index, in_cell });
            }
        }
        first += len;
    }
    Ok(found)
}

/// What a variable of a frame holds; `None` while it is empty.
///
/// # Errors
/// When it cannot be read.
pub fn value(
    memory: &mut impl Memory,
    layout: &Layout,
    frame: RemoteAddr,
    variable: Variable,
) -> Result<Option<RemoteAddr>, MemoryError> {
    let at = frame.offset(layout.frame.locals + 8 * variable.index);
    let word = memory.u64(at)? & !layout.frame.tag_mask;
    let Some(found) = RemoteAddr::new(word).plausible() else { return Ok(None) };
    if variable.in_cell { objects::cell_value(memory, layout, found) } else { Ok(Some(found)) }
}

/// What the variable at a position holds, whatever its name; `None` while it is empty.
///
/// # Errors
/// When it cannot be read.
pub fn value_at(
    memory: &mut impl Memory,
    layout: &Layout,
    frame: RemoteAddr,
    index: u64,
) -> Result<Option<RemoteAddr>, MemoryError> {
    value(memory, layout, frame, Variable { index, in_cell: false })
}

/// Collects the objects on the value stack of a suspended frame in `out`, outermost first.
///
/// # Errors
/// When the frame makes no sense or cannot be read.
pub fn value_stack<M: Memory>(
    memory: &mut M,
    layout: &Layout,
    (frame, code): (RemoteAddr, RemoteAddr),
    out: &mut Vec<RemoteAddr>,
) -> Result<(), MemoryError> {
    out.clear();
    let Some((start, entries)) = extent(memory, layout, frame, code)? else { return Ok(()) };
    for index in entries.saturating_sub(MAX_STACK)..entries {
        let word = memory.u64(start.offset(8 * index))?;
        let tagged_int = layout.frame.tag_mask == 3 && word & 3 == 3;
        let entry = RemoteAddr::new(word & !layout.frame.tag_mask);
        out.extend(entry.plausible().filter(|_| !tagged_int));
    }
    Ok(())
}

/// Where the value stack of a frame begins.
pub(super) fn stack_start<M: Memory>(
    memory: &mut M,
    layout: &Layout,
    frame: RemoteAddr,
    code: RemoteAddr,
) -> Result<RemoteAddr, MemoryError> {
    match layout.frame.value_stack {
        Some(offset) => object(memory.pointer(frame.offset(offset))?),
        None => {
            let names = layout.code.localsplusnames.ok_or(nonsense(code))?;
            let names = memory.pointer(code.offset(names))?;
            let count = tuple_items(memory, layout, names)?.len.min(MAX_VARIABLES);
            Ok(frame.offset(layout.frame.locals + 8 * count))
        }
    }
}

/// The first entry of a value stack and how many there are; `None` where none is kept.
fn extent<M: Memory>(
    memory: &mut M,
    layout: &Layout,
    frame: RemoteAddr,
    code: RemoteAddr,
) -> Result<Option<(RemoteAddr, u64)>, MemoryError> {
    let row = layout.frame;
    let start = stack_start(memory, layout, frame, code)?;
    let top = frame.offset(row.stack_top);
    let end = match row.stack_top_kind {
        StackTop::Pointer | StackTop::StackPointer => {
            let end = memory.pointer(top)?;
            if end.is_null() {
                return Ok(None);
            }
            end
        }
        StackTop::Depth => start.offset(8 * u64::from(memory.u32(top)?)),
        StackTop::Index => frame.offset(row.locals + 8 * u64::from(memory.u32(top)?)),
    };
    match end.offset_from(start) {
        Some(bytes) if bytes < 8 << 20 => Ok(Some((start, bytes / 8))),
        _ => Err(nonsense(frame)),
    }
}
