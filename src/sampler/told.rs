//! A stall in words, told as it happens.

use crate::model::{
    Dictionary, Duration, KernelCallId, StackId, Timestamp, asyncio_depth, place_to_look,
};

use super::episode::{Doing, Episode};

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
    /// The innermost frame of the program's own code that the loop called, else of a library's.
    pub location: Option<String>,
    /// The task that ran.
    pub task: Option<String>,
    /// Whether it goes on.
    pub ongoing: bool,
}

impl LiveStall {
    pub(super) fn of(pid: u32, episode: &Episode, ongoing: bool, names: &Dictionary) -> Self {
        let task = episode.task.and_then(|task| names.get_task(task)?.name);
        Self {
            pid,
            start: episode.start,
            duration: episode.length(),
            cause: cause(episode.doing, names),
            location: episode.stack.and_then(|stack| location(stack, episode.loop_depth, names)),
            task: task.map(|name| names.text(name).to_owned()),
            ongoing,
        }
    }
}

fn cause(doing: Doing, names: &Dictionary) -> String {
    match doing {
        Doing::Runs => "running".to_owned(),
        Doing::Starves => "waiting for a CPU".to_owned(),
        Doing::WaitsForLock => "waiting for the interpreter's lock".to_owned(),
        Doing::Stopped => "stopped".to_owned(),
        Doing::Blocked(None) => "blocked".to_owned(),
        Doing::Blocked(Some(call)) => called(call, names).unwrap_or_else(|| "blocked".to_owned()),
    }
}

fn called(id: KernelCallId, names: &Dictionary) -> Option<String> {
    let call = names.get_kernel_call(id)?;
    let object = call.peer.or(call.name).map(|text| format!(" ({})", names.text(text)));
    Some(format!("blocked in {}{}", names.text(call.call), object.unwrap_or_default()))
}

fn location(stack: StackId, loop_depth: Option<u32>, names: &Dictionary) -> Option<String> {
    let frames = names.stack_frames(stack);
    let known = loop_depth.and_then(|depth| usize::try_from(depth).ok()).unwrap_or(0);
    let depth = known.max(asyncio_depth(names, &frames));
    let frame = names.get_frame(place_to_look(names, &frames, depth)?)?;
    let code = names.get_code(frame.code)?;
    Some(format!("{}:{} in {}", names.text(code.file), frame.line, names.text(code.function)))
}
