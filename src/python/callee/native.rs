//! The names of native functions.

use crate::memory::{Memory, MemoryError, RemoteAddr};
use crate::python::layout::Layout;
use crate::python::objects::{self, ob_type, text, type_name};

/// `Py_TPFLAGS_HEAPTYPE` and `Py_TPFLAGS_TYPE_SUBCLASS`.
const HEAP_TYPE: u64 = 1 << 9;
const TYPE_SUBCLASS: u64 = 1 << 31;
/// From `m_self` to `m_module`.
const MODULE: u64 = 8;
/// `PyDescrObject`: behind the head, `d_type` and `d_name`.
const DESCRIPTOR_NAME: u64 = 8;
/// A longer name is none.
const LONGEST: usize = 200;

/// A native callable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Native {
    /// With its module or type, e.g. `zlib.compress`.
    pub(super) full: String,
    /// Its own name.
    pub(super) name: String,
}

/// What a native callable is called; `None` for anything that Python code may run in.
pub(super) fn native<M: Memory>(
    memory: &mut M,
    layout: &Layout,
    addr: RemoteAddr,
) -> Result<Option<Native>, MemoryError> {
    let of = ob_type(memory, layout, addr)?;
    let kind = type_name(memory, layout, of)?;
    let found = match kind.as_str() {
        "builtin_function_or_method" | "builtin_method" => Some(function(memory, layout, addr)?),
        "method_descriptor" | "classmethod_descriptor" | "wrapper_descriptor" => {
            Some(descriptor(memory, layout, addr)?)
        }
        "type" => class(memory, layout, addr)?,
        kind if kind.ends_with("cython_function_or_method") => {
            Some(function(memory, layout, addr)?)
        }
        _ => None,
    };
    Ok(found.filter(|native| native.full.len() <= LONGEST))
}

fn joined(owner: Option<String>, name: String) -> Native {
    let full = owner.map(|owner| format!("{owner}.{name}"));
    Native { full: full.unwrap_or_else(|| name.clone()), name }
}

fn function<M: Memory>(
    memory: &mut M,
    layout: &Layout,
    addr: RemoteAddr,
) -> Result<Native, MemoryError> {
    let (name, of) = objects::builtin_method(memory, layout, addr)?;
    let module = memory.pointer(addr.offset(layout.callables.builtin_self + MODULE))?;
    let owner = match (module.plausible(), of) {
        (Some(module), _) => text(memory, layout, module).ok(),
        (None, Some(of)) if objects::is_a(memory, layout, of, TYPE_SUBCLASS)? => {
            Some(type_name(memory, layout, of)?)
        }
        (None, Some(of)) => {
            let of = ob_type(memory, layout, of)?;
            Some(type_name(memory, layout, of)?)
        }
        (None, None) => None,
    };
    Ok(joined(owner, name))
}

fn descriptor<M: Memory>(
    memory: &mut M,
    layout: &Layout,
    addr: RemoteAddr,
) -> Result<Native, MemoryError> {
    let of = memory.pointer(addr.offset(layout.object.size))?;
    let name = memory.pointer(addr.offset(layout.object.size + DESCRIPTOR_NAME))?;
    let owner = type_name(memory, layout, of)?;
    let name = text(memory, layout, objects::object(name)?)?;
    Ok(joined(Some(owner), name))
}

fn class<M: Memory>(
    memory: &mut M,
    layout: &Layout,
    addr: RemoteAddr,
) -> Result<Option<Native>, MemoryError> {
    let flags = memory.u64(addr.offset(layout.type_object.tp_flags))?;
    if flags & HEAP_TYPE != 0 {
        return Ok(None);
    }
    let full = type_name(memory, layout, addr)?;
    let name = full.rsplit('.').next().unwrap_or_default().to_owned();
    Ok(Some(Native { full, name }))
}
