//! Executors over time: how busy, how much in line, which jobs.

use rustc_hash::FxHashMap;

use crate::model::{
    Dictionary, Duration, FrameId, ObjectId, ObjectState, StringId, TaskId, Timestamp, WaitKind,
};

use super::names::own_frame;
use super::series::Series;
use super::waits::Waited;

/// One executor over time, while somebody waited for a job of its.
#[derive(Debug, Clone, PartialEq)]
pub struct Executor {
    /// The executor; `None` for jobs of which it is not known.
    pub object: Option<ObjectId>,
    /// Its type.
    pub type_name: Option<StringId>,
    /// The line that was first seen waiting for one of its jobs.
    pub place: Option<FrameId>,
    /// The most workers it may have.
    pub workers: Option<u32>,
    /// The most workers that were busy at once.
    pub most_busy: Option<u32>,
    /// The most jobs that waited for a worker.
    pub most_queued: Option<u32>,
    /// Jobs that waited for a worker, over time.
    pub queued: Series,
    /// How long jobs waited while all workers were busy.
    pub saturated: Duration,
    /// How long its state was known.
    pub seen: Duration,
    /// Its jobs, those first that were waited for longest.
    pub jobs: Vec<Job>,
}

/// The jobs of one function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// The function; `None` where it is not known.
    pub function: Option<StringId>,
    /// How often a task was seen to wait for one.
    pub waits: u64,
    /// How long, all in all: in line and running.
    pub total: Duration,
    /// The task that waited longest.
    pub task: Option<TaskId>,
}

#[derive(Debug, Default)]
struct Sum {
    place: Option<FrameId>,
    jobs: FxHashMap<Option<StringId>, JobSum>,
    state: Option<(Timestamp, ObjectState)>,
    workers: Option<u32>,
    most_busy: Option<u32>,
    most_queued: Option<u32>,
    queued: Series,
    saturated: Duration,
    seen: Duration,
}

#[derive(Debug, Default)]
struct JobSum {
    waits: u64,
    total: Duration,
    longest: Option<(Duration, TaskId)>,
    last: FxHashMap<TaskId, Timestamp>,
}

/// Sums up what executors did.
#[derive(Debug, Default)]
pub(super) struct Executors {
    sums: FxHashMap<Option<ObjectId>, Sum>,
}

impl Executors {
    /// A task waited.
    pub(super) fn waited(&mut self, dictionary: &Dictionary, waited: &Waited) {
        let Some(reason) = waited.waiting.wait.and_then(|wait| dictionary.get_wait(wait)) else {
            return;
        };
        if reason.kind != WaitKind::Executor {
            return;
        }
        let sum = self.sums.entry(reason.object).or_default();
        if sum.place.is_none() {
            sum.place = waited.waiting.chain.and_then(|chain| own_frame(dictionary, chain));
        }
        let job = sum.jobs.entry(reason.detail).or_default();
        job.total = job.total + waited.counted;
        let since = waited.waiting.since;
        if job.last.insert(waited.task, since) != Some(since) {
            job.waits += 1;
        }
        job.longest = job.longest.max(Some((waited.until.since(since), waited.task)));
    }

    /// An object stands like this from `time` on; `ours` says whether it is an executor.
    pub(super) fn stands(&mut self, time: Timestamp, object: ObjectId, state: &ObjectState) {
        let sum = self.sums.entry(Some(object)).or_default();
        sum.account(time);
        sum.workers = state.capacity.or(sum.workers);
        sum.most_busy = sum.most_busy.max(state.value);
        sum.most_queued = sum.most_queued.max(state.size);
        if let Some(size) = state.size {
            sum.queued.push(time, size);
        }
        sum.state = Some((time, state.clone()));
    }

    /// Every executor that was waited for.
    pub(super) fn finish(self, dictionary: &Dictionary, end: Timestamp) -> Vec<Executor> {
        let mut all: Vec<Executor> = self
            .sums
            .into_iter()
            .filter(|(_, sum)| !sum.jobs.is_empty())
            .map(|(object, mut sum)| {
                sum.account(end);
                let type_name = object.and_then(|object| dictionary.get_object(object));
                sum.finish(object, type_name)
            })
            .collect();
        all.sort_unstable_by_key(|facts| (facts.object.is_none(), facts.object));
        all
    }
}

impl Sum {
    fn account(&mut self, time: Timestamp) {
        let Some((since, state)) = &self.state else { return };
        let length = time.since(*since);
        if state.size.is_some() {
            self.seen = self.seen + length;
        }
        if state.size.is_some_and(|size| size > 0) {
            self.saturated = self.saturated + length;
        }
    }

    fn finish(self, object: Option<ObjectId>, type_name: Option<StringId>) -> Executor {
        let mut jobs: Vec<Job> = self
            .jobs
            .into_iter()
            .map(|(function, sum)| Job {
                function,
                waits: sum.waits,
                total: sum.total,
                task: sum.longest.map(|(_, task)| task),
            })
            .collect();
        jobs.sort_unstable_by_key(|job| (std::cmp::Reverse(job.total), job.function));
        Executor {
            object,
            type_name,
            place: self.place,
            workers: self.workers,
            most_busy: self.most_busy,
            most_queued: self.most_queued,
            queued: self.queued,
            saturated: self.saturated,
            seen: self.seen,
            jobs,
        }
    }
}
