//! Which native function a frame is calling.
//!
//! From 3.14 on a frame keeps its value stack's end while it calls, so that the instruction tells
//! where the callable lies. Before, the end is unknown: the bytecode is followed back to the name
//! that the callable was loaded by, and the value stack is searched for a native function of that
//! name. What is found is a native function in any case; what cannot be told is not guessed.

mod native;
mod opcodes;
mod tables;

use rustc_hash::FxHashMap;

use crate::memory::{Memory, MemoryError, RemoteAddr};
use crate::python::frames::RawFrame;
use crate::python::layout::{Build, Layout, StackTop};
use crate::python::locals::stack_start;
use crate::python::objects::{self, text, tuple_items};

use native::native;
use opcodes::Opcodes;

/// Bytecode behind this is not followed.
const MAX_BYTECODE: u64 = 1 << 15;
/// Entries of a value stack that are searched.
const MAX_STACK: u64 = 48;
/// Calls that are remembered.
const MOST: usize = 4096;
/// `co_stacksize` stands right before `co_flags` up to 3.10, before `co_firstlineno` later.
const STACK_SIZE: u64 = 4;
/// `co_names` stands right before `co_varnames` up to 3.10.
const NAMES: u64 = 8;
/// From `co_names` to `co_flags`, from 3.11 on.
const NAMES_TO_FLAGS: u64 = 16;

/// Where the callable of a call instruction is found.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Site {
    /// So many entries below the value stack's end, counted from its last one.
    Below(u64),
    /// It was loaded by this name.
    Named(String),
}

/// Call instructions seen so far.
#[derive(Debug, Default)]
pub struct Callees {
    sites: FxHashMap<(RemoteAddr, i32), Option<Site>>,
}

impl Callees {
    /// Forgets what addresses stand for.
    pub fn begin_epoch(&mut self) {
        self.sites.clear();
    }

    /// The native function that the innermost frame of a thread is calling, by its full name;
    /// `None` where it calls none, or it cannot be told. The frame may have moved on meanwhile: the
    /// caller makes sure that it has not.
    ///
    /// # Errors
    /// When something makes no sense or cannot be read.
    pub fn find<M: Memory>(
        &mut self,
        memory: &mut M,
        layout: &Layout,
        frame: &RawFrame,
    ) -> Result<Option<String>, MemoryError> {
        let Some(opcodes) = tables::of(layout.minor).filter(|_| layout.build == Build::Gil) else {
            return Ok(None);
        };
        let Ok(offset) = u64::try_from(frame.instruction_offset(layout)) else { return Ok(None) };
        let key = (frame.code, frame.instruction_offset(layout));
        if self.sites.len() >= MOST {
            self.sites.clear();
        }
        let site = match self.sites.get(&key) {
            Some(known) => known,
            None => {
                let found = site(memory, layout, opcodes, frame.code, offset)?;
                self.sites.entry(key).or_insert(found)
            }
        };
        match site {
            Some(Site::Below(below)) => at_end(memory, layout, frame.addr, *below),
            Some(Site::Named(name)) => named(memory, layout, frame, name),
            None => Ok(None),
        }
    }
}

/// What the instruction at this offset says about what it calls.
fn site<M: Memory>(
    memory: &mut M,
    layout: &Layout,
    opcodes: &Opcodes,
    code: RemoteAddr,
    offset: u64,
) -> Result<Option<Site>, MemoryError> {
    if offset >= MAX_BYTECODE {
        return Ok(None);
    }
    let start = match (layout.code.bytecode_inline, layout.code.bytecode_object) {
        (Some(inline), _) => code.offset(inline),
        (None, Some(object)) => {
            let bytes = objects::object(memory.pointer(code.offset(object))?)?;
            bytes.offset(layout.values.bytes_data)
        }
        (None, None) => return Ok(None),
    };
    if layout.frame.stack_top_kind == StackTop::StackPointer {
        let unit = memory.bytes(start.offset(offset), 2)?;
        let Some(&unit) = unit.first_chunk::<2>() else { return Ok(None) };
        let above = opcodes.above(opcodes.single(unit), layout.minor);
        return Ok(above.and_then(|above| u64::try_from(above).ok()).map(Site::Below));
    }
    let length = usize::try_from(offset + 2).unwrap_or(0);
    let bytecode = memory.bytes(start, length)?;
    let Some(instructions) = opcodes.decode(bytecode) else { return Ok(None) };
    let Some(name) = opcodes.spelled(&instructions, layout.minor) else { return Ok(None) };
    let names = match layout.code.varnames {
        Some(varnames) => varnames.checked_sub(NAMES),
        None => layout.code.flags.checked_sub(NAMES_TO_FLAGS),
    };
    let Some(names) = names else { return Ok(None) };
    let names = memory.pointer(code.offset(names))?;
    let names = tuple_items(memory, layout, names)?;
    if u64::from(name) >= names.len {
        return Ok(None);
    }
    let name = names.get(memory, name.into())?;
    Ok(Some(Site::Named(text(memory, layout, name)?)))
}

/// The native function that lies this many entries below the end of a value stack.
fn at_end<M: Memory>(
    memory: &mut M,
    layout: &Layout,
    frame: RemoteAddr,
    below: u64,
) -> Result<Option<String>, MemoryError> {
    let end = memory.pointer(frame.offset(layout.frame.stack_top))?;
    let Some(entry) = end.get().checked_sub(8 * (below + 1)).filter(|_| below < MAX_BYTECODE)
    else {
        return Ok(None);
    };
    if entry < frame.offset(layout.frame.locals).get() {
        return Ok(None);
    }
    let word = memory.u64(RemoteAddr::new(entry))? & !layout.frame.tag_mask;
    let Some(callable) = RemoteAddr::new(word).plausible() else { return Ok(None) };
    Ok(native(memory, layout, callable)?.map(|native| native.full))
}

/// The native function of this name on a value stack whose end is unknown. Above the end lie
/// remainders, so that not everything there is an object.
fn named<M: Memory>(
    memory: &mut M,
    layout: &Layout,
    frame: &RawFrame,
    name: &str,
) -> Result<Option<String>, MemoryError> {
    let start = stack_start(memory, layout, frame.addr, frame.code)?;
    let size = match layout.code.varnames {
        Some(_) => layout.code.flags.checked_sub(STACK_SIZE),
        None => layout.code.first_line.checked_sub(STACK_SIZE),
    };
    let Some(size) = size else { return Ok(None) };
    let size = u64::from(memory.u32(frame.code.offset(size))?).min(MAX_STACK);
    for index in 0..size {
        let word = memory.u64(start.offset(8 * index))?;
        let Some(entry) = RemoteAddr::new(word).plausible() else { continue };
        if let Ok(Some(found)) = native(memory, layout, entry)
            && found.name == name
        {
            return Ok(Some(found.full));
        }
    }
    Ok(None)
}
