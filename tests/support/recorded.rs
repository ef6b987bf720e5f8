//! A recording with its names looked up.

use std::path::Path;

use looptrace::model::{
    CensusEnd, Dictionary, EndReason, Event, MissCounts, RecordingMeta, Sample, StackId, Target,
    TaskId, TaskRow, Timestamp,
};
use looptrace::recording::Reader;

/// Everything of a recording that the tests look at.
pub(crate) struct Recorded {
    pub(crate) meta: RecordingMeta,
    pub(crate) dictionary: Dictionary,
    pub(crate) targets: Vec<Target>,
    pub(crate) samples: Vec<Sample>,
    pub(crate) idle_ticks: u64,
    pub(crate) misses: MissCounts,
    pub(crate) rows: Vec<TaskRow>,
    /// What the kernel and the interpreter told beside the samples.
    pub(crate) told: Vec<Event>,
    pub(crate) censuses: Vec<CensusEnd>,
    pub(crate) targets_ended: usize,
    pub(crate) end: Option<EndReason>,
    pub(crate) last: Timestamp,
    pub(crate) truncated: bool,
}

/// A frame of a recorded stack.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Shown {
    pub(crate) function: String,
    pub(crate) file: String,
    pub(crate) line: u32,
}

impl Recorded {
    /// Reads a recording up to its end or to where it was cut.
    pub(crate) fn read(path: &Path) -> Self {
        let mut reader = Reader::open(path).expect("the recording opens");
        let mut this = Self {
            meta: reader.meta().clone(),
            dictionary: Dictionary::new(),
            targets: Vec::new(),
            samples: Vec::new(),
            idle_ticks: 0,
            misses: MissCounts::default(),
            rows: Vec::new(),
            told: Vec::new(),
            censuses: Vec::new(),
            targets_ended: 0,
            end: None,
            last: Timestamp::ZERO,
            truncated: false,
        };
        while let Some(event) = reader.next_event().expect("the recording can be read") {
            this.take(event);
        }
        this.truncated = reader.is_truncated() || !reader.is_finished();
        this
    }

    fn take(&mut self, event: Event) {
        self.dictionary.apply(&event);
        match event {
            Event::Target { target, .. } => self.targets.push(target),
            Event::TargetEnded { .. } => self.targets_ended += 1,
            Event::Sample(sample) => {
                self.last = self.last.max(sample.time);
                self.samples.push(sample);
            }
            Event::Idle { time, ticks, .. } => {
                self.last = self.last.max(time);
                self.idle_ticks += u64::from(ticks);
            }
            Event::Miss(miss) => self.misses.add(miss.reason, u64::from(miss.count)),
            Event::TaskRow(row) => self.rows.push(row),
            Event::CensusEnd { end, .. } => self.censuses.push(end),
            Event::End { reason, .. } => self.end = Some(reason),
            event @ (Event::Edges { .. }
            | Event::OffCpu(_)
            | Event::OffCpuRun(_)
            | Event::Blocked(_)
            | Event::NativeSample(_)
            | Event::Gil(_)
            | Event::Gc(_)
            | Event::GcPause(_)
            | Event::Callee(_)
            | Event::ThreadClocks(_)
            | Event::Queues(_)) => self.told.push(event),
            _ => {}
        }
    }

    /// The frames of a stack, outermost first.
    pub(crate) fn stack(&self, id: StackId) -> Vec<Shown> {
        let frames = self.dictionary.stack_frames(id).into_iter();
        frames
            .map(|id| {
                let frame = self.dictionary.get_frame(id).expect("frames are defined before use");
                let code = self.dictionary.get_code(frame.code).expect("so are codes");
                Shown {
                    function: self.dictionary.text(code.function).to_owned(),
                    file: self.dictionary.text(code.file).to_owned(),
                    line: frame.line,
                }
            })
            .collect()
    }

    /// A task's name.
    pub(crate) fn task_name(&self, id: TaskId) -> &str {
        let task = self.dictionary.get_task(id).expect("tasks are defined before use");
        task.name.map_or("", |name| self.dictionary.text(name))
    }

    /// The qualified name of a task's coroutine.
    pub(crate) fn task_coroutine(&self, id: TaskId) -> &str {
        let task = self.dictionary.get_task(id).expect("tasks are defined before use");
        task.coroutine.map_or("", |name| self.dictionary.text(name))
    }
}
