//! Generators, coroutines and asynchronous generators: where they stand and what they await.

use super::layout::{FrameStates, GeneratorFrame, Instruction, Layout, StackTop};
use super::objects::{nonsense, object};
use crate::memory::{Memory, MemoryError, RemoteAddr};

/// `YIELD_FROM` up to 3.10.
const YIELD_FROM: u8 = 72;
/// `RESUME` and its quickened (3.11) and instrumented (3.12) forms.
const RESUMES: [(u8, &[u8]); 2] = [(11, &[151, 150]), (12, &[151, 240])];
/// `RESUME` arguments from here on (in their low two bits) follow a `yield from` or an `await`.
const RESUME_AFTER_YIELD_FROM: u8 = 2;
/// No value stack is deeper than this many entries.
const MAX_STACK: i64 = 1 << 20;

/// What a generator-like object is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GeneratorState {
    /// Not started.
    Created,
    /// Suspended at a plain `yield`.
    Suspended,
    /// Suspended in `await` or `yield from`; this is the object it waits for.
    Awaiting(RemoteAddr),
    /// Running, or running something that it called or awaits.
    Executing,
    /// Finished.
    Finished,
}

/// A generator-like object as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GeneratorView {
    /// What it does.
    pub state: GeneratorState,
    /// Its frame; null when finished (up to 3.10).
    pub frame: RemoteAddr,
    /// Its code object; null when finished (up to 3.10).
    pub code: RemoteAddr,
    /// Offset into the bytecode in bytes; negative before the first instruction.
    pub instruction: i32,
}

/// Reads the coroutine, generator or asynchronous generator at `addr`.
///
/// # Errors
/// When it cannot be read, or what is there is no such object in any state.
pub fn generator(
    memory: &mut impl Memory,
    layout: &Layout,
    addr: RemoteAddr,
) -> Result<GeneratorView, MemoryError> {
    let addr = object(addr)?;
    match layout.generator.frame {
        GeneratorFrame::ObjectRunning { frame, running } => {
            let frame = memory.pointer(addr.offset(frame))?;
            let running = memory.u8(addr.offset(running))? != 0;
            frame_object(memory, layout, frame, |_, _| Ok(running))
        }
        GeneratorFrame::Object { frame } => {
            let frame = memory.pointer(addr.offset(frame))?;
            frame_object(memory, layout, frame, |memory, frame| {
                let offset = layout.frame.state.ok_or(nonsense(frame))?;
                let state = memory.u8(frame.offset(offset))?.cast_signed();
                let states = layout.generator.states.ok_or(nonsense(frame))?;
                Ok(state == states.executing)
            })
        }
        GeneratorFrame::Inline { frame, state } => {
            let states = layout.generator.states.ok_or(nonsense(addr))?;
            let state = memory.u8(addr.offset(state))?.cast_signed();
            inline(memory, layout, addr.offset(frame), state, states)
        }
    }
}

/// Code object and bytecode offset (in bytes) of any frame, running or not.
///
/// # Errors
/// When the frame cannot be read or runs no code object's instructions.
pub fn position(
    memory: &mut impl Memory,
    layout: &Layout,
    frame: RemoteAddr,
) -> Result<(RemoteAddr, i32), MemoryError> {
    let row = layout.frame;
    let code = memory.u64(frame.offset(row.code))? & !row.tag_mask;
    let code = object(RemoteAddr::new(code))?;
    let at = frame.offset(row.instruction);
    let instruction = match row.instruction_kind {
        Instruction::LastByte => memory.u32(at)?.cast_signed(),
        Instruction::LastUnit => {
            let last = memory.u32(at)?.cast_signed();
            if last < 0 { last } else { last.checked_mul(2).ok_or(nonsense(frame))? }
        }
        Instruction::Previous | Instruction::Current => {
            let at = memory.pointer(at)?;
            instruction_offset(memory, layout, frame, code, at)?
        }
    };
    Ok((code, instruction))
}

/// The address of a generator's frame where it lies inside the generator (3.11 on).
#[must_use]
pub fn frame_of(layout: &Layout, generator: RemoteAddr) -> Option<RemoteAddr> {
    match layout.generator.frame {
        GeneratorFrame::Inline { frame, .. } => Some(generator.offset(frame)),
        GeneratorFrame::ObjectRunning { .. } | GeneratorFrame::Object { .. } => None,
    }
}

const FINISHED: GeneratorView = GeneratorView {
    state: GeneratorState::Finished,
    frame: RemoteAddr::NULL,
    code: RemoteAddr::NULL,
    instruction: -1,
};

/// 3.8–3.10: the frame is an object of its own, null once finished.
fn frame_object<M: Memory>(
    memory: &mut M,
    layout: &Layout,
    frame: RemoteAddr,
    executing: impl FnOnce(&mut M, RemoteAddr) -> Result<bool, MemoryError>,
) -> Result<GeneratorView, MemoryError> {
    if frame.is_null() {
        return Ok(FINISHED);
    }
    let frame = object(frame)?;
    let (code, instruction) = position(memory, layout, frame)?;
    let mut view = GeneratorView { state: GeneratorState::Suspended, frame, code, instruction };
    if executing(memory, frame)? {
        view.state = GeneratorState::Executing;
    } else if instruction < 0 {
        view.state = GeneratorState::Created;
    } else if next_opcode(memory, layout, code, instruction)? == YIELD_FROM {
        let end = stack_end(memory, layout, frame)?;
        view.state = GeneratorState::Awaiting(object(memory.pointer(end.before(8))?)?);
    }
    Ok(view)
}

fn next_opcode(
    memory: &mut impl Memory,
    layout: &Layout,
    code: RemoteAddr,
    instruction: i32,
) -> Result<u8, MemoryError> {
    let bytecode = layout.code.bytecode_object.ok_or(nonsense(code))?;
    let bytecode = object(memory.pointer(code.offset(bytecode))?)?;
    let next = u64::from(instruction.unsigned_abs()) + 2;
    memory.u8(bytecode.offset(layout.values.bytes_data + next))
}

/// The end of a suspended frame's value stack.
fn stack_end(
    memory: &mut impl Memory,
    layout: &Layout,
    frame: RemoteAddr,
) -> Result<RemoteAddr, MemoryError> {
    let row = layout.frame;
    let at = frame.offset(row.stack_top);
    let by_index = |first: RemoteAddr, index: u32| {
        let index = i64::from(index.cast_signed());
        if (1..MAX_STACK).contains(&index) {
            Ok(first.offset(8 * index.unsigned_abs()))
        } else {
            Err(nonsense(frame))
        }
    };
    match row.stack_top_kind {
        StackTop::Pointer | StackTop::StackPointer => object(memory.pointer(at)?),
        StackTop::Depth => {
            let stack = row.value_stack.ok_or(nonsense(frame))?;
            let stack = object(memory.pointer(frame.offset(stack))?)?;
            let depth = memory.u32(at)?;
            by_index(stack, depth)
        }
        StackTop::Index => {
            let index = memory.u32(at)?;
            by_index(frame.offset(row.locals), index)
        }
    }
}

/// 3.11 on: the frame lies inside the generator, the state is a byte of the generator.
fn inline(
    memory: &mut impl Memory,
    layout: &Layout,
    frame: RemoteAddr,
    state: i8,
    states: FrameStates,
) -> Result<GeneratorView, MemoryError> {
    if state >= states.finished_from {
        return Ok(FINISHED);
    }
    let row = layout.frame;
    let (code, instruction) = position(memory, layout, frame)?;
    let at = memory.pointer(frame.offset(row.instruction))?;
    let mut view = GeneratorView { state: GeneratorState::Suspended, frame, code, instruction };
    if state == states.executing {
        view.state = GeneratorState::Executing;
    } else if state == states.created {
        view.state = GeneratorState::Created;
        view.instruction = -1;
    } else if state == states.suspended_awaiting || state == states.suspended_locked {
        if states.suspended_awaiting != states.suspended || awaits(memory, layout, at)? {
            let end = stack_end(memory, layout, frame)?;
            let slot = end.before(8 * row.awaited_below);
            let awaited = memory.u64(slot)? & !row.tag_mask;
            view.state = GeneratorState::Awaiting(object(RemoteAddr::new(awaited))?);
        }
    } else if state != states.suspended {
        return Err(nonsense(frame));
    }
    Ok(view)
}

/// 3.11–3.12, where the state does not tell an `await` from a `yield`: the next instruction does.
fn awaits(memory: &mut impl Memory, layout: &Layout, at: RemoteAddr) -> Result<bool, MemoryError> {
    let opcode = memory.u8(at.offset(2))?;
    let argument = memory.u8(at.offset(3))?;
    let resumes = RESUMES.iter().find(|(minor, _)| *minor == layout.minor);
    Ok(resumes.is_some_and(|(_, opcodes)| opcodes.contains(&opcode))
        && argument & 3 >= RESUME_AFTER_YIELD_FROM)
}

fn instruction_offset(
    memory: &mut impl Memory,
    layout: &Layout,
    frame: RemoteAddr,
    code: RemoteAddr,
    at: RemoteAddr,
) -> Result<i32, MemoryError> {
    let inline = layout.code.bytecode_inline.ok_or(nonsense(code))?;
    let mut start = code.offset(inline);
    // Threads of free-threaded builds have copies of the bytecode; copy 0 is the inline one.
    if let (Some(index), Some(tlbc)) = (layout.frame.tlbc_index, layout.code.tlbc) {
        let index = memory.u32(frame.offset(index))?;
        if index > 0 {
            let copies = object(memory.pointer(code.offset(tlbc))?)?;
            start = memory.pointer(copies.offset(8 + 8 * u64::from(index)))?;
        }
    }
    // `prev_instr` of a frame that has not started lies one unit before the code.
    match at.offset_from(start) {
        Some(offset) => i32::try_from(offset).map_err(|_too_far| nonsense(frame)),
        None if at.offset(2) == start => Ok(-2),
        None => Err(nonsense(frame)),
    }
}
