//! Whose code a frame runs: the event loop's, a library's or the program's own. A stall is told live
//! and explained afterwards by the same rule.

use super::code::FrameKind;
use super::dictionary::Dictionary;
use super::id::FrameId;

/// How many of these frames, outermost first, are asyncio's own, up to the last one that runs
/// callbacks.
#[must_use]
pub fn asyncio_depth(dictionary: &Dictionary, frames: &[FrameId]) -> usize {
    let last = frames.iter().rposition(|&id| {
        let Some((file, function, _)) = names(dictionary, id) else { return false };
        let function = function.rsplit('.').next().unwrap_or(function);
        (file.ends_with("asyncio/base_events.py") && function.starts_with("run_"))
            || (file.ends_with("asyncio/base_events.py") && function == "_run_once")
            || (file.ends_with("asyncio/runners.py") && function == "run")
            || (file.ends_with("asyncio/events.py") && function == "_run")
    });
    last.map_or(0, |last| last + 1)
}

/// The innermost of these frames whose code is neither the standard library's nor an installed
/// package's.
#[must_use]
pub fn innermost_own(dictionary: &Dictionary, frames: &[FrameId]) -> Option<usize> {
    frames.iter().rposition(|&id| {
        names(dictionary, id)
            .is_some_and(|(file, _, kind)| kind != FrameKind::Native && is_own_file(file))
    })
}

/// The frame to look at in a stack, of whose frames so many are the loop's own: the innermost one of
/// the program's code that the loop called, else what the loop called, else the innermost of all. What
/// the program did to start the loop says nothing about what the loop does.
#[must_use]
pub fn place_to_look(
    dictionary: &Dictionary,
    frames: &[FrameId],
    loop_depth: usize,
) -> Option<FrameId> {
    let called = frames.get(loop_depth..).unwrap_or_default();
    let own = innermost_own(dictionary, called).and_then(|at| called.get(at));
    own.or(called.first()).or(frames.last()).copied()
}

fn names(dictionary: &Dictionary, id: FrameId) -> Option<(&str, &str, FrameKind)> {
    let code = dictionary.get_code(dictionary.get_frame(id)?.code)?;
    Some((dictionary.text(code.file), dictionary.text(code.function), code.kind))
}

fn is_own_file(file: &str) -> bool {
    const INSTALLED: [&str; 2] = ["/site-packages/", "/dist-packages/"];
    !file.is_empty()
        && !file.starts_with("<frozen ")
        && !INSTALLED.iter().any(|part| file.contains(part))
        && !in_library(file)
}

/// `…/lib/python3.12/…`, with or without letters after the version.
fn in_library(file: &str) -> bool {
    let Some((_, after)) = file.rsplit_once("/lib/python3") else { return false };
    let Some((version, _)) = after.split_once('/') else { return false };
    version.chars().all(|c| c == '.' || c.is_ascii_digit() || c == 't')
}

#[cfg(test)]
mod tests {
    use super::super::code::{CodeLocation, Frame};
    use super::*;

    #[test]
    fn installed_code_is_not_the_users() {
        assert!(is_own_file("/srv/app/main.py"));
        assert!(is_own_file("app.py"));
        assert!(!is_own_file("/usr/lib/python3.13/socket.py"));
        assert!(!is_own_file("/x/lib/python3.13t/socket.py"));
        assert!(!is_own_file("/v/lib/python3.9/site-packages/requests/api.py"));
        assert!(!is_own_file("/usr/lib/python3/dist-packages/requests/api.py"));
        assert!(!is_own_file("<frozen importlib._bootstrap>"));
    }

    fn frames(dictionary: &mut Dictionary, places: &[(&str, &str)]) -> Vec<FrameId> {
        let kind = FrameKind::Function;
        let mut frame = |&(file, function): &(&str, &str)| {
            let (file, function) = (dictionary.string(file)?, dictionary.string(function)?);
            let code = dictionary.code(CodeLocation { file, function, first_line: 1, kind })?;
            dictionary.frame(Frame { code, line: 1 })
        };
        places.iter().map(|place| frame(place).expect("ids are left")).collect()
    }

    const LOOP: [(&str, &str); 5] = [
        ("/srv/app.py", "main"),
        ("/usr/lib/python3.13/asyncio/runners.py", "Runner.run"),
        ("/usr/lib/python3.13/asyncio/base_events.py", "BaseEventLoop.run_forever"),
        ("/usr/lib/python3.13/asyncio/base_events.py", "BaseEventLoop._run_once"),
        ("/usr/lib/python3.13/asyncio/events.py", "Handle._run"),
    ];

    fn place(inside: &[(&str, &str)]) -> (usize, String) {
        let mut dictionary = Dictionary::new();
        let stack: Vec<_> = LOOP.iter().chain(inside).copied().collect();
        let frames = frames(&mut dictionary, &stack);
        let depth = asyncio_depth(&dictionary, &frames);
        let frame = place_to_look(&dictionary, &frames, depth).unwrap();
        (depth, names(&dictionary, frame).unwrap().1.to_owned())
    }

    #[test]
    fn what_started_the_loop_is_not_where_a_callback_is() {
        let library = ("/v/site-packages/redis/client.py", "get");
        let socket = ("/usr/lib/python3.13/socket.py", "recv");
        let own = [("/srv/app.py", "handler"), ("/srv/app.py", "cached"), library, socket];
        assert_eq!(place(&own), (5, "cached".to_owned()));
        assert_eq!(place(&[library, socket]), (5, "get".to_owned()));
        assert_eq!(place(&[]), (5, "Handle._run".to_owned()));
    }
}
