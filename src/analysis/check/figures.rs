//! The value of a metric in a run.

use super::metric::Metric;
use super::place::Pattern;
use super::run::{CoroutineRun, Run, StallRun};
use super::stats::quantile;

/// What of a run a value is taken from.
#[derive(Debug, Clone, Default)]
pub struct Selection<'a> {
    /// The coroutine with this [`super::Place::key`].
    pub coroutine: Option<&'a str>,
    /// Stalls of this cause.
    pub cause: Option<&'a str>,
    /// Stalls whose guilty function matches.
    pub at: Option<&'a Pattern>,
    /// Stalls in this test.
    pub test: Option<&'a str>,
    /// Not stalls whose guilty function matches one of these.
    pub allowed: &'a [&'a Pattern],
}

impl Selection<'_> {
    /// Whether a stall is meant.
    #[must_use]
    pub fn includes(&self, stall: &StallRun) -> bool {
        let matches =
            |pattern: &Pattern| stall.place.as_ref().is_some_and(|at| pattern.matches(at));
        self.cause.is_none_or(|cause| stall.cause == cause)
            && self.at.is_none_or(matches)
            && self.test.is_none_or(|test| stall.test.as_deref() == Some(test))
            && !self.allowed.iter().any(|pattern| matches(pattern))
    }
}

/// The value of `metric` in `run`; `None` where the recording does not say.
#[must_use]
pub fn value(run: &Run, metric: &Metric, selection: &Selection<'_>) -> Option<f64> {
    let (group, figure) = metric.id.split_once('.')?;
    if metric.needs_looks() && run.blind().is_some() {
        return None;
    }
    match group {
        "stall" => stall_value(run, figure, selection),
        "lag" => lag_value(run.lag, figure),
        "lag_corrected" => lag_value(run.lag_corrected, figure),
        "lock" => lock_value(run, figure, selection),
        "coroutine" => coroutine_value(run, figure, selection.coroutine?),
        _ => run_value(run, metric.id),
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2⁵³")]
fn run_value(run: &Run, id: &str) -> Option<f64> {
    match id {
        "loop.busy_ratio" => run.busy_ratio,
        "task.alive.max" => run.alive_max,
        "task.growth_per_minute" => run.growth,
        "loop.cpu.per_task" => per(run.loop_cpu?, tasks(run)),
        "loop.cpu.per_callback" => per(run.loop_cpu?, run.callbacks?),
        "executor.queued.max" => run.executors.map(|(queued, _)| f64::from(queued)),
        "executor.saturated_ratio" => {
            let (_, saturated) = run.executors?;
            (run.seconds > 0.0).then(|| saturated / run.seconds)
        }
        "task.ready.ratio" => run.ready_ratio,
        "runq.wait_ratio" => run.runq_wait,
        "recorder.dropped" => Some(run.dropped as f64),
        "recorder.miss_ratio" => run.miss_ratio,
        _ => None,
    }
}

fn tasks(run: &Run) -> u64 {
    run.coroutines.iter().map(|row| row.tasks).sum()
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2⁵³")]
fn per(amount: f64, count: u64) -> Option<f64> {
    (count > 0).then(|| amount / count as f64)
}

fn lag_value(lag: Option<[f64; 5]>, figure: &str) -> Option<f64> {
    let names = ["p50", "p90", "p99", "p999", "max"];
    let index = names.iter().position(|name| *name == figure)?;
    lag.and_then(|lag| lag.get(index).copied())
}

/// What nobody waited for is zero of everything.
fn lock_value(run: &Run, figure: &str, selection: &Selection<'_>) -> Option<f64> {
    let locks = run.locks.as_ref()?.iter().filter(|lock| {
        let matches = |pattern: &Pattern| lock.place.as_ref().is_some_and(|at| pattern.matches(at));
        selection.at.is_none_or(matches)
    });
    match figure {
        "wait.seconds_per_minute" => {
            let total: f64 = locks.map(|lock| lock.total).sum();
            (run.seconds > 0.0).then(|| total / run.seconds * 60.0)
        }
        "wait.max" => Some(locks.map(|lock| lock.longest).fold(0.0, f64::max)),
        "waiters.max" => Some(f64::from(locks.map(|lock| lock.most_waiters).max().unwrap_or(0))),
        _ => None,
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2⁵³")]
fn coroutine_value(run: &Run, figure: &str, key: &str) -> Option<f64> {
    let rows: Vec<&CoroutineRun> =
        run.coroutines.iter().filter(|row| row.place.key() == key).collect();
    let sum = |of: fn(&CoroutineRun) -> f64| rows.iter().map(|row| of(row)).sum::<f64>();
    let tasks = rows.iter().map(|row| row.tasks).sum::<u64>() as f64;
    let per_task = |time: f64| (tasks > 0.0).then(|| time / tasks);
    let of_run = |amount: f64| (run.seconds > 0.0).then(|| amount / run.seconds);
    match figure {
        "running.ratio" => of_run(sum(|row| row.running)),
        "running.per_task" => per_task(sum(|row| row.running)),
        "waiting.per_task" => per_task(sum(|row| row.waiting)),
        "ready.per_task" => per_task(sum(|row| row.ready)),
        "tasks_per_minute" => of_run(tasks * 60.0),
        _ => None,
    }
}

/// Without a loop nothing is known about stalls; with one, no stall is zero of everything.
fn stall_value(run: &Run, figure: &str, selection: &Selection<'_>) -> Option<f64> {
    if run.loops == 0 {
        return None;
    }
    let stalls: Vec<&StallRun> =
        run.stalls.iter().filter(|stall| selection.includes(stall)).collect();
    let (of, figure): (fn(&StallRun) -> Option<f64>, &str) = match figure.split_once('.') {
        Some(("cpu", figure)) => (|stall| stall.cpu, figure),
        Some(("blocked", figure)) => (|stall| stall.blocked, figure),
        _ => {
            let times: Vec<f64> = stalls.iter().map(|stall| stall.wall).collect();
            return figure_of(run, figure, &times);
        }
    };
    let known = stalls.iter().all(|stall| stall.cpu.is_some() && stall.blocked.is_some());
    let own = stalls.iter().filter(|stall| stall.own() >= run.stall_threshold);
    let times: Vec<f64> = own.filter_map(|stall| of(stall)).collect();
    if known { figure_of(run, figure, &times) } else { None }
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2⁵³")]
fn figure_of(run: &Run, figure: &str, times: &[f64]) -> Option<f64> {
    let per_minute = |amount: f64| (run.seconds > 0.0).then(|| amount / run.seconds * 60.0);
    match figure {
        "count" => Some(times.len() as f64),
        "count_per_minute" => per_minute(times.len() as f64),
        "seconds_per_minute" => per_minute(times.iter().sum()),
        "per_task" => per(times.iter().sum(), tasks(run)),
        "max" => Some(quantile(times, 1.0).unwrap_or(0.0)),
        "p95" => Some(quantile(times, 0.95).unwrap_or(0.0)),
        "p50" => Some(quantile(times, 0.5).unwrap_or(0.0)),
        "min" => Some(quantile(times, 0.0).unwrap_or(0.0)),
        _ => None,
    }
}
