//! Proof that a layout fits: what it says is looked up in the target and compared with what must
//! be there.

use std::borrow::Borrow;
use std::fmt;

use super::attach::Interpreter;
use super::layout::{Layout, TopFrame};
use super::objects::{self, lookup, module_dict, ob_type, type_name};
use super::threads::{self, PyThread};
use super::version::Version;
use crate::memory::{Memory, MemoryError, RemoteAddr};

/// One thing that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What was looked at.
    pub name: String,
    /// What should be there.
    pub expected: String,
    /// What was there.
    pub found: String,
    /// Whether it fits.
    pub ok: bool,
}

impl Check {
    /// A check with its outcome.
    #[must_use]
    pub fn new(
        name: impl Into<String>,
        expected: impl Into<String>,
        found: impl Into<String>,
        ok: bool,
    ) -> Self {
        Self { name: name.into(), expected: expected.into(), found: found.into(), ok }
    }

    /// A check that compares two values, the second of which may be unreadable.
    fn equal<T: ?Sized + PartialEq + fmt::Display>(
        name: impl Into<String>,
        expected: &T,
        found: &Result<impl Borrow<T>, MemoryError>,
    ) -> Self {
        let found = found.as_ref().map(Borrow::borrow);
        let ok = found == Ok(expected);
        let found = found.map_or_else(ToString::to_string, ToString::to_string);
        Self::new(name, expected.to_string(), found, ok)
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, expected, found, .. } = self;
        write!(f, "{name}: expected {expected}, found {found}")
    }
}

/// Checks the interpreter's states, its modules and the objects in them.
pub(super) fn verify(memory: &mut impl Memory, interpreter: &Interpreter) -> Vec<Check> {
    let mut checks = Vec::new();
    threads_fit(memory, interpreter, &mut checks);
    if modules_fit(memory, interpreter, &mut checks).is_err() {
        checks.push(Check::new("modules", "readable objects", "nonsense", false));
    }
    checks
}

fn threads_fit(memory: &mut impl Memory, interpreter: &Interpreter, checks: &mut Vec<Check>) {
    let threads = match threads::list(memory, interpreter) {
        Ok(threads) => threads,
        Err(error) => {
            checks.push(Check::new("thread states", "a list", error.to_string(), false));
            return;
        }
    };
    let count = format!("{} in {} interpreters", threads.len(), interpreter.interpreters.len());
    checks.push(Check::new("thread states", "at least one", count, !threads.is_empty()));
    let native = threads.iter().filter(|thread| thread.native_id.is_some()).count();
    let found = format!("{native} of {}", threads.len());
    checks.push(Check::new("kernel threads of thread states", "known", found, native > 0));
    let layout = &interpreter.layout;
    let contexts = threads.iter().filter(|thread| context_fits(memory, layout, thread)).count();
    let found = format!("{contexts} of {}", threads.len());
    let expected = "a Context or null, and a counter behind it";
    let ok = contexts == threads.len();
    checks.push(Check::new("context of thread states", expected, found, ok));
    checks.extend(threads.iter().find_map(|thread| frame_fits(memory, layout, thread)));
}

/// The counter begins at 1 and rises by less than a billion a second.
const MAX_CONTEXT_VER: u64 = 1 << 60;

fn context_fits(memory: &mut impl Memory, layout: &Layout, thread: &PyThread) -> bool {
    let counter = memory.u64(thread.state.offset(layout.thread.context_ver));
    let Ok(context) = memory.pointer(thread.state.offset(layout.thread.context)) else {
        return false;
    };
    let context = context.is_null()
        || name_of(memory, layout, context).is_ok_and(|name| name.ends_with("Context"));
    context && counter.is_ok_and(|counter| (1..MAX_CONTEXT_VER).contains(&counter))
}

/// Whether the innermost frame has a code object. A running thread moves on while it is looked
/// at, so nothing is said unless one was seen.
fn frame_fits(memory: &mut impl Memory, layout: &Layout, thread: &PyThread) -> Option<Check> {
    let at = |offset| thread.state.offset(offset);
    let frame = match layout.thread.top_frame {
        TopFrame::FrameObject { frame } => memory.pointer(at(frame)),
        TopFrame::CurrentFrame { current_frame } => memory.pointer(at(current_frame)),
        TopFrame::CFrame { cframe, current_frame } => memory
            .pointer(at(cframe))
            .and_then(|cframe| memory.pointer(cframe.offset(current_frame))),
    };
    let frame = frame.ok()?.plausible()?;
    let code = memory.u64(frame.offset(layout.frame.code)).ok()? & !layout.frame.tag_mask;
    let name = name_of(memory, layout, RemoteAddr::new(code)).ok()?;
    (name == "code").then(|| Check::new("innermost frame", "code", name, true))
}

fn name_of(
    memory: &mut impl Memory,
    layout: &Layout,
    object: RemoteAddr,
) -> Result<String, MemoryError> {
    let of = ob_type(memory, layout, object)?;
    type_name(memory, layout, of)
}

fn modules_fit(
    memory: &mut impl Memory,
    interpreter: &Interpreter,
    checks: &mut Vec<Check>,
) -> Result<(), MemoryError> {
    let layout = &interpreter.layout;
    // Subinterpreters come before the main one, and may still be empty.
    let Some(&main) = interpreter.interpreters.last() else { return Ok(()) };
    let modules = memory.pointer(main.offset(layout.interpreter.modules))?;
    let dict_type = ob_type(memory, layout, modules)?;
    let name = type_name(memory, layout, dict_type);
    checks.push(Check::equal("type of sys.modules", "dict", &name));
    let meta = ob_type(memory, layout, dict_type)?;
    let name = type_name(memory, layout, meta);
    checks.push(Check::equal("type of dict", "type", &name));
    let own = ob_type(memory, layout, meta)?;
    let found = if own == meta { "itself" } else { "another object" };
    checks.push(Check::new("type of type", "itself", found, own == meta));

    let sys = lookup(memory, layout, modules, "sys")?.ok_or(objects::nonsense(modules))?;
    let sys = module_dict(memory, layout, sys)?;
    if let Some(hex) = lookup(memory, layout, sys, "hexversion")? {
        let found = objects::int(memory, layout, hex).map(|hex| hex >> 16);
        let minor = i64::from(interpreter.version.minor) | 0x300;
        checks.push(Check::equal("sys.hexversion >> 16", &minor, &found));
    }
    let builtins = lookup(memory, layout, modules, "builtins")?;
    let builtins = builtins.ok_or(objects::nonsense(modules))?;
    let builtins = module_dict(memory, layout, builtins)?;
    built_ins_fit(memory, layout, builtins, checks)
}

/// The version as the program itself knows it: where symbols could not be read, only the minor
/// version was found.
pub(super) fn version(memory: &mut impl Memory, interpreter: &Interpreter) -> Option<Version> {
    let layout = &interpreter.layout;
    let main = interpreter.interpreters.last()?;
    let modules = memory.pointer(main.offset(layout.interpreter.modules)).ok()?;
    let sys = lookup(memory, layout, modules, "sys").ok()??;
    let sys = module_dict(memory, layout, sys).ok()?;
    let hex = lookup(memory, layout, sys, "hexversion").ok()??;
    Version::from_hex(u32::try_from(objects::int(memory, layout, hex).ok()?).ok()?)
}

fn built_ins_fit(
    memory: &mut impl Memory,
    layout: &Layout,
    builtins: RemoteAddr,
    checks: &mut Vec<Check>,
) -> Result<(), MemoryError> {
    let values = &layout.values;
    let sizes = [
        ("list", values.list_items + 16),
        ("tuple", values.tuple_items),
        ("float", values.float_value + 8),
        ("bytes", values.bytes_data + 1),
    ];
    for (name, size) in sizes {
        let Some(found) = lookup(memory, layout, builtins, name)? else { continue };
        let read = type_name(memory, layout, found);
        checks.push(Check::equal(format!("tp_name of {name}"), name, &read));
        let read = memory.u64(found.offset(layout.type_object.tp_basicsize));
        checks.push(Check::equal(format!("tp_basicsize of {name}"), &size, &read));
    }
    if let Some(exception) = lookup(memory, layout, builtins, "Exception")? {
        // An exception begins with its dict.
        let read = memory.u64(exception.offset(layout.type_object.tp_dictoffset));
        checks.push(Check::equal("tp_dictoffset of Exception", &layout.object.size, &read));
        let base = memory.pointer(exception.offset(layout.type_object.tp_base))?;
        let read = type_name(memory, layout, base);
        checks.push(Check::equal("tp_base of Exception", "BaseException", &read));
    }
    Ok(())
}

/// Checks that asyncio's task and future types have the sizes that the layout expects: in every
/// version they tell the layout apart.
///
/// # Errors
/// When they cannot be read.
pub fn verify_asyncio(
    memory: &mut impl Memory,
    layout: &Layout,
    task_type: RemoteAddr,
    future_type: RemoteAddr,
) -> Result<Vec<Check>, MemoryError> {
    let mut checks = Vec::new();
    let expected = [
        (task_type, "_asyncio.Task", layout.asyncio.task_size),
        (future_type, "_asyncio.Future", layout.asyncio.future_size),
    ];
    for (of, name, size) in expected {
        let read = type_name(memory, layout, objects::object(of)?);
        checks.push(Check::equal(format!("tp_name of {name}"), name, &read));
        let read = memory.u64(of.offset(layout.type_object.tp_basicsize))?;
        checks.push(Check::equal(format!("tp_basicsize of {name}"), &size, &Ok(read)));
        // Up to 3.12 the dict has a place of its own; later it is managed, which -1 says.
        let expected = match layout.minor {
            ..=12 => layout.asyncio.state + 16,
            13.. => u64::MAX,
        };
        let read = memory.u64(of.offset(layout.type_object.tp_dictoffset))?;
        let name = format!("tp_dictoffset of {name}");
        checks.push(Check::equal(name, &expected.cast_signed(), &Ok(read.cast_signed())));
    }
    Ok(checks)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use proptest::prelude::*;

    use super::*;
    use crate::memory::{ImageMemory, PagedMemory};

    const START: u64 = 0x10000;
    const LEN: u64 = 0x4000;

    /// Words that are mostly addresses of other words, so that walks go far.
    fn word() -> impl Strategy<Value = u64> {
        prop_oneof![
            6 => (0..LEN / 8).prop_map(|index| START + 8 * index),
            1 => 0_u64..64,
            1 => any::<u64>(),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None,
            cases: 64,
            ..ProptestConfig::default()
        })]

        #[test]
        fn arbitrary_memory_is_checked_without_panic_and_to_an_end(
            row in 0..Layout::rows().len(),
            words in prop::collection::vec(word(), usize::try_from(LEN / 8).unwrap()),
            interp in 0..LEN / 8,
        ) {
            let mut image = ImageMemory::new();
            let bytes = words.iter().flat_map(|word| word.to_le_bytes()).collect();
            image.insert(RemoteAddr::new(START), bytes);
            let layout = Layout::rows()[row].clone();
            let interpreter = Interpreter {
                pid: std::process::id(),
                version: Version { major: 3, minor: layout.minor, ..Version::default() },
                build: layout.build,
                layout,
                differences: Vec::new(),
                runtime: RemoteAddr::NULL,
                interpreters: vec![RemoteAddr::new(START + 8 * interp)],
                asyncio_library: None,
                binary: PathBuf::new(),
                verified: Vec::new(),
            };
            let mut memory = PagedMemory::new(image);
            let checks = verify(&mut memory, &interpreter);
            prop_assert!(checks.iter().any(|check| !check.ok), "{checks:?}");
            version(&mut memory, &interpreter);
            threads::python_names(&mut memory, &interpreter).ok();
            let at = |index: usize| RemoteAddr::new(words[index]);
            verify_asyncio(&mut memory, &interpreter.layout, at(0), at(1)).ok();
        }
    }
}
