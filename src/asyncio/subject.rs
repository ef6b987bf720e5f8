//! The object that a task waits for: whose coroutine it stands in, or what it handed a job to.

use super::env::Env;
use super::jobs::Jobs;
use super::things::{Thing, ThingKind};
use super::wait::{Found, WaitCache, find_callback};
use super::watch::Watch;
use crate::memory::{Memory, MemoryError, RemoteAddr};
use crate::model::WaitKind;
use crate::python::objects;
use crate::python::objects::types::ObjectKind;

/// What is known about the object of a wait.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Subject {
    pub(super) thing: Option<Thing>,
    /// The job's function.
    pub(super) job: Option<String>,
    /// The thread state of the worker that runs the job.
    pub(super) worker: Option<RemoteAddr>,
}

/// Finds the object that a task waits for.
pub(super) fn subject<M: Memory>(
    memory: &mut Watch<'_, M>,
    env: &mut Env<'_>,
    cache: &mut WaitCache,
    jobs: &Jobs,
    found: &Found,
    future: Option<RemoteAddr>,
) -> Result<Subject, MemoryError> {
    let kind = found.reason.kind;
    if kind == WaitKind::Executor {
        return job(memory, env, jobs, future);
    }
    let Some(place) = found.standing else { return Ok(Subject::default()) };
    let thing = match kind {
        WaitKind::Socket => cache
            .local(memory, env, place, "sock")?
            .map(|addr| Thing { addr, kind: ThingKind::Plain }),
        WaitKind::Stream | WaitKind::Subprocess => {
            let own = cache.local(memory, env, place, "self")?;
            let transport = match own {
                Some(own) => env.attribute(memory, own, "_transport")?,
                None => None,
            };
            transport.map(|addr| Thing { addr, kind: ThingKind::Plain })
        }
        _ => match ThingKind::of(kind) {
            Some(kind) => {
                let own = cache.local(memory, env, place, "self")?;
                own.map(|addr| Thing { addr, kind })
            }
            None => None,
        },
    };
    Ok(Subject { thing, ..Subject::default() })
}

/// The executor and the job behind an asyncio future.
fn job<M: Memory>(
    memory: &mut Watch<'_, M>,
    env: &mut Env<'_>,
    jobs: &Jobs,
    future: Option<RemoteAddr>,
) -> Result<Subject, MemoryError> {
    let Some(future) = future else { return Ok(Subject::default()) };
    let Some(source) = source(memory, env, future)? else { return Ok(Subject::default()) };
    let Some(job) = jobs.find(source) else { return Ok(Subject::default()) };
    Ok(Subject {
        thing: job.pool.map(|(addr, kind)| Thing { addr, kind }),
        job: job.function.clone(),
        worker: job.worker,
    })
}

/// The `concurrent.futures.Future` that an asyncio future was chained to.
pub(super) fn source<M: Memory>(
    memory: &mut Watch<'_, M>,
    env: &mut Env<'_>,
    future: RemoteAddr,
) -> Result<Option<RemoteAddr>, MemoryError> {
    let (first, list) = match env.kind(memory, future)? {
        ObjectKind::Future => {
            let row = env.layout.asyncio;
            let first = memory.pointer(future.offset(row.callback0))?;
            (first.plausible(), memory.pointer(future.offset(row.callbacks))?.plausible())
        }
        ObjectKind::PyFuture => (None, env.attribute(memory, future, "_callbacks")?),
        _ => return Ok(None),
    };
    find_callback(memory, env, (first, list), chained)
}

fn chained<M: Memory>(
    memory: &mut Watch<'_, M>,
    env: &mut Env<'_>,
    callback: RemoteAddr,
) -> Result<Option<RemoteAddr>, MemoryError> {
    if env.kind(memory, callback)? != ObjectKind::Function {
        return Ok(None);
    }
    let name = objects::function_qualname(memory.raw(), env.layout, callback)?;
    if name != "_chain_future.<locals>._call_check_cancel" {
        return Ok(None);
    }
    match objects::closure_cell(memory.raw(), env.layout, callback, "source")? {
        Some(cell) => objects::cell_value(memory, env.layout, cell),
        None => Ok(None),
    }
}
