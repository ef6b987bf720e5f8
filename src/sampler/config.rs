//! What a recording is asked to be, how it goes, and how it ended.

use std::path::PathBuf;

use crate::model::{Duration, EdgeSource, EndReason, MissCounts};

/// How a target is looked at.
#[derive(Debug, Clone, Copy)]
pub(super) struct How {
    /// Whether the kernel's stream of context switches is used.
    pub(super) kernel_stream: bool,
    /// How long a callback may run before it is a stall.
    pub(super) stall_threshold: Duration,
}

impl How {
    /// A single look.
    pub(super) const ONCE: Self =
        Self { kernel_stream: false, stall_threshold: Duration::from_nanos(u64::MAX) };
}

/// What a recording is asked to be.
#[derive(Debug, Clone)]
pub struct SessionConfig {
    /// Looks at each loop thread per second.
    pub rate_hz: u32,
    /// Censuses per second; 0 for none but one at the start.
    pub census_rate_hz: u32,
    /// When to end by itself.
    pub duration: Option<std::time::Duration>,
    /// Whether children are recorded too, as they come and go.
    pub subprocesses: bool,
    /// Whether the target is paused for each look.
    pub blocking: bool,
    /// The recorder's own budget, in percent of one core.
    pub max_cpu_percent: Option<f64>,
    /// Whether the kernel's stream of context switches is used where it is granted.
    pub kernel_stream: bool,
    /// How long a callback may run before its loop's queues are looked at and it is told.
    pub stall_threshold: Duration,
    /// Whether command lines, paths outside code, peers and task names are left out.
    pub redact: bool,
    /// Whether builds whose layout was never verified live are read all the same.
    pub force_unverified: bool,
    /// The file to write.
    pub output: PathBuf,
    /// Whether an existing file is replaced.
    pub force_overwrite: bool,
}

/// How a recording goes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Progress {
    /// Since it began.
    pub elapsed: std::time::Duration,
    /// Looks kept.
    pub samples: u64,
    /// Those whose innermost frames are missing, since they moved while they were read.
    pub partial_stacks: u64,
    /// Ticks that found the loop asleep in its poll call.
    pub idle_ticks: u64,
    /// Ticks without a sample.
    pub misses: MissCounts,
    /// Tasks alive at the last census, all processes together.
    pub tasks: u64,
    /// Censuses held.
    pub censuses: u64,
    /// Bytes in the file.
    pub file_bytes: u64,
    /// Looks lost because the writer could not keep up.
    pub dropped: u64,
    /// The rates in force.
    pub rate_hz: u32,
    /// Censuses per second in force.
    pub census_rate_hz: u32,
    /// The recorder's share of one core, in percent.
    pub recorder_cpu_percent: f64,
    /// Processes being recorded.
    pub processes: u32,
    /// Whether any of them has imported asyncio.
    pub has_asyncio: bool,
    /// Why a loop's thread goes without the kernel's stream of switches that was asked for.
    pub refused: Option<EdgeSource>,
}

/// How a recording ended.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Why.
    pub end: EndReason,
    /// Where it is.
    pub path: PathBuf,
    /// Its size in bytes.
    pub bytes: u64,
    /// The last state of affairs.
    pub progress: Progress,
}
