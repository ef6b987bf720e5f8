//! Tasks summed up by the coroutine they run.

use rustc_hash::FxHashMap;

use crate::model::{Dictionary, Duration, StringId};

use super::facts::{CoroutineTime, TaskTime};

/// A coroutine: the same code may have several ids, one per process or reload.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Coroutine {
    name: Option<StringId>,
    place: Option<(StringId, u32)>,
}

/// Sums up tasks; coroutines that ran longest come first.
pub(super) fn sum(dictionary: &Dictionary, tasks: &[TaskTime]) -> Vec<CoroutineTime> {
    let mut sums: FxHashMap<Coroutine, CoroutineTime> = FxHashMap::default();
    for time in tasks {
        let task = dictionary.get_task(time.id);
        let name = task.and_then(|task| task.coroutine);
        let code = task.and_then(|task| task.code);
        let place = code
            .and_then(|code| dictionary.get_code(code))
            .map(|location| (location.file, location.first_line));
        let sum = sums.entry(Coroutine { name, place }).or_insert(CoroutineTime {
            name,
            code,
            tasks: 0,
            running: Duration::ZERO,
            ready: Duration::ZERO,
            waiting: Duration::ZERO,
        });
        sum.tasks += 1;
        sum.running = sum.running + time.running;
        sum.ready = sum.ready + time.ready;
        sum.waiting = sum.waiting + time.waiting;
    }
    let mut rows: Vec<(Coroutine, CoroutineTime)> = sums.into_iter().collect();
    rows.sort_unstable_by_key(|(key, sum)| {
        (std::cmp::Reverse((sum.running, sum.ready + sum.waiting)), *key)
    });
    rows.into_iter().map(|(_, sum)| sum).collect()
}
