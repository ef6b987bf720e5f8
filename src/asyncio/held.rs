//! What a suspended task holds: the context managers that its frames have entered and not left.
//!
//! `async with` keeps the manager's `__aexit__` on the frame's value stack until the block is left.
//! It lies there already while `__aenter__` waits, so that a frame which awaits the `__aenter__` of
//! that very object holds nothing, and neither does one inside that condition's `wait()`.

use rustc_hash::FxHashMap;

use super::chain::Element;
use super::env::Env;
use super::watch::Watch;
use crate::memory::{Memory, MemoryError, RemoteAddr};
use crate::python::generator::{GeneratorState, generator};
use crate::python::locals::{value, value_stack, variable};
use crate::python::objects;
use crate::python::objects::types::ObjectKind;

/// Managers inside managers (`asynccontextmanager`) that are followed.
const MAX_DEPTH: u32 = 8;
/// Code objects that are remembered.
const MAX_CODES: usize = 1 << 14;

/// Whose `__aexit__` a function is, and other functions that matter here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    /// A lock's, semaphore's or condition's.
    LockExit,
    /// The same one's `__aenter__`.
    LockEnter,
    /// `Condition.wait`.
    ConditionWait,
    /// `asyncio.timeout`'s.
    TimeoutExit,
    /// That of what `asynccontextmanager` made.
    GeneratorExit,
    Other,
}

/// Functions looked up once each.
#[derive(Debug, Default)]
pub(super) struct Functions {
    known: FxHashMap<RemoteAddr, (RemoteAddr, RemoteAddr, Known)>,
    stack: Vec<RemoteAddr>,
}

/// What a task was found to hold.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Held {
    /// Locks, semaphores and conditions, sorted.
    pub(super) locks: Vec<RemoteAddr>,
    /// Timeout scopes, outermost first.
    pub(super) timeouts: Vec<RemoteAddr>,
}

impl Held {
    pub(super) fn clear(&mut self) {
        self.locks.clear();
        self.timeouts.clear();
    }
}

/// Collects what the frames of a suspended chain hold.
pub(super) fn collect<M: Memory>(
    memory: &mut Watch<'_, M>,
    env: &mut Env<'_>,
    functions: &mut Functions,
    chain: &[Element],
    held: &mut Held,
) -> Result<(), MemoryError> {
    held.clear();
    let frames: Vec<(RemoteAddr, RemoteAddr)> = chain
        .iter()
        .filter_map(|element| match *element {
            Element::Python { frame, code, .. } => Some((frame, code)),
            Element::Native { .. } => None,
        })
        .collect();
    for (index, &frame) in frames.iter().enumerate() {
        let inner = frames.get(index + 1..).unwrap_or_default();
        one(memory, env, functions, frame, inner, held, 0)?;
    }
    held.locks.sort_unstable();
    held.locks.dedup();
    Ok(())
}

/// One frame; `inner` are the frames that it awaits, outermost first.
fn one<M: Memory>(
    memory: &mut Watch<'_, M>,
    env: &mut Env<'_>,
    functions: &mut Functions,
    frame: (RemoteAddr, RemoteAddr),
    inner: &[(RemoteAddr, RemoteAddr)],
    held: &mut Held,
    depth: u32,
) -> Result<(), MemoryError> {
    let mut stack = std::mem::take(&mut functions.stack);
    let read = value_stack(memory, env.layout, frame, &mut stack);
    let entries = stack.clone();
    functions.stack = stack;
    read?;
    for (index, &entry) in entries.iter().enumerate() {
        let (function, owner) = match env.kind(memory, entry) {
            Ok(ObjectKind::Method) => objects::bound_method(memory, env.layout, entry)?,
            // From 3.14 on the function and its object lie side by side.
            Ok(ObjectKind::Function) if env.layout.minor >= 14 => match entries.get(index + 1) {
                Some(&owner) => (entry, owner),
                None => continue,
            },
            Ok(_) | Err(MemoryError::Unreadable { .. } | MemoryError::Nonsense { .. }) => continue,
            Err(error) => return Err(error),
        };
        match functions.of_function(memory, env, function)? {
            Known::LockExit => lock(memory, env, functions, owner, inner, held)?,
            Known::TimeoutExit => held.timeouts.push(owner),
            Known::GeneratorExit if depth < MAX_DEPTH => {
                manager(memory, env, functions, owner, held, depth)?;
            }
            _ => {}
        }
    }
    Ok(())
}

fn lock<M: Memory>(
    memory: &mut Watch<'_, M>,
    env: &mut Env<'_>,
    functions: &mut Functions,
    owner: RemoteAddr,
    inner: &[(RemoteAddr, RemoteAddr)],
    held: &mut Held,
) -> Result<(), MemoryError> {
    for (index, &(frame, code)) in inner.iter().enumerate() {
        let decides = match functions.of_code(memory, env, code)? {
            Known::LockEnter => index == 0,
            Known::ConditionWait => true,
            _ => false,
        };
        if decides && own(memory, env, frame, code)? == Some(owner) {
            return Ok(());
        }
    }
    held.locks.push(owner);
    // A condition is held with its lock.
    held.locks.extend(env.attribute(memory, owner, "_lock")?);
    Ok(())
}

/// `self` in a frame.
fn own<M: Memory>(
    memory: &mut Watch<'_, M>,
    env: &mut Env<'_>,
    frame: RemoteAddr,
    code: RemoteAddr,
) -> Result<Option<RemoteAddr>, MemoryError> {
    match variable(memory.raw(), env.layout, code, "self")? {
        Some(variable) => value(memory, env.layout, frame, variable),
        None => Ok(None),
    }
}

/// A generator that stands at its `yield` holds what it entered.
fn manager<M: Memory>(
    memory: &mut Watch<'_, M>,
    env: &mut Env<'_>,
    functions: &mut Functions,
    owner: RemoteAddr,
    held: &mut Held,
    depth: u32,
) -> Result<(), MemoryError> {
    let Some(of) = env.attribute(memory, owner, "gen")? else { return Ok(()) };
    if env.kind(memory, of)? != ObjectKind::AsyncGenerator {
        return Ok(());
    }
    let view = generator(memory, env.layout, of)?;
    // One that awaits something is a part of the chain and was looked at there.
    if view.state != GeneratorState::Suspended {
        return Ok(());
    }
    one(memory, env, functions, (view.frame, view.code), &[], held, depth + 1)
}

impl Functions {
    fn of_function<M: Memory>(
        &mut self,
        memory: &mut Watch<'_, M>,
        env: &mut Env<'_>,
        function: RemoteAddr,
    ) -> Result<Known, MemoryError> {
        if env.kind(memory, function)? != ObjectKind::Function {
            return Ok(Known::Other);
        }
        let code = objects::function_code(memory, env.layout, function)?;
        self.of_code(memory, env, code)
    }

    fn of_code<M: Memory>(
        &mut self,
        memory: &mut Watch<'_, M>,
        env: &mut Env<'_>,
        code: RemoteAddr,
    ) -> Result<Known, MemoryError> {
        let memory = memory.raw();
        let row = &env.layout.code;
        let file = memory.pointer(code.offset(row.filename))?;
        let name = memory.pointer(code.offset(row.name))?;
        if let Some(&(old_file, old_name, known)) = self.known.get(&code)
            && (old_file, old_name) == (file, name)
        {
            return Ok(known);
        }
        let qualname = match row.qualname {
            Some(offset) => memory.pointer(code.offset(offset))?,
            None => name,
        };
        let file_text = objects::text(memory, env.layout, file)?;
        let known = classify(&file_text, &objects::text(memory, env.layout, qualname)?);
        if self.known.len() >= MAX_CODES {
            self.known.clear();
        }
        self.known.insert(code, (file, name, known));
        Ok(known)
    }
}

/// By file and name; up to 3.10 names are not qualified.
fn classify(file: &str, name: &str) -> Known {
    let plain = name.rsplit('.').next().unwrap_or(name);
    let of = name.strip_suffix(plain).unwrap_or_default();
    let is = |class: &str| of.is_empty() || of == class;
    if file.ends_with("asyncio/locks.py") {
        // Barriers have their own `__aenter__`, with qualified names.
        return match plain {
            "__aexit__" if is("_ContextManagerMixin.") => Known::LockExit,
            "__aenter__" if is("_ContextManagerMixin.") => Known::LockEnter,
            "wait" if is("Condition.") => Known::ConditionWait,
            _ => Known::Other,
        };
    }
    match plain {
        "__aexit__" if file.ends_with("asyncio/timeouts.py") => Known::TimeoutExit,
        "__aexit__" if file.ends_with("contextlib.py") && is("_AsyncGeneratorContextManager.") => {
            Known::GeneratorExit
        }
        _ => Known::Other,
    }
}
