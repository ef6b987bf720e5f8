//! Python objects as they lie in memory: plain reads by address, bounded, never trusting a length.
//!
//! Every function takes the address of an object of the named type. Callers check the type first
//! ([`ob_type`], [`flags_of`], [`types`]); what does not fit anyway is [`MemoryError::Nonsense`].

mod attributes;
mod callable;
mod dict;
mod number;
mod sequence;
mod simple_queue;
mod slots;
mod text;
pub mod types;

pub use attributes::{attribute, instance_dict};
pub use callable::{
    bound_method, builtin_method, cell_value, closure_cell, function_code, function_qualname,
    module_dict, module_state, partial, weakref_object,
};
pub use dict::{DictCursor, dict_len, lookup};
pub use number::{float, int};
pub use sequence::{DequeCursor, Items, SetCursor, deque_len, list_items, set_len, tuple_items};
pub use simple_queue::simple_queue;
pub use slots::slot;
pub use text::{MAX_TEXT, bytes_object, c_text, text, text_is};

use crate::memory::{Memory, MemoryError, RemoteAddr};
use crate::python::layout::Layout;

/// The bits of `tp_flags` that tell built-in types and their subclasses, the same in all versions.
pub mod flag {
    /// Inline values (3.13 on).
    pub const INLINE_VALUES: u64 = 1 << 2;
    /// The instance dict is managed by the interpreter (3.11 on).
    pub const MANAGED_DICT: u64 = 1 << 4;
    /// Made at run time.
    pub const HEAP_TYPE: u64 = 1 << 9;
    /// `int`.
    pub const INT: u64 = 1 << 24;
    /// `list`.
    pub const LIST: u64 = 1 << 25;
    /// `tuple`.
    pub const TUPLE: u64 = 1 << 26;
    /// `bytes`.
    pub const BYTES: u64 = 1 << 27;
    /// `str`.
    pub const STR: u64 = 1 << 28;
    /// `dict`.
    pub const DICT: u64 = 1 << 29;
    /// `type`.
    pub const TYPE: u64 = 1 << 31;
}

/// What a read that cannot be true gives.
pub(crate) const fn nonsense(addr: RemoteAddr) -> MemoryError {
    MemoryError::Nonsense { addr }
}

/// `addr`, if it could be an object's.
///
/// # Errors
/// When it is null, not aligned or outside user space.
pub fn object(addr: RemoteAddr) -> Result<RemoteAddr, MemoryError> {
    addr.plausible().ok_or(nonsense(addr))
}

/// The type of an object.
///
/// # Errors
/// When it cannot be read or is no address.
pub fn ob_type(
    memory: &mut impl Memory,
    layout: &Layout,
    addr: RemoteAddr,
) -> Result<RemoteAddr, MemoryError> {
    let found = memory.pointer(object(addr)?.offset(layout.object.ob_type))?;
    object(found)
}

/// `tp_flags` of an object's type.
///
/// # Errors
/// When it cannot be read.
pub fn flags_of(
    memory: &mut impl Memory,
    layout: &Layout,
    addr: RemoteAddr,
) -> Result<u64, MemoryError> {
    let of = ob_type(memory, layout, addr)?;
    memory.u64(of.offset(layout.type_object.tp_flags))
}

/// Whether an object's type is, or derives from, the built-in type of that [`flag`].
///
/// # Errors
/// When it cannot be read.
pub fn is_a(
    memory: &mut impl Memory,
    layout: &Layout,
    addr: RemoteAddr,
    flag: u64,
) -> Result<bool, MemoryError> {
    Ok(flags_of(memory, layout, addr)? & flag != 0)
}

/// `tp_name` of a type: the full dotted name for static and C types, the bare one for classes.
///
/// # Errors
/// When it cannot be read or is longer than any name.
pub fn type_name(
    memory: &mut impl Memory,
    layout: &Layout,
    of: RemoteAddr,
) -> Result<String, MemoryError> {
    let name = memory.pointer(object(of)?.offset(layout.type_object.tp_name))?;
    c_text(memory, name)
}

/// Whether `tp_name` of a type is exactly `name`.
///
/// # Errors
/// When it cannot be read.
pub fn type_name_is(
    memory: &mut impl Memory,
    layout: &Layout,
    of: RemoteAddr,
    name: &[u8],
) -> Result<bool, MemoryError> {
    let at = memory.pointer(object(of)?.offset(layout.type_object.tp_name))?;
    if at.is_null() {
        return Err(nonsense(of));
    }
    for (i, &expected) in name.iter().chain(&[0]).enumerate() {
        if memory.u8(at.offset(i as u64))? != expected {
            return Ok(false);
        }
    }
    Ok(true)
}

/// An `i64` field.
pub(crate) fn i64_at(memory: &mut impl Memory, addr: RemoteAddr) -> Result<i64, MemoryError> {
    memory.u64(addr).map(u64::cast_signed)
}

/// A length field: not negative and at most `cap`.
pub(crate) fn length_at(
    memory: &mut impl Memory,
    addr: RemoteAddr,
    cap: u64,
) -> Result<u64, MemoryError> {
    let length = memory.u64(addr)?;
    if length <= cap { Ok(length) } else { Err(nonsense(addr)) }
}
