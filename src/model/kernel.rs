//! What the kernel tells of threads: when they ran, why they did not, and where they were.

use super::id::{KernelCallId, NativeCodeId, StringId, ThreadId};
use super::time::{Duration, Timestamp};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$variant_doc])* $variant),+
        }

        impl $name {
            /// Every one, in the order of their codes in a recording.
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
    /// How the times at which a thread left and took the CPU are known.
    EdgeSource {
        /// From the kernel's stream of context switches, to the nanosecond.
        Kernel = "kernel",
        /// From samples: the stream was not asked for.
        NotAsked = "not_asked",
        /// From samples: the kernel denied the stream.
        Denied = "denied",
        /// From samples: this kernel has no such stream.
        Unsupported = "unsupported",
        /// From samples: no memory was left that may be locked for it.
        NoMemory = "no_memory",
        /// From samples: other threads came first.
        NotChosen = "not_chosen",
        /// From samples: the thread's kernel id is unknown, or it had just ended.
        UnknownThread = "unknown_thread",
        /// From samples: too many files were open, or another error.
        Failed = "failed",
    }
}

words! {
    /// How a thread came to leave the CPU.
    OffReason {
        /// It could have run on: another thread, or the hypervisor's share, took its place.
        Preempted = "preempted",
        /// It waited for something, or was stopped.
        Blocked = "blocked",
    }
}

/// A thread was off the CPU, as the kernel's stream tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OffCpu {
    /// Which thread.
    pub thread: ThreadId,
    /// When it left the CPU.
    pub start: Timestamp,
    /// When it ran again.
    pub end: Timestamp,
    /// How it came to leave.
    pub reason: OffReason,
    /// The thread was still off the CPU at `end`; the next one that starts there goes on with it.
    pub continues: bool,
}

/// How often and how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// How often.
    pub count: u32,
    /// How long, all together.
    pub time: Duration,
}

/// Many short times off the CPU, with short times on it between, summed up. None of either was
/// longer than [`OffCpuRun::LONGEST`], and the run is no longer than [`OffCpuRun::SPAN`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OffCpuRun {
    /// Which thread.
    pub thread: ThreadId,
    /// When it first left the CPU.
    pub start: Timestamp,
    /// When it last came back.
    pub end: Timestamp,
    /// The times it waited.
    pub blocked: Tally,
    /// The times it could have run on.
    pub preempted: Tally,
}

impl OffCpuRun {
    /// Longer times, on or off the CPU, are not summed up.
    pub const LONGEST: Duration = Duration::from_nanos(500_000);
    /// A run is at most this long.
    pub const SPAN: Duration = Duration::from_nanos(10_000_000);
}

/// Records of a thread's switches that were lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LostSwitches {
    /// Which thread.
    pub thread: ThreadId,
    /// The last record before.
    pub start: Timestamp,
    /// The first record after.
    pub end: Timestamp,
    /// How many, as far as the kernel tells.
    pub count: u64,
}

words! {
    /// What the kernel says a thread is doing.
    KernelState {
        /// It runs, or could: `R`.
        Running = "running",
        /// It sleeps until something happens: `S`.
        Sleeping = "sleeping",
        /// It waits for a disk or page and cannot be interrupted: `D`.
        DiskSleep = "disk_sleep",
        /// It was stopped by a signal: `T`.
        Stopped = "stopped",
        /// A debugger stopped it: `t`.
        Traced = "traced",
        /// It has ended: `Z`, `X`.
        Dead = "dead",
        /// Anything else.
        Other = "other",
    }
}

/// A thread's clocks and counters, cumulative since it started. What the kernel does not tell is
/// `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ThreadClocks {
    /// Which thread.
    pub thread: ThreadId,
    /// When they were read.
    pub time: Timestamp,
    /// Time on the CPU.
    pub on_cpu: Option<Duration>,
    /// Time ready to run without a CPU.
    pub run_queue: Option<Duration>,
    /// Page faults that needed no disk.
    pub minor_faults: u64,
    /// Page faults that waited for a disk.
    pub major_faults: u64,
    /// What it was doing.
    pub state: KernelState,
}

/// The machine's own clocks, cumulative since it started, summed over its CPUs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MachineClocks {
    /// When they were read.
    pub time: Timestamp,
    /// Time in which CPUs worked for anyone.
    pub busy: Duration,
    /// Time in which the hypervisor let others run.
    pub steal: Duration,
    /// CPUs that are online.
    pub cpus: u32,
}

words! {
    /// What a system call works on.
    CallObject {
        /// Nothing, or nothing that is known.
        Nothing = "nothing",
        /// A file; the name is its path.
        File = "file",
        /// A TCP socket.
        Tcp = "tcp",
        /// A UDP socket.
        Udp = "udp",
        /// A Unix socket; the name is its path.
        Unix = "unix",
        /// Another socket.
        Socket = "socket",
        /// A pipe.
        Pipe = "pipe",
        /// A terminal; the name is its path.
        Terminal = "terminal",
        /// Another device; the name is its path.
        Device = "device",
        /// A child process; the name is its command.
        Child = "child",
        /// The interpreter's own lock, or its condition variable.
        Gil = "gil",
        /// A lock, by its address only.
        Futex = "futex",
        /// Descriptors to wait for: epoll, poll, select. With a single one, `local` and `peer` are
        /// its own.
        Poll = "poll",
        /// Another kernel object; the name is what the kernel calls it.
        Other = "other",
    }
}

/// A system call and what it works on; defined once, referred to by [`BlockedLook`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KernelCall {
    /// The call's name, e.g. `recvfrom`; `syscall_NNN` for an unknown one.
    pub call: StringId,
    /// What it works on.
    pub object: CallObject,
    /// See [`CallObject`]; `None` if unknown or redacted.
    pub name: Option<StringId>,
    /// The socket's own address.
    pub local: Option<StringId>,
    /// Whom the socket is connected to, or connecting to.
    pub peer: Option<StringId>,
}

/// One look at a thread that is not running, by what the kernel tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockedLook {
    /// Which thread.
    pub thread: ThreadId,
    /// When.
    pub time: Timestamp,
    /// What the kernel said it was doing.
    pub state: KernelState,
    /// The system call it was in; `None` if it was in none (or it was not told).
    pub call: Option<KernelCallId>,
    /// Since when it had been off the CPU, where the stream of switches tells.
    pub since: Option<Timestamp>,
}

/// A place in native code; defined once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NativeCode {
    /// The file the code was mapped from; `None` for code of no file.
    pub module: Option<StringId>,
    /// The function, by the module's symbols.
    pub symbol: Option<StringId>,
}

/// Where a thread was running, as the kernel sampled it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NativeSample {
    /// Which thread.
    pub thread: ThreadId,
    /// When.
    pub time: Timestamp,
    /// In which code; of whatever the thread did in the kernel, the place it called from.
    pub code: NativeCodeId,
}
