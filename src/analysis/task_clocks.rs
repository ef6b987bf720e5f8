//! The accounts of all tasks, kept by censuses and samples.

use rustc_hash::FxHashMap;

use crate::model::{Dictionary, Duration, Event, ProcessId, TaskId, Timestamp};

use super::task_clock::{Stretch, TaskClock};

/// The accounts of all tasks.
#[derive(Debug, Default)]
pub(super) struct TaskClocks {
    clocks: FxHashMap<TaskId, TaskClock>,
    /// When the census took place that is being read.
    census: Option<Timestamp>,
    last_complete: FxHashMap<ProcessId, Timestamp>,
    /// The length of all gaps so far.
    gaps: Duration,
    latest: Timestamp,
}

impl TaskClocks {
    /// A sample saw a task run; it stands for `from` to `to`. Gives what has to be taken back
    /// from the last stretch that was given for this task.
    pub(super) fn run(&mut self, task: TaskId, from: Timestamp, to: Timestamp) -> Duration {
        self.latest = self.latest.max(to);
        self.clocks.entry(task).or_insert_with(|| TaskClock::new(from)).run(from, to)
    }

    /// Takes what censuses and gaps tell. Gives a stretch of a task's time that has become known
    /// by it: what the task did from the census before until this one.
    pub(super) fn event(&mut self, event: &Event) -> Option<(TaskId, Stretch)> {
        match *event {
            Event::CensusBegin { time, .. } => {
                self.census = Some(time);
                self.latest = self.latest.max(time);
            }
            Event::CensusEnd { process, end } => {
                let begun = self.census.take().unwrap_or(end.time);
                if end.complete {
                    self.last_complete.insert(process, begun);
                }
            }
            Event::TaskRow(row) => {
                let time = self.census_time();
                let clock = self.clocks.entry(row.task).or_insert_with(|| TaskClock::new(time));
                return Some((row.task, clock.found(row.state, time, self.gaps)?));
            }
            Event::TaskGone { task } => {
                let time = self.census_time();
                let clock = self.clocks.get_mut(&task)?;
                return Some((task, clock.gone(time, self.gaps)?));
            }
            Event::Gap { length, .. } => self.gaps = self.gaps + length,
            _ => {}
        }
        None
    }

    /// The time of the census that is being read; the last known time outside of any.
    pub(super) fn census_time(&self) -> Timestamp {
        self.census.unwrap_or(self.latest)
    }

    /// Every account, closed at the last complete census of its process, in the order of ids.
    pub(super) fn finish(
        self,
        dictionary: &Dictionary,
    ) -> Vec<(TaskId, TaskClock, Option<Stretch>)> {
        let Self { clocks, last_complete, gaps, .. } = self;
        let mut rows: Vec<_> = clocks.into_iter().map(|(id, clock)| (id, clock, None)).collect();
        rows.sort_unstable_by_key(|(id, ..)| *id);
        for (id, clock, stretch) in &mut rows {
            let process = dictionary.get_task(*id).map(|task| task.process);
            if let Some(&seen) = process.and_then(|process| last_complete.get(&process)) {
                *stretch = clock.close(seen, gaps);
            }
            clock.finish();
        }
        rows
    }
}
