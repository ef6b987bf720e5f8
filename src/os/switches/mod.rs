//! The kernel's stream of one thread's context switches: when it left a CPU and why, and when it
//! ran again, to the nanosecond; and, now and then, which instruction it was at.
//!
//! A software *dummy* event with `context_switch` set, on one thread, by `CLOCK_MONOTONIC`. The
//! kernel writes into a ring that is read in place, so draining it takes no system call. Locked
//! memory is limited for the unprivileged: rings are small.

mod bell;
mod open;
mod ring;

use std::fs::File;

pub use bell::Bell;
pub use open::Refusal;
use ring::Ring;

/// Bytes of a ring for a thread that matters, and for one that matters less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Size {
    /// One page.
    Small,
    /// Eight pages: over a thousand switches.
    Large,
}

impl Size {
    const fn pages(self) -> usize {
        match self {
            Self::Small => 1,
            Self::Large => 8,
        }
    }
}

/// One record of the stream. Times are nanoseconds of the machine's `CLOCK_MONOTONIC`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Record {
    /// The thread left its CPU.
    Out {
        /// When.
        time: u64,
        /// It could have run on.
        preempted: bool,
    },
    /// The thread got a CPU.
    In {
        /// When.
        time: u64,
    },
    /// The thread was at this instruction.
    At {
        /// When.
        time: u64,
        /// The address, in the program's own code.
        instruction: u64,
    },
    /// Records were lost here.
    Lost {
        /// How many; 0 where the ring was full and the kernel has not told yet.
        count: u64,
        /// When this was noticed.
        time: u64,
    },
}

/// The stream of one thread. Ends with the thread, and may be drained afterwards.
#[derive(Debug)]
pub struct Switches {
    ring: Ring,
    /// Instructions, written into the same ring; closed with it.
    _instructions: Option<File>,
}

impl Switches {
    /// Opens the stream of a thread by its kernel id, with a look at its instruction after every
    /// `instructions_every` nanoseconds that it runs.
    ///
    /// # Errors
    /// When the kernel refuses; the refusal says what that is due to.
    pub fn open(tid: u32, size: Size, instructions_every: Option<u64>) -> Result<Self, Refusal> {
        let file = open::switches(tid)?;
        let ring = Ring::map(&file, size.pages()).map_err(|error| Refusal::of_memory(&error))?;
        let instructions =
            instructions_every.and_then(|period| open::instructions(tid, period, ring.file()).ok());
        Ok(Self { ring, _instructions: instructions })
    }

    /// Gives every record that is there, oldest first, and makes room for new ones. Neither calls
    /// the system nor allocates.
    pub fn drain(&mut self, take: impl FnMut(Record)) {
        self.ring.drain(take);
    }
}

/// How many large rings this user may have now, up to `most`; found by opening them on this
/// thread and letting them go.
///
/// # Errors
/// When not even one is granted.
pub fn budget(most: usize) -> Result<usize, Refusal> {
    let us = nix::unistd::gettid().as_raw();
    let tid = u32::try_from(us).unwrap_or(0);
    let mut open = Vec::new();
    while open.len() < most {
        match Switches::open(tid, Size::Large, None) {
            Ok(stream) => open.push(stream),
            Err(refusal) if open.is_empty() => return Err(refusal),
            Err(_) => break,
        }
    }
    Ok(open.len())
}
