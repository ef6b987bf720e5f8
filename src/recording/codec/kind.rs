//! The codes of events.

use crate::model::Event;

macro_rules! kinds {
    ($($name:ident = $code:literal),+ $(,)?) => {
        /// What an event is, by the code it has in a recording.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u8)]
        pub(crate) enum EventKind {
            $($name = $code),+
        }

        impl EventKind {
            pub(crate) const fn from_code(code: u8) -> Option<Self> {
                Some(match code {
                    $($code => Self::$name,)+
                    _ => return None,
                })
            }
        }
    };
}

kinds! {
    String = 0, Target = 1, TargetEnded = 2, Thread = 3, Loop = 4, Code = 5, Frame = 6, Stack = 7,
    Task = 8, Object = 9, Wait = 10,
    Sample = 11, Idle = 12, Miss = 13,
    CensusBegin = 14, TaskRow = 15, AwaitedBy = 16, TaskGone = 17, CensusEnd = 18,
    Gap = 19, Stats = 20, End = 21,
    Edges = 64, OffCpu = 65, OffCpuRun = 66, LostSwitches = 67, ThreadClocks = 68,
    MachineClocks = 69, KernelCall = 70, Blocked = 71, NativeCode = 72, NativeSample = 73,
    Gil = 74, Gc = 75, GcPause = 76, Callee = 77, Queues = 78,
    ObjectState = 80, TaskNote = 81, Warned = 82, Turn = 83, Lock = 84,
}

impl EventKind {
    /// Events of an unknown kind from here on are skipped; others are refused.
    pub(crate) const FIRST_OPTIONAL: u8 = 64;

    pub(crate) const fn of(event: &Event) -> Self {
        match event {
            Event::String { .. } => Self::String,
            Event::Target { .. } => Self::Target,
            Event::TargetEnded { .. } => Self::TargetEnded,
            Event::Thread { .. } => Self::Thread,
            Event::Loop { .. } => Self::Loop,
            Event::Code { .. } => Self::Code,
            Event::Frame { .. } => Self::Frame,
            Event::Stack { .. } => Self::Stack,
            Event::Task { .. } => Self::Task,
            Event::Object { .. } => Self::Object,
            Event::Wait { .. } => Self::Wait,
            Event::Sample(_) => Self::Sample,
            Event::Idle { .. } => Self::Idle,
            Event::Miss(_) => Self::Miss,
            Event::CensusBegin { .. } => Self::CensusBegin,
            Event::TaskRow(_) => Self::TaskRow,
            Event::AwaitedBy { .. } => Self::AwaitedBy,
            Event::ObjectState { .. } => Self::ObjectState,
            Event::TaskNote { .. } => Self::TaskNote,
            Event::Warned { .. } => Self::Warned,
            Event::TaskGone { .. } => Self::TaskGone,
            Event::CensusEnd { .. } => Self::CensusEnd,
            Event::Gap { .. } => Self::Gap,
            Event::Stats(_) => Self::Stats,
            Event::End { .. } => Self::End,
            Event::Edges { .. } => Self::Edges,
            Event::OffCpu(_) => Self::OffCpu,
            Event::OffCpuRun(_) => Self::OffCpuRun,
            Event::LostSwitches(_) => Self::LostSwitches,
            Event::ThreadClocks(_) => Self::ThreadClocks,
            Event::MachineClocks(_) => Self::MachineClocks,
            Event::KernelCall { .. } => Self::KernelCall,
            Event::Blocked(_) => Self::Blocked,
            Event::NativeCode { .. } => Self::NativeCode,
            Event::NativeSample(_) => Self::NativeSample,
            Event::Gil(_) => Self::Gil,
            Event::Gc(_) => Self::Gc,
            Event::GcPause(_) => Self::GcPause,
            Event::Callee(_) => Self::Callee,
            Event::Queues(_) => Self::Queues,
            Event::Turn(_) => Self::Turn,
            Event::Lock(_) => Self::Lock,
        }
    }
}
