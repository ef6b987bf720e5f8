//! What an analysis finds.

use rustc_hash::FxHashMap;

use crate::model::{
    Activity, CodeId, Dictionary, Duration, EdgeSource, EndReason, Lag, LagSeries, LoopId,
    MissCounts, ProcessId, RecordingMeta, StackId, Stall, StallEdges, StringId, Target, TaskId,
    TaskState, ThreadId, Timestamp,
};

use crate::recording::Flaw;

use super::contention::Contention;
use super::executors::Executor;
use super::findings::Finding;
use super::population::Population;
use super::waits::TaskWait;

/// Where a recording was read from, and how well.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Source {
    /// The file, for people.
    pub file: String,
    /// Whether the file ends before its recording did.
    pub truncated: bool,
    /// Why it does, as far as known.
    pub flaw: Option<Flaw>,
    /// Bytes at its end that could not be used.
    pub lost_bytes: u64,
}

/// What a caller may choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnalysisOptions {
    /// The shortest stall to look for.
    pub stall_threshold: Duration,
}

impl Default for AnalysisOptions {
    fn default() -> Self {
        Self { stall_threshold: Duration::from_nanos(50_000_000) }
    }
}

/// The facts of a recording.
#[derive(Debug)]
pub struct Analysis {
    /// Where it was read from.
    pub source: Source,
    /// What was known when it began.
    pub meta: RecordingMeta,
    /// Names behind ids.
    pub dictionary: Dictionary,
    /// The recording as a whole.
    pub overview: Overview,
    /// Every event loop, by id.
    pub loops: Vec<LoopTime>,
    /// Every task that was seen; those that ran longest first.
    pub tasks: Vec<TaskTime>,
    /// The same by outermost coroutine.
    pub coroutines: Vec<CoroutineTime>,
    /// Every sampled stack, heaviest first; those asleep in their poll call last.
    pub stacks: Vec<HotStack>,
    /// Every stall as long as [`Self::stall_threshold`] or longer, in the order of their starts.
    pub stalls: Vec<Stall>,
    /// The shortest stall that was looked for.
    pub stall_threshold: Duration,
    /// Every loop's lag over time, by id.
    pub lag: Vec<LagSeries>,
    /// Locks, queues and the like that were waited for, by total wait.
    pub contention: Vec<Contention>,
    /// Executors whose jobs were waited for.
    pub executors: Vec<Executor>,
    /// How many tasks there were.
    pub population: Population,
    /// Well-known mistakes that it shows, the worst first.
    pub findings: Vec<Finding>,
    /// What each task waited for.
    pub(super) waits: FxHashMap<TaskId, Vec<TaskWait>>,
    /// Who awaited each task when it was last looked at.
    pub(super) awaiters: FxHashMap<TaskId, TaskId>,
}

/// A recording as a whole.
#[derive(Debug, Clone, Default)]
pub struct Overview {
    /// Its processes, in the order of their ids.
    pub targets: Vec<TargetFacts>,
    /// From its start to its last event.
    pub duration: Duration,
    /// Looks at threads.
    pub samples: u64,
    /// Ticks skipped because the thread slept in its poll call.
    pub idle_ticks: u64,
    /// Censuses ended.
    pub censuses: u64,
    /// Those that may not have seen every task.
    pub partial_censuses: u64,
    /// Ticks without a sample.
    pub misses: MissCounts,
    /// Events that the recorder lost.
    pub dropped: u64,
    /// Samples whose innermost frames are missing, since they moved while they were read.
    pub partial_stacks: u64,
    /// Stretches of which nothing is known, in order, without overlap.
    pub gaps: Vec<Gap>,
    /// CPU time of the recorder; `None` where it gave no account.
    pub recorder_cpu: Option<Duration>,
    /// The lowest sampling rate that was in force, in Hz.
    pub lowest_rate_hz: Option<u32>,
    /// The lowest census rate that was in force, in Hz.
    pub lowest_census_rate_hz: Option<u32>,
    /// Why it ended; `None` where the file does not say.
    pub end: Option<EndReason>,
    /// What the edges of stalls rest on.
    pub edges: StallEdges,
    /// Switch records that the kernel could not deliver.
    pub lost_switch_records: u64,
    /// What may have been stalls, but was seen too rarely to be sure that they were as long as the
    /// threshold.
    pub vague_stalls: u64,
    /// How the times on and off the CPU of each thread are known, in the order of their ids.
    pub switches: Vec<(ThreadId, EdgeSource)>,
}

/// A process of the recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetFacts {
    /// Its id.
    pub id: ProcessId,
    /// What is known about it.
    pub target: Target,
    /// When it ended, if it did.
    pub ended: Option<Timestamp>,
}

/// A stretch of time of which nothing is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gap {
    /// Its start.
    pub start: Timestamp,
    /// Its length.
    pub length: Duration,
}

/// What a loop did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoopTime {
    /// The loop.
    pub id: LoopId,
    /// The thread that runs it, or ran it last.
    pub thread: Option<ThreadId>,
    /// Outside its poll call.
    pub busy: Duration,
    /// Asleep in its poll call.
    pub idle: Duration,
    /// Between its first look and its last, and seen by none.
    pub unknown: Duration,
    /// How late work was that became due; `None` where the loop was never seen to poll.
    pub lag: Option<Lag>,
    /// The same, less the time in which the thread waited for a CPU; `None` where that is unknown.
    pub lag_corrected: Option<Lag>,
    /// Time in which its thread could run and got no CPU; `None` where it was not recorded.
    pub runqueue: Option<Duration>,
    /// Time that its thread spent on a CPU since the loop was known; `None` where it was not
    /// recorded.
    pub on_cpu: Option<Duration>,
    /// Callbacks that it ran at most (nested contexts count too); `None` where nothing counted.
    pub callbacks: Option<u64>,
}

/// What a task did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaskTime {
    /// The task.
    pub id: TaskId,
    /// The start of the first stretch it was seen in.
    pub first_seen: Timestamp,
    /// The end of the last one.
    pub last_seen: Timestamp,
    /// Its state when last looked at.
    pub state: TaskState,
    /// Time on the loop's thread.
    pub running: Duration,
    /// Time in which it could run and did not.
    pub ready: Duration,
    /// Time in which it waited.
    pub waiting: Duration,
}

/// What the tasks of one coroutine did, together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CoroutineTime {
    /// Its qualified name.
    pub name: Option<StringId>,
    /// Its code, where it is Python.
    pub code: Option<CodeId>,
    /// How many tasks.
    pub tasks: u64,
    /// See [`TaskTime::running`].
    pub running: Duration,
    /// See [`TaskTime::ready`].
    pub ready: Duration,
    /// See [`TaskTime::waiting`].
    pub waiting: Duration,
}

/// A stack and how often it was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HotStack {
    /// Of which thread.
    pub thread: ThreadId,
    /// The task whose step was running.
    pub task: Option<StackTask>,
    /// The whole thread stack.
    pub stack: Option<StackId>,
    /// The index of the task's root coroutine in it.
    pub task_depth: Option<u32>,
    /// What the thread was doing.
    pub activity: Activity,
    /// How many samples.
    pub samples: u64,
    /// How much time they stand for.
    pub weight: Duration,
}

/// The task of a stack, or several tasks that were drawn together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StackTask {
    /// The task; `None` when several are meant.
    pub id: Option<TaskId>,
    /// Its name; `None` when several are meant that have no common one.
    pub name: Option<StringId>,
    /// Its outermost coroutine.
    pub coroutine: Option<StringId>,
}

impl Analysis {
    /// The tasks above `task`: its awaiter, that one's awaiter, …, nearest first; each once.
    #[must_use]
    pub fn awaiters(&self, task: TaskId) -> Vec<TaskId> {
        const MOST: usize = 64;
        let mut path = Vec::new();
        let mut at = task;
        while let Some(&awaiter) = self.awaiters.get(&at) {
            if awaiter == task || path.contains(&awaiter) || path.len() == MOST {
                break;
            }
            path.push(awaiter);
            at = awaiter;
        }
        path
    }

    /// What a task waited for by kind, the longest first.
    #[must_use]
    pub fn waits(&self, task: TaskId) -> &[TaskWait] {
        self.waits.get(&task).map(Vec::as_slice).unwrap_or_default()
    }

    /// The process with this id.
    #[must_use]
    pub fn target(&self, id: ProcessId) -> Option<&Target> {
        self.overview.targets.iter().find(|facts| facts.id == id).map(|facts| &facts.target)
    }
}
