//! Facts that are summed up from the timeline when a recording has been read.

use looptrace::analysis::Analysis;
use looptrace::analysis::timeline::{SpanState, Timeline};
use looptrace::model::Duration;
use rustc_hash::FxHashMap;

/// The value that a share of all sorted values does not exceed; 0 of none.
#[must_use]
pub fn quantile(sorted: &[u64], share: f64) -> u64 {
    let rank = (sorted.len() as f64 * share).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0)
}

/// What the spans of each task tell, by the task's index, in nanoseconds.
#[derive(Debug, Clone, Copy, Default)]
pub struct Steps {
    /// The longest time it ran without a break.
    pub longest: u64,
    /// How long it is known to have been ready.
    pub ready: u64,
}

/// The steps of every task.
#[must_use]
pub fn steps(timeline: &Timeline) -> Vec<Steps> {
    let mut all: Vec<Steps> = Vec::new();
    for span in timeline.lanes.iter().flat_map(|lane| lane.spans.iter()) {
        let is_told = matches!(span.state, SpanState::Running | SpanState::Ready);
        let Some(task) = span.task.filter(|_| is_told) else { continue };
        if all.len() <= task.index() {
            all.resize(task.index() + 1, Steps::default());
        }
        let (steps, length) = (&mut all[task.index()], span.length().as_nanos());
        if span.state == SpanState::Running {
            steps.longest = length.max(steps.longest);
        } else {
            steps.ready = steps.ready.saturating_add(length);
        }
    }
    all
}

/// Leaves of the ready time of tasks and coroutines what is known of it: a census finds a task ready,
/// and its loop runs it before it polls again, not only before the next census.
pub fn only_known_ready(analysis: &mut Analysis, steps: &[Steps]) {
    let mut sums: FxHashMap<_, u64> = FxHashMap::default();
    for time in &mut analysis.tasks {
        let known = steps.get(time.id.index()).map_or(0, |steps| steps.ready);
        time.ready = time.ready.min(Duration::from_nanos(known));
        let task = analysis.dictionary.get_task(time.id);
        let key = task.map_or((None, None), |task| (task.coroutine, task.code));
        *sums.entry(key).or_default() += time.ready.as_nanos();
    }
    for time in &mut analysis.coroutines {
        let known = sums.get(&(time.name, time.code)).copied().unwrap_or(0);
        time.ready = time.ready.min(Duration::from_nanos(known));
    }
}

#[cfg(test)]
mod tests {
    use super::quantile;

    #[test]
    fn quantiles_are_values_that_occurred() {
        let values: Vec<u64> = (1..=100).collect();
        assert_eq!(quantile(&values, 0.5), 50);
        assert_eq!(quantile(&values, 0.99), 99);
        assert_eq!(quantile(&[7], 0.5), 7);
        assert_eq!(quantile(&[], 0.5), 0);
    }
}
