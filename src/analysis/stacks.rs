//! Which stacks were seen, how often, and for how long.

use rustc_hash::FxHashMap;

use crate::model::{Activity, Dictionary, Duration, Sample, StackId, TaskId, ThreadId};

use super::facts::{HotStack, StackTask};
use super::names::is_default_name;

/// With more stacks than this, tasks that asyncio named are drawn together by their coroutine:
/// a server that makes a task per request would otherwise have as many stacks as requests.
const MOST_STACKS: usize = 10_000;

type Counts = (u64, Duration);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key<Task> {
    thread: ThreadId,
    task: Option<Task>,
    stack: Option<StackId>,
    task_depth: Option<u32>,
    activity: Activity,
}

/// Sums up samples by stack.
#[derive(Debug, Default)]
pub(super) struct StackSums {
    sums: FxHashMap<Key<TaskId>, Counts>,
}

impl StackSums {
    pub(super) fn add(&mut self, sample: &Sample, weight: Duration) {
        let Sample { thread, stack, task, task_depth, activity, .. } = *sample;
        let key = Key { thread, task, stack, task_depth, activity };
        let counts = self.sums.entry(key).or_default();
        *counts = (counts.0 + 1, counts.1 + weight);
    }

    pub(super) fn finish(self, dictionary: &Dictionary) -> Vec<HotStack> {
        let merge = self.sums.len() > MOST_STACKS;
        let mut merged: FxHashMap<Key<StackTask>, Counts> = FxHashMap::default();
        let sums: Vec<(Key<TaskId>, Counts)> = self.sums.into_iter().collect();
        for (Key { thread, task, stack, task_depth, activity }, (samples, weight)) in sums {
            let task = task.map(|id| stack_task(dictionary, id, merge));
            let counts =
                merged.entry(Key { thread, task, stack, task_depth, activity }).or_default();
            *counts = (counts.0 + samples, counts.1 + weight);
        }
        let mut stacks: Vec<HotStack> = merged
            .into_iter()
            .map(|(Key { thread, task, stack, task_depth, activity }, (samples, weight))| {
                HotStack { thread, task, stack, task_depth, activity, samples, weight }
            })
            .collect();
        stacks.sort_unstable_by_key(|hot| {
            let asleep = hot.activity == Activity::Polling;
            let heaviest = std::cmp::Reverse((hot.weight, hot.samples));
            (asleep, heaviest, hot.thread, hot.stack, hot.task, hot.task_depth, hot.activity)
        });
        stacks
    }
}

fn stack_task(dictionary: &Dictionary, id: TaskId, merge: bool) -> StackTask {
    let task = dictionary.get_task(id);
    let name = task.and_then(|task| task.name);
    let coroutine = task.and_then(|task| task.coroutine);
    if !merge {
        return StackTask { id: Some(id), name, coroutine };
    }
    let name = name.filter(|&name| !is_default_name(dictionary.text(name)));
    StackTask { id: None, name, coroutine }
}
