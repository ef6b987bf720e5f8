//! Everything about waiting, fed with the same events.

use rustc_hash::FxHashMap;

use crate::model::{Dictionary, Duration, Event, TaskId, Timestamp};

use super::contention::{Contention, Contentions};
use super::executors::{Executor, Executors};
use super::population::{Counting, Population};
use super::task_clock::Stretch;
use super::waits::{TaskWait, Waited, Waits};

/// Types of objects that are executors.
const EXECUTORS: [&str; 2] = ["ThreadPoolExecutor", "ProcessPoolExecutor"];

#[derive(Debug, Default)]
pub(super) struct WaitSums {
    waits: Waits,
    contention: Contentions,
    executors: Executors,
    counting: Counting,
}

pub(super) struct WaitFacts {
    pub(super) waits: FxHashMap<TaskId, Vec<TaskWait>>,
    pub(super) contention: Vec<Contention>,
    pub(super) executors: Vec<Executor>,
    pub(super) population: Population,
}

impl WaitSums {
    /// Takes an event of the census at `time`, with the stretch that has become known by it.
    pub(super) fn event(
        &mut self,
        event: &Event,
        stretch: Option<(TaskId, Stretch)>,
        dictionary: &Dictionary,
        time: Timestamp,
    ) {
        let waited = self.waits.event(event, stretch, dictionary, time);
        self.waited(waited, dictionary);
        self.counting.event(event, dictionary, time);
        if let Event::ObjectState { object, state } = event {
            let type_name = dictionary.get_object(*object).map(|name| dictionary.text(name));
            // A subclass has a name of its own; what it is shows in who waits for it, too late here.
            if type_name.is_some_and(|name| EXECUTORS.iter().any(|known| name.ends_with(known))) {
                self.executors.stands(time, *object, state);
                return;
            }
        }
        self.contention.event(event, dictionary, time);
    }

    pub(super) fn take_back(&mut self, task: TaskId, time: Duration) {
        if time > Duration::ZERO {
            self.waits.take_back(task, time);
        }
    }

    /// What was still going on at the end.
    pub(super) fn close(
        &mut self,
        open: impl Iterator<Item = (TaskId, Stretch)>,
        dictionary: &Dictionary,
    ) {
        for (task, stretch) in open {
            let waited = self.waits.close(task, stretch, dictionary);
            self.waited(waited, dictionary);
        }
    }

    fn waited(&mut self, waited: Option<Waited>, dictionary: &Dictionary) {
        if let Some(waited) = waited {
            self.contention.waited(dictionary, &waited);
            self.executors.waited(dictionary, &waited);
        }
    }

    pub(super) fn finish(self, dictionary: &Dictionary, end: Timestamp) -> WaitFacts {
        WaitFacts {
            waits: self.waits.finish(),
            contention: self.contention.finish(end),
            executors: self.executors.finish(dictionary, end),
            population: self.counting.finish(),
        }
    }
}
