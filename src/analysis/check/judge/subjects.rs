//! What a budget is about: everything, or each of several coroutines or tests.

use rustc_hash::FxHashMap;

use super::super::config::Budget;
use super::super::metric::Scope;
use super::super::place::Place;
use super::super::run::Run;

/// One thing that a budget is about.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Subject {
    pub(super) coroutine: Option<Place>,
    pub(super) test: Option<String>,
}

/// More results for one budget are of no use to anybody.
const MOST: usize = 5_000;

pub(super) fn subjects(budget: &Budget, head: &[Run], base: &[Run]) -> Vec<Subject> {
    if budget.metric.scope == Scope::Coroutine {
        return coroutines(budget, head, base);
    }
    let Some(pattern) = &budget.test else { return vec![Subject::default()] };
    let mut tests: Vec<&String> = head
        .iter()
        .flat_map(|run| run.tests.iter().chain(run.stalls.iter().filter_map(|s| s.test.as_ref())))
        .filter(|test| pattern.matches_name(test))
        .collect();
    tests.sort_unstable();
    tests.dedup();
    tests
        .into_iter()
        .take(MOST)
        .map(|test| Subject { coroutine: None, test: Some(test.clone()) })
        .collect()
}

/// The coroutines that match, those that ran longest first.
fn coroutines(budget: &Budget, head: &[Run], base: &[Run]) -> Vec<Subject> {
    let mut found: FxHashMap<String, (f64, &Place)> = FxHashMap::default();
    for row in head.iter().chain(base).flat_map(|run| &run.coroutines) {
        if budget.coroutine.as_ref().is_none_or(|pattern| pattern.matches(&row.place)) {
            let sum = found.entry(row.place.key()).or_insert((0.0, &row.place));
            sum.0 += row.running;
        }
    }
    let mut rows: Vec<(String, (f64, &Place))> = found.into_iter().collect();
    rows.sort_by(|(one, (a, _)), (other, (b, _))| b.total_cmp(a).then(one.cmp(other)));
    let most = budget.top.unwrap_or(MOST).min(MOST);
    rows.into_iter()
        .take(most)
        .map(|(_, (_, place))| Subject { coroutine: Some(place.clone()), test: None })
        .collect()
}
