//! Attributes that `__slots__` made: fields at an offset that the type's descriptor tells.

use super::{c_text, lookup, ob_type, object, type_name_is};
use crate::memory::{Memory, MemoryError, RemoteAddr};
use crate::python::layout::Layout;

/// Longer chains of base classes are cut.
const MAX_BASES: usize = 16;
/// From the end of `PyObject` to `d_member`: behind type, name and qualified name.
const MEMBER: u64 = 24;
/// From `PyMemberDef` to its offset: behind name and kind.
const MEMBER_OFFSET: u64 = 16;
/// No slot lies further inside an object.
const MAX_OFFSET: u64 = 1 << 16;

/// The value of the slot `name`; `None` if there is none, or nothing in it.
///
/// # Errors
/// When it cannot be read.
pub fn slot(
    memory: &mut impl Memory,
    layout: &Layout,
    addr: RemoteAddr,
    name: &str,
) -> Result<Option<RemoteAddr>, MemoryError> {
    let mut of = ob_type(memory, layout, addr)?;
    for _ in 0..MAX_BASES {
        let dict = memory.pointer(of.offset(layout.type_object.tp_dict))?;
        if dict.plausible().is_some()
            && let Some(found) = lookup(memory, layout, dict, name)?
        {
            return member(memory, layout, addr, found, name);
        }
        of = memory.pointer(of.offset(layout.type_object.tp_base))?;
        if of.plausible().is_none() {
            break;
        }
    }
    Ok(None)
}

fn member(
    memory: &mut impl Memory,
    layout: &Layout,
    addr: RemoteAddr,
    descriptor: RemoteAddr,
    name: &str,
) -> Result<Option<RemoteAddr>, MemoryError> {
    let of = ob_type(memory, layout, descriptor)?;
    if !type_name_is(memory, layout, of, b"member_descriptor")? {
        return Ok(None);
    }
    let definition = descriptor.offset(layout.object.size + MEMBER);
    let definition = object(memory.pointer(definition)?)?;
    let called = memory.pointer(definition)?;
    let offset = memory.u64(definition.offset(MEMBER_OFFSET))?;
    if c_text(memory, called)? != name || offset > MAX_OFFSET || !offset.is_multiple_of(8) {
        return Ok(None);
    }
    Ok(memory.pointer(addr.offset(offset))?.plausible())
}
