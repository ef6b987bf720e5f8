//! From raw frames to a node of the stack tree.

use crate::memory::{MemoryError, PagedMemory, ReadMemory, RemoteAddr};
use crate::model::{Dictionary, FrameId, StackId};
use crate::python::code::Codes;
use crate::python::frames::{Look, RawFrame};
use crate::python::layout::Layout;

/// A resolved stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ResolvedStack {
    /// The whole stack; `None` when there is no Python frame.
    pub(super) stack: Option<StackId>,
    /// The innermost frame and its code object.
    pub(super) leaf: Option<(FrameId, RemoteAddr)>,
    /// The index of the running task's root coroutine, outermost frame first.
    pub(super) task_depth: Option<u32>,
}

#[derive(Debug, Clone, Copy)]
struct Known {
    code: RemoteAddr,
    instruction: i32,
    frame: FrameId,
    stack: StackId,
    fleeting: bool,
}

/// Resolves the stacks of one thread. What the last stack had in common with this one, outermost
/// frames first, costs a comparison per frame.
#[derive(Debug, Default)]
pub(super) struct StackResolver {
    last: Vec<Known>,
    epoch: u32,
    /// The interpreter's own code below an `__init__` that it calls without C; never freed.
    trampoline: Option<RemoteAddr>,
}

/// What resolving needs besides the look itself.
pub(super) struct Resolving<'a, M> {
    pub(super) memory: &'a mut PagedMemory<M>,
    pub(super) layout: &'a Layout,
    pub(super) codes: &'a mut Codes,
    pub(super) dictionary: &'a mut Dictionary,
}

impl StackResolver {
    /// Makes everything be looked up anew once `epoch` changes (code objects are checked then).
    fn enter_epoch(&mut self, epoch: u32) {
        if self.epoch != epoch {
            self.epoch = epoch;
            self.last.clear();
        }
    }

    /// The stack of `look`.
    ///
    /// # Errors
    /// When a frame's code object cannot be read or is none: the look is no good then.
    pub(super) fn resolve<M: ReadMemory>(
        &mut self,
        look: &Look<'_>,
        epoch: u32,
        with: &mut Resolving<'_, M>,
    ) -> Result<ResolvedStack, MemoryError> {
        self.enter_epoch(epoch);
        let root = look.task.map(|task| task.coro);
        let mut depth = 0;
        let mut task_depth = None;
        let mut fresh_pages = false;
        for frame in look.frames.iter().rev().filter(|frame| !frame.is_shim(with.layout)) {
            if self.trampoline == Some(frame.code) {
                continue;
            }
            if root.is_some() && frame.generator(with.layout) == root {
                task_depth = task_depth.or(u32::try_from(depth).ok());
            }
            let instruction = frame.instruction_offset(with.layout);
            let same = self.last.get(depth).is_some_and(|last| {
                last.code == frame.code && last.instruction == instruction && !last.fleeting
            });
            if !same {
                self.last.truncate(depth);
                if !fresh_pages && with.codes.known(frame.code, instruction).is_none() {
                    with.memory.begin();
                    fresh_pages = true;
                }
                let known = self.look_up(frame, instruction, with)?;
                if with.codes.is_trampoline(frame.code) {
                    self.trampoline = Some(frame.code);
                    continue;
                }
                self.last.push(known);
            }
            depth += 1;
        }
        self.last.truncate(depth);
        let leaf = self.last.last();
        Ok(ResolvedStack {
            stack: leaf.map(|leaf| leaf.stack),
            leaf: leaf.map(|leaf| (leaf.frame, leaf.code)),
            task_depth,
        })
    }

    /// The frame at a depth of the stack resolved last, outermost first.
    pub(super) fn frame_at(&self, depth: Option<u32>) -> Option<FrameId> {
        self.last.get(usize::try_from(depth?).ok()?).map(|known| known.frame)
    }

    fn look_up<M: ReadMemory>(
        &self,
        frame: &RawFrame,
        instruction: i32,
        with: &mut Resolving<'_, M>,
    ) -> Result<Known, MemoryError> {
        let code = frame.code;
        let full = MemoryError::Nonsense { addr: frame.addr };
        let id = match with.codes.known(code, instruction) {
            Some(id) => id,
            None => {
                let qualname = match frame.generator(with.layout) {
                    Some(generator) if with.layout.code.qualname.is_none() => {
                        let at = generator.offset(with.layout.generator.qualname);
                        crate::memory::Memory::pointer(with.memory, at)?.plausible()
                    }
                    _ => None,
                };
                with.codes.frame(
                    with.memory,
                    with.layout,
                    with.dictionary,
                    code,
                    instruction,
                    qualname,
                )?
            }
        };
        let parent = self.last.last().map(|last| last.stack);
        let stack = with.dictionary.stack(parent, id).ok_or(full)?;
        let fleeting = with.codes.is_fleeting(code);
        Ok(Known { code, instruction, frame: id, stack, fleeting })
    }
}
