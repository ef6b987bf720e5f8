//! `int` and `float`.

use super::{flag, i64_at, is_a, nonsense};
use crate::memory::{Memory, MemoryError, RemoteAddr};
use crate::python::layout::{IntLayout, Layout};

/// Bits per digit on 64-bit builds.
const DIGIT_BITS: u32 = 30;

/// The value of an `int` that fits 60 bits (two digits).
///
/// # Errors
/// When it is no `int`, is larger, or cannot be read.
pub fn int(
    memory: &mut impl Memory,
    layout: &Layout,
    addr: RemoteAddr,
) -> Result<i64, MemoryError> {
    if !is_a(memory, layout, addr, flag::INT)? {
        return Err(nonsense(addr));
    }
    let (count, negative, digits) = match layout.values.int {
        IntLayout::SignedSize { digits } => {
            let size = i64_at(memory, addr.offset(layout.object.ob_size))?;
            (size.unsigned_abs(), size < 0, digits)
        }
        IntLayout::Tagged { tag, digits } => {
            let tag = memory.u64(addr.offset(tag))?;
            (tag >> 3, tag & 3 == 2, digits)
        }
    };
    if count > 2 {
        return Err(nonsense(addr));
    }
    let mut value = 0;
    for i in 0..count {
        let digit = memory.u32(addr.offset(digits + 4 * i))?;
        if digit >> DIGIT_BITS != 0 {
            return Err(nonsense(addr));
        }
        value |= i64::from(digit) << (u64::from(DIGIT_BITS) * i);
    }
    Ok(if negative { -value } else { value })
}

/// The value of a `float` object.
///
/// # Errors
/// When it cannot be read.
pub fn float(
    memory: &mut impl Memory,
    layout: &Layout,
    addr: RemoteAddr,
) -> Result<f64, MemoryError> {
    memory.u64(addr.offset(layout.values.float_value)).map(f64::from_bits)
}
