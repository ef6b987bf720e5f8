//! The stalls behind a budget that is not kept.

use rustc_hash::FxHashMap;

use super::super::metric::Scope;
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
    worst: Option<&'a StallRun>,
}

/// The places with most stalled time; of a comparison, those where it grew most.
pub(super) fn of(outcome: &Outcome, court: &Court<'_>) -> Vec<Guilty> {
    let relevant = outcome.metric.scope == Scope::Stalls
        || outcome.metric.id.starts_with("lag.")
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
    let head = sums(court.inputs.head, &selection);
    let base = sums(court.inputs.base, &selection);
    let runs = |runs: &[Run]| {
        #[expect(clippy::cast_precision_loss, reason = "numbers of runs")]
        let number = runs.len().max(1) as f64;
        number
    };
    let (of_head, of_base) = (runs(court.inputs.head), runs(court.inputs.base));
    let mut guilty: Vec<Guilty> = head
        .into_iter()
        .filter_map(|(key, sum)| {
            let worst = sum.worst?;
            let before = base.get(&key).map_or(0.0, |sum| sum.seconds / of_base);
            #[expect(clippy::cast_precision_loss, reason = "numbers of stalls")]
            let per_run = sum.count as f64 / of_head;
            Some(Guilty {
                place: worst.place.clone().unwrap_or_default(),
                worst: worst.clone(),
                per_run,
                seconds: sum.seconds / of_head,
                base_seconds: outcome.base.is_some().then_some(before),
            })
        })
        .collect();
    let weight = |guilty: &Guilty| guilty.seconds - guilty.base_seconds.unwrap_or(0.0);
    guilty.sort_by(|one, other| {
        weight(other).total_cmp(&weight(one)).then_with(|| one.place.cmp(&other.place))
    });
    guilty.truncate(MOST);
    guilty
}

fn sums<'a>(runs: &'a [Run], selection: &super::Selection<'_>) -> FxHashMap<String, Sum<'a>> {
    let mut sums: FxHashMap<String, Sum<'a>> = FxHashMap::default();
    for stall in runs.iter().flat_map(|run| &run.stalls).filter(|stall| selection.includes(stall)) {
        let key = stall.place.as_ref().map_or_else(String::new, Place::key);
        let sum = sums.entry(key).or_default();
        sum.count += 1;
        sum.seconds += stall.wall;
        if sum.worst.is_none_or(|worst| worst.wall < stall.wall) {
            sum.worst = Some(stall);
        }
    }
    sums
}
