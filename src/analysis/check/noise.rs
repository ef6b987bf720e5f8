//! The noise floor of a machine: what `calibrate` finds and `check` and `ab` use.

use serde::{Deserialize, Serialize};

use super::environment::{Environment, differences};
use super::figures::{Selection, value};
use super::metric::{METRICS, Metric, Scope};
use super::run::Run;
use super::stats::{mad, median, shift, split_noise};

/// The format's name.
pub const NOISE_SCHEMA: &str = "looptrace.noise/1";

/// What a machine's figures are worth.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Noise {
    /// [`NOISE_SCHEMA`].
    pub schema: String,
    /// The command that was measured, for people.
    pub command: String,
    /// How many runs.
    pub runs: usize,
    /// The shortest stall that counted, in seconds; not said by the first files.
    #[serde(default)]
    pub stall_threshold: Option<f64>,
    /// Where, for people.
    pub environment: String,
    /// Its parts, to notice when the machine is another one.
    pub kernel: Option<String>,
    /// See [`Self::kernel`].
    pub cpu: Option<String>,
    /// See [`Self::kernel`].
    pub cores: Option<String>,
    /// See [`Self::kernel`].
    pub python: Option<String>,
    /// The middle run's share of time waiting for a CPU.
    pub runq_wait: Option<f64>,
    /// The floor of each metric.
    pub metrics: Vec<Floor>,
}

/// The noise of one metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Floor {
    /// The metric.
    pub metric: String,
    /// The coroutine's key, for metrics that are one per coroutine.
    pub coroutine: Option<String>,
    /// Runs that had a value.
    pub runs: usize,
    /// The middle value.
    pub median: f64,
    /// How far single runs scatter around it, as a share of it.
    pub scatter: Option<f64>,
    /// The difference that 99 of 100 comparisons of equal halves stay below, as a share; `null` where
    /// the middle value is 0.
    pub floor: Option<f64>,
    /// Runs per side in those comparisons.
    pub per_side: usize,
    /// The difference between the first half of the runs and the second: what comparing with another
    /// job's recordings adds.
    pub drift: Option<f64>,
}

impl Noise {
    /// What runs of the same program say about the machine.
    #[must_use]
    pub fn of(command: &str, runs: &[Run]) -> Self {
        let environment =
            runs.first().map_or_else(Environment::default, |run| run.environment.clone());
        let waits: Vec<f64> = runs.iter().filter_map(|run| run.runq_wait).collect();
        let mut metrics = Vec::new();
        for metric in METRICS {
            match metric.scope {
                Scope::Coroutine => {
                    for key in coroutine_keys(runs) {
                        let selection = Selection { coroutine: Some(&key), ..Selection::default() };
                        metrics.extend(floor(metric, runs, &selection));
                    }
                }
                Scope::Run | Scope::Stalls | Scope::Locks => {
                    metrics.extend(floor(metric, runs, &Selection::default()));
                }
            }
        }
        Self {
            schema: NOISE_SCHEMA.to_owned(),
            command: command.to_owned(),
            runs: runs.len(),
            stall_threshold: runs.first().map(|run| run.stall_threshold),
            environment: environment.line(),
            kernel: environment.kernel,
            cpu: environment.cpu,
            cores: environment.cores,
            python: environment.python,
            runq_wait: median(&waits),
            metrics,
        }
    }

    /// The share that a difference must exceed to mean something, for `runs` per side; of runs that
    /// were not interleaved, drift counts too. `None` where it was not measured.
    #[must_use]
    pub fn floor(
        &self,
        metric: &Metric,
        coroutine: Option<&str>,
        runs: usize,
        interleaved: bool,
    ) -> Option<f64> {
        let mut of_metric = self.metrics.iter().filter(|floor| floor.metric == metric.id);
        // Where one side of a comparison has namesakes, files are called longer.
        let name = |key: &str| key.rsplit('/').next().map(str::to_owned);
        let is_same = |floor: &&Floor| match (&floor.coroutine, coroutine) {
            (Some(one), Some(other)) => one == other || name(one) == name(other),
            (one, other) => one.as_deref() == other,
        };
        let floor = of_metric.find(is_same)?;
        #[expect(clippy::cast_precision_loss, reason = "numbers of runs")]
        let scale = (floor.per_side as f64 / runs.max(1) as f64).sqrt();
        let scaled = floor.floor? * scale;
        let drift = floor.drift.filter(|_| !interleaved).unwrap_or(0.0);
        Some(scaled.max(drift))
    }

    /// What differs between where this was measured and where `runs` were recorded.
    #[must_use]
    pub fn mismatch(&self, runs: &[Run]) -> Vec<super::environment::Difference> {
        let own = Environment {
            kernel: self.kernel.clone(),
            cpu: self.cpu.clone(),
            cores: self.cores.clone(),
            python: self.python.clone(),
            ..Environment::default()
        };
        differences([&own], runs.iter().map(|run| &run.environment))
    }
}

/// The coroutines that took most time, by key.
fn coroutine_keys(runs: &[Run]) -> Vec<String> {
    /// More have no budget of their own in practice.
    const MOST: usize = 50;
    let mut keys: Vec<String> = Vec::new();
    for row in runs.iter().flat_map(|run| run.coroutines.iter().take(MOST)) {
        let key = row.place.key();
        if !keys.contains(&key) && keys.len() < MOST {
            keys.push(key);
        }
    }
    keys
}

fn floor(metric: &Metric, runs: &[Run], selection: &Selection<'_>) -> Option<Floor> {
    let values: Vec<f64> = runs.iter().filter_map(|run| value(run, metric, selection)).collect();
    let middle = median(&values)?;
    let of_middle = |amount: f64| (middle > 0.0).then(|| amount / middle);
    let (first, second) = values.split_at(values.len() / 2);
    Some(Floor {
        metric: metric.id.to_owned(),
        coroutine: selection.coroutine.map(str::to_owned),
        runs: values.len(),
        median: middle,
        scatter: mad(&values).and_then(of_middle),
        floor: split_noise(&values).and_then(of_middle),
        per_side: values.len() / 2,
        drift: shift(second, first, 0.95).and_then(|shift| of_middle(shift.estimate.abs())),
    })
}
