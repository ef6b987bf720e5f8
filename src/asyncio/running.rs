//! The await chain of a task whose coroutine executes: its frames are on a thread's stack.

use super::chain::Element;
use crate::memory::{Memory, MemoryError, PagedMemory, ReadMemory, RemoteAddr};
use crate::python::generator::position;
use crate::python::layout::{GeneratorFrame, Layout, TopFrame};
use crate::python::objects::{nonsense, object, text_is};

/// Deeper stacks are not searched.
const MAX_FRAMES: usize = 1 << 14;

/// A frame of the chain as found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Found {
    frame: RemoteAddr,
    element: Element,
}

/// The chain that begins with the executing coroutine `root`, outermost first, found on one of
/// `threads` and read twice with the same result; `None` otherwise.
pub(super) fn chain<M: ReadMemory>(
    memory: &mut PagedMemory<M>,
    layout: &Layout,
    threads: &[RemoteAddr],
    root: RemoteAddr,
) -> Result<Option<Vec<Element>>, MemoryError> {
    for &thread in threads {
        forget(memory, layout, thread, root, &[]);
        let Some(first) = tolerant(search(memory, layout, thread, root))? else { continue };
        forget(memory, layout, thread, root, &first);
        let second = tolerant(search(memory, layout, thread, root))?;
        if second.is_some_and(|second| same(&first, &second)) {
            return Ok(Some(first.iter().rev().map(|found| found.element).collect()));
        }
        return Ok(None);
    }
    Ok(None)
}

/// A stack that changes under the read is no chain, and no failure of the census.
fn tolerant<T>(result: Result<Option<T>, MemoryError>) -> Result<Option<T>, MemoryError> {
    match result {
        Err(MemoryError::Unreadable { .. } | MemoryError::Nonsense { .. }) => Ok(None),
        other => other,
    }
}

/// The same frames at the same places, but for the innermost one's place, which moves.
fn same(first: &[Found], second: &[Found]) -> bool {
    let code = |found: &Found| match found.element {
        Element::Python { code, .. } => code,
        Element::Native { of, .. } => of,
    };
    first.len() == second.len()
        && first
            .iter()
            .zip(second)
            .enumerate()
            .all(|(i, (a, b))| a == b || (i == 0 && a.frame == b.frame && code(a) == code(b)))
}

const FRAME_BYTES: usize = 128;

fn forget<M: ReadMemory>(
    memory: &mut PagedMemory<M>,
    layout: &Layout,
    thread: RemoteAddr,
    root: RemoteAddr,
    frames: &[Found],
) {
    memory.forget(thread, usize::try_from(layout.thread.size).unwrap_or(0));
    memory.forget(root, FRAME_BYTES);
    for found in frames {
        memory.forget(found.frame, FRAME_BYTES);
    }
}

/// Innermost first: the contiguous generator frames from the root coroutine's frame inwards.
fn search<M: ReadMemory>(
    memory: &mut PagedMemory<M>,
    layout: &Layout,
    thread: RemoteAddr,
    root: RemoteAddr,
) -> Result<Option<Vec<Found>>, MemoryError> {
    let root_frame = match layout.generator.frame {
        GeneratorFrame::Inline { frame, .. } => root.offset(frame),
        GeneratorFrame::ObjectRunning { frame, .. } | GeneratorFrame::Object { frame } => {
            memory.pointer(root.offset(frame))?
        }
    };
    let mut found = Vec::new();
    let mut frame = top_frame(memory, layout, thread)?;
    for _ in 0..MAX_FRAMES {
        if frame.is_null() {
            return Ok(None);
        }
        object(frame)?;
        match owner(memory, layout, frame)? {
            Owner::Shim => {}
            Owner::Generator(qualname) => {
                let (code, instruction) = position(memory, layout, frame)?;
                if is_awaitable(memory, layout, code)? {
                    let element = Element::Python { code, instruction, frame, qualname };
                    found.push(Found { frame, element });
                } else {
                    // Something iterates over this one.
                    found.clear();
                }
            }
            // What a plain function runs is no part of the chain.
            Owner::Other => found.clear(),
        }
        if frame == root_frame {
            return Ok((!found.is_empty()).then_some(found));
        }
        frame = memory.pointer(frame.offset(layout.frame.previous))?;
    }
    Ok(None)
}

pub(super) fn top_frame(
    memory: &mut impl Memory,
    layout: &Layout,
    thread: RemoteAddr,
) -> Result<RemoteAddr, MemoryError> {
    match layout.thread.top_frame {
        TopFrame::FrameObject { frame } => memory.pointer(thread.offset(frame)),
        TopFrame::CFrame { cframe, current_frame } => {
            let cframe = memory.pointer(thread.offset(cframe))?;
            memory.pointer(cframe.plausible().ok_or(nonsense(thread))?.offset(current_frame))
        }
        TopFrame::CurrentFrame { current_frame } => memory.pointer(thread.offset(current_frame)),
    }
}

/// `CO_COROUTINE`, `CO_ITERABLE_COROUTINE`, `CO_ASYNC_GENERATOR`.
const AWAITABLE: u32 = 0x80 | 0x100 | 0x200;

/// Whether a generator of this code can be part of an await chain.
fn is_awaitable(
    memory: &mut impl Memory,
    layout: &Layout,
    code: RemoteAddr,
) -> Result<bool, MemoryError> {
    if memory.u32(code.offset(layout.code.flags))? & AWAITABLE != 0 {
        return Ok(true);
    }
    let name = memory.pointer(code.offset(layout.code.name))?;
    text_is(memory, layout, name, "__await__")
}

enum Owner {
    Shim,
    /// With the generator's qualified name where the frame knows its generator.
    Generator(RemoteAddr),
    Other,
}

fn owner(
    memory: &mut impl Memory,
    layout: &Layout,
    frame: RemoteAddr,
) -> Result<Owner, MemoryError> {
    let row = layout.frame;
    if let Some(owner) = row.owner {
        let owner = memory.u8(frame.offset(owner))?;
        return Ok(if owner >= row.owners.shim_from {
            Owner::Shim
        } else if owner == row.owners.generator {
            Owner::Generator(RemoteAddr::NULL)
        } else {
            Owner::Other
        });
    }
    let generator = row.generator.ok_or(nonsense(frame))?;
    let generator = memory.pointer(frame.offset(generator))?;
    Ok(match generator.plausible() {
        Some(generator) => {
            Owner::Generator(memory.pointer(generator.offset(layout.generator.qualname))?)
        }
        None => Owner::Other,
    })
}
