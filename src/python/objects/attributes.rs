//! Instance attributes: a dict, or values that share their type's keys.

use super::dict::Keys;
use super::{flag, i64_at, lookup, nonsense, ob_type};
use crate::memory::{Memory, MemoryError, RemoteAddr};
use crate::python::layout::{AttributeLayout, Layout};

/// Where an instance's attributes are.
enum Place {
    Dict(RemoteAddr),
    /// The first of the values whose keys are the type's.
    Values(RemoteAddr),
    Nowhere,
}

/// The value of the instance attribute `name`; class attributes are not looked at.
///
/// # Errors
/// When it cannot be read.
pub fn attribute(
    memory: &mut impl Memory,
    layout: &Layout,
    addr: RemoteAddr,
    name: &str,
) -> Result<Option<RemoteAddr>, MemoryError> {
    let of = ob_type(memory, layout, addr)?;
    match place(memory, layout, addr, of)? {
        Place::Dict(dict) => lookup(memory, layout, dict, name),
        Place::Values(values) => {
            let keys = memory.pointer(of.offset(layout.type_object.ht_cached_keys))?;
            let keys = Keys::read(memory, layout, keys)?;
            let Some(index) = keys.position(memory, layout, name)? else { return Ok(None) };
            let value = memory.pointer(values.offset(8 * index))?;
            Ok(value.plausible())
        }
        Place::Nowhere => Ok(None),
    }
}

/// The instance's `__dict__`, where there is a real one.
///
/// # Errors
/// When it cannot be read.
pub fn instance_dict(
    memory: &mut impl Memory,
    layout: &Layout,
    addr: RemoteAddr,
) -> Result<Option<RemoteAddr>, MemoryError> {
    let of = ob_type(memory, layout, addr)?;
    match place(memory, layout, addr, of)? {
        Place::Dict(dict) => Ok(Some(dict)),
        Place::Values(_) | Place::Nowhere => Ok(None),
    }
}

fn place(
    memory: &mut impl Memory,
    layout: &Layout,
    addr: RemoteAddr,
    of: RemoteAddr,
) -> Result<Place, MemoryError> {
    let row = layout.type_object;
    let flags = memory.u64(of.offset(row.tp_flags))?;
    let managed = flags & flag::MANAGED_DICT != 0;
    match layout.attributes {
        AttributeLayout::Values311 { dict_before, values_before } if managed => {
            let dict = memory.pointer(addr.before(dict_before))?;
            if let Some(dict) = dict.plausible() {
                return Ok(Place::Dict(dict));
            }
            let values = memory.pointer(addr.before(values_before))?;
            Ok(values.plausible().map_or(Place::Nowhere, Place::Values))
        }
        AttributeLayout::Tagged312 { word_before } if managed => {
            let word = memory.u64(addr.before(word_before))?;
            let place = if word & 1 == 1 {
                RemoteAddr::new(word.wrapping_add(1)).plausible().map(Place::Values)
            } else {
                RemoteAddr::new(word).plausible().map(Place::Dict)
            };
            Ok(place.unwrap_or(Place::Nowhere))
        }
        AttributeLayout::Inline313 { dict_before, values_at_basicsize, values_start }
            if managed =>
        {
            let dict = memory.pointer(addr.before(dict_before))?;
            if let Some(dict) = dict.plausible() {
                return Ok(Place::Dict(dict));
            }
            if flags & flag::INLINE_VALUES == 0 {
                return Ok(Place::Nowhere);
            }
            let start = if values_at_basicsize {
                memory.u64(of.offset(row.tp_basicsize))?
            } else {
                layout.object.size
            };
            let values = addr.offset(start);
            // capacity, size, embedded, valid
            let valid = memory.u8(values.offset(3))? == 1;
            Ok(if valid { Place::Values(values.offset(values_start)) } else { Place::Nowhere })
        }
        _ => dict_at_offset(memory, layout, addr, of),
    }
}

fn dict_at_offset(
    memory: &mut impl Memory,
    layout: &Layout,
    addr: RemoteAddr,
    of: RemoteAddr,
) -> Result<Place, MemoryError> {
    let row = layout.type_object;
    let offset = i64_at(memory, of.offset(row.tp_dictoffset))?;
    let offset = match offset {
        0 => return Ok(Place::Nowhere),
        1.. => offset.unsigned_abs(),
        _ => {
            // Counted from the end of an object of variable size.
            let items = i64_at(memory, addr.offset(layout.object.ob_size))?.unsigned_abs();
            let item_size = memory.u64(of.offset(row.tp_itemsize))?;
            let size = items
                .checked_mul(item_size)
                .and_then(|size| size.checked_add(7))
                .ok_or(nonsense(addr))?;
            let basic = memory.u64(of.offset(row.tp_basicsize))?;
            basic
                .checked_add(size)
                .map(|size| size & !7)
                .and_then(|size| size.checked_sub(offset.unsigned_abs()))
                .ok_or(nonsense(addr))?
        }
    };
    if offset > 1 << 32 {
        return Err(nonsense(addr));
    }
    let dict = memory.pointer(addr.offset(offset))?;
    Ok(dict.plausible().map_or(Place::Nowhere, Place::Dict))
}
