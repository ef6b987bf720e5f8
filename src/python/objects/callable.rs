//! Functions, methods, cells, modules and weak references.

use super::{c_text, nonsense, object, text, text_is, tuple_items};
use crate::memory::{Memory, MemoryError, RemoteAddr};
use crate::python::layout::Layout;

/// Variables of a code object that are looked at for a free variable's name.
const MAX_VARIABLES: u64 = 4096;
/// `CO_FAST_FREE` in `co_localspluskinds`.
const FAST_FREE: u8 = 0x80;

/// The code object of a function.
///
/// # Errors
/// When it cannot be read.
pub fn function_code(
    memory: &mut impl Memory,
    layout: &Layout,
    function: RemoteAddr,
) -> Result<RemoteAddr, MemoryError> {
    object(memory.pointer(function.offset(layout.callables.function_code))?)
}

/// The qualified name of a function.
///
/// # Errors
/// When it cannot be read.
pub fn function_qualname(
    memory: &mut impl Memory,
    layout: &Layout,
    function: RemoteAddr,
) -> Result<String, MemoryError> {
    let name = memory.pointer(function.offset(layout.callables.function_qualname))?;
    text(memory, layout, name)
}

/// The cell of the free variable `name` of a function.
///
/// # Errors
/// When the function makes no sense or cannot be read.
pub fn closure_cell(
    memory: &mut impl Memory,
    layout: &Layout,
    function: RemoteAddr,
    name: &str,
) -> Result<Option<RemoteAddr>, MemoryError> {
    let closure = memory.pointer(function.offset(layout.callables.function_closure))?;
    if closure.is_null() {
        return Ok(None);
    }
    let code = function_code(memory, layout, function)?;
    let cells = tuple_items(memory, layout, closure)?;
    let Some(index) = free_variable(memory, layout, code, name)? else { return Ok(None) };
    let cell = cells.get(memory, index)?;
    Ok(cell.plausible())
}

/// The position of `name` among the free variables of a code object.
fn free_variable(
    memory: &mut impl Memory,
    layout: &Layout,
    code: RemoteAddr,
    name: &str,
) -> Result<Option<u64>, MemoryError> {
    if let Some(freevars) = layout.code.freevars {
        let freevars = memory.pointer(code.offset(freevars))?;
        let names = tuple_items(memory, layout, freevars)?;
        for index in 0..names.len.min(MAX_VARIABLES) {
            let found = names.get(memory, index)?;
            if text_is(memory, layout, found, name)? {
                return Ok(Some(index));
            }
        }
        return Ok(None);
    }
    let (Some(names), Some(kinds)) = (layout.code.localsplusnames, layout.code.localspluskinds)
    else {
        return Err(nonsense(code));
    };
    let names = memory.pointer(code.offset(names))?;
    let names = tuple_items(memory, layout, names)?;
    let kinds = object(memory.pointer(code.offset(kinds))?)?;
    let mut free = 0;
    for index in 0..names.len.min(MAX_VARIABLES) {
        let kind = memory.u8(kinds.offset(layout.values.bytes_data + index))?;
        if kind & FAST_FREE == 0 {
            continue;
        }
        let found = names.get(memory, index)?;
        if text_is(memory, layout, found, name)? {
            return Ok(Some(free));
        }
        free += 1;
    }
    Ok(None)
}

/// What a cell holds; `None` while it is empty.
///
/// # Errors
/// When it cannot be read.
pub fn cell_value(
    memory: &mut impl Memory,
    layout: &Layout,
    cell: RemoteAddr,
) -> Result<Option<RemoteAddr>, MemoryError> {
    let value = memory.pointer(cell.offset(layout.callables.cell_value))?;
    Ok(value.plausible())
}

/// Function and `self` of a bound method.
///
/// # Errors
/// When it cannot be read.
pub fn bound_method(
    memory: &mut impl Memory,
    layout: &Layout,
    method: RemoteAddr,
) -> Result<(RemoteAddr, RemoteAddr), MemoryError> {
    let function = memory.pointer(method.offset(layout.callables.method_function))?;
    let owner = memory.pointer(method.offset(layout.callables.method_self))?;
    Ok((object(function)?, object(owner)?))
}

/// C name and `self` of a built-in method; `self` is `None` for a module-level function of no
/// module.
///
/// # Errors
/// When it cannot be read.
pub fn builtin_method(
    memory: &mut impl Memory,
    layout: &Layout,
    method: RemoteAddr,
) -> Result<(String, Option<RemoteAddr>), MemoryError> {
    let def = object(memory.pointer(method.offset(layout.callables.builtin_def))?)?;
    let owner = memory.pointer(method.offset(layout.callables.builtin_self))?;
    let name = memory.pointer(def)?;
    Ok((c_text(memory, name)?, owner.plausible()))
}

/// Function and arguments (a tuple) of a `functools.partial`.
///
/// # Errors
/// When it cannot be read.
pub fn partial(
    memory: &mut impl Memory,
    layout: &Layout,
    partial: RemoteAddr,
) -> Result<(RemoteAddr, RemoteAddr), MemoryError> {
    let function = memory.pointer(partial.offset(layout.callables.partial_function))?;
    let arguments = memory.pointer(partial.offset(layout.callables.partial_args))?;
    Ok((object(function)?, object(arguments)?))
}

/// The dict of a module.
///
/// # Errors
/// When it cannot be read.
pub fn module_dict(
    memory: &mut impl Memory,
    layout: &Layout,
    module: RemoteAddr,
) -> Result<RemoteAddr, MemoryError> {
    object(memory.pointer(module.offset(layout.callables.module_dict))?)
}

/// The C state of a module; `None` where it has none.
///
/// # Errors
/// When it cannot be read.
pub fn module_state(
    memory: &mut impl Memory,
    layout: &Layout,
    module: RemoteAddr,
) -> Result<Option<RemoteAddr>, MemoryError> {
    let state = memory.pointer(module.offset(layout.callables.module_state))?;
    Ok(state.plausible())
}

/// What a weak reference refers to; the caller checks for `None` objects by type.
///
/// # Errors
/// When it cannot be read.
pub fn weakref_object(
    memory: &mut impl Memory,
    layout: &Layout,
    weakref: RemoteAddr,
) -> Result<Option<RemoteAddr>, MemoryError> {
    let found = memory.pointer(weakref.offset(layout.callables.weakref_object))?;
    Ok(found.plausible())
}
