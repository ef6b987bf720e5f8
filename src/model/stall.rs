//! Stalls: stretches in which an event loop that had work due made no progress, why, and who
//! suffered from it.

use super::id::{FrameId, LoopId, ProcessId, StackId, StallId, TaskId, ThreadId};
use super::time::{Duration, Timestamp};

macro_rules! words {
    ($(#[$doc:meta])+ $name:ident { $($(#[$about:meta])+ $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$about])+ $variant),+
        }

        impl $name {
            /// Every one, in the order of the declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word used in every output.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $word),+
                }
            }
        }
    };
}

words! {
    /// Where in the loop's turn the time went.
    StallKind {
        /// One callback, or one step of a task, that ran long.
        Callback = "callback",
        /// Many callbacks, none of which was long by itself, between two polls.
        Iteration = "iteration",
        /// Outside any callback: taking the GIL again after the poll, processing events, collecting
        /// garbage.
        Outside = "outside",
    }
}

words! {
    /// How sure it is that a stall is one thing and not two that follow each other.
    Contiguity {
        /// An unchanged `context_ver` proves it.
        Proven = "proven",
        /// The same task or the same callback was seen at every look.
        Likely = "likely",
    }
}

words! {
    /// Why a loop made no progress. A closed set.
    CauseKind {
        /// A system call that blocks, or a library that makes one.
        BlockingCall = "blocking_call",
        /// A lock, queue, condition or future of the `threading` world.
        LockWait = "lock_wait",
        /// Python code that computes.
        CpuPython = "cpu_python",
        /// An extension function that computes.
        CpuNative = "cpu_native",
        /// Another thread held the GIL.
        GilWait = "gil_wait",
        /// The garbage collector.
        Gc = "gc",
        /// A module was imported.
        Import = "import",
        /// The thread slept uninterruptibly: the disk, a network file system.
        Disk = "disk",
        /// Memory had to be fetched or made.
        PageFault = "page_fault",
        /// The thread could run and got no CPU.
        Starved = "starved",
        /// The process was stopped by a signal or a debugger.
        Stopped = "stopped",
        /// Nothing that was seen explains it.
        Unknown = "unknown",
    }
}

impl CauseKind {
    /// The keys that the evidence of such a cause has at least, in this order. Their values may be
    /// [`EvidenceValue::Unknown`].
    #[must_use]
    pub const fn evidence_keys(self) -> &'static [&'static str] {
        match self {
            Self::BlockingCall => &["function", "syscall", "object"],
            Self::LockWait => &["lock", "syscall", "holder", "holder_stack"],
            Self::CpuPython => &["lines"],
            Self::CpuNative => &["callee", "module", "symbol"],
            Self::GilWait => &["holder", "holder_stack", "holder_lines", "holder_callee"],
            Self::Gc => &["generation", "collecting_ns"],
            Self::Import => &["module"],
            Self::Disk => &["function", "syscall", "object"],
            Self::PageFault => &["major_faults", "minor_faults"],
            Self::Starved => &["runqueue_ns", "preempted_ns", "steal_ns"],
            Self::Stopped => &["stopped_ns", "traced"],
            Self::Unknown => &["seen"],
        }
    }
}

words! {
    /// How a task suffered.
    VictimReason {
        /// It could run and the loop did not come round.
        Ready = "ready",
        /// Its timer was due.
        Timer = "timer",
        /// It ran right after: what it waited for may have come during the stall. An upper bound.
        Io = "io",
    }
}

words! {
    /// What the edges of stalls rest on.
    #[derive(Default)]
    StallEdges {
        /// The kernel's switch records, for every loop thread and without loss.
        Kernel = "kernel",
        /// Switch records for some loop threads, or with losses.
        Mixed = "mixed",
        /// Samples alone.
        #[default]
        Sampled = "sampled",
    }
}

/// One stall. All times are the target's; what is unknown is `None` or empty.
#[derive(Debug, Clone, PartialEq)]
pub struct Stall {
    /// Dense, in the order of their starts.
    pub id: StallId,
    /// The process.
    pub process: ProcessId,
    /// The loop that made no progress.
    pub event_loop: LoopId,
    /// The thread that ran it.
    pub thread: ThreadId,
    /// Where in the loop's turn the time went.
    pub kind: StallKind,
    /// The middle between the last look (or switch record) before it and the first in it.
    pub start: Timestamp,
    /// From [`Self::start`] to its end, which is found in the same way.
    pub duration: Duration,
    /// [`Self::start`] may be off by this much either way.
    pub start_error: Duration,
    /// Its end may be off by this much either way.
    pub end_error: Duration,
    /// How sure it is that this is one thing.
    pub contiguity: Contiguity,
    /// Whether it still went on when the recording or the process ended.
    pub ongoing: bool,
    /// The task whose step took longest in it.
    pub task: Option<TaskId>,
    /// That task's coroutines, root outermost, as the heaviest stack has them. Empty without a
    /// task.
    pub await_chain: Vec<FrameId>,
    /// The thread's stacks in it, heaviest first.
    pub stacks: Vec<StallStack>,
    /// The line to look at: the heaviest innermost frame of the user's own code (outside the
    /// standard library and site-packages), else the innermost frame of the heaviest stack.
    pub location: Option<FrameId>,
    /// The innermost frame of the heaviest stack under [`Self::location`]: what was called.
    pub call: Option<FrameId>,
    /// Time on a CPU.
    pub on_cpu: Option<Duration>,
    /// Time in which the thread could run and got no CPU.
    pub runqueue: Option<Duration>,
    /// Time off the CPU, waiting for something.
    pub blocked: Option<Duration>,
    /// Why, largest share first. Shares sum up to 1; never empty.
    pub causes: Vec<Cause>,
    /// Tasks that were delayed, longest first.
    pub victims: Vec<Victim>,
    /// Whether [`Self::victims`] holds all of them.
    pub victims_complete: bool,
    /// What to do about it, in one line.
    pub advice: Option<&'static str>,
}

impl Stall {
    /// Its end.
    #[must_use]
    pub fn end(&self) -> Timestamp {
        self.start + self.duration
    }

    /// The largest cause.
    #[must_use]
    pub fn main_cause(&self) -> Option<&Cause> {
        self.causes.first()
    }
}

/// A stack seen during a stall.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StallStack {
    /// The whole thread stack.
    pub stack: StackId,
    /// The index of the task's root coroutine in it.
    pub task_depth: Option<u32>,
    /// The index of the first frame that is not the loop's own; the number of its frames where all
    /// of them are.
    pub callback_depth: u32,
    /// How much of the stall it stands for.
    pub weight: Duration,
}

/// A reason for a part of a stall.
#[derive(Debug, Clone, PartialEq)]
pub struct Cause {
    /// Its kind.
    pub kind: CauseKind,
    /// Its share of the stall's duration, from 0 to 1.
    pub share: f64,
    /// One line for people: `time.sleep()`, `connect() to 10.0.0.7:5432`.
    pub text: String,
    /// What it rests on; [`CauseKind::evidence_keys`] come first.
    pub evidence: Vec<(&'static str, EvidenceValue)>,
}

/// A piece of evidence.
#[derive(Debug, Clone, PartialEq)]
pub enum EvidenceValue {
    /// It is not known.
    Unknown,
    /// A word, a path, a peer, a command.
    Text(String),
    /// A number of things, or nanoseconds where the key ends in `_ns`.
    Count(u64),
    /// Yes or no.
    Flag(bool),
    /// A thread.
    Thread(ThreadId),
    /// A thread's stack.
    Stack(StackId),
    /// Lines with the time they stand for, heaviest first.
    Lines(Vec<(FrameId, Duration)>),
}

/// A task that a stall delayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Victim {
    /// The task.
    pub task: TaskId,
    /// How it suffered.
    pub reason: VictimReason,
    /// For how long.
    pub delay: Duration,
    /// May be off by this much either way.
    pub error: Duration,
}

/// How long work that arrives at a random moment waits until its loop next polls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lag {
    /// The median.
    pub p50: Duration,
    /// Nine of ten wait no longer.
    pub p90: Duration,
    /// 99 of 100 wait no longer.
    pub p99: Duration,
    /// 999 of 1,000 wait no longer.
    pub p999: Duration,
    /// The longest.
    pub max: Duration,
}

/// A loop's lag over time: the longest in each of equally long buckets from the start of the
/// recording on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LagSeries {
    /// The loop.
    pub event_loop: LoopId,
    /// The length of a bucket.
    pub bucket: Duration,
    /// The longest lag in each bucket.
    pub max: Vec<Duration>,
    /// The same, less the time in which the thread waited for a CPU.
    pub max_corrected: Vec<Duration>,
}
