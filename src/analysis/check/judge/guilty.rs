//! The stalls behind a budget that is not kept.

use rustc_hash::FxHashMap;

use super::super::metric::{Clock, Metric, Scope};
use super::super::place::Place;
use super::super::run::{Run, StallRun};
use super::Court;
use super::outcome::{Guilty, Outcome};

/// Places to name.
const MOST: usize = 3;

#[derive(Default)]
struct Sum<'a> {
    count: usize,
    seconds: f64,
    /// The seconds that the metric is about.
    weight: f64,
    worst: Option<&'a StallRun>,
}

/// What of a stall a metric is about: on a busy machine the longest stall is not the one that
/// computed most.
fn weigher(metric: &Metric) -> fn(&StallRun) -> f64 {
    match metric.clock {
        Clock::Cpu => |stall| stall.cpu.unwrap_or(0.0),
        Clock::Blocked if metric.scope == Scope::Stalls => |stall| stall.blocked.unwrap_or(0.0),
        Clock::Blocked => StallRun::own,
        Clock::Wall | Clock::None => |stall| stall.wall,
    }
}

/// The places with most stalled time; of a comparison, those where it grew most.
pub(super) fn of(outcome: &Outcome, court: &Court<'_>) -> Vec<Guilty> {
    let relevant = outcome.metric.scope == Scope::Stalls
        || outcome.metric.id.starts_with("lag")
        || outcome.metric.id.starts_with("loop.");
    if !relevant {
        return Vec::new();
    }
    let budget = court.inputs.config.budgets.iter().find(|budget| budget.line == outcome.line);
    let selection = super::Selection {
        coroutine: None,
        cause: budget.and_then(|budget| budget.cause.as_deref()),
        at: budget.and_then(|budget| budget.at.as_ref()),
        test: outcome.test.as_deref(),
        allowed: &court.allowed,
    };
    let weigh = weigher(outcome.metric);
    let head = sums(court.inputs.head, &selection, weigh);
    let base = sums(court.inputs.base, &selection, weigh);
    let runs = |runs: &[Run]| {
        #[expect(clippy::cast_precision_loss, reason = "numbers of runs")]
        let number = runs.len().max(1) as f64;
        number
    };
    let (of_head, of_base) = (runs(court.inputs.head), runs(court.inputs.base));
    let mut guilty: Vec<(f64, Guilty)> = head
        .into_iter()
        .filter_map(|(key, sum)| {
            let worst = sum.worst?;
            let before = base.get(&key).map_or(0.0, |sum| sum.seconds / of_base);
            let compared = base.get(&key).filter(|_| outcome.base.is_some());
            let grown = sum.weight / of_head - compared.map_or(0.0, |sum| sum.weight / of_base);
            #[expect(clippy::cast_precision_loss, reason = "numbers of stalls")]
            let per_run = sum.count as f64 / of_head;
            let guilty = Guilty {
                place: worst.place.clone().unwrap_or_default(),
                worst: worst.clone(),
                per_run,
                seconds: sum.seconds / of_head,
                base_seconds: outcome.base.is_some().then_some(before),
            };
            Some((grown, guilty))
        })
        .collect();
    guilty.sort_by(|(one, a), (other, b)| other.total_cmp(one).then_with(|| a.place.cmp(&b.place)));
    guilty.into_iter().take(MOST).map(|(_, guilty)| guilty).collect()
}

fn sums<'a>(
    runs: &'a [Run],
    selection: &super::Selection<'_>,
    weigh: fn(&StallRun) -> f64,
) -> FxHashMap<String, Sum<'a>> {
    let mut sums: FxHashMap<String, Sum<'a>> = FxHashMap::default();
    for stall in runs.iter().flat_map(|run| &run.stalls).filter(|stall| selection.includes(stall)) {
        let key = stall.place.as_ref().map_or_else(String::new, Place::key);
        let sum = sums.entry(key).or_default();
        sum.count += 1;
        sum.seconds += stall.wall;
        sum.weight += weigh(stall);
        if sum.worst.is_none_or(|worst| weigh(worst) < weigh(stall)) {
            sum.worst = Some(stall);
        }
    }
    sums
}
