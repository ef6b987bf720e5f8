//! What every reader of asyncio objects needs beside memory.

use super::watch::Watch;
use crate::memory::{Memory, MemoryError, RemoteAddr};
use crate::python::layout::Layout;
use crate::python::objects::types::{ObjectKind, Types};
use crate::python::objects::{self, ob_type};

/// Layout and types of one interpreter.
pub(super) struct Env<'a> {
    pub(super) layout: &'a Layout,
    pub(super) types: &'a mut Types,
}

impl Env<'_> {
    /// What the object at `addr` is; its type pointer is noted, the type itself is not.
    pub(super) fn kind<M: Memory>(
        &mut self,
        memory: &mut Watch<'_, M>,
        addr: RemoteAddr,
    ) -> Result<ObjectKind, MemoryError> {
        let of = ob_type(memory, self.layout, addr)?;
        self.types.kind(memory.raw(), self.layout, of)
    }

    /// An instance attribute that is neither missing nor `None`.
    pub(super) fn attribute<M: Memory>(
        &mut self,
        memory: &mut Watch<'_, M>,
        addr: RemoteAddr,
        name: &str,
    ) -> Result<Option<RemoteAddr>, MemoryError> {
        match objects::attribute(memory, self.layout, addr, name)? {
            Some(value) if self.kind(memory, value)? != ObjectKind::None => Ok(Some(value)),
            _ => Ok(None),
        }
    }
}
