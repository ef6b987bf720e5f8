//! From the elements of a chain to frames and stacks of the dictionary.

use super::chain::Element;
use crate::memory::{MemoryError, PagedMemory, ReadMemory};
use crate::model::{CodeLocation, Dictionary, Frame, FrameId, FrameKind, StackId};
use crate::python::code::Codes;
use crate::python::layout::Layout;
use crate::python::objects::types::Types;
use crate::python::objects::{self, nonsense};

/// What turns elements into frames.
pub(super) struct Naming<'a> {
    pub(super) layout: &'a Layout,
    pub(super) types: &'a mut Types,
    pub(super) codes: &'a mut Codes,
    pub(super) dictionary: &'a mut Dictionary,
}

impl Naming<'_> {
    /// The frames of a chain, outermost first, into `frames`.
    pub(super) fn frames<M: ReadMemory>(
        &mut self,
        memory: &mut PagedMemory<M>,
        chain: &[Element],
        frames: &mut Vec<FrameId>,
    ) -> Result<(), MemoryError> {
        frames.clear();
        for element in chain {
            let frame = match *element {
                Element::Python { code, instruction, qualname, .. } => self.codes.frame(
                    memory,
                    self.layout,
                    self.dictionary,
                    code,
                    instruction,
                    qualname.plausible(),
                )?,
                Element::Native { of, qualname } => {
                    let name = match qualname {
                        Some(qualname) => objects::text(memory, self.layout, qualname)?,
                        None => self.types.name(memory, self.layout, of)?.to_owned(),
                    };
                    self.native(&name).ok_or(nonsense(of))?
                }
            };
            frames.push(frame);
        }
        Ok(())
    }

    fn native(&mut self, name: &str) -> Option<FrameId> {
        let location = CodeLocation {
            file: self.dictionary.string("")?,
            function: self.dictionary.string(name)?,
            first_line: 0,
            kind: FrameKind::Native,
        };
        let code = self.dictionary.code(location)?;
        self.dictionary.frame(Frame { code, line: 0 })
    }
}

/// The stack of these frames, outermost first.
pub(super) fn stack(dictionary: &mut Dictionary, frames: &[FrameId]) -> Option<StackId> {
    frames
        .iter()
        .try_fold(None, |parent, &frame| dictionary.stack(parent, frame).map(Some))
        .flatten()
}
