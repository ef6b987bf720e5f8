//! What is summed up over a loop's time in its thread. A thread may run one loop after the other: a
//! test suite gives each test its own.

use rustc_hash::FxHashMap;

use super::finder::LoopFacts;
use super::heartbeat::{Heartbeat, Series};
use crate::model::{Duration, LagSeries, LoopId, Timestamp};

/// Loops that gave up their thread and are remembered; a suite has thousands.
const MOST: usize = 10_000;

/// Lags and callbacks of the loop that a thread runs.
#[derive(Debug, Default)]
pub(super) struct Pulse {
    pub(super) heartbeat: Heartbeat,
    pub(super) corrected: Heartbeat,
    pub(super) series: Series,
    /// Contexts entered and left.
    contexts: Option<u64>,
}

impl Pulse {
    /// A stretch in which the loop did not poll, and what of it was no fault of the program.
    pub(super) fn beat(&mut self, start: Timestamp, length: Duration, corrected: Duration) {
        self.heartbeat.add(length);
        self.corrected.add(corrected);
        self.series.add(start, length, corrected);
    }

    pub(super) fn count(&mut self, contexts: u64) {
        self.contexts = Some(self.contexts.unwrap_or(0).saturating_add(contexts));
    }

    /// Callbacks run, at most: every one enters a context and leaves it.
    pub(super) fn callbacks(&self) -> Option<u64> {
        self.contexts.map(|contexts| contexts.div_ceil(2))
    }
}

/// A clock of a thread at its first reading in the present loop's time and at its last.
pub(super) type Readings = (Duration, Duration);

/// What is known of a loop.
#[derive(Debug, Default)]
pub(super) struct Share {
    pub(super) pulse: Pulse,
    pub(super) run_queue: Option<Duration>,
    pub(super) on_cpu: Option<Duration>,
    /// Whether the kernel told when its thread was off the CPU.
    pub(super) exact: bool,
}

/// Loops and what was summed up of them, as far as they gave up their thread.
#[derive(Debug, Default)]
pub(super) struct Past(FxHashMap<LoopId, Share>);

impl Past {
    /// Keeps what a loop's thread summed up; the clocks begin anew with their last readings. Of more
    /// loops than can be kept nothing is said.
    pub(super) fn keep(
        &mut self,
        id: LoopId,
        (pulse, exact): (Pulse, bool),
        run_queue: Option<&mut Readings>,
        on_cpu: Option<&mut Readings>,
    ) {
        if self.0.len() >= MOST && !self.0.contains_key(&id) {
            return;
        }
        let share = self.0.entry(id).or_default();
        share.pulse = pulse;
        share.exact = exact;
        let clocks = [(&mut share.run_queue, run_queue), (&mut share.on_cpu, on_cpu)];
        for (sum, readings) in clocks {
            let Some((first, last)) = readings else { continue };
            *sum = Some(sum.unwrap_or(Duration::ZERO) + (*last - *first));
            *first = *last;
        }
    }

    /// What is known of a loop that runs again.
    pub(super) fn resume(&mut self, id: LoopId) -> Pulse {
        self.0.get_mut(&id).map(|share| std::mem::take(&mut share.pulse)).unwrap_or_default()
    }

    /// Everything, by loop; `watched` is how long each was watched.
    pub(super) fn facts(
        &mut self,
        watched: &FxHashMap<LoopId, Duration>,
    ) -> (Vec<LagSeries>, FxHashMap<LoopId, LoopFacts>) {
        let mut all: Vec<_> = self.0.drain().collect();
        all.sort_unstable_by_key(|&(id, _)| id);
        let mut lag = Vec::new();
        let mut loops = FxHashMap::default();
        for (id, Share { pulse, run_queue: runqueue, on_cpu, exact }) in all {
            let total = watched.get(&id).copied().filter(|&total| total > Duration::ZERO);
            let facts = LoopFacts {
                lag: total.map(|total| pulse.heartbeat.lag(total)),
                lag_corrected: total.filter(|_| exact).map(|total| pulse.corrected.lag(total)),
                runqueue,
                on_cpu,
                callbacks: pulse.callbacks(),
            };
            loops.insert(id, facts);
            lag.push(pulse.series.finish(id));
        }
        (lag, loops)
    }
}
