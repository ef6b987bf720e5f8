//! What differs between two recordings. Everything is per minute recorded, so that lengths do not
//! matter.

use rustc_hash::FxHashMap;

use super::check::{CoroutineRun, Difference, METRICS, Metric, Place, Run, Scope, Selection};
use super::check::{align, differences, value};
use super::flame::{Flame, LabelKind};

/// One of two recordings.
#[derive(Debug)]
pub struct Half {
    /// Its facts.
    pub run: Run,
    /// Task-seconds spent waiting, by what was waited for.
    pub waits: Vec<(String, f64)>,
}

/// What differs.
#[derive(Debug)]
pub struct Diff {
    /// The recording to compare with.
    pub before: Run,
    /// The other one.
    pub after: Run,
    /// What differs between where they were recorded.
    pub differences: Vec<Difference>,
    /// Every figure of a whole recording.
    pub figures: Vec<Change<&'static Metric, f64>>,
    /// Coroutines by definition; those whose time on the loop changed most first.
    pub coroutines: Vec<Change<Place, CoroutineRate>>,
    /// Stalls by guilty function; those whose time changed most first.
    pub stalls: Vec<Change<Place, StallRate>>,
    /// Task-seconds per minute spent waiting, by what was waited for.
    pub waits: Vec<Change<String, f64>>,
    /// Locks and semaphores by the line that was first seen waiting; those whose waits changed most
    /// first.
    pub locks: Vec<Change<Place, LockRate>>,
}

/// Something on both sides; `None` where a side does not have it, or does not tell.
#[derive(Debug, Clone, PartialEq)]
pub struct Change<What, Amount> {
    /// What.
    pub what: What,
    /// In the first recording.
    pub before: Option<Amount>,
    /// In the second one.
    pub after: Option<Amount>,
}

/// What the tasks of a coroutine did.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CoroutineRate {
    /// Tasks per minute.
    pub tasks: f64,
    /// Seconds on the loop per minute.
    pub running: f64,
    /// Seconds that one task waited.
    pub waiting_per_task: Option<f64>,
    /// Seconds on the loop of one task.
    pub running_per_task: Option<f64>,
}

/// Stalls at a place.
#[derive(Debug, Clone, PartialEq)]
pub struct StallRate {
    /// Stalls per minute.
    pub count: f64,
    /// Stalled seconds per minute.
    pub seconds: f64,
    /// The longest, in seconds.
    pub longest: f64,
    /// The cause of the longest.
    pub cause: &'static str,
}

/// Locks and semaphores at a place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LockRate {
    /// Task-seconds of waiting per minute.
    pub seconds: f64,
    /// Waits per minute.
    pub count: f64,
    /// The longest wait, in seconds.
    pub longest: f64,
    /// The most tasks in one line.
    pub most_waiters: u32,
}

impl Half {
    /// A recording from its facts and from where its tasks' waiting time went.
    #[must_use]
    pub fn new(run: Run, waiting: &Flame) -> Self {
        let mut sums: FxHashMap<String, f64> = FxHashMap::default();
        let labels = waiting.tree.labels();
        let walked: Result<(), std::convert::Infallible> = waiting.tree.walk(|path, nanos| {
            let last = path.last().and_then(|&last| labels.get(last as usize));
            if let Some(label) = last.filter(|label| label.kind == LabelKind::Suspension) {
                let words = label.name.trim_matches(['[', ']']);
                let words = words.strip_prefix("waiting: ").unwrap_or(words);
                #[expect(clippy::cast_precision_loss, reason = "for display")]
                let seconds = nanos as f64 / 1e9;
                *sums.entry(words.to_owned()).or_default() += seconds;
            }
            Ok(())
        });
        let Ok(()) = walked;
        let mut waits: Vec<(String, f64)> = sums.into_iter().collect();
        waits.sort_by(|one, other| one.0.cmp(&other.0));
        Self { run, waits }
    }
}

impl Diff {
    /// What differs between two recordings.
    #[must_use]
    pub fn between(mut before: Half, mut after: Half) -> Self {
        align([std::slice::from_mut(&mut before.run), std::slice::from_mut(&mut after.run)]);
        let figures = METRICS
            .iter()
            .filter(|metric| metric.scope != Scope::Coroutine)
            .map(|metric| Change {
                what: metric,
                before: value(&before.run, metric, &Selection::default()),
                after: value(&after.run, metric, &Selection::default()),
            })
            .collect();
        let waits =
            joined(
                before.waits.iter().map(|(what, time)| {
                    (what.clone(), what.clone(), per_minute(&before.run, *time))
                }),
                after.waits.iter().map(|(what, time)| {
                    (what.clone(), what.clone(), per_minute(&after.run, *time))
                }),
                |time| *time,
            );
        Self {
            differences: differences([&before.run.environment], [&after.run.environment]),
            figures,
            coroutines: joined(coroutine_rates(&before.run), coroutine_rates(&after.run), |rate| {
                rate.running
            }),
            stalls: joined(stall_rates(&before.run), stall_rates(&after.run), |rate| rate.seconds),
            waits,
            locks: joined(lock_rates(&before.run), lock_rates(&after.run), |rate| rate.seconds),
            before: before.run,
            after: after.run,
        }
    }
}

fn per_minute(run: &Run, amount: f64) -> f64 {
    if run.seconds > 0.0 { amount / run.seconds * 60.0 } else { 0.0 }
}

/// Both sides by key; what changed most first.
fn joined<What: Clone, Amount>(
    before: impl IntoIterator<Item = (String, What, Amount)>,
    after: impl IntoIterator<Item = (String, What, Amount)>,
    size: impl Fn(&Amount) -> f64,
) -> Vec<Change<What, Amount>> {
    let mut rows: Vec<(String, Change<What, Amount>)> = Vec::new();
    let mut index: FxHashMap<String, usize> = FxHashMap::default();
    for (key, what, amount) in before {
        index.insert(key.clone(), rows.len());
        rows.push((key, Change { what, before: Some(amount), after: None }));
    }
    for (key, what, amount) in after {
        match index.get(&key).and_then(|&at| rows.get_mut(at)) {
            Some((_, row)) => {
                // Where it is now is where people look.
                row.what = what;
                row.after = Some(amount);
            }
            None => rows.push((key, Change { what, before: None, after: Some(amount) })),
        }
    }
    let moved = |change: &Change<What, Amount>| {
        let part = |amount: &Option<Amount>| amount.as_ref().map_or(0.0, &size);
        (part(&change.after) - part(&change.before)).abs()
    };
    rows.sort_by(|(one, a), (other, b)| moved(b).total_cmp(&moved(a)).then_with(|| one.cmp(other)));
    rows.into_iter().map(|(_, change)| change).collect()
}

fn coroutine_rates(run: &Run) -> Vec<(String, Place, CoroutineRate)> {
    let mut sums: FxHashMap<String, CoroutineRun> = FxHashMap::default();
    for row in &run.coroutines {
        let sum = sums.entry(row.place.key()).or_insert_with(|| CoroutineRun {
            place: row.place.clone(),
            tasks: 0,
            running: 0.0,
            ready: 0.0,
            waiting: 0.0,
        });
        sum.tasks += row.tasks;
        sum.running += row.running;
        sum.ready += row.ready;
        sum.waiting += row.waiting;
    }
    let rows = sums.into_iter().map(|(key, sum)| {
        #[expect(clippy::cast_precision_loss, reason = "tasks are fewer than 2⁵³")]
        let tasks = sum.tasks as f64;
        let each = |time: f64| (tasks > 0.0).then(|| time / tasks);
        let rate = CoroutineRate {
            tasks: per_minute(run, tasks),
            running: per_minute(run, sum.running),
            waiting_per_task: each(sum.waiting),
            running_per_task: each(sum.running),
        };
        (key, sum.place, rate)
    });
    rows.collect()
}

fn stall_rates(run: &Run) -> Vec<(String, Place, StallRate)> {
    let mut sums: FxHashMap<String, (Place, StallRate)> = FxHashMap::default();
    for stall in &run.stalls {
        let place = stall.place.clone().unwrap_or_default();
        let (_, sum) = sums.entry(place.key()).or_insert_with(|| {
            (place, StallRate { count: 0.0, seconds: 0.0, longest: 0.0, cause: stall.cause })
        });
        sum.count += 1.0;
        sum.seconds += stall.wall;
        if stall.wall > sum.longest {
            (sum.longest, sum.cause) = (stall.wall, stall.cause);
        }
    }
    let rows = sums.into_iter().map(|(key, (place, mut rate))| {
        rate.count = per_minute(run, rate.count);
        rate.seconds = per_minute(run, rate.seconds);
        (key, place, rate)
    });
    rows.collect()
}

fn lock_rates(run: &Run) -> Vec<(String, Place, LockRate)> {
    let mut sums: FxHashMap<String, (Place, LockRate)> = FxHashMap::default();
    for lock in run.locks.iter().flatten() {
        let place = lock.place.clone().unwrap_or_default();
        let key = format!("{}\n{}", place.key(), lock.kind);
        let (_, sum) = sums.entry(key).or_insert_with(|| {
            (place, LockRate { seconds: 0.0, count: 0.0, longest: 0.0, most_waiters: 0 })
        });
        sum.seconds += per_minute(run, lock.total);
        #[expect(clippy::cast_precision_loss, reason = "waits are fewer than 2⁵³")]
        let waits = lock.waits as f64;
        sum.count += per_minute(run, waits);
        sum.longest = sum.longest.max(lock.longest);
        sum.most_waiters = sum.most_waiters.max(lock.most_waiters);
    }
    sums.into_iter().map(|(key, (place, rate))| (key, place, rate)).collect()
}
