//! Executors: which there are, what their workers run and what is in their queues.
//!
//! An executor is found through its workers: each has a frame of `concurrent.futures` that refers
//! to it. What a worker runs is in the frame of `_WorkItem.run`, what waits in the work queue.

use rustc_hash::FxHashMap;

use super::env::Env;
use super::running::top_frame;
use super::things::ThingKind;
use super::watch::Watch;
use crate::memory::{Memory, MemoryError, PagedMemory, ReadMemory, RemoteAddr, Span};
use crate::python::generator::position;
use crate::python::layout::Layout;
use crate::python::locals::{value, variable};
use crate::python::objects::types::{ObjectKind, Types};
use crate::python::objects::{self, DictCursor};

/// Frames of a thread that are walked.
const MAX_FRAMES: usize = 256;
/// Jobs of one queue that are looked at.
const MAX_JOBS: u64 = 1 << 11;
/// Wrappers around a job's function that are taken off.
const MAX_WRAPPERS: u32 = 4;
/// A thread that moves on is looked at again.
const TRIES: u32 = 3;

/// A job of an executor.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Job {
    /// Its function's name.
    pub(super) function: Option<String>,
    /// Its executor.
    pub(super) pool: Option<(RemoteAddr, ThingKind)>,
    /// The thread state of the worker that runs it.
    pub(super) worker: Option<RemoteAddr>,
}

/// The jobs of one interpreter, by their futures.
#[derive(Debug, Default)]
pub(super) struct Jobs {
    jobs: FxHashMap<RemoteAddr, Job>,
}

impl Jobs {
    pub(super) fn find(&self, future: RemoteAddr) -> Option<&Job> {
        self.jobs.get(&future)
    }

    /// Looks for executors and jobs in all threads.
    pub(super) fn look<M: ReadMemory>(
        memory: &mut PagedMemory<M>,
        layout: &Layout,
        types: &mut Types,
        threads: &[RemoteAddr],
    ) -> Result<Self, MemoryError> {
        let mut jobs = FxHashMap::default();
        let mut pools: Vec<(RemoteAddr, ThingKind)> = Vec::new();
        let mut spans = Vec::new();
        for &thread in threads {
            for _ in 0..TRIES {
                spans.clear();
                let mut env = Env { layout, types };
                let mut watch = Watch::new(memory, &mut spans);
                let worker = match worker(&mut watch, &mut env, thread) {
                    Ok(worker) => worker,
                    Err(MemoryError::Unreadable { .. } | MemoryError::Nonsense { .. }) => None,
                    Err(error) => return Err(error),
                };
                let Some(worker) = worker else { break };
                let folded = memory.fold(&spans);
                memory.read_again(&spans)?;
                if folded.is_ok_and(|folded| memory.fold_again(&spans) == Some(folded)) {
                    if !pools.contains(&worker.pool) {
                        pools.push(worker.pool);
                    }
                    if let Some((future, mut job)) = worker.job {
                        job.worker = Some(thread);
                        job.pool = Some(worker.pool);
                        jobs.insert(future, job);
                    }
                    break;
                }
                spans.iter().for_each(|span| memory.forget(span.start(), Span::BYTES));
            }
        }
        for pool in pools {
            for (future, job) in queued(memory, layout, types, pool, &mut spans)? {
                jobs.entry(future).or_insert(job);
            }
        }
        Ok(Self { jobs })
    }
}

/// The jobs in an executor's queue, if two reads find the same ones.
fn queued<M: ReadMemory>(
    memory: &mut PagedMemory<M>,
    layout: &Layout,
    types: &mut Types,
    pool: (RemoteAddr, ThingKind),
    spans: &mut Vec<Span>,
) -> Result<Vec<(RemoteAddr, Job)>, MemoryError> {
    for _ in 0..TRIES {
        spans.clear();
        let mut env = Env { layout, types };
        let mut watch = Watch::new(memory, spans);
        let jobs = match waiting(&mut watch, &mut env, pool) {
            Ok(jobs) => jobs,
            Err(MemoryError::Unreadable { .. } | MemoryError::Nonsense { .. }) => Vec::new(),
            Err(error) => return Err(error),
        };
        let folded = memory.fold(spans);
        memory.read_again(spans)?;
        if folded.is_ok_and(|folded| memory.fold_again(spans) == Some(folded)) {
            return Ok(jobs);
        }
        spans.iter().for_each(|span| memory.forget(span.start(), Span::BYTES));
    }
    Ok(Vec::new())
}

struct Worker {
    pool: (RemoteAddr, ThingKind),
    job: Option<(RemoteAddr, Job)>,
}

/// What a thread is to an executor, if anything.
fn worker<M: Memory>(
    memory: &mut Watch<'_, M>,
    env: &mut Env<'_>,
    thread: RemoteAddr,
) -> Result<Option<Worker>, MemoryError> {
    let mut frame = top_frame(memory.raw(), env.layout, thread)?;
    let mut job = None;
    for _ in 0..MAX_FRAMES {
        if frame.plausible().is_none() {
            break;
        }
        let previous = memory.raw().pointer(frame.offset(env.layout.frame.previous))?;
        if let Ok((code, _)) = position(memory.raw(), env.layout, frame) {
            match role(memory.raw(), env.layout, code)? {
                Role::Item => {
                    job = match local(memory, env, frame, code, "self")? {
                        Some(item) => work_item(memory, env, item)?,
                        None => None,
                    };
                }
                Role::Worker => {
                    let reference = local(memory, env, frame, code, "executor_reference")?;
                    let Some(pool) = referent(memory, env, reference)? else { return Ok(None) };
                    return Ok(Some(Worker { pool: (pool, ThingKind::ThreadPool), job }));
                }
                Role::Manager => {
                    let reference = match local(memory, env, frame, code, "self")? {
                        Some(own) => env.attribute(memory, own, "executor_reference")?,
                        None => local(memory, env, frame, code, "executor_reference")?,
                    };
                    let Some(pool) = referent(memory, env, reference)? else { return Ok(None) };
                    return Ok(Some(Worker { pool: (pool, ThingKind::ProcessPool), job: None }));
                }
                Role::None => {}
            }
        }
        frame = previous;
    }
    Ok(None)
}

enum Role {
    /// `_WorkItem.run` of a thread pool.
    Item,
    /// `_worker` of a thread pool.
    Worker,
    /// What serves the processes of a process pool.
    Manager,
    None,
}

fn role(memory: &mut impl Memory, layout: &Layout, code: RemoteAddr) -> Result<Role, MemoryError> {
    let name = memory.pointer(code.offset(layout.code.name))?;
    let mut is = |expected| objects::text_is(memory, layout, name, expected);
    let (role, of) = if is("run")? {
        (Role::Item, "concurrent/futures/thread.py")
    } else if is("_worker")? {
        (Role::Worker, "concurrent/futures/thread.py")
    } else if is("_queue_management_worker")? {
        (Role::Manager, "concurrent/futures/process.py")
    } else {
        return Ok(Role::None);
    };
    let file = memory.pointer(code.offset(layout.code.filename))?;
    let file = objects::text(memory, layout, file)?;
    Ok(if file.ends_with(of) {
        role
    } else if matches!(role, Role::Item) && file.ends_with("concurrent/futures/process.py") {
        Role::Manager
    } else {
        Role::None
    })
}

fn local<M: Memory>(
    memory: &mut Watch<'_, M>,
    env: &Env<'_>,
    frame: RemoteAddr,
    code: RemoteAddr,
    name: &str,
) -> Result<Option<RemoteAddr>, MemoryError> {
    match variable(memory.raw(), env.layout, code, name)? {
        Some(variable) => value(memory, env.layout, frame, variable),
        None => Ok(None),
    }
}

/// What a weak reference refers to.
fn referent<M: Memory>(
    memory: &mut Watch<'_, M>,
    env: &mut Env<'_>,
    reference: Option<RemoteAddr>,
) -> Result<Option<RemoteAddr>, MemoryError> {
    let Some(reference) = reference else { return Ok(None) };
    if env.kind(memory, reference)? != ObjectKind::WeakRef {
        return Ok(None);
    }
    let Some(found) = objects::weakref_object(memory, env.layout, reference)? else {
        return Ok(None);
    };
    Ok((env.kind(memory, found)? != ObjectKind::None).then_some(found))
}

/// Future and function of a work item.
fn work_item<M: Memory>(
    memory: &mut Watch<'_, M>,
    env: &mut Env<'_>,
    item: RemoteAddr,
) -> Result<Option<(RemoteAddr, Job)>, MemoryError> {
    let Some(future) = env.attribute(memory, item, "future")? else { return Ok(None) };
    let mut function = env.attribute(memory, item, "fn")?;
    if function.is_none()
        && let Some(task) = env.attribute(memory, item, "task")?
    {
        // From 3.14 on: (function, arguments, keyword arguments).
        let task = objects::tuple_items(memory, env.layout, task)?;
        function = task.get(memory, 0)?.plausible();
    }
    let function = match function {
        Some(function) => function_name(memory, env, function)?,
        None => None,
    };
    Ok(Some((future, Job { function, ..Job::default() })))
}

/// The name of a job's function, without what asyncio and `functools` wrap around it.
pub(super) fn function_name<M: Memory>(
    memory: &mut Watch<'_, M>,
    env: &mut Env<'_>,
    mut function: RemoteAddr,
) -> Result<Option<String>, MemoryError> {
    for _ in 0..MAX_WRAPPERS {
        match env.kind(memory, function)? {
            ObjectKind::Function => {
                return objects::function_qualname(memory.raw(), env.layout, function).map(Some);
            }
            ObjectKind::Method => {
                function = objects::bound_method(memory, env.layout, function)?.0;
            }
            ObjectKind::Builtin => {
                let (name, _) = objects::builtin_method(memory, env.layout, function)?;
                return Ok(Some(name));
            }
            ObjectKind::Partial => {
                let (inner, arguments) = objects::partial(memory, env.layout, function)?;
                function = inner;
                // `to_thread` runs `context.run(function, …)`.
                if env.kind(memory, inner)? == ObjectKind::Builtin
                    && objects::builtin_method(memory, env.layout, inner)?.0 == "run"
                {
                    let arguments = objects::tuple_items(memory, env.layout, arguments)?;
                    match arguments.get(memory, 0)?.plausible() {
                        Some(first) => function = first,
                        None => return Ok(None),
                    }
                }
            }
            _ => return Ok(None),
        }
    }
    Ok(None)
}

/// The jobs that wait in an executor's queue.
fn waiting<M: Memory>(
    memory: &mut Watch<'_, M>,
    env: &mut Env<'_>,
    pool: (RemoteAddr, ThingKind),
) -> Result<Vec<(RemoteAddr, Job)>, MemoryError> {
    let mut jobs = Vec::new();
    let mut items = Vec::new();
    if pool.1 == ThingKind::ProcessPool {
        let Some(pending) = env.attribute(memory, pool.0, "_pending_work_items")? else {
            return Ok(jobs);
        };
        let mut cursor = DictCursor::new(memory, env.layout, pending)?;
        while let Some((_, item)) = cursor.next(memory)?
            && items.len() as u64 <= MAX_JOBS
        {
            items.push(item);
        }
    } else if let Some(queue) = env.attribute(memory, pool.0, "_work_queue")? {
        let of = objects::ob_type(memory, env.layout, queue)?;
        if env.types.name(memory.raw(), env.layout, of)? == "_queue.SimpleQueue" {
            objects::simple_queue(memory, env.layout, queue, MAX_JOBS, &mut items)?;
        }
    }
    for item in items {
        // `None` in the queue tells a worker to stop.
        if let Ok(Some((future, mut job))) = work_item(memory, env, item) {
            job.pool = Some(pool);
            jobs.push((future, job));
        }
    }
    Ok(jobs)
}
