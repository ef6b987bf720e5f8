//! The await chain of a task: from its root coroutine to what it finally waits for.

use super::env::Env;
use super::watch::Watch;
use crate::memory::{Memory, MemoryError, RemoteAddr};
use crate::python::generator::{GeneratorState, GeneratorView, generator};
use crate::python::layout::GeneratorFrame;
use crate::python::objects::types::ObjectKind;
use crate::python::objects::{self, flag, nonsense};

/// Longer chains are refused (Python's own recursion limit is 1000 by default).
const MAX_DEPTH: usize = 1024;

/// One element of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Element {
    /// A Python coroutine or generator.
    Python {
        code: RemoteAddr,
        instruction: i32,
        /// Its frame.
        frame: RemoteAddr,
        /// Its own qualified name.
        qualname: RemoteAddr,
    },
    /// Something else, known by its type, and by its own name where it has one.
    Native { of: RemoteAddr, qualname: Option<RemoteAddr> },
}

/// Where a chain ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leaf {
    /// The root coroutine has not started.
    NotStarted,
    /// An `await` of this future.
    Future(RemoteAddr),
    /// A plain `yield` of a generator: `sleep(0)`, or the `__await__` of a Python future.
    Yielded,
    /// An object that cannot be looked into; its type.
    Native(RemoteAddr),
    /// An element is executing: the rest of the chain is on a thread's stack. Its frame.
    Executing,
    /// An element has finished, which an element of a waiting chain never is.
    Finished,
}

/// Walks the chain from the coroutine `coro` on; elements go to `chain`, outermost first.
pub(super) fn walk<M: Memory>(
    memory: &mut Watch<'_, M>,
    env: &mut Env<'_>,
    coro: RemoteAddr,
    chain: &mut Vec<Element>,
) -> Result<Leaf, MemoryError> {
    chain.clear();
    let mut at = coro;
    // Wrappers add no element, so steps are counted and not elements.
    for _ in 0..MAX_DEPTH {
        let of = objects::ob_type(memory, env.layout, at)?;
        let row = env.layout.generator;
        let wrapped = match env.types.kind(memory.raw(), env.layout, of)? {
            ObjectKind::Coroutine | ObjectKind::Generator | ObjectKind::AsyncGenerator => {
                match python(memory, env, at, chain)? {
                    Ok(awaited) => {
                        at = awaited;
                        continue;
                    }
                    Err(leaf) => return Ok(leaf),
                }
            }
            ObjectKind::AsyncGenASend => row.asend_generator,
            ObjectKind::AsyncGenAThrow => row.athrow_generator,
            ObjectKind::CoroutineWrapper => row.wrapper_coroutine,
            ObjectKind::AnextAwaitable => row.anext_wrapped,
            // Its only field.
            ObjectKind::CythonWrapper => env.layout.object.size,
            ObjectKind::FutureIter => {
                let future = memory.pointer(at.offset(env.layout.asyncio.future_iter_future))?;
                return Ok(match future.plausible() {
                    Some(future) => Leaf::Future(future),
                    None => Leaf::Finished,
                });
            }
            ObjectKind::CythonCoroutine => match cython(memory, env, at, of, chain)? {
                Some(awaited) => {
                    at = awaited;
                    continue;
                }
                None => return Ok(Leaf::Native(of)),
            },
            // What an awaited object returned stands in its place until the step goes on.
            ObjectKind::None => return Err(nonsense(at)),
            _ => {
                chain.push(Element::Native { of, qualname: None });
                return Ok(Leaf::Native(of));
            }
        };
        at = objects::object(memory.pointer(at.offset(wrapped))?)?;
    }
    Err(nonsense(coro))
}

/// Notes again, of a chain that was dropped from the watch, the words that tell which code its
/// root coroutine runs: these stay the same while it executes.
pub(super) fn note_root<M: Memory>(
    memory: &mut Watch<'_, M>,
    env: &mut Env<'_>,
    coro: RemoteAddr,
    chain: &[Element],
) -> Result<(), MemoryError> {
    let Some(&Element::Python { frame, .. }) = chain.first() else { return Ok(()) };
    objects::ob_type(memory, env.layout, coro)?;
    if let GeneratorFrame::ObjectRunning { frame, .. } | GeneratorFrame::Object { frame } =
        env.layout.generator.frame
    {
        memory.pointer(coro.offset(frame))?;
    }
    memory.u64(frame.offset(env.layout.frame.code))?;
    memory.pointer(coro.offset(env.layout.generator.qualname))?;
    Ok(())
}

/// A Python element: what it awaits, or the leaf that it is.
fn python<M: Memory>(
    memory: &mut Watch<'_, M>,
    env: &mut Env<'_>,
    at: RemoteAddr,
    chain: &mut Vec<Element>,
) -> Result<Result<RemoteAddr, Leaf>, MemoryError> {
    let view = generator(memory, env.layout, at)?;
    if view.state == GeneratorState::Finished {
        return Ok(Err(Leaf::Finished));
    }
    // Up to 3.10 it names the frame, and another coroutine may have had its address and frame.
    let qualname = memory.pointer(at.offset(env.layout.generator.qualname))?;
    let root = chain.is_empty();
    let GeneratorView { code, instruction, frame, .. } = view;
    chain.push(Element::Python { code, instruction, frame, qualname });
    Ok(match view.state {
        GeneratorState::Awaiting(awaited) => Ok(awaited),
        GeneratorState::Suspended => Err(Leaf::Yielded),
        GeneratorState::Executing => Err(Leaf::Executing),
        GeneratorState::Created if root => Err(Leaf::NotStarted),
        GeneratorState::Created | GeneratorState::Finished => Err(Leaf::Finished),
    })
}

/// `yieldfrom` in Cython's coroutine objects, by the size of the exception state before it.
const CYTHON_YIELD_FROM_UNTIL_3_10: u64 = 80;
const CYTHON_YIELD_FROM: u64 = 64;

/// A coroutine compiled by Cython: what it awaits, if that is something known.
fn cython<M: Memory>(
    memory: &mut Watch<'_, M>,
    env: &mut Env<'_>,
    at: RemoteAddr,
    of: RemoteAddr,
    chain: &mut Vec<Element>,
) -> Result<Option<RemoteAddr>, MemoryError> {
    let offset =
        if env.layout.minor <= 10 { CYTHON_YIELD_FROM_UNTIL_3_10 } else { CYTHON_YIELD_FROM };
    // Then come name and qualified name; from Cython 3.1 on with a function pointer before them.
    let mut text = |offset| -> Result<Option<RemoteAddr>, MemoryError> {
        let text = memory.raw().pointer(at.offset(offset))?;
        let is_text = text.plausible().is_some()
            && objects::is_a(memory.raw(), env.layout, text, flag::STR).unwrap_or(false);
        Ok(is_text.then_some(text))
    };
    let qualname =
        if text(offset + 8)?.is_some() { text(offset + 16)? } else { text(offset + 24)? };
    chain.push(Element::Native { of, qualname });
    let awaited = memory.pointer(at.offset(offset))?;
    if awaited.plausible().is_none() {
        return Ok(None);
    }
    let Ok(kind) = env.kind(memory, awaited) else { return Ok(None) };
    Ok(matches!(
        kind,
        ObjectKind::Coroutine
            | ObjectKind::Generator
            | ObjectKind::AsyncGenASend
            | ObjectKind::AsyncGenAThrow
            | ObjectKind::CoroutineWrapper
            | ObjectKind::FutureIter
            | ObjectKind::CythonCoroutine
            | ObjectKind::CythonWrapper
    )
    .then_some(awaited))
}
