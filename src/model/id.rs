//! Dense identifiers, counted from 1 per kind and never reused within a recording.

use std::fmt;
use std::num::NonZeroU32;

macro_rules! id {
    ($(#[$doc:meta] $name:ident),+ $(,)?) => {$(
        #[$doc]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(NonZeroU32);

        impl $name {
            /// The identifier with this number; `None` for 0.
            #[must_use]
            pub fn new(number: u32) -> Option<Self> {
                NonZeroU32::new(number).map(Self)
            }

            /// The identifier of the `index`-th entry (from 0) of its table.
            /// `None` once the table is full (2³² − 1 entries).
            #[must_use]
            pub fn from_index(index: usize) -> Option<Self> {
                u32::try_from(index).ok()?.checked_add(1).and_then(Self::new)
            }

            /// The number, from 1.
            #[must_use]
            pub fn get(self) -> u32 {
                self.0.get()
            }

            /// The position (from 0) in the table of its kind.
            #[must_use]
            pub fn index(self) -> usize {
                self.0.get() as usize - 1
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )+};
}

id! {
    /// A process of the recording.
    ProcessId,
    /// A thread of a recorded process.
    ThreadId,
    /// An event loop.
    LoopId,
    /// An asyncio task: an address and a generation, since addresses are reused.
    TaskId,
    /// A text.
    StringId,
    /// A code object.
    CodeId,
    /// A line of a code object.
    FrameId,
    /// A node of the stack tree; it stands for the whole path from its root.
    StackId,
    /// Something other than a task that tasks wait for: a lock, a queue, a future.
    ObjectId,
    /// A reason to wait.
    WaitId,
    /// A stall, numbered by the analysis in the order of their starts.
    StallId,
    /// A system call and what it works on.
    KernelCallId,
    /// A place in native code.
    NativeCodeId,
}
