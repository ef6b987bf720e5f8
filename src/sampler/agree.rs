//! Whether a thread's stack and the tasks of a census tell the same story.
//!
//! A census reads one task after the other while the program goes on; a thread's stack and the task
//! whose step it runs come from one bracketed look. What the look shows is believed where the census
//! says nothing against it.

use crate::model::{
    Dictionary, Frame, FrameId, FrameKind, LoopId, Snapshot, StackId, TaskId, TaskState,
};

use super::thread::Seen;

/// Brings the rows of a loop's tasks into line with what its thread was seen doing.
///
/// False if they contradict each other: the census saw a task running that the look did not, or
/// missed the one that it did.
pub(super) fn reconcile(found: &mut Snapshot, event_loop: LoopId, seen: &Seen) -> bool {
    if seen.partial {
        return false;
    }
    let names = &found.dictionary;
    let stack = seen.stack.stack.map(|stack| names.stack_frames(stack)).unwrap_or_default();
    let of_loop =
        |task| names.get_task(task).is_some_and(|task| task.event_loop == Some(event_loop));
    let mut running = found.tasks.iter().map(|view| view.row).filter(|row| {
        row.state == TaskState::Running && Some(row.task) != seen.task && of_loop(row.task)
    });
    // An eager task's first step runs inside the step of the task that made it.
    let depth = seen.stack.task_depth.and_then(|depth| usize::try_from(depth).ok());
    let outside = depth.and_then(|depth| stack.get(..depth)).unwrap_or(&stack);
    if !running.all(|row| seen.task.is_some() && is_part(names, row.chain, outside)) {
        return false;
    }
    if let Some(task) = seen.task
        && !is_shown_running(found, task, seen.stack.task_depth, &stack)
    {
        return false;
    }
    for view in found.loops.iter_mut().filter(|view| view.id == event_loop) {
        view.current_task = seen.task;
    }
    true
}

/// Makes the row of `task`, whose step was on `stack`, say so; false if the census has no such row.
fn is_shown_running(
    found: &mut Snapshot,
    task: TaskId,
    depth: Option<u32>,
    stack: &[FrameId],
) -> bool {
    let Some(view) = found.tasks.iter_mut().find(|view| view.row.task == task) else {
        return false;
    };
    let was_running = view.row.state == TaskState::Running;
    view.row.state = TaskState::Running;
    view.row.wait = None;
    view.detail = None;
    match depth {
        None => view.row.chain = view.row.chain.filter(|_| was_running),
        Some(_) if was_running && is_part(&found.dictionary, view.row.chain, stack) => {}
        Some(depth) => view.row.chain = chain_on(&mut found.dictionary, stack, depth),
    }
    true
}

/// The coroutines that stand on `stack` from `depth` on.
fn chain_on(names: &mut Dictionary, stack: &[FrameId], depth: u32) -> Option<StackId> {
    let from = stack.get(usize::try_from(depth).ok()?..)?;
    let mut chain = None;
    for &frame in from.iter().take_while(|&&frame| is_awaitable(names, frame)).collect::<Vec<_>>() {
        chain = Some(names.stack(chain, frame)?);
    }
    chain
}

fn is_awaitable(names: &Dictionary, frame: FrameId) -> bool {
    let code = names.get_frame(frame).and_then(|frame| names.get_code(frame.code));
    code.is_some_and(|code| match code.kind {
        FrameKind::Coroutine | FrameKind::AsyncGenerator => true,
        FrameKind::Generator => names.text(code.function).ends_with("__await__"),
        FrameKind::Function | FrameKind::Native => false,
    })
}

/// Whether the frames of `chain` stand on `stack`, one called by the other.
fn is_part(names: &Dictionary, chain: Option<StackId>, stack: &[FrameId]) -> bool {
    let Some(chain) = chain else { return false };
    let place = |&frame: &FrameId| {
        let Frame { code, line } = names.get_frame(frame)?;
        let code = names.get_code(code)?;
        // The same code may go by two names: up to 3.10 only a generator knows its qualified one.
        (code.kind != FrameKind::Native).then_some((code.file, code.first_line, line))
    };
    let chain: Vec<_> = names.stack_frames(chain).iter().filter_map(place).collect();
    let stack: Vec<_> = stack.iter().filter_map(place).collect();
    !chain.is_empty() && stack.windows(chain.len()).any(|part| part == chain.as_slice())
}
