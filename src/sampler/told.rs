//! A stall in words, told as it happens.

use crate::model::{
    Dictionary, Duration, FrameId, KernelCallId, StackId, Timestamp, asyncio_depth, place_to_look,
};

use super::blocked::Calls;
use super::episode::{Doing, Episode};
use super::heaviest::Heaviest;

/// A stall, as far as it can be told at once. The stalls of a recording are found afterwards, from
/// all that was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveStall {
    /// The process.
    pub pid: u32,
    /// About when it began.
    pub start: Timestamp,
    /// About how long it was, or is by now.
    pub duration: Duration,
    /// What the loop's thread did most of the time.
    pub cause: String,
    /// The line that weighs most of the innermost frames of the program's own code that the loop
    /// called, else of a library's.
    pub location: Option<String>,
    /// The task that ran.
    pub task: Option<String>,
    /// Whether it goes on.
    pub ongoing: bool,
}

impl LiveStall {
    pub(super) fn of(
        pid: u32,
        episode: &Episode,
        ongoing: bool,
        calls: &Calls,
        names: &Dictionary,
    ) -> Self {
        let task = episode.task.and_then(|task| names.get_task(task)?.name);
        Self {
            pid,
            start: episode.start,
            duration: episode.length(),
            cause: cause(episode.doing(), calls, names),
            location: location(episode, names),
            task: task.map(|name| names.text(name).to_owned()),
            ongoing,
        }
    }
}

fn cause(doing: Doing, calls: &Calls, names: &Dictionary) -> String {
    match doing {
        Doing::Runs => "running".to_owned(),
        Doing::Starves => "waiting for a CPU".to_owned(),
        Doing::WaitsForLock => "waiting for the interpreter's lock".to_owned(),
        Doing::Stopped => "stopped".to_owned(),
        Doing::Blocked(None) => "blocked".to_owned(),
        Doing::Blocked(Some(call)) => {
            called(calls.in_full(call), names).unwrap_or_else(|| "blocked".to_owned())
        }
    }
}

fn called(id: KernelCallId, names: &Dictionary) -> Option<String> {
    let call = names.get_kernel_call(id)?;
    let object = call.peer.or(call.name).map(|text| format!(" ({})", names.text(text)));
    Some(format!("blocked in {}{}", names.text(call.call), object.unwrap_or_default()))
}

/// The line that the stall was at for longest.
fn location(episode: &Episode, names: &Dictionary) -> Option<String> {
    let mut lines = Heaviest::<FrameId, 16>::new();
    for ((stack, loop_depth), weight) in episode.places.iter() {
        if let Some(frame) = stack.and_then(|stack| line_of(stack, loop_depth, names)) {
            lines.add(frame, weight);
        }
    }
    let frame = names.get_frame(lines.most()?)?;
    let code = names.get_code(frame.code)?;
    Some(format!("{}:{} in {}", names.text(code.file), frame.line, names.text(code.function)))
}

fn line_of(stack: StackId, loop_depth: Option<u32>, names: &Dictionary) -> Option<FrameId> {
    let frames = names.stack_frames(stack);
    let known = loop_depth.and_then(|depth| usize::try_from(depth).ok()).unwrap_or(0);
    let depth = known.max(asyncio_depth(names, &frames));
    place_to_look(names, &frames, depth)
}
