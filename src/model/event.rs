//! What the sampler hands to the recording, and what a recording gives back, in order.
//!
//! Definitions come before their first use. Times never run backwards within one thread's
//! samples, nor from one census to the next.

use super::code::{CodeLocation, Frame, StackNode};
use super::event_loop::{EventLoop, Thread};
use super::id::{
    CodeId, FrameId, KernelCallId, LoopId, NativeCodeId, ObjectId, ProcessId, StackId, StringId,
    TaskId, ThreadId, WaitId,
};
use super::interpreter::{Callee, GcLook, GcPause, GilLook, LockLook, LoopQueues, Turn};
use super::kernel::{
    BlockedLook, EdgeSource, KernelCall, LostSwitches, MachineClocks, NativeCode, NativeSample,
    OffCpu, OffCpuRun, ThreadClocks,
};
use super::sample::{Miss, Sample};
use super::task::{Task, TaskNote, TaskRow};
use super::time::{Duration, TimeAnchor, Timestamp};
use super::wait::{ObjectState, WaitReason};

/// What is known when a recording begins.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RecordingMeta {
    /// The recorder's version.
    pub looptrace_version: String,
    /// Ties the recording's clock to others.
    pub anchor: TimeAnchor,
    /// The sampling rate asked for, in Hz.
    pub rate_hz: u32,
    /// The census rate asked for, in Hz.
    pub census_rate_hz: u32,
    /// Whether the target was paused for each sample.
    pub blocking: bool,
    /// Whether command lines, paths outside code, peers and task names were left out.
    pub redacted: bool,
    /// Kernel, processor and host name, as `uname` and `/proc/cpuinfo` give them; empty if redacted.
    pub host: String,
    /// How long a callback may run before its loop's queues are looked at.
    pub stall_threshold: Duration,
}

/// A process of the recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Its pid as the host sees it.
    pub pid: u32,
    /// Its command line; empty if redacted or unreadable.
    pub command: Vec<String>,
    /// The interpreter's version, e.g. `3.14.2`; with `t` appended for free-threaded builds.
    pub python: String,
    /// When looptrace attached.
    pub attached: Timestamp,
}

/// The recorder's account of itself since the recording began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RecorderStats {
    /// When this was taken.
    pub time: Timestamp,
    /// CPU time of the recorder process.
    pub cpu: Duration,
    /// Events lost because the writer could not keep up.
    pub dropped: u64,
    /// Samples so far whose innermost frames are missing, since they moved while they were read.
    pub partial_stacks: u64,
    /// The sampling rate in force, in Hz.
    pub rate_hz: u32,
    /// The census rate in force, in Hz.
    pub census_rate_hz: u32,
}

/// How a census ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CensusEnd {
    /// When its last read ended.
    pub time: Timestamp,
    /// Whether every task was seen. After a partial one, absent tasks are not gone.
    pub complete: bool,
    /// Tasks seen.
    pub tasks: u32,
    /// Tasks whose chain changed under the read.
    pub torn: u32,
    /// Tasks that could not be read.
    pub unreadable: u32,
}

/// Why a recording ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndReason {
    /// Ctrl-C or a termination signal.
    Interrupted,
    /// The duration asked for was over.
    Duration,
    /// The target exited.
    TargetExited,
    /// The recorder could not go on (for example, the disk was full).
    Failed,
}

/// One entry of a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "each variant says what its fields are")]
pub enum Event {
    /// A text.
    String { id: StringId, text: String },
    /// A process.
    Target { id: ProcessId, target: Target },
    /// A process ended or was given up.
    TargetEnded { id: ProcessId, time: Timestamp },
    /// A thread; a second definition of the same id replaces the first (its name was learnt).
    Thread { id: ThreadId, thread: Thread },
    /// An event loop; a second definition replaces the first (it moved to another thread).
    Loop { id: LoopId, event_loop: EventLoop },
    /// A code object.
    Code { id: CodeId, code: CodeLocation },
    /// A line of code.
    Frame { id: FrameId, frame: Frame },
    /// A node of the stack tree.
    Stack { id: StackId, node: StackNode },
    /// A task; a second definition replaces the first (it was renamed).
    Task { id: TaskId, task: Task },
    /// Something tasks wait for, with its type's name.
    Object { id: ObjectId, type_name: StringId },
    /// A reason to wait.
    Wait { id: WaitId, reason: WaitReason },
    /// One look at a thread.
    Sample(Sample),
    /// Ticks of a thread that was asleep in its poll call, so that nothing was read;
    /// they end at `time`.
    Idle { thread: ThreadId, time: Timestamp, ticks: u32 },
    /// Ticks without a sample.
    Miss(Miss),
    /// A census of one process begins; rows up to its end belong to it.
    CensusBegin { process: ProcessId, time: Timestamp },
    /// A task whose row differs from the last one recorded for it, or that ran in between and waits
    /// for the same again.
    TaskRow(TaskRow),
    /// The tasks that await `task` (all of them, replacing the last list).
    AwaitedBy { task: TaskId, awaiters: Vec<TaskId> },
    /// How something that tasks wait for stands, where that differs from the last time.
    ObjectState { object: ObjectId, state: ObjectState },
    /// Something noteworthy about a task, told once.
    TaskNote { task: TaskId, note: TaskNote },
    /// A warning that the program gave: a coroutine that was never awaited.
    Warned { process: ProcessId, text: StringId, file: StringId, line: u32 },
    /// A task that was in an earlier census and exists no more.
    TaskGone { task: TaskId },
    /// The census ends.
    CensusEnd { process: ProcessId, end: CensusEnd },
    /// Nothing was recorded from `start` on for `length` (the recorder was stopped, or overrun).
    Gap { start: Timestamp, length: Duration },
    /// The recorder's account of itself.
    Stats(RecorderStats),
    /// From now on, a thread's times on and off the CPU are known like this.
    Edges { thread: ThreadId, time: Timestamp, source: EdgeSource },
    /// A time off the CPU. Comes when it is over (or once a second), so later than samples in it.
    OffCpu(OffCpu),
    /// Many short times off the CPU.
    OffCpuRun(OffCpuRun),
    /// Records of switches that were lost.
    LostSwitches(LostSwitches),
    /// A thread's clocks.
    ThreadClocks(ThreadClocks),
    /// The machine's clocks.
    MachineClocks(MachineClocks),
    /// A system call and what it works on.
    KernelCall { id: KernelCallId, call: KernelCall },
    /// A look at a thread that is not running; a sample of the same thread and time is before it,
    /// unless that was a miss.
    Blocked(BlockedLook),
    /// A place in native code.
    NativeCode { id: NativeCodeId, code: NativeCode },
    /// Where a thread was running.
    NativeSample(NativeSample),
    /// A look at the interpreter's lock.
    Gil(GilLook),
    /// A look at a lock of the program's that a thread waits for.
    Lock(LockLook),
    /// A look at the garbage collector.
    Gc(GcLook),
    /// A collection by the collector's own clock.
    GcPause(GcPause),
    /// The native function that a sample was calling.
    Callee(Callee),
    /// What a loop has queued.
    Queues(LoopQueues),
    /// A loop has not come back to its poll call for a while; the sample of that time follows.
    Turn(Turn),
    /// The last event of a recording that was ended in order.
    End { time: Timestamp, reason: EndReason },
}
