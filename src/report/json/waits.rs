//! Contention, executors and numbers of tasks.

use serde::Serialize;

use crate::analysis::contention::Contention;
use crate::analysis::executors::{Executor, Job};
use crate::analysis::population::{CoroutinePopulation, Population};
use crate::analysis::waits::TaskWait;
use crate::analysis::{Analysis, FrameNames, Series, task_coroutine, task_name};
use crate::model::{Dictionary, FrameId, ObjectId, StringId, TaskId};

#[derive(Serialize)]
pub(super) struct WaitJson {
    kind: &'static str,
    total_ns: u64,
    count: u64,
}

pub(super) fn wait(wait: &TaskWait) -> WaitJson {
    WaitJson { kind: wait.kind.name(), total_ns: wait.total.as_nanos(), count: wait.count }
}

#[derive(Serialize)]
struct Place<'a> {
    function: Option<&'a str>,
    file: Option<&'a str>,
    line: Option<u32>,
}

fn place(dictionary: &Dictionary, frame: Option<FrameId>) -> Option<Place<'_>> {
    let FrameNames { function, file, line, .. } = FrameNames::of(dictionary, frame?);
    Some(Place { function, file, line })
}

#[derive(Serialize)]
pub(super) struct ContentionJson<'a> {
    object: Option<u32>,
    objects: u64,
    pool: Option<&'static str>,
    #[serde(rename = "type")]
    type_name: Option<&'a str>,
    kind: &'static str,
    place: Option<Place<'a>>,
    waits: u64,
    tasks: u64,
    total_ns: u64,
    longest_ns: u64,
    most_waiters: u32,
    capacity: Option<u32>,
    hand_overs: u64,
    holders: Vec<HolderJson<'a>>,
    holder_unknown_ns: u64,
    waiters: Vec<(u64, u32)>,
    size: Vec<(u64, u32)>,
}

#[derive(Serialize)]
struct HolderJson<'a> {
    id: u32,
    name: Option<&'a str>,
    coroutine: Option<&'a str>,
    held_ns: u64,
}

fn points(series: &Series) -> Vec<(u64, u32)> {
    series.points().iter().map(|&(time, value)| (time.as_nanos(), value)).collect()
}

fn text(dictionary: &Dictionary, id: Option<StringId>) -> Option<&str> {
    id.map(|id| dictionary.text(id)).filter(|text| !text.is_empty())
}

pub(super) fn contention<'a>(analysis: &'a Analysis, facts: &Contention) -> ContentionJson<'a> {
    let dictionary = &analysis.dictionary;
    ContentionJson {
        object: facts.object.map(ObjectId::get),
        objects: facts.objects,
        pool: facts.pool,
        type_name: text(dictionary, facts.type_name),
        kind: facts.kind.name(),
        place: place(dictionary, facts.place),
        waits: facts.waits,
        tasks: facts.tasks,
        total_ns: facts.total.as_nanos(),
        longest_ns: facts.longest.as_nanos(),
        most_waiters: facts.most_waiters,
        capacity: facts.capacity,
        hand_overs: facts.hand_overs,
        holders: facts
            .holders
            .iter()
            .map(|&(id, held)| HolderJson {
                id: id.get(),
                name: task_name(dictionary, id),
                coroutine: task_coroutine(dictionary, id),
                held_ns: held.as_nanos(),
            })
            .collect(),
        holder_unknown_ns: facts.holder_unknown.as_nanos(),
        waiters: points(&facts.waiters),
        size: points(&facts.size),
    }
}

#[derive(Serialize)]
pub(super) struct ExecutorJson<'a> {
    object: Option<u32>,
    #[serde(rename = "type")]
    type_name: Option<&'a str>,
    place: Option<Place<'a>>,
    workers: Option<u32>,
    most_busy: Option<u32>,
    most_queued: Option<u32>,
    saturated_ns: u64,
    seen_ns: u64,
    jobs: Vec<JobJson<'a>>,
    queued: Vec<(u64, u32)>,
}

#[derive(Serialize)]
struct JobJson<'a> {
    function: Option<&'a str>,
    waits: u64,
    total_ns: u64,
    task: Option<u32>,
}

pub(super) fn executor<'a>(analysis: &'a Analysis, facts: &Executor) -> ExecutorJson<'a> {
    let dictionary = &analysis.dictionary;
    let job = |job: &Job| JobJson {
        function: text(dictionary, job.function),
        waits: job.waits,
        total_ns: job.total.as_nanos(),
        task: job.task.map(TaskId::get),
    };
    ExecutorJson {
        object: facts.object.map(ObjectId::get),
        type_name: text(dictionary, facts.type_name),
        place: place(dictionary, facts.place),
        workers: facts.workers,
        most_busy: facts.most_busy,
        most_queued: facts.most_queued,
        saturated_ns: facts.saturated.as_nanos(),
        seen_ns: facts.seen.as_nanos(),
        jobs: facts.jobs.iter().map(job).collect(),
        queued: points(&facts.queued),
    }
}

#[derive(Serialize)]
pub(super) struct PopulationJson<'a> {
    created_per_second: Option<f64>,
    growth_per_second: Option<f64>,
    lifetimes: Option<LifetimesJson>,
    alive: Vec<(u64, u32)>,
    coroutines: Vec<CoroutinePopulationJson<'a>>,
}

#[derive(Serialize)]
struct LifetimesJson {
    tasks: u64,
    median_ns: u64,
    p90_ns: u64,
    p99_ns: u64,
    longest_ns: u64,
}

#[derive(Serialize)]
struct CoroutinePopulationJson<'a> {
    coroutine: Option<&'a str>,
    most: u32,
    last: u32,
    created: u64,
    ended: u64,
    growth_per_second: Option<f64>,
    alive: Vec<(u64, u32)>,
}

pub(super) fn population(analysis: &Analysis, limit: usize) -> PopulationJson<'_> {
    let Population { created_per_second, alive, by_coroutine, lifetimes } = &analysis.population;
    let coroutine = |row: &CoroutinePopulation| CoroutinePopulationJson {
        coroutine: text(&analysis.dictionary, row.coroutine),
        most: row.most,
        last: row.last,
        created: row.created,
        ended: row.ended,
        growth_per_second: row.alive.slope(),
        alive: points(&row.alive),
    };
    PopulationJson {
        created_per_second: *created_per_second,
        growth_per_second: alive.slope(),
        lifetimes: lifetimes.map(|lived| LifetimesJson {
            tasks: lived.tasks,
            median_ns: lived.median.as_nanos(),
            p90_ns: lived.p90.as_nanos(),
            p99_ns: lived.p99.as_nanos(),
            longest_ns: lived.longest.as_nanos(),
        }),
        alive: points(alive),
        coroutines: by_coroutine.iter().take(limit).map(coroutine).collect(),
    }
}
