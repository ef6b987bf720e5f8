//! Which stacks were seen, how often, and for how long.

use rustc_hash::FxHashMap;

use crate::model::{Activity, Dictionary, Duration, Sample, StackId, TaskId, ThreadId};

use super::facts::{HotStack, StackTask};
use super::names::is_default_name;

/// With more stacks than this, tasks that asyncio named are drawn together by their coroutine:
/// a server that makes a task per request would otherwise have as many stacks as requests.
const MOST_STACKS: usize = 10_000;

type Counts = (u64, Duration);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Key<Task> {
    task: Option<Task>,
    stack: Option<StackId>,
    thread: ThreadId,
    task_depth: Option<u32>,
    activity: Activity,
}

/// Samples that are put aside before they are summed up.
const FRESH: usize = 1 << 16;

/// Sums up samples by stack.
///
/// Of many tasks nearly every sample may have a stack of its own. Putting them aside and sorting
/// them takes a fraction of the time of looking each up in a table that no cache can hold.
#[derive(Debug, Default)]
pub(super) struct StackSums {
    /// In order of their keys.
    sums: Vec<(Key<TaskId>, Counts)>,
    fresh: Vec<(Key<TaskId>, Counts)>,
}

impl StackSums {
    pub(super) fn add(&mut self, sample: &Sample, weight: Duration) {
        let Sample { thread, stack, task, task_depth, activity, .. } = *sample;
        let key = Key { task, stack, thread, task_depth, activity };
        self.fresh.push((key, (1, weight)));
        if self.fresh.len() >= FRESH.max(self.sums.len()) {
            self.fold();
        }
    }

    /// Sums up what was put aside.
    fn fold(&mut self) {
        // What is in order already is only merged.
        self.fresh.sort_unstable_by_key(|(key, _)| *key);
        sum_neighbours(&mut self.fresh);
        self.sums.append(&mut self.fresh);
        self.sums.sort_by_key(|(key, _)| *key);
        sum_neighbours(&mut self.sums);
    }

    pub(super) fn finish(mut self, dictionary: &Dictionary) -> Vec<HotStack> {
        self.fold();
        let merge = self.sums.len() > MOST_STACKS;
        let mut merged: FxHashMap<Key<StackTask>, Counts> = FxHashMap::default();
        let mut last: Option<(TaskId, StackTask)> = None;
        for (Key { task, stack, thread, task_depth, activity }, (samples, weight)) in self.sums {
            let task = task.map(|id| match last {
                Some((known, task)) if known == id => task,
                _ => last.insert((id, stack_task(dictionary, id, merge))).1,
            });
            let counts =
                merged.entry(Key { task, stack, thread, task_depth, activity }).or_default();
            *counts = (counts.0 + samples, counts.1 + weight);
        }
        let mut stacks: Vec<HotStack> = merged
            .into_iter()
            .map(|(Key { task, stack, thread, task_depth, activity }, (samples, weight))| {
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

/// Draws neighbours with the same key together.
fn sum_neighbours(all: &mut Vec<(Key<TaskId>, Counts)>) {
    all.dedup_by(|(key, counts), (kept, sum)| {
        let same = key == kept;
        if same {
            *sum = (sum.0 + counts.0, sum.1 + counts.1);
        }
        same
    });
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    #[test]
    fn samples_are_summed_up_however_many_are_put_aside() {
        let mut sums = StackSums::default();
        let sample = |nth: u64, stack| Sample {
            time: Timestamp::from_nanos(nth),
            thread: ThreadId::new(1).unwrap(),
            stack: StackId::new(stack),
            task: None,
            task_depth: None,
            activity: Activity::Busy,
            context_ver: None,
            callback: None,
        };
        let count = 3 * FRESH as u64 + 7;
        (0..count).for_each(|nth| {
            let stack = if nth % 3 == 0 { 2 } else { 1 };
            sums.add(&sample(nth, stack), Duration::from_nanos(10));
        });
        let found: Vec<_> = sums
            .finish(&Dictionary::new())
            .iter()
            .map(|hot| (hot.stack.map(StackId::get), hot.samples, hot.weight.as_nanos()))
            .collect();
        let third = count.div_ceil(3);
        let rest = count - third;
        assert_eq!(found, [(Some(1), rest, rest * 10), (Some(2), third, third * 10)]);
    }
}
