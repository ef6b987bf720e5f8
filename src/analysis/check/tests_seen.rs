//! Tests of a test suite, and what happened in which.
//!
//! A task belongs to a test if its name is a pytest node id (the plugin under `samples/pytest/`
//! gives such names), or if its outermost coroutine is a test function in a test file. What else the
//! thread of its loop does while a test's task is alive happens in that test: loops of their own come
//! and go with tests, threads stay.

use rustc_hash::FxHashMap;

use super::place::Place;
use super::run::definition;
use crate::analysis::{Analysis, task_name};
use crate::model::{LoopId, Stall, TaskId, ThreadId, Timestamp};

/// A stretch of a thread's time that belongs to a test.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Spell {
    thread: Option<ThreadId>,
    from: Timestamp,
    to: Timestamp,
    test: String,
    task: TaskId,
}

/// The tests of a recording.
#[derive(Debug, Default)]
pub(super) struct TestsSeen {
    spells: Vec<Spell>,
}

impl TestsSeen {
    pub(super) fn of(analysis: &Analysis) -> Self {
        let dictionary = &analysis.dictionary;
        let threads: FxHashMap<LoopId, Option<ThreadId>> =
            analysis.loops.iter().map(|event_loop| (event_loop.id, event_loop.thread)).collect();
        let mut spells = Vec::new();
        for time in &analysis.tasks {
            let Some(task) = dictionary.get_task(time.id) else { continue };
            let named = task_name(dictionary, time.id).filter(|name| is_node_id(name));
            let test = named
                .map(str::to_owned)
                .or_else(|| test_at(&definition(dictionary, task.coroutine, task.code)));
            if let Some(test) = test {
                let event_loop = task.event_loop.and_then(|id| threads.get(&id));
                let thread = event_loop.copied().flatten();
                let (from, to) = (time.first_seen, time.last_seen);
                spells.push(Spell { thread, from, to, test, task: time.id });
            }
        }
        spells.sort_unstable();
        Self { spells }
    }

    /// Every test once.
    pub(super) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.spells.iter().map(|spell| spell.test.clone()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The test that a stall happened in: the one whose task was stuck, else the one that was alive
    /// on its thread for most of it, else the one whose function is on its stack.
    pub(super) fn of_stall(&self, stall: &Stall, stack: &[Place]) -> Option<String> {
        let own = self.spells.iter().find(|spell| Some(spell.task) == stall.task);
        let overlap = |spell: &&Spell| {
            let from = spell.from.max(stall.start);
            spell.to.min(stall.end()).since(from)
        };
        let around = || {
            let on_thread = self.spells.iter().filter(|spell| spell.thread == Some(stall.thread));
            on_thread.max_by_key(overlap).filter(|spell| overlap(spell).as_nanos() > 0)
        };
        own.or_else(around)
            .map(|spell| spell.test.clone())
            .or_else(|| stack.iter().find_map(test_at))
    }
}

/// `tests/test_api.py::TestGet::test_slow[1]`.
fn is_node_id(name: &str) -> bool {
    name.split_once("::").is_some_and(|(file, test)| file.ends_with(".py") && !test.is_empty())
}

/// The test that a function is, from its name and file: `test_api.py::test_slow`.
fn test_at(place: &Place) -> Option<String> {
    let file = place.file.rsplit('/').next().unwrap_or_default();
    let is_test_file =
        (file.starts_with("test_") && file.ends_with(".py")) || file.ends_with("_test.py");
    let mut parts = place.function.split('.').filter(|part| *part != "<locals>");
    let is_test = |part: &str| part.starts_with("test");
    if !is_test_file || !parts.clone().any(is_test) {
        return None;
    }
    // `TestGet.test_slow`, up to the test: helpers inside it belong to it.
    let mut id = file.to_owned();
    for part in parts.by_ref() {
        id.push_str("::");
        id.push_str(part);
        if is_test(part) {
            break;
        }
    }
    Some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_known_by_their_names() {
        let id = |file: &str, function: &str| {
            test_at(&Place { function: function.into(), file: file.into(), ..Place::default() })
        };
        let shown = |text: &str| Some(text.to_owned());
        assert_eq!(id("/a/test_api.py", "test_slow"), shown("test_api.py::test_slow"));
        assert_eq!(id("/a/api_test.py", "TestX.test_y"), shown("api_test.py::TestX::test_y"));
        let inner = id("test_api.py", "test_slow.<locals>.helper");
        assert_eq!(inner, shown("test_api.py::test_slow"));
        assert_eq!(id("/a/api.py", "test_slow"), None);
        assert_eq!(id("/a/test_api.py", "helper"), None);
        assert!(is_node_id("tests/test_api.py::test_slow[1-2]"));
        assert!(!is_node_id("worker::1"));
    }
}
