//! The vocabulary of looptrace: plain data without I/O, shared by every layer.
//!
//! Nothing here imports another module of the crate.

mod code;
mod dictionary;
mod event;
mod event_loop;
mod id;
mod interpreter;
mod kernel;
mod own_code;
mod sample;
mod snapshot;
mod stall;
mod task;
mod time;
mod wait;

pub use code::{CodeLocation, Frame, FrameKind, StackNode};
pub use dictionary::Dictionary;
pub use event::{CensusEnd, EndReason, Event, RecorderStats, RecordingMeta, Target};
pub use event_loop::{EventLoop, LoopKind, Thread};
pub use id::{
    CodeId, FrameId, KernelCallId, LoopId, NativeCodeId, ObjectId, ProcessId, StackId, StallId,
    StringId, TaskId, ThreadId, WaitId,
};
pub use interpreter::{
    Callee, GcLook, GcPause, GilLook, LockLook, LoopQueues, QueueEntry, QueueReason, Turn,
};
pub use kernel::{
    BlockedLook, CallObject, EdgeSource, KernelCall, KernelState, LostSwitches, MachineClocks,
    NativeCode, NativeSample, OffCpu, OffCpuRun, OffReason, Tally, ThreadClocks,
};
pub use own_code::{asyncio_depth, innermost_own, place_to_look};
pub use sample::{Activity, Miss, MissCounts, MissReason, Sample};
pub use snapshot::{
    LoopView, Rejected, Snapshot, TargetView, TaskView, ThreadView, TimeoutScope, WaitDetail,
};
pub use stall::{
    Cause, CauseKind, Contiguity, EvidenceValue, Lag, LagSeries, Stall, StallEdges, StallKind,
    StallStack, Victim, VictimReason,
};
pub use task::{Task, TaskNote, TaskRow, TaskState};
pub use time::{Duration, TimeAnchor, Timestamp};
pub use wait::{ObjectState, WaitKind, WaitReason};
