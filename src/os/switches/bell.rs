//! A bell that the kernel rings when a thread wakes, so that nobody has to look again and again
//! whether it still sleeps.
//!
//! It is an event like that of the stream, on the same thread, with a ring of one page that nobody
//! reads: every record of a switch wakes whoever polls its descriptor. That costs the thread a
//! microsecond or two, so the event is off but for the times when all is asleep.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use super::Refusal;
use super::open;
use super::ring::Ring;

/// A bell on one thread.
#[derive(Debug)]
pub struct Bell {
    event: File,
    ring: Ring,
}

impl Bell {
    /// A bell on a thread by its kernel id, not armed.
    ///
    /// # Errors
    /// When the kernel refuses; the refusal says what that is due to.
    pub fn open(tid: u32) -> Result<Self, Refusal> {
        let event = open::bell(tid)?;
        let ring = Ring::map(&event, 1).map_err(|error| Refusal::of_memory(&error))?;
        Ok(Self { event, ring })
    }

    /// Rings from now on at every switch of the thread.
    ///
    /// # Errors
    /// When the thread is gone.
    pub fn arm(&mut self) -> io::Result<()> {
        open::enable(&self.event)
    }

    /// Rings no more.
    pub fn disarm(&mut self) {
        open::disable(&self.event);
        self.ring.drain(|_switch| {});
    }
}

impl AsFd for Bell {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.event.as_fd()
    }
}
