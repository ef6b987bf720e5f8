//! One frame as it stands in memory.

use super::words::{i32_at, pointer_at, u8_at};
use crate::memory::RemoteAddr;
use crate::python::layout::{Instruction, Layout, StackTop};

/// One frame of a thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RawFrame {
    /// Where the frame lies.
    pub addr: RemoteAddr,
    /// Its code object, tags removed.
    pub code: RemoteAddr,
    /// The frame that called it; null at the bottom.
    pub previous: RemoteAddr,
    /// `f_lasti` (≤ 3.10) or the instruction pointer.
    instruction: u64,
    /// The kind of owner (3.11 on), else 0.
    owner: u8,
    /// The generator the frame belongs to (≤ 3.10), else null.
    generator: RemoteAddr,
    /// Whether the frame says that it executes (≤ 3.10), else true.
    executing: bool,
    /// Whether the interpreter is in this very frame and in no callee that it runs itself
    /// (3.11–3.13), else false.
    in_use: bool,
    /// Whether the frame says that it was called from C (3.11), else false.
    entry: bool,
}

impl RawFrame {
    /// Decodes the head of a frame at `addr`.
    pub(super) fn parse(bytes: &[u8], addr: RemoteAddr, layout: &Layout) -> Option<Self> {
        let frame = &layout.frame;
        let untagged = |word: RemoteAddr| RemoteAddr::new(word.get() & !frame.tag_mask);
        let instruction = match frame.instruction_kind {
            Instruction::LastByte | Instruction::LastUnit => {
                u64::from(i32_at(bytes, frame.instruction)?.cast_unsigned())
            }
            Instruction::Previous | Instruction::Current => {
                pointer_at(bytes, frame.instruction)?.get()
            }
        };
        Some(Self {
            addr,
            code: untagged(pointer_at(bytes, frame.code)?),
            previous: pointer_at(bytes, frame.previous)?,
            instruction,
            owner: match frame.owner {
                Some(owner) => u8_at(bytes, owner)?,
                None => 0,
            },
            generator: match frame.generator {
                Some(generator) => pointer_at(bytes, generator)?,
                None => RemoteAddr::NULL,
            },
            executing: match frame.executing {
                Some((offset, value)) => u8_at(bytes, offset)? == value,
                None => true,
            },
            in_use: match frame.stack_top_kind {
                StackTop::Index => i32_at(bytes, frame.stack_top)? == -1,
                _ => false,
            },
            entry: match frame.entry {
                Some(entry) => u8_at(bytes, entry)? != 0,
                None => false,
            },
        })
    }

    /// Whether `later`, a second copy, is of the same coroutine or at least of its code.
    pub(super) fn is_same_code(&self, later: &Self) -> bool {
        self.code == later.code && self.owner == later.owner
    }

    /// Whether `later`, a second copy, is of the same call.
    pub(super) fn is_same_call(&self, later: &Self) -> bool {
        self.code == later.code
            && self.previous == later.previous
            && self.owner == later.owner
            && self.generator == later.generator
    }

    /// Whether `later`, a second copy, has the same structure. The innermost frame's instruction
    /// moves all the time and says nothing.
    pub(super) fn agrees(&self, later: &Self, innermost: bool) -> bool {
        self.is_same_call(later) && (innermost || self.instruction == later.instruction)
    }

    /// Whether the frame was called from C: it is an entry record, or says so itself (3.11).
    pub(super) const fn is_entry(&self, layout: &Layout) -> bool {
        match layout.frame.entry {
            Some(_) => self.entry,
            None => self.owner >= layout.frame.owners.shim_from,
        }
    }

    /// Whether a generator owns the frame.
    pub(super) fn is_generators(&self, layout: &Layout) -> bool {
        match layout.frame.owner {
            Some(_) => self.owner == layout.frame.owners.generator,
            None => !self.generator.is_null(),
        }
    }

    /// Whether the frame is on a stack and no remainder of an earlier call. Up to 3.10 each code
    /// object keeps its frame for the next call, with the caller it last had: remainders look
    /// whole.
    pub(super) const fn is_executing(&self) -> bool {
        self.executing
    }

    /// Whether the interpreter is in this frame itself; a frame that waits for a callee on the data
    /// stack is not in use.
    pub(super) const fn is_in_use(&self) -> bool {
        self.in_use
    }

    /// Whether this is an entry record of the interpreter and no Python function.
    #[must_use]
    pub fn is_shim(&self, layout: &Layout) -> bool {
        layout.frame.owner.is_some() && self.owner >= layout.frame.owners.shim_from
    }

    /// The generator, coroutine or async generator whose body this frame runs.
    #[must_use]
    pub fn generator(&self, layout: &Layout) -> Option<RemoteAddr> {
        use crate::python::layout::GeneratorFrame;
        match layout.generator.frame {
            GeneratorFrame::Inline { frame, .. } => {
                let owned = self.owner == layout.frame.owners.generator;
                owned.then(|| self.addr.before(frame))
            }
            GeneratorFrame::Object { .. } | GeneratorFrame::ObjectRunning { .. } => {
                (!self.generator.is_null()).then_some(self.generator)
            }
        }
    }

    /// The offset of the instruction in the bytecode, in bytes; negative before the first one.
    #[must_use]
    pub fn instruction_offset(&self, layout: &Layout) -> i32 {
        let lasti =
            |word: u64| u32::try_from(word & u64::from(u32::MAX)).unwrap_or(0).cast_signed();
        match layout.frame.instruction_kind {
            Instruction::LastByte => lasti(self.instruction),
            Instruction::LastUnit => lasti(self.instruction).saturating_mul(2),
            Instruction::Previous | Instruction::Current => {
                let start = self.code.offset(layout.code.bytecode_inline.unwrap_or(0));
                RemoteAddr::new(self.instruction)
                    .offset_from(start)
                    .and_then(|offset| i32::try_from(offset).ok())
                    .unwrap_or(-1)
            }
        }
    }
}
