//! The offsets that CPython itself publishes, from 3.13 on, decoded into the table's row.
//!
//! What is published wins over the row; what is not published but lies next to something that is,
//! follows it. Where the two differ is kept as a fact.

use super::published_fields::{Group, groups};
use super::{Build, GeneratorFrame, IntLayout, Layout, TopFrame};

/// A field in which the target differs from the table's row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Difference {
    /// `group.field`, in the words of `_Py_DebugOffsets`.
    pub field: &'static str,
    /// What the row says, in bytes.
    pub row: u64,
    /// What the target says, in bytes.
    pub published: u64,
}

/// Why published offsets are not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PublishedError {
    /// The bytes do not begin with the cookie, or are too few.
    #[error("no published offsets there")]
    Absent,
    /// They belong to another minor version.
    #[error("the published offsets are those of version {0:#010x}")]
    OtherVersion(u64),
    /// They belong to the other build.
    #[error("the published offsets are those of another build (free-threaded: {0})")]
    OtherBuild(u64),
    /// An offset cannot be right.
    #[error("the published offset {group}.{field} cannot be {value}")]
    Impossible {
        /// The structure.
        group: &'static str,
        /// Its field.
        field: &'static str,
        /// What is published, in bytes.
        value: u64,
    },
}

/// What begins `_Py_DebugOffsets`.
pub const COOKIE: &[u8; 8] = b"xdebugpy";
/// Cookie, version, build.
pub const HEADER_SIZE: usize = 24;
/// No structure is larger than this.
const LARGEST: u64 = 4 << 20;

/// The head of `_Py_DebugOffsets`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// `PY_VERSION_HEX`.
    pub version: u64,
    /// The build.
    pub build: Build,
}

impl Header {
    /// Reads the head; `None` without the cookie.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        if bytes.get(..8)? != COOKIE {
            return None;
        }
        let build = if word(bytes, 2)? == 0 { Build::Gil } else { Build::FreeThreaded };
        Some(Self { version: word(bytes, 1)?, build })
    }
}

/// How many bytes Python 3.`minor` publishes; `None` before 3.13.
#[must_use]
pub fn size(minor: u8) -> Option<usize> {
    let words: usize = groups(minor)?.iter().map(|(_, fields)| fields.len()).sum();
    Some(HEADER_SIZE + 8 * words)
}

/// Lays published offsets over a row.
///
/// # Errors
/// When the bytes are not the offsets of the row's version and build, or contain nonsense.
pub fn decode(bytes: &[u8], row: &Layout) -> Result<(Layout, Vec<Difference>), PublishedError> {
    let header = Header::read(bytes).ok_or(PublishedError::Absent)?;
    if header.version >> 16 != 0x0300 | u64::from(row.minor) {
        return Err(PublishedError::OtherVersion(header.version));
    }
    if header.build != row.build {
        return Err(PublishedError::OtherBuild(word(bytes, 2).unwrap_or(0)));
    }
    let groups = groups(row.minor).ok_or(PublishedError::Absent)?;
    let mut decoder = Decoder { layout: row.clone(), differences: Vec::new(), gc: 0 };
    let mut at = HEADER_SIZE / 8;
    for &group in groups {
        decoder.group(group, bytes, at)?;
        at += group.1.len();
    }
    let thread = &decoder.layout.thread;
    if thread.context_ver != thread.thread_id.saturating_add(64) {
        // The counter is not published: it is found from both sides, and they must agree.
        let value = thread.context_ver;
        return Err(PublishedError::Impossible { group: "thread", field: "context_ver", value });
    }
    Ok((decoder.layout, decoder.differences))
}

pub(super) fn word(bytes: &[u8], index: usize) -> Option<u64> {
    let bytes = bytes.get(index.checked_mul(8)?..)?.first_chunk::<8>()?;
    Some(u64::from_le_bytes(*bytes))
}

/// A layout being overlaid.
pub(super) struct Decoder {
    pub(super) layout: Layout,
    pub(super) differences: Vec<Difference>,
    /// Where the interpreter keeps its garbage collector, whose fields are published from there.
    pub(super) gc: u64,
}

impl Decoder {
    fn group(&mut self, group: Group, bytes: &[u8], at: usize) -> Result<(), PublishedError> {
        let (name, fields) = group;
        let mut size = LARGEST;
        for (index, &field) in fields.iter().enumerate() {
            let value = word(bytes, at + index).ok_or(PublishedError::Absent)?;
            let value = match (name, field) {
                ("interpreter", "gc") => {
                    self.gc = value;
                    value
                }
                ("gc", "collecting") => self.gc.saturating_add(value),
                _ => value,
            };
            let impossible = PublishedError::Impossible { group: name, field, value };
            if field == "size" {
                if value == 0 || value > LARGEST {
                    return Err(impossible);
                }
                size = value;
            }
            let is_size = field.ends_with("size");
            if let Some(slots) = slots(&mut self.layout, name, field, value, is_size) {
                let may_be_zero = (name, field) == ("frame", "executable");
                if (value == 0 && !may_be_zero)
                    || value > LARGEST
                    || (!is_size && name != "gc" && value >= size)
                {
                    return Err(impossible);
                }
                for slot in slots {
                    self.differences.extend(slot.set());
                }
            }
        }
        Ok(())
    }
}

/// A field of the layout, what it shall be, and its name in words.
pub(super) struct Slot<'a> {
    pub(super) name: &'static str,
    pub(super) field: &'a mut u64,
    pub(super) value: u64,
}

impl Slot<'_> {
    pub(super) fn set(self) -> Option<Difference> {
        let row = std::mem::replace(self.field, self.value);
        (row != self.value).then_some(Difference { field: self.name, row, published: self.value })
    }
}

/// Collects the slots of one published field: the field itself and those that follow it.
macro_rules! fields {
    ($($name:literal: $field:expr => $value:expr),* $(,)?) => {{
        let mut slots = Vec::new();
        $(if let (Some(field), Some(value)) = ($field, $value) {
            slots.push(Slot { name: $name, field, value });
        })*
        Some(slots)
    }};
}
pub(super) use fields;

fn slots<'a>(
    layout: &'a mut Layout,
    group: &'static str,
    field: &'static str,
    value: u64,
    is_size: bool,
) -> Option<Vec<Slot<'a>>> {
    if is_size {
        return sizes(layout, group, field, value);
    }
    match group {
        "runtime" | "interpreter" | "gc" => interpreter_slots(layout, field, value),
        "thread" => thread_slots(layout, field, value),
        "frame" => frame_slots(layout, field, value),
        "code" => code_slots(layout, field, value),
        "generator" => generator_slots(layout, field, value),
        _ => object_slots(layout, field, value, group),
    }
}

fn sizes<'a>(
    layout: &'a mut Layout,
    group: &str,
    field: &str,
    value: u64,
) -> Option<Vec<Slot<'a>>> {
    let text = &mut layout.values.text;
    match (group, field) {
        ("object", "size") => fields!("object.size": Some(&mut layout.object.size) => Some(value)),
        ("text", "asciiobject_size") => fields! {
            "text.asciiobject_size": Some(&mut text.ascii_data) => Some(value),
            "text.compactunicodeobject_size": Some(&mut text.compact_data) => value.checked_add(16),
            "text.data": Some(&mut text.data_pointer) => value.checked_add(16),
        },
        ("text", "compactunicodeobject_size") => fields! {
            "text.compactunicodeobject_size": Some(&mut text.compact_data) => Some(value),
            "text.data": Some(&mut text.data_pointer) => Some(value),
        },
        ("type", "tp_basicsize") => fields! {
            "type.tp_basicsize": Some(&mut layout.type_object.tp_basicsize) => Some(value),
        },
        // 3.13 keeps the running loop right behind the public part of the thread state, whose
        // size has changed between patch releases; later versions publish where it is.
        ("thread", "size") if layout.minor == 13 => fields! {
            "thread.asyncio_running_loop":
                layout.thread.asyncio_running_loop.as_mut() => Some(value),
            "thread.size": Some(&mut layout.thread.size) => value.checked_add(8),
        },
        _ => None,
    }
}

fn interpreter_slots<'a>(layout: &'a mut Layout, field: &str, value: u64) -> Option<Vec<Slot<'a>>> {
    let (runtime, interpreter) = (&mut layout.runtime, &mut layout.interpreter);
    match field {
        "interpreters_head" => fields! {
            "runtime.interpreters_head": Some(&mut runtime.interpreters_head) => Some(value),
        },
        "id" => fields!("interpreter.id": Some(&mut interpreter.id) => Some(value)),
        "next" => fields!("interpreter.next": Some(&mut interpreter.next) => Some(value)),
        "threads_head" => fields! {
            "interpreter.threads_head": Some(&mut interpreter.threads_head) => Some(value),
        },
        "threads_main" => fields! {
            "interpreter.threads_main": interpreter.threads_main.as_mut() => Some(value),
        },
        "imports_modules" => fields! {
            "interpreter.imports_modules": Some(&mut interpreter.modules) => Some(value),
        },
        "collecting" => {
            fields!("gc.collecting": interpreter.gc_collecting.as_mut() => Some(value))
        }
        "ceval_gil" => fields!("interpreter.gil": interpreter.gil.as_mut() => Some(value)),
        _ => None,
    }
}

fn thread_slots<'a>(layout: &'a mut Layout, field: &str, value: u64) -> Option<Vec<Slot<'a>>> {
    let thread = &mut layout.thread;
    match field {
        "next" => fields!("thread.next": Some(&mut thread.next) => Some(value)),
        "interp" => fields!("thread.interp": Some(&mut thread.interp) => Some(value)),
        "current_frame" => {
            let TopFrame::CurrentFrame { current_frame } = &mut thread.top_frame else {
                return None;
            };
            fields!("thread.current_frame": Some(current_frame) => Some(value))
        }
        "thread_id" => fields! {
            "thread.thread_id": Some(&mut thread.thread_id) => Some(value),
            "thread.dict": Some(&mut thread.dict) => value.checked_sub(24),
        },
        "native_thread_id" => fields! {
            "thread.native_thread_id": thread.native_thread_id.as_mut() => Some(value),
        },
        "datastack_chunk" => fields! {
            "thread.datastack_chunk": thread.datastack_chunk.as_mut() => Some(value),
            "thread.datastack_top": thread.datastack_top.as_mut() => value.checked_add(8),
            "thread.id": Some(&mut thread.id) => value.checked_sub(8),
            "thread.context_ver": Some(&mut thread.context_ver) => value.checked_sub(16),
            "thread.context": Some(&mut thread.context) => value.checked_sub(24),
        },
        _ => None,
    }
}

fn frame_slots<'a>(layout: &'a mut Layout, field: &str, value: u64) -> Option<Vec<Slot<'a>>> {
    let free_threaded = layout.build == Build::FreeThreaded;
    let frame = &mut layout.frame;
    match field {
        "previous" => fields!("frame.previous": Some(&mut frame.previous) => Some(value)),
        "executable" => fields!("frame.executable": Some(&mut frame.code) => Some(value)),
        "instr_ptr" => fields!("frame.instr_ptr": Some(&mut frame.instruction) => Some(value)),
        "localsplus" => fields! {
            "frame.localsplus": Some(&mut frame.locals) => Some(value),
            "frame.head_size": Some(&mut frame.head_size) => Some(value),
        },
        "owner" => fields!("frame.owner": frame.owner.as_mut() => Some(value)),
        "stackpointer" => {
            fields!("frame.stackpointer": Some(&mut frame.stack_top) => Some(value))
        }
        "tlbc_index" if free_threaded => {
            fields!("frame.tlbc_index": frame.tlbc_index.as_mut() => Some(value))
        }
        _ => None,
    }
}

fn code_slots<'a>(layout: &'a mut Layout, field: &str, value: u64) -> Option<Vec<Slot<'a>>> {
    let free_threaded = layout.build == Build::FreeThreaded;
    let code = &mut layout.code;
    match field {
        "filename" => fields!("code.filename": Some(&mut code.filename) => Some(value)),
        "name" => fields!("code.name": Some(&mut code.name) => Some(value)),
        "qualname" => fields!("code.qualname": code.qualname.as_mut() => Some(value)),
        "linetable" => fields!("code.linetable": Some(&mut code.line_table) => Some(value)),
        "firstlineno" => fields! {
            "code.firstlineno": Some(&mut code.first_line) => Some(value),
            "code.flags": Some(&mut code.flags) => value.checked_sub(20),
        },
        "localsplusnames" => {
            fields!("code.localsplusnames": code.localsplusnames.as_mut() => Some(value))
        }
        "localspluskinds" => {
            fields!("code.localspluskinds": code.localspluskinds.as_mut() => Some(value))
        }
        "co_code_adaptive" => {
            fields!("code.co_code_adaptive": code.bytecode_inline.as_mut() => Some(value))
        }
        "co_tlbc" if free_threaded => {
            fields!("code.co_tlbc": code.tlbc.as_mut() => Some(value))
        }
        _ => None,
    }
}

fn generator_slots<'a>(layout: &'a mut Layout, field: &str, value: u64) -> Option<Vec<Slot<'a>>> {
    let generator = &mut layout.generator;
    let GeneratorFrame::Inline { frame, state } = &mut generator.frame else { return None };
    match field {
        "gi_name" => fields! {
            "generator.gi_name": Some(&mut generator.name) => Some(value),
            "generator.gi_qualname": Some(&mut generator.qualname) => value.checked_add(8),
        },
        "gi_iframe" => fields!("generator.gi_iframe": Some(frame) => Some(value)),
        "gi_frame_state" => fields!("generator.gi_frame_state": Some(state) => Some(value)),
        _ => None,
    }
}

fn object_slots<'a>(
    layout: &'a mut Layout,
    field: &str,
    value: u64,
    group: &str,
) -> Option<Vec<Slot<'a>>> {
    let (types, values) = (&mut layout.type_object, &mut layout.values);
    let (tag, digit) = match &mut values.int {
        IntLayout::Tagged { tag, digits } => (Some(tag), Some(digits)),
        IntLayout::SignedSize { .. } => (None, None),
    };
    match (group, field) {
        ("object", "ob_type") => {
            fields!("object.ob_type": Some(&mut layout.object.ob_type) => Some(value))
        }
        ("type", "tp_name") => fields!("type.tp_name": Some(&mut types.tp_name) => Some(value)),
        ("type", "tp_flags") => fields!("type.tp_flags": Some(&mut types.tp_flags) => Some(value)),
        ("type", "tp_dictoffset") => {
            fields!("type.tp_dictoffset": Some(&mut types.tp_dictoffset) => Some(value))
        }
        ("heap_type", "ht_cached_keys") => {
            fields!("heap_type.ht_cached_keys": Some(&mut types.ht_cached_keys) => Some(value))
        }
        ("tuple", "ob_item") => {
            fields!("tuple.ob_item": Some(&mut values.tuple_items) => Some(value))
        }
        ("list", "ob_item") => fields!("list.ob_item": Some(&mut values.list_items) => Some(value)),
        ("set", "used") => fields!("set.used": Some(&mut values.set_used) => Some(value)),
        ("set", "table") => fields!("set.table": Some(&mut values.set_table) => Some(value)),
        ("set", "mask") => fields!("set.mask": Some(&mut values.set_mask) => Some(value)),
        ("dict", "ma_keys") => fields!("dict.ma_keys": Some(&mut values.dict_keys) => Some(value)),
        ("dict", "ma_values") => {
            fields!("dict.ma_values": Some(&mut values.dict_values) => Some(value))
        }
        ("float", "ob_fval") => {
            fields!("float.ob_fval": Some(&mut values.float_value) => Some(value))
        }
        ("long", "lv_tag") => fields!("long.lv_tag": tag => Some(value)),
        ("long", "ob_digit") => fields!("long.ob_digit": digit => Some(value)),
        ("bytes", "ob_sval") => {
            fields!("bytes.ob_sval": Some(&mut values.bytes_data) => Some(value))
        }
        ("text", "state") => fields!("text.state": Some(&mut values.text.state) => Some(value)),
        ("text", "length") => fields!("text.length": Some(&mut values.text.length) => Some(value)),
        _ => None,
    }
}
