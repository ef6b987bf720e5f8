//! Tasks in line by place: for what has no identity of its own, as each waiter waits for a future
//! or an event made just for it.

use rustc_hash::{FxHashMap, FxHashSet};

use super::place::{Places, Spot};
use crate::analysis::series::Series;
use crate::model::{
    Dictionary, Event, FrameId, StackId, TaskId, TaskRow, TaskState, Timestamp, WaitKind,
};

/// A line of code at which tasks wait for things of one kind.
pub(super) type Line = (FrameId, WaitKind);

/// How many tasks waited in a line over time.
#[derive(Debug, Default)]
pub(super) struct Length {
    now: u32,
    pub(super) most: u32,
    pub(super) over_time: Series,
}

/// Where every task waits, and how many in each place.
#[derive(Debug, Default)]
pub(super) struct Lines {
    places: Places,
    chains: FxHashMap<TaskId, StackId>,
    awaiters: FxHashMap<TaskId, TaskId>,
    spots: FxHashMap<TaskId, (Spot, WaitKind)>,
    fresh: Vec<(TaskId, WaitKind)>,
    changed: FxHashSet<Line>,
    lengths: FxHashMap<Line, Length>,
}

impl Lines {
    /// Takes an event of a census, after what it ended has been accounted.
    pub(super) fn event(&mut self, event: &Event, dictionary: &Dictionary, time: Timestamp) {
        match event {
            Event::TaskRow(row) => self.row(row, dictionary),
            Event::AwaitedBy { task, awaiters } => {
                match awaiters.iter().copied().filter(|awaiter| awaiter != task).min() {
                    Some(awaiter) => self.awaiters.insert(*task, awaiter),
                    None => self.awaiters.remove(task),
                };
            }
            Event::TaskGone { task } => {
                self.leave(*task);
                self.chains.remove(task);
                self.awaiters.remove(task);
            }
            Event::CensusEnd { .. } => self.census(dictionary, time),
            _ => {}
        }
    }

    fn row(&mut self, row: &TaskRow, dictionary: &Dictionary) {
        self.leave(row.task);
        match row.chain {
            Some(chain) => self.chains.insert(row.task, chain),
            None => self.chains.remove(&row.task),
        };
        let reason = row.wait.and_then(|wait| dictionary.get_wait(wait));
        if let Some(reason) = reason.filter(|_| row.state == TaskState::Waiting)
            && (super::is_contended(reason.kind) || reason.kind == WaitKind::Future)
        {
            self.fresh.push((row.task, reason.kind));
        }
    }

    fn leave(&mut self, task: TaskId) {
        let Some((spot, kind)) = self.spots.remove(&task) else { return };
        if let Some(line) = line(&spot, kind)
            && let Some(length) = self.lengths.get_mut(&line)
        {
            length.now = length.now.saturating_sub(1);
            self.changed.insert(line);
        }
    }

    /// Who awaits whom is known when a census ends.
    fn census(&mut self, dictionary: &Dictionary, time: Timestamp) {
        for (task, kind) in std::mem::take(&mut self.fresh) {
            self.leave(task);
            let spot = self.places.spot(dictionary, task, kind, &self.chains, &self.awaiters);
            if let Some(line) = line(&spot, kind) {
                self.lengths.entry(line).or_default().now += 1;
                self.changed.insert(line);
            }
            self.spots.insert(task, (spot, kind));
        }
        #[expect(clippy::iter_over_hash_type, reason = "each line has a series of its own")]
        for line in self.changed.drain() {
            let Some(length) = self.lengths.get_mut(&line) else { continue };
            length.most = length.most.max(length.now);
            length.over_time.push(time, length.now);
        }
    }

    /// Where a task waits; of the last census in which that was new.
    pub(super) fn spot_of(&self, task: TaskId) -> Option<Spot> {
        self.spots.get(&task).map(|(spot, _)| *spot)
    }

    pub(super) fn finish(self) -> FxHashMap<Line, Length> {
        self.lengths
    }
}

/// The line that a wait counts in, if each who waits there may have a thing of its own.
pub(super) fn line(spot: &Spot, kind: WaitKind) -> Option<Line> {
    let counts = match kind {
        // Of a bare future nothing says that others wait for the same thing: replies are awaited
        // like this, too.
        WaitKind::Future => spot.pool.is_some(),
        WaitKind::Event | WaitKind::Condition => true,
        _ => false,
    };
    Some((spot.place.filter(|_| counts && spot.own)?, kind))
}
