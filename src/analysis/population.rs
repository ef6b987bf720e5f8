//! How many tasks there were: made, alive, growing, and how long they lived.

use rustc_hash::FxHashMap;

use crate::model::{Dictionary, Duration, Event, StringId, TaskId, TaskState, Timestamp};

use super::series::Series;

/// Coroutines whose tasks are counted over time.
const MOST_COROUTINES: usize = 64;

/// The tasks of a recording, counted.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Population {
    /// Tasks that were seen to come, per second. Those that came and went between two censuses are
    /// not in it.
    pub created_per_second: Option<f64>,
    /// Tasks alive over time.
    pub alive: Series,
    /// The same by coroutine, the most numerous first.
    pub by_coroutine: Vec<CoroutinePopulation>,
    /// How long tasks lived that were seen to come and to go.
    pub lifetimes: Option<Lifetimes>,
}

/// The tasks of one coroutine over time.
#[derive(Debug, Clone, PartialEq)]
pub struct CoroutinePopulation {
    /// The coroutine.
    pub coroutine: Option<StringId>,
    /// The most at once.
    pub most: u32,
    /// When last seen.
    pub last: u32,
    /// Over time.
    pub alive: Series,
    /// How many were seen to come in all.
    pub created: u64,
    /// How many were seen to go.
    pub ended: u64,
}

/// How long tasks lived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetimes {
    /// Of how many tasks.
    pub tasks: u64,
    /// Half of them lived this long at most.
    pub median: Duration,
    /// Nine tenths.
    pub p90: Duration,
    /// 99 of a hundred.
    pub p99: Duration,
    /// The longest.
    pub longest: Duration,
}

#[derive(Debug, Default)]
struct Count {
    alive: u32,
    most: u32,
    created: u64,
    ended: u64,
    series: Series,
}

/// Counts tasks.
#[derive(Debug, Default)]
pub(super) struct Counting {
    born: FxHashMap<TaskId, (Timestamp, Option<StringId>, bool)>,
    counts: FxHashMap<Option<StringId>, Count>,
    alive: Series,
    lived: Vec<Duration>,
    first: Option<Timestamp>,
    last: Timestamp,
    created: u64,
}

impl Counting {
    pub(super) fn event(&mut self, event: &Event, dictionary: &Dictionary, time: Timestamp) {
        match event {
            Event::TaskRow(row) if row.state == TaskState::Done => self.gone(row.task, time),
            Event::TaskRow(row) => self.seen(row.task, dictionary, time),
            Event::TaskGone { task } => self.gone(*task, time),
            Event::CensusEnd { .. } => self.census(time),
            _ => {}
        }
    }

    fn seen(&mut self, task: TaskId, dictionary: &Dictionary, time: Timestamp) {
        if self.born.contains_key(&task) {
            return;
        }
        let coroutine = dictionary.get_task(task).and_then(|task| task.coroutine);
        // What the first census finds had been there before.
        let new = self.first.is_some();
        self.born.insert(task, (time, coroutine, new));
        let count = self.counts.entry(coroutine).or_default();
        count.alive += 1;
        count.most = count.most.max(count.alive);
        if new {
            count.created += 1;
            self.created += 1;
        }
    }

    fn gone(&mut self, task: TaskId, time: Timestamp) {
        let Some((born, coroutine, new)) = self.born.remove(&task) else { return };
        if let Some(count) = self.counts.get_mut(&coroutine) {
            count.alive = count.alive.saturating_sub(1);
            count.ended += 1;
        }
        if new {
            self.lived.push(time.since(born));
        }
    }

    fn census(&mut self, time: Timestamp) {
        self.first.get_or_insert(time);
        self.last = time;
        self.alive.push(time, u32::try_from(self.born.len()).unwrap_or(u32::MAX));
        if self.counts.len() <= 4 * MOST_COROUTINES {
            self.counts.values_mut().for_each(|count| count.series.push(time, count.alive));
        }
    }

    pub(super) fn finish(mut self) -> Population {
        let mut by_coroutine: Vec<CoroutinePopulation> = self
            .counts
            .into_iter()
            .map(|(coroutine, count)| CoroutinePopulation {
                coroutine,
                most: count.most,
                last: count.alive,
                alive: count.series,
                created: count.created,
                ended: count.ended,
            })
            .collect();
        by_coroutine.sort_unstable_by_key(|row| (std::cmp::Reverse(row.most), row.coroutine));
        by_coroutine.truncate(MOST_COROUTINES);
        self.lived.sort_unstable();
        let span = self.first.map_or(Duration::ZERO, |first| self.last.since(first));
        Population {
            created_per_second: rate(self.created, span),
            alive: self.alive,
            by_coroutine,
            lifetimes: lifetimes(&self.lived),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a rate is an estimate")]
fn rate(count: u64, span: Duration) -> Option<f64> {
    (span > Duration::ZERO).then(|| count as f64 * 1e9 / span.as_nanos() as f64)
}

fn lifetimes(lived: &[Duration]) -> Option<Lifetimes> {
    let at = |percent: usize| lived.get((lived.len().saturating_sub(1)) * percent / 100).copied();
    Some(Lifetimes {
        tasks: lived.len() as u64,
        median: at(50)?,
        p90: at(90)?,
        p99: at(99)?,
        longest: *lived.last()?,
    })
}
