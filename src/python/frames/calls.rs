//! Up to 3.10: whether a caller's own stack of values contradicts the callee that it seems to have.
//!
//! Frames are objects of their own there, copied at different instants, and a program may go from
//! one call to the next and back between two copies of a caller. But what a caller calls stands on
//! its stack of values, in the same copy as the place it calls from: where only Python functions
//! stand there and none has the callee's code, the two frames never belonged together.

use rustc_hash::{FxHashMap, FxHashSet};

use super::copies::FrameCopies;
use super::raw::RawFrame;
use super::words::{pointer_at, u8_at};
use crate::memory::{ReadMemory, RemoteAddr};
use crate::python::layout::Layout;

/// `CALL_FUNCTION`, `CALL_FUNCTION_KW`, `CALL_FUNCTION_EX`, `CALL_METHOD` of 3.8–3.10.
const CALLS: [u8; 4] = [131, 141, 142, 161];
/// Instructions of 3.8–3.10 that run no Python code but, at most, a `__del__`: `POP_TOP`,
/// `JUMP_FORWARD`, `LOAD_CONST`, `JUMP_ABSOLUTE`, `POP_JUMP_IF_FALSE`, `LOAD_GLOBAL`, `LOAD_FAST`,
/// `STORE_FAST`.
const QUIET: [u8; 8] = [1, 110, 100, 113, 114, 116, 124, 125];
/// Bytes of a frame that hold its stack of values in most cases: 360 at most before the local
/// variables, then some 35 of these and of values. Where it does not fit, nothing is said.
pub(super) const FRAME_LEN: usize = 640;
/// Types whose objects call nothing.
const PLAIN: [&[u8]; 12] = [
    b"int",
    b"float",
    b"complex",
    b"bool",
    b"NoneType",
    b"str",
    b"bytes",
    b"tuple",
    b"list",
    b"dict",
    b"set",
    b"range",
];
/// Slots of a stack of values that are looked at; with more, nothing is said.
const MAX_SLOTS: usize = 24;
/// Entries of each memory; all are forgotten beyond this.
const MAX_KNOWN: usize = 1 << 14;

/// What a word on a stack of values may call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Callable {
    /// Python code.
    Code(RemoteAddr),
    Nothing,
    /// Something that may call anything, or that could not be read.
    Anything,
}

/// Remembers what words and places mean.
#[derive(Debug, Default)]
pub(super) struct Calls {
    /// What the instruction at a place can do.
    places: FxHashMap<(RemoteAddr, i32), Place>,
    stack_sizes: FxHashMap<RemoteAddr, usize>,
    callables: FxHashMap<RemoteAddr, Callable>,
    /// Pairs of which the stack of values says nothing.
    mute: FxHashSet<(RemoteAddr, i32, RemoteAddr)>,
}

/// What an instruction can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Call,
    Quiet,
    Other,
}

impl Calls {
    /// Whether `caller`, of which there are these copies, cannot have called `callee`.
    pub(super) fn contradict(
        &mut self,
        memory: &impl ReadMemory,
        layout: &Layout,
        caller: &RawFrame,
        copies: FrameCopies<'_>,
        callee: &RawFrame,
    ) -> bool {
        if callee.is_generators(layout) {
            return false;
        }
        let pair = (caller.code, caller.instruction_offset(layout), callee.code);
        let all = [Some(copies.first), copies.second, copies.third];
        !self.mute.contains(&pair)
            && all
                .into_iter()
                .flatten()
                .any(|bytes| self.judge(memory, layout, caller, bytes, pair))
    }

    fn judge(
        &mut self,
        memory: &impl ReadMemory,
        layout: &Layout,
        caller: &RawFrame,
        bytes: &[u8],
        pair: (RemoteAddr, i32, RemoteAddr),
    ) -> bool {
        self.forget_if_full();
        match self.place(memory, layout, pair.0, pair.1) {
            Place::Call => {}
            Place::Quiet if !is_destructor(memory, layout, pair.2) => return true,
            Place::Quiet | Place::Other => {
                self.mute.insert(pair);
                return false;
            }
        }
        let callee = pair.2;
        let Some(size) = self.stack_size(memory, layout, caller.code) else { return false };
        let Some(slots) = slots(bytes, layout, caller.addr, size) else { return false };
        if self.confirms(slots, callee) {
            return false;
        }
        for word in words(slots) {
            // Addresses are reused: before anything is refused, they are looked up anew.
            let callable = look_up(memory, layout, word);
            self.callables.insert(word, callable);
            match callable {
                Callable::Code(code) if code == callee => return false,
                // After the call its result stands in the callee's place.
                Callable::Code(_) | Callable::Nothing => {}
                Callable::Anything => {
                    self.mute.insert(pair);
                    return false;
                }
            }
        }
        true
    }

    fn confirms(&self, slots: &[u8], code: RemoteAddr) -> bool {
        words(slots).any(|word| self.callables.get(&word) == Some(&Callable::Code(code)))
    }

    fn place(
        &mut self,
        memory: &impl ReadMemory,
        layout: &Layout,
        code: RemoteAddr,
        at: i32,
    ) -> Place {
        if let Some(&known) = self.places.get(&(code, at)) {
            return known;
        }
        let Some(opcode) = opcode(memory, layout, code, at) else { return Place::Other };
        let place = match opcode {
            opcode if CALLS.contains(&opcode) => Place::Call,
            opcode if QUIET.contains(&opcode) => Place::Quiet,
            _ => Place::Other,
        };
        self.places.insert((code, at), place);
        place
    }

    fn stack_size(
        &mut self,
        memory: &impl ReadMemory,
        layout: &Layout,
        code: RemoteAddr,
    ) -> Option<usize> {
        if let Some(&known) = self.stack_sizes.get(&code) {
            return Some(known);
        }
        // `co_stacksize` lies right before `co_flags`.
        let mut bytes = [0; 4];
        memory.read_into(code.offset(layout.code.flags.checked_sub(4)?), &mut bytes).ok()?;
        let size = usize::try_from(i32::from_le_bytes(bytes)).ok()?;
        let size = if size <= MAX_SLOTS { size } else { 0 };
        self.stack_sizes.insert(code, size);
        Some(size)
    }

    fn forget_if_full(&mut self) {
        if self.places.len() > MAX_KNOWN
            || self.callables.len() > MAX_KNOWN
            || self.mute.len() > MAX_KNOWN
            || self.stack_sizes.len() > MAX_KNOWN
        {
            *self = Self::default();
        }
    }
}

/// The stack of values in the bytes of a frame.
fn slots<'a>(bytes: &'a [u8], layout: &Layout, frame: RemoteAddr, size: usize) -> Option<&'a [u8]> {
    let start = pointer_at(bytes, layout.frame.value_stack?)?.offset_from(frame)?;
    let start = usize::try_from(start).ok()?;
    if size == 0 {
        return None;
    }
    bytes.get(start..start.checked_add(size.checked_mul(8)?)?)
}

fn words(slots: &[u8]) -> impl Iterator<Item = RemoteAddr> {
    slots.chunks_exact(8).filter_map(|word| pointer_at(word, 0)).filter(|word| !word.is_null())
}

fn opcode(memory: &impl ReadMemory, layout: &Layout, code: RemoteAddr, at: i32) -> Option<u8> {
    let mut word = [0; 8];
    memory.read_into(code.offset(layout.code.bytecode_object?), &mut word).ok()?;
    let bytecode = pointer_at(&word, 0)?.plausible()?;
    let mut opcode = [0; 1];
    let at = layout.values.bytes_data.checked_add(u64::try_from(at).ok()?)?;
    memory.read_into(bytecode.offset(at), &mut opcode).ok()?;
    u8_at(&opcode, 0)
}

/// Whether a code object is called `__del__`.
fn is_destructor(memory: &impl ReadMemory, layout: &Layout, code: RemoteAddr) -> bool {
    let name = || {
        let mut word = [0; 8];
        memory.read_into(code.offset(layout.code.name), &mut word).ok()?;
        let mut name = [0; 8];
        let text = pointer_at(&word, 0)?.plausible()?.offset(layout.values.text.ascii_data);
        memory.read_into(text, &mut name).ok()?;
        Some(name)
    };
    name().is_some_and(|name| name == *b"__del__\0")
}

fn look_up(memory: &impl ReadMemory, layout: &Layout, at: RemoteAddr) -> Callable {
    named(memory, layout, at, true).unwrap_or(Callable::Anything)
}

fn named(
    memory: &impl ReadMemory,
    layout: &Layout,
    at: RemoteAddr,
    methods: bool,
) -> Option<Callable> {
    let mut object = [0; 64];
    memory.read_into(at.plausible()?, &mut object).ok()?;
    let of = pointer_at(&object, layout.object.ob_type)?.plausible()?;
    let mut word = [0; 8];
    memory.read_into(of.offset(layout.type_object.tp_name), &mut word).ok()?;
    let mut name = [0; 16];
    memory.read_into(pointer_at(&word, 0)?, &mut name).ok()?;
    let name = name.split(|&byte| byte == 0).next()?;
    match name {
        b"function" => Some(Callable::Code(pointer_at(&object, layout.callables.function_code)?)),
        b"method" if methods => {
            let function = pointer_at(&object, layout.callables.method_function)?;
            named(memory, layout, function, false)
        }
        name if PLAIN.contains(&name) => Some(Callable::Nothing),
        _ => Some(Callable::Anything),
    }
}
