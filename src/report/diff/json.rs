//! A difference as `looptrace.diff/1`.

use std::io::{self, Write};

use serde::Serialize;

use crate::analysis::check::{Place, Run};
use crate::analysis::diff::{Change, CoroutineRate, Diff, LockRate, StallRate};

#[derive(Serialize)]
struct DiffJson<'a> {
    schema: &'static str,
    before: SideJson<'a>,
    after: SideJson<'a>,
    differences: Vec<DifferenceJson<'a>>,
    figures: Vec<FigureJson>,
    stalls: Vec<StallJson<'a>>,
    coroutines: Vec<CoroutineJson<'a>>,
    waits: Vec<WaitJson<'a>>,
    contention: Vec<LockJson<'a>>,
}

#[derive(Serialize)]
struct SideJson<'a> {
    file: &'a str,
    seconds: f64,
    truncated: bool,
}

#[derive(Serialize)]
struct DifferenceJson<'a> {
    what: &'a str,
    before: &'a str,
    after: &'a str,
}

#[derive(Serialize)]
struct FigureJson {
    metric: &'static str,
    unit: &'static str,
    before: Option<f64>,
    after: Option<f64>,
}

#[derive(Serialize)]
struct PlaceJson<'a> {
    function: &'a str,
    file: Option<&'a str>,
    line: Option<u32>,
}

#[derive(Serialize)]
struct StallJson<'a> {
    location: PlaceJson<'a>,
    before: Option<StallRateJson>,
    after: Option<StallRateJson>,
}

#[derive(Serialize)]
struct StallRateJson {
    per_minute: f64,
    seconds_per_minute: f64,
    longest_seconds: f64,
    cause: &'static str,
}

#[derive(Serialize)]
struct CoroutineJson<'a> {
    coroutine: PlaceJson<'a>,
    before: Option<CoroutineRateJson>,
    after: Option<CoroutineRateJson>,
}

#[derive(Serialize)]
struct CoroutineRateJson {
    tasks_per_minute: f64,
    running_seconds_per_minute: f64,
    running_seconds_per_task: Option<f64>,
    waiting_seconds_per_task: Option<f64>,
}

#[derive(Serialize)]
struct WaitJson<'a> {
    kind: &'a str,
    before_seconds_per_minute: Option<f64>,
    after_seconds_per_minute: Option<f64>,
}

#[derive(Serialize)]
struct LockJson<'a> {
    location: PlaceJson<'a>,
    before: Option<LockRateJson>,
    after: Option<LockRateJson>,
}

#[derive(Serialize)]
struct LockRateJson {
    waited_seconds_per_minute: f64,
    waits_per_minute: f64,
    longest_seconds: f64,
    most_waiters: u32,
}

/// Writes a difference as `looptrace.diff/1`.
///
/// # Errors
/// What the writer gives.
pub fn json(diff: &Diff, out: &mut impl Write) -> io::Result<()> {
    let differences = diff.differences.iter().map(|one| DifferenceJson {
        what: one.what,
        before: &one.base,
        after: &one.head,
    });
    let figures = diff.figures.iter().map(|Change { what, before, after }| FigureJson {
        metric: what.id,
        unit: what.unit.name(),
        before: *before,
        after: *after,
    });
    let json = DiffJson {
        schema: "looptrace.diff/1",
        before: side(&diff.before),
        after: side(&diff.after),
        differences: differences.collect(),
        figures: figures.collect(),
        stalls: diff
            .stalls
            .iter()
            .map(|change| StallJson {
                location: place(&change.what),
                before: change.before.as_ref().map(stall),
                after: change.after.as_ref().map(stall),
            })
            .collect(),
        coroutines: diff
            .coroutines
            .iter()
            .map(|change| CoroutineJson {
                coroutine: place(&change.what),
                before: change.before.as_ref().map(coroutine),
                after: change.after.as_ref().map(coroutine),
            })
            .collect(),
        waits: diff
            .waits
            .iter()
            .map(|change| WaitJson {
                kind: &change.what,
                before_seconds_per_minute: change.before,
                after_seconds_per_minute: change.after,
            })
            .collect(),
        contention: diff
            .locks
            .iter()
            .map(|change| LockJson {
                location: place(&change.what),
                before: change.before.as_ref().map(lock),
                after: change.after.as_ref().map(lock),
            })
            .collect(),
    };
    serde_json::to_writer_pretty(&mut *out, &json)?;
    writeln!(out)
}

fn side(run: &Run) -> SideJson<'_> {
    SideJson { file: &run.file, seconds: run.seconds, truncated: run.truncated }
}

fn place(place: &Place) -> PlaceJson<'_> {
    PlaceJson {
        function: &place.function,
        file: Some(place.file.as_str()).filter(|file| !file.is_empty()),
        line: Some(place.line).filter(|&line| line > 0),
    }
}

fn stall(rate: &StallRate) -> StallRateJson {
    StallRateJson {
        per_minute: rate.count,
        seconds_per_minute: rate.seconds,
        longest_seconds: rate.longest,
        cause: rate.cause,
    }
}

fn coroutine(rate: &CoroutineRate) -> CoroutineRateJson {
    CoroutineRateJson {
        tasks_per_minute: rate.tasks,
        running_seconds_per_minute: rate.running,
        running_seconds_per_task: rate.running_per_task,
        waiting_seconds_per_task: rate.waiting_per_task,
    }
}

fn lock(rate: &LockRate) -> LockRateJson {
    LockRateJson {
        waited_seconds_per_minute: rate.seconds,
        waits_per_minute: rate.count,
        longest_seconds: rate.longest,
        most_waiters: rate.most_waiters,
    }
}
