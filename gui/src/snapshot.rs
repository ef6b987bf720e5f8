//! A recording as the window sees it: made beside the window, never changed.

use std::path::PathBuf;

use looptrace::analysis::timeline::Timeline;
use looptrace::analysis::{Analysis, TaskTime};
use looptrace::model::{Duration, Stall, TaskId};

use crate::axis::Range;
use crate::contention::{Contended, contention};
use crate::facts::{Steps, only_known_ready};
use crate::findings::{Finding, findings};

/// Everything there is to know about a recording, as far as it has been read.
#[derive(Debug)]
pub struct Snapshot {
    /// Counted up with every reading; equal revisions are equal snapshots.
    pub revision: u64,
    /// The file.
    pub path: PathBuf,
    /// How long it was when it was read.
    pub bytes: u64,
    /// How long reading took.
    pub took: std::time::Duration,
    /// Facts.
    pub analysis: Analysis,
    /// Spans.
    pub timeline: Timeline,
    /// What tasks queued for, longest waits first.
    pub contended: Vec<Contended>,
    /// The position of each task in the analysis, by the task's index.
    task_rows: Vec<u32>,
    /// What stands out.
    pub findings: Vec<Finding>,
    /// No stall is longer than this, in nanoseconds.
    pub longest_stall: u64,
    /// For each task, by its index: what its spans tell.
    pub steps: Vec<Steps>,
}

impl Snapshot {
    /// Puts it together.
    #[must_use]
    pub fn new(
        path: PathBuf,
        bytes: u64,
        took: std::time::Duration,
        mut analysis: Analysis,
        timeline: Timeline,
        steps: Vec<Steps>,
    ) -> Self {
        let contended = contention(&analysis, &timeline);
        only_known_ready(&mut analysis, &steps);
        let mut task_rows = Vec::new();
        for (row, time) in analysis.tasks.iter().enumerate() {
            if task_rows.len() <= time.id.index() {
                task_rows.resize(time.id.index() + 1, u32::MAX);
            }
            task_rows[time.id.index()] = row as u32;
        }
        let longest_stall =
            analysis.stalls.iter().map(|stall| stall.duration.as_nanos()).max().unwrap_or(0);
        let mut snapshot = Self {
            findings: Vec::new(),
            task_rows,
            longest_stall,
            revision: 0,
            path,
            bytes,
            took,
            analysis,
            timeline,
            contended,
            steps,
        };
        snapshot.findings = findings(&snapshot);
        snapshot
    }

    /// From its start to its end.
    #[must_use]
    pub fn whole(&self) -> Range {
        Range { start: 0, end: self.timeline.end.as_nanos().max(crate::axis::SHORTEST) }
    }

    /// Stalls, in the order of time.
    #[must_use]
    pub fn stalls(&self) -> &[Stall] {
        &self.analysis.stalls
    }

    /// The positions of the stalls that may overlap a stretch of time.
    #[must_use]
    pub fn stalls_near(&self, range: Range) -> std::ops::Range<usize> {
        let earliest = range.start.saturating_sub(self.longest_stall);
        let stalls = self.stalls();
        stalls.partition_point(|stall| stall.start.as_nanos() < earliest)
            ..stalls.partition_point(|stall| stall.start.as_nanos() <= range.end)
    }

    /// What a task did, all in all.
    #[must_use]
    pub fn task_time(&self, task: TaskId) -> Option<&TaskTime> {
        self.analysis.tasks.get(*self.task_rows.get(task.index())? as usize)
    }

    /// The longest step of a task.
    #[must_use]
    pub fn longest_step(&self, task: TaskId) -> Duration {
        Duration::from_nanos(self.steps.get(task.index()).map_or(0, |steps| steps.longest))
    }

    /// The name of the file.
    #[must_use]
    pub fn file_name(&self) -> String {
        let name = self.path.file_name().unwrap_or(self.path.as_os_str());
        name.to_string_lossy().into_owned()
    }

    /// Whether the recording is whole.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        !self.analysis.source.truncated
    }
}
