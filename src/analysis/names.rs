//! Names of things for people: frames, tasks, files.

use std::borrow::Cow;

use crate::model::{CodeLocation, Dictionary, FrameId, FrameKind, StackId, TaskId};

/// A frame with its names looked up; what is unknown is `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FrameNames<'a> {
    /// The qualified function name.
    pub function: Option<&'a str>,
    /// The file, as the interpreter holds it.
    pub file: Option<&'a str>,
    /// The line, from 1.
    pub line: Option<u32>,
    /// What kind of function it is.
    pub kind: Option<FrameKind>,
}

impl<'a> FrameNames<'a> {
    /// Looks a frame up.
    #[must_use]
    pub fn of(dictionary: &'a Dictionary, id: FrameId) -> Self {
        let frame = dictionary.get_frame(id);
        let code = frame.and_then(|frame| dictionary.get_code(frame.code));
        Self {
            function: code.and_then(|code| known(dictionary.text(code.function))),
            file: code.and_then(|code| known(dictionary.text(code.file))),
            line: frame.map(|frame| frame.line).filter(|&line| line > 0),
            kind: code.map(|code| code.kind),
        }
    }

    /// The function, or `?`.
    #[must_use]
    pub fn function_or_unknown(&self) -> &'a str {
        self.function.unwrap_or("?")
    }

    /// `dir/file.py:12`, as far as it is known.
    #[must_use]
    pub fn place(&self) -> String {
        match (self.file.map(short_path), self.line) {
            (Some(file), Some(line)) => format!("{file}:{line}"),
            (Some(file), None) => file.into_owned(),
            (None, _) if self.kind == Some(FrameKind::Native) => "native".to_owned(),
            (None, _) => "?".to_owned(),
        }
    }
}

/// File and first line of a code object; what is unknown is `None`.
#[must_use]
pub fn code_place<'a>(
    dictionary: &'a Dictionary,
    code: &CodeLocation,
) -> (Option<&'a str>, Option<u32>) {
    (known(dictionary.text(code.file)), Some(code.first_line).filter(|&line| line > 0))
}

/// The name of a task, where it is known.
#[must_use]
pub fn task_name(dictionary: &Dictionary, id: TaskId) -> Option<&str> {
    known(dictionary.text(dictionary.get_task(id)?.name?))
}

/// The qualified name of a task's outermost coroutine, where it is known.
#[must_use]
pub fn task_coroutine(dictionary: &Dictionary, id: TaskId) -> Option<&str> {
    known(dictionary.text(dictionary.get_task(id)?.coroutine?))
}

/// Whether a task's name is the one asyncio gives when the program gives none (`Task-17`).
#[must_use]
pub fn is_default_name(name: &str) -> bool {
    name.strip_prefix("Task-")
        .is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}

/// Whether the innermost frame of a stack is one in which Python threads sit and wait. A guess
/// from names, for threads without a loop only: nothing else says whether they do anything.
#[must_use]
pub fn is_parked(dictionary: &Dictionary, stack: StackId) -> bool {
    const PARKED: [(&str, &str); 9] = [
        ("threading.py", "wait"),
        ("threading.py", "_wait_for_tstate_lock"),
        ("threading.py", "join"),
        ("queue.py", "get"),
        ("thread.py", "_worker"),
        ("selectors.py", "select"),
        ("connection.py", "wait"),
        ("socket.py", "accept"),
        ("socketserver.py", "serve_forever"),
    ];
    let Some(leaf) = dictionary.get_stack(stack) else { return false };
    let FrameNames { function, file, .. } = FrameNames::of(dictionary, leaf.frame);
    let (Some(function), Some(file)) = (function, file) else { return false };
    let file = file.rsplit('/').next().unwrap_or(file);
    // Qualified from 3.11 on, bare before.
    let function = function.rsplit('.').next().unwrap_or(function);
    PARKED.contains(&(file, function))
}

fn known(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

/// The innermost frame of a stack whose code is none of the standard library's; the innermost one
/// of all if there is no such frame.
#[must_use]
pub fn own_frame(dictionary: &Dictionary, stack: StackId) -> Option<FrameId> {
    const DEEPEST: usize = 4096;
    let mut next = Some(stack);
    for _ in 0..DEEPEST {
        let node = dictionary.get_stack(next?)?;
        let FrameNames { file, kind, .. } = FrameNames::of(dictionary, node.frame);
        let own = file.is_some_and(|file| !is_library(file) && !file.starts_with('<'));
        if own && kind != Some(FrameKind::Native) {
            return Some(node.frame);
        }
        next = node.parent;
        if next.is_none() {
            break;
        }
    }
    dictionary.get_stack(stack).map(|leaf| leaf.frame)
}

/// Whether a file wraps asyncio's primitives for the rest of its library or for others: it says
/// nothing of who waits.
pub(super) fn passes_on(file: &str) -> bool {
    const WRAPPERS: [&str; 8] = [
        "/anyio/_backends/_asyncio.py",
        "/anyio/_core/_synchronization.py",
        "/httpcore/_synchronization.py",
        "/psycopg_pool/_acompat.py",
        "/sqlalchemy/util/compat.py",
        "/sqlalchemy/util/concurrency.py",
        "/sqlalchemy/util/_concurrency_py3k.py",
        "/sqlalchemy/util/queue.py",
    ];
    WRAPPERS.iter().any(|wrapper| file.ends_with(wrapper))
}

/// Whether a file belongs to the standard library.
#[must_use]
pub fn is_library(path: &str) -> bool {
    let installed = path.contains("/site-packages/") || path.contains("/dist-packages/");
    !installed && in_standard_library(path).is_some()
}

/// A path for people: libraries without what comes before their package, long paths of the
/// program's own files without what comes before the last directory.
#[must_use]
pub fn short_path(path: &str) -> Cow<'_, str> {
    const LIBRARIES: [&str; 2] = ["/site-packages/", "/dist-packages/"];
    const LONG: usize = 40;
    for marker in LIBRARIES {
        if let Some((_, rest)) = path.rsplit_once(marker) {
            return Cow::Borrowed(rest);
        }
    }
    if let Some(rest) = in_standard_library(path) {
        return Cow::Borrowed(rest);
    }
    let tail = path.rmatch_indices('/').nth(1).and_then(|(at, _)| path.get(at + 1..));
    match tail {
        Some(tail) if path.len() > LONG => Cow::Owned(format!("…/{tail}")),
        _ => Cow::Borrowed(path),
    }
}

fn in_standard_library(path: &str) -> Option<&str> {
    let (_, after) = path.rsplit_once("/lib/python3.")?;
    let (minor, rest) = after.split_once('/')?;
    minor.trim_end_matches('t').bytes().all(|b| b.is_ascii_digit()).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn library_paths_begin_at_the_package() {
        assert_eq!(short_path("/usr/lib/python3.13/asyncio/tasks.py"), "asyncio/tasks.py");
        assert_eq!(short_path("/x/lib/python3.13t/asyncio/tasks.py"), "asyncio/tasks.py");
        let site = "/v/lib/python3.9/site-packages/aiohttp/client.py";
        assert_eq!(short_path(site), "aiohttp/client.py");
        assert_eq!(short_path("app.py"), "app.py");
        assert_eq!(short_path("/srv/app.py"), "/srv/app.py");
        let long = "/home/somebody/projects/service/src/app/main.py";
        assert_eq!(short_path(long), "…/app/main.py");
    }

    #[test]
    fn what_wraps_primitives_is_told_from_the_pools_that_use_it() {
        let site = |file: &str| format!("/v/lib/python3.12/site-packages/{file}");
        for file in ["anyio/_backends/_asyncio.py", "sqlalchemy/util/compat.py"] {
            assert!(passes_on(&site(file)), "{file}");
        }
        for file in ["httpcore/_async/connection_pool.py", "sqlalchemy/ext/asyncio/engine.py"] {
            assert!(!passes_on(&site(file)), "{file}");
        }
    }

    #[test]
    fn default_names_are_told_apart() {
        assert!(is_default_name("Task-17"));
        assert!(!is_default_name("Task-"));
        assert!(!is_default_name("Task-x"));
        assert!(!is_default_name("worker"));
    }
}
