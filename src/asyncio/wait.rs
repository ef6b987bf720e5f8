//! What a waiting task waits for, from its chain's innermost frames and the awaited future.

use rustc_hash::FxHashMap;

use super::chain::{Element, Leaf};
use super::env::Env;
use super::subject::source;
use super::wait_table::{self, CALLBACKS, WaitRow};
use super::watch::Watch;
use crate::memory::{Memory, MemoryError, RemoteAddr};
use crate::model::{CodeId, Dictionary, FrameId, FrameKind, WaitKind, WaitReason};
use crate::python::locals::{Variable, value, variable};
use crate::python::objects;
use crate::python::objects::types::ObjectKind;

/// What the table says about code objects, looked up once each.
#[derive(Debug, Default)]
pub(super) struct WaitCache {
    rows: FxHashMap<CodeId, Place>,
    variables: FxHashMap<(CodeId, &'static str), Option<Variable>>,
}

#[derive(Debug, Clone, Copy)]
enum Place {
    /// A coroutine of asyncio, perhaps with a row.
    Asyncio(Option<WaitRow>),
    /// Anyone else's.
    Elsewhere,
}

/// Callbacks of the awaited future that are looked at.
const MAX_CALLBACKS: u64 = 8;

impl WaitCache {
    fn place(&mut self, dictionary: &Dictionary, code: CodeId) -> Place {
        *self.rows.entry(code).or_insert_with(|| {
            let Some(location) = dictionary.get_code(code) else { return Place::Elsewhere };
            if location.kind == FrameKind::Native {
                let row = wait_table::find_native(dictionary.text(location.function));
                return row.map_or(Place::Elsewhere, |row| Place::Asyncio(Some(row)));
            }
            let file = dictionary.text(location.file);
            match wait_table::find(file, dictionary.text(location.function)) {
                Ok(row) => Place::Asyncio(row),
                Err(()) => Place::Elsewhere,
            }
        })
    }

    /// What the innermost frames of asyncio say, and which of them says it.
    fn of_frames(
        &mut self,
        dictionary: &Dictionary,
        frames: &[FrameId],
    ) -> Option<(WaitRow, usize, CodeId)> {
        let mut found: Option<(WaitRow, usize, CodeId)> = None;
        for (index, &frame) in frames.iter().enumerate().rev() {
            let code = dictionary.get_frame(frame)?.code;
            match self.place(dictionary, code) {
                Place::Asyncio(Some(row)) if found.is_none() || row.absorbs => {
                    found = Some((row, index, code));
                }
                Place::Asyncio(_) => {}
                Place::Elsewhere => break,
            }
        }
        found
    }

    /// A variable of a suspended frame that runs this code.
    pub(super) fn local<M: Memory>(
        &mut self,
        memory: &mut Watch<'_, M>,
        env: &Env<'_>,
        place: Standing,
        name: &'static str,
    ) -> Result<Option<RemoteAddr>, MemoryError> {
        let known = self.variables.get(&(place.id, name)).copied();
        let variable = match known {
            Some(known) => known,
            None => {
                let found = variable(memory.raw(), env.layout, place.code, name)?;
                self.variables.insert((place.id, name), found);
                found
            }
        };
        match variable {
            Some(variable) => value(memory, env.layout, place.frame, variable),
            None => Ok(None),
        }
    }
}

/// A frame of asyncio that says what its task waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) id: CodeId,
    pub(super) code: RemoteAddr,
    pub(super) frame: RemoteAddr,
}

/// What a task waits for, before its object has an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) reason: WaitReason,
    /// The frame of asyncio that says so, if one does.
    pub(super) standing: Option<Standing>,
}

/// Decides what a task waits for that awaits `fut_waiter` (or `leaf`) inside `frames`, outermost
/// first.
pub(super) fn reason<M: Memory>(
    memory: &mut Watch<'_, M>,
    env: &mut Env<'_>,
    cache: &mut WaitCache,
    dictionary: &mut Dictionary,
    (frames, chain): (&[FrameId], &[Element]),
    awaited: (Option<RemoteAddr>, Leaf),
) -> Result<Found, MemoryError> {
    if let Some((row, index, id)) = cache.of_frames(dictionary, frames) {
        let standing = match chain.get(index) {
            Some(&Element::Python { code, frame, .. }) if chain.len() == frames.len() => {
                Some(Standing { id, code, frame })
            }
            _ => None,
        };
        return Ok(Found { reason: WaitReason::plain(row.kind), standing });
    }
    let reason = of_future(memory, env, dictionary, awaited)?;
    Ok(Found { reason, standing: None })
}

fn of_future<M: Memory>(
    memory: &mut Watch<'_, M>,
    env: &mut Env<'_>,
    dictionary: &mut Dictionary,
    (fut_waiter, leaf): (Option<RemoteAddr>, Leaf),
) -> Result<WaitReason, MemoryError> {
    let plain = WaitReason::plain;
    if let Some(future) = fut_waiter {
        match env.kind(memory, future)? {
            ObjectKind::Task | ObjectKind::PyTask => return Ok(plain(WaitKind::Task)),
            ObjectKind::GatheringFuture => return Ok(plain(WaitKind::Gather)),
            ObjectKind::Future => {
                let row = env.layout.asyncio;
                let first = memory.pointer(future.offset(row.callback0))?;
                let list = memory.pointer(future.offset(row.callbacks))?;
                let kind = find_callback(
                    memory,
                    env,
                    (first.plausible(), list.plausible()),
                    from_callback,
                )?;
                return Ok(plain(chained(memory, env, future, kind)?));
            }
            ObjectKind::PyFuture => {
                let list = env.attribute(memory, future, "_callbacks")?;
                let kind = find_callback(memory, env, (None, list), from_callback)?;
                return Ok(plain(chained(memory, env, future, kind)?));
            }
            _ => {
                let of = objects::ob_type(memory, env.layout, future)?;
                return named(memory, env, dictionary, of);
            }
        }
    }
    match leaf {
        Leaf::Native(of) => named(memory, env, dictionary, of),
        _ => Ok(plain(WaitKind::Unknown)),
    }
}

/// A future chained to one of `concurrent.futures` stands for a job, unless that one was itself
/// chained to a task: `run_coroutine_threadsafe`.
fn chained<M: Memory>(
    memory: &mut Watch<'_, M>,
    env: &mut Env<'_>,
    future: RemoteAddr,
    kind: Option<WaitKind>,
) -> Result<WaitKind, MemoryError> {
    if kind == Some(WaitKind::Executor)
        && let Some(source) = source(memory, env, future)?
        && is_destination(memory, env, source)?
    {
        return Ok(WaitKind::Future);
    }
    Ok(kind.unwrap_or(WaitKind::Future))
}

/// Whether a `concurrent.futures.Future` gets its result from an asyncio future.
fn is_destination<M: Memory>(
    memory: &mut Watch<'_, M>,
    env: &mut Env<'_>,
    future: RemoteAddr,
) -> Result<bool, MemoryError> {
    let Some(list) = env.attribute(memory, future, "_done_callbacks")? else { return Ok(false) };
    if !objects::is_a(memory.raw(), env.layout, list, objects::flag::LIST)? {
        return Ok(false);
    }
    let items = objects::list_items(memory, env.layout, list)?;
    for index in 0..items.len.min(MAX_CALLBACKS) {
        let callback = items.get(memory, index)?;
        if from_callback(memory, env, callback)? == Some(WaitKind::Executor) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn named<M: Memory>(
    memory: &mut Watch<'_, M>,
    env: &mut Env<'_>,
    dictionary: &mut Dictionary,
    of: RemoteAddr,
) -> Result<WaitReason, MemoryError> {
    let name = env.types.name(memory.raw(), env.layout, of)?;
    let type_name = dictionary.string(name);
    Ok(WaitReason { type_name, ..WaitReason::plain(WaitKind::Unknown) })
}

/// What `find` says of the first callback that it knows, of a future that keeps one apart
/// (`first`) and the others in a list of pairs.
pub(super) fn find_callback<M: Memory, T>(
    memory: &mut Watch<'_, M>,
    env: &mut Env<'_>,
    (first, list): (Option<RemoteAddr>, Option<RemoteAddr>),
    find: impl Fn(&mut Watch<'_, M>, &mut Env<'_>, RemoteAddr) -> Result<Option<T>, MemoryError>,
) -> Result<Option<T>, MemoryError> {
    if let Some(first) = first
        && let Some(found) = find(memory, env, first)?
    {
        return Ok(Some(found));
    }
    let Some(list) = list else { return Ok(None) };
    if !objects::is_a(memory.raw(), env.layout, list, objects::flag::LIST)? {
        return Ok(None);
    }
    let items = objects::list_items(memory, env.layout, list)?;
    for index in 0..items.len.min(MAX_CALLBACKS) {
        let pair = items.get(memory, index)?;
        let pair = objects::tuple_items(memory, env.layout, pair)?;
        let callback = pair.get(memory, 0)?;
        if let Some(found) = find(memory, env, callback)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

fn from_callback<M: Memory>(
    memory: &mut Watch<'_, M>,
    env: &mut Env<'_>,
    callback: RemoteAddr,
) -> Result<Option<WaitKind>, MemoryError> {
    if env.kind(memory, callback)? != ObjectKind::Function {
        return Ok(None);
    }
    let qualname = objects::function_qualname(memory.raw(), env.layout, callback)?;
    Ok(CALLBACKS.iter().find(|(name, _)| *name == qualname).map(|&(_, kind)| kind))
}
