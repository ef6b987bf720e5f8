//! One look at a whole process.

use crate::model::{
    Event, ProcessId, Snapshot, TargetView, TaskNote, TaskView, ThreadView, Timestamp,
};
use crate::os;
use crate::python::frames::Refusal;
use crate::python::{AttachOptions, Target};

use super::agree::reconcile;
use super::clock::Clock;
use super::config::How;
use super::error::SessionError;
use super::pause::Pause;
use super::target::TargetProcess;
use super::thread::{RunningLoop, Seen};

/// How often a thread that changes under the read is looked at again.
const TRIES: u32 = 200;
/// So many looks at a loop's thread may contradict a census, and so many censuses be contradicted,
/// before the thread is left out.
const LOOKS_PER_CENSUS: u32 = 8;
const ROUNDS: u32 = 16;

/// What one look is asked to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DumpConfig {
    /// Whether the target is paused meanwhile.
    pub blocking: bool,
    /// Whether builds whose layout was never verified live are read all the same.
    pub force_unverified: bool,
}

/// Looks once at everything in a process: threads, loops, tasks and who awaits whom.
///
/// # Errors
/// When attaching is impossible.
pub fn snapshot(pid: u32, config: &DumpConfig) -> Result<Snapshot, SessionError> {
    let options = AttachOptions { force_unverified: config.force_unverified };
    let attached = Target::attach(pid, options)?;
    let clock = Clock::start();
    let mut found = Snapshot::default();
    let Some(id) = ProcessId::from_index(0) else { return Ok(found) };
    let mut target = TargetProcess::new(id, attached, clock, How::ONCE);
    target.set_paused(config.blocking);
    target.want_details();
    let pause = config.blocking.then(|| Pause::new(pid));
    look(&mut target, clock, &mut found);
    drop(pause);
    found.targets.push(TargetView {
        id,
        target: target.definition(Timestamp::ZERO, false),
        has_asyncio: target.has_asyncio,
    });
    Ok(found)
}

/// Says how much is left of each deadline, on the clock that the target's loops go by.
fn tell_remaining(pid: u32, tasks: &mut [TaskView]) {
    let Some(offset) = os::clock::offset_to(pid) else { return };
    let now = i64::try_from(os::clock::now()).unwrap_or(i64::MAX).saturating_add(offset);
    let left = |deadline: Option<u64>| {
        deadline.and_then(|at| i64::try_from(at).ok()).map(|at| at.saturating_sub(now))
    };
    for detail in tasks.iter_mut().filter_map(|task| task.detail.as_mut()) {
        detail.remaining_ns = left(detail.deadline_ns);
        for scope in &mut detail.timeouts {
            scope.remaining_ns = left(scope.deadline_ns);
        }
    }
}

/// Looks until threads and tasks agree, a limited number of times.
fn look(target: &mut TargetProcess, clock: Clock, found: &mut Snapshot) {
    if target.rescan_threads(&mut found.dictionary, None, clock.now()).is_err() {
        found.rejected.unreadable += 1;
    }
    let before = found.rejected;
    for _ in 0..ROUNDS {
        found.rejected = before;
        found.threads.clear();
        census(target, clock, found);
        if look_at_threads(target, found) {
            break;
        }
    }
    super::addresses::tell(target, &mut found.tasks);
    tell_remaining(target.pid, &mut found.tasks);
}

fn census(target: &mut TargetProcess, clock: Clock, found: &mut Snapshot) {
    let mut events = Vec::new();
    match target.census(&mut found.dictionary, || clock.now(), &mut events) {
        Ok(summary) => {
            found.rejected.torn += u64::from(summary.torn);
            found.rejected.unreadable += u64::from(summary.unreadable);
            found.rejected.partial_census += u64::from(!summary.complete);
        }
        Err(_torn_or_gone) => found.rejected.partial_census += 1,
    }
    for event in events {
        match event {
            Event::TaskNote { task, note } => {
                // A census tells what changed since the one before.
                found.notes.retain(|&(of, _)| of != task);
                if note != TaskNote::Nothing {
                    found.notes.push((task, note));
                }
            }
            Event::Warned { text, file, line, .. } => found.warned.push((text, file, line)),
            _ => {}
        }
    }
    found.tasks = target.asyncio().snapshot_tasks();
    found.objects = target.asyncio().snapshot_objects();
    found.cycles = target.asyncio().cycles().to_vec();
    found.loops = target.asyncio().snapshot_loops();
}

/// Whether every thread that runs a loop could be looked at and agrees with the census.
fn look_at_threads(target: &mut TargetProcess, found: &mut Snapshot) -> bool {
    let mut all_agree = true;
    for index in 0..target.threads.len() {
        let Some((thread, event_loop)) =
            target.threads.get(index).map(|thread| (thread.id, thread.event_loop))
        else {
            break;
        };
        match look_at_thread(target, found, index, event_loop) {
            Ok(seen) => found.threads.push(ThreadView {
                process: target.id,
                thread,
                stack: seen.stack.stack,
                activity: seen.activity,
                task: seen.task,
                task_depth: seen.stack.task_depth,
            }),
            Err(refusal) => {
                all_agree &= event_loop.is_none();
                match refusal {
                    Refusal::Torn => found.rejected.torn += 1,
                    Refusal::Unreadable | Refusal::Exited => found.rejected.unreadable += 1,
                }
            }
        }
    }
    all_agree
}

/// Looks at one thread until it holds still and does not contradict the census.
fn look_at_thread(
    target: &mut TargetProcess,
    found: &mut Snapshot,
    index: usize,
    event_loop: Option<RunningLoop>,
) -> Result<Seen, Refusal> {
    let mut last = Err(Refusal::Torn);
    let mut contradictions = 0;
    for _ in 0..TRIES {
        let (threads, mut shared) = target.parts(&mut found.dictionary);
        let thread = threads.get_mut(index).ok_or(Refusal::Exited)?;
        match (thread.look(&mut shared), event_loop) {
            (Err(Refusal::Torn), _) => {}
            (Ok(seen), None) if seen.partial => last = Ok(seen),
            (Ok(seen), Some(event_loop)) if !reconcile(found, event_loop.id, &seen) => {
                contradictions += 1;
                if contradictions >= LOOKS_PER_CENSUS {
                    break;
                }
            }
            (seen, _) => return seen,
        }
    }
    last
}
