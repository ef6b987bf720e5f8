//! Where in a stack the user should look.

use crate::model::{Dictionary, Frame, FrameId, FrameKind, StackId, asyncio_depth};

use crate::analysis::FrameNames;

/// The frames of a callback: what lies above the loop's own frames, outermost first.
///
/// Those of the loop are the ones that the stack has in common with the stack in which the loop
/// last polled; it works for any loop. Without one, a task's frames begin at its root coroutine, and
/// others above the last frame of asyncio's own machinery.
pub(super) fn callback_frames(
    dictionary: &Dictionary,
    stack: StackId,
    task_depth: Option<u32>,
    poll: Option<StackId>,
) -> Vec<FrameId> {
    let mut frames = dictionary.stack_frames(stack);
    frames.drain(..callback_depth(dictionary, stack, task_depth, poll).min(frames.len()));
    frames
}

/// How many frames are the loop's own.
pub(super) fn callback_depth(
    dictionary: &Dictionary,
    stack: StackId,
    task_depth: Option<u32>,
    poll: Option<StackId>,
) -> usize {
    if let Some(depth) = task_depth {
        return depth as usize;
    }
    let frames = dictionary.stack_frames(stack);
    let common = poll.map_or(0, |poll| common(dictionary, &frames, poll));
    common.max(asyncio_depth(dictionary, &frames))
}

/// A stack, seen from the loop.
pub(super) struct Layers {
    /// Whether the loop runs in it.
    pub(super) in_loop: bool,
    /// Whether it is inside a callback that asyncio's own code called.
    pub(super) in_handle: bool,
    /// Frames above the loop's own.
    pub(super) above: usize,
}

impl Layers {
    pub(super) fn of(dictionary: &Dictionary, stack: StackId, poll: Option<StackId>) -> Self {
        let frames = dictionary.stack_frames(stack);
        let machinery = asyncio_depth(dictionary, &frames);
        let shared = poll.map_or(0, |poll| common(dictionary, &frames, poll));
        // The innermost frame of a poll may be the poll itself.
        let whole =
            poll.map_or(usize::MAX, |poll| dictionary.stack_frames(poll).len().saturating_sub(1));
        let in_handle = frames.iter().any(|&id| {
            let names = FrameNames::of(dictionary, id);
            let function = names.function.and_then(|name| name.rsplit('.').next());
            function == Some("_run")
                && names.file.is_some_and(|it| it.ends_with("asyncio/events.py"))
        });
        Self {
            in_loop: machinery > 0 || shared >= whole.max(1),
            in_handle,
            above: frames.len().saturating_sub(machinery.max(shared)),
        }
    }
}

/// Whether two stacks have a frame above the loop's own in common.
pub(super) fn share_more(
    dictionary: &Dictionary,
    one: StackId,
    other: StackId,
    poll: Option<StackId>,
) -> bool {
    let frames = dictionary.stack_frames(one);
    let own = asyncio_depth(dictionary, &frames)
        .max(poll.map_or(0, |poll| common(dictionary, &frames, poll)));
    common(dictionary, &frames, other) > own
}

/// How many frames, outermost first, run the same code.
fn common(dictionary: &Dictionary, frames: &[FrameId], poll: StackId) -> usize {
    let code = |id: FrameId| dictionary.get_frame(id).map(|Frame { code, .. }| code);
    let polling = dictionary.stack_frames(poll);
    // The innermost frame of a poll is the poll itself, unless the loop has no Python code.
    frames.iter().zip(&polling).take_while(|(a, b)| code(**a) == code(**b)).count()
}

/// The coroutines of a running task, root outermost.
pub(super) fn await_chain(
    dictionary: &Dictionary,
    stack: StackId,
    task_depth: Option<u32>,
) -> Vec<FrameId> {
    let Some(depth) = task_depth else { return Vec::new() };
    let frames = dictionary.stack_frames(stack).into_iter().skip(depth as usize);
    frames
        .take_while(|&id| {
            let kind = FrameNames::of(dictionary, id).kind;
            kind.is_some_and(|kind| kind != FrameKind::Function)
        })
        .collect()
}

/// The module whose import the frames are in; `Some(None)` where its name is not to be seen.
pub(super) fn importing(dictionary: &Dictionary, frames: &[FrameId]) -> Option<Option<String>> {
    let names = |id: FrameId| FrameNames::of(dictionary, id);
    let begin = frames.iter().position(|&id| {
        let FrameNames { function, file, .. } = names(id);
        function == Some("_find_and_load") && file.is_some_and(|file| file.contains("importlib"))
    })?;
    let module = frames.iter().skip(begin).map(|&id| names(id));
    let module = module.filter(|names| names.function == Some("<module>"));
    Some(module.filter_map(|names| names.file).map(module_name).next())
}

/// `pkg/sub/__init__.py` is `pkg.sub`.
fn module_name(file: &str) -> String {
    let short = crate::analysis::short_path(file);
    let absolute = short.starts_with('/') || short.starts_with('…');
    let path = if absolute { short.rsplit('/').next().unwrap_or(&short) } else { &short };
    let path = path.strip_suffix(".py").unwrap_or(path);
    path.strip_suffix("/__init__").unwrap_or(path).replace('/', ".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_named_after_their_files() {
        assert_eq!(module_name("/usr/lib/python3.13/json/__init__.py"), "json");
        assert_eq!(module_name("/usr/lib/python3.13/json/decoder.py"), "json.decoder");
        assert_eq!(module_name("/srv/app/slow.py"), "slow");
    }
}
