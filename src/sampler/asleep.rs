//! Whether a thread is asleep in its loop's poll call, and was at the ticks that were overtaken.

use crate::model::{Duration, KernelState, Timestamp};
use crate::os::poll::SyscallProbe;
use crate::os::thread::ThreadProbe;
use crate::python::frames::ThreadWords;

use super::edges::{Off, Switch};
use super::target::Shared;
use super::thread::SampledThread;

/// A sleep in the poll call of at least this length is checked for being a stop.
const LONG_SLEEP: Duration = Duration::from_nanos(10_000_000);
/// Without the kernel's stream, every so many idle ticks are.
const STOP_CHECK_TICKS: u32 = 32;

impl SampledThread {
    /// Counts the ticks that were overtaken between `since` and `now` at which the thread still slept
    /// in the poll call in which the tick before had found it, as the stream proves.
    pub(super) fn count_slept(&mut self, since: Timestamp, now: Timestamp, overtaken: u32) -> u32 {
        let first = self.edges.take_first_switch();
        let Some(Switch::In(woke)) = first.filter(|_| self.polling.is_some()) else { return 0 };
        let (slept, all) = (woke.since(since).as_nanos(), now.since(since).as_nanos());
        let ticks = slept.saturating_mul(u64::from(overtaken) + 1) / all.max(1);
        let ticks = u32::try_from(ticks).unwrap_or(u32::MAX).min(overtaken);
        if ticks > 0 {
            self.idle_ticks = self.idle_ticks.saturating_add(ticks);
            self.idle_until = woke;
        }
        ticks
    }

    /// Whether the thread sleeps in the poll call that it was last seen in, or in a later one from
    /// the same place: with the stack as deep and the same descriptor it can only be the loop's own.
    ///
    /// Where the kernel's stream tells that the thread did not run since that was last found, it is
    /// known without asking.
    pub(super) fn still_polling(&mut self, off: Option<Off>) -> bool {
        if self.polling.is_none() {
            return false;
        }
        if self.slept_on() {
            return true;
        }
        if self.edges.tells() && off.is_none() {
            return false;
        }
        let polls = self.polling == self.probe.as_ref().and_then(SyscallProbe::poll_call);
        self.polling_mark = self.edges.mark().filter(|_| polls);
        polls
    }

    /// Whether the stream proves that the thread has slept on in the poll call it was last found in.
    pub(super) fn slept_on(&self) -> bool {
        self.polling.is_some()
            && self.polling_mark.is_some()
            && self.polling_mark == self.edges.mark()
    }

    /// The stream's mark, if that proves the thread to be off the CPU.
    pub(super) fn asleep(&self) -> Option<u32> {
        let mark = self.edges.mark()?;
        (self.edges.off().is_some() || self.polling_mark == Some(mark)).then_some(mark)
    }

    /// Whether a thread that seems to sleep in its poll call was stopped in it. A stop shows as a
    /// new time off the CPU, so that one look at each long one suffices.
    pub(super) fn is_stopped(&mut self, off: Option<Off>, now: Timestamp) -> bool {
        let number = match off {
            Some(off) if now.since(off.since) >= LONG_SLEEP => Some(off.number),
            Some(_) => return false,
            None if self.idle_ticks % STOP_CHECK_TICKS == STOP_CHECK_TICKS - 1 => None,
            None => return false,
        };
        if number.is_some() && self.stop_checked == number {
            return false;
        }
        self.stop_checked = number;
        let state = self.clocks.as_ref().and_then(ThreadProbe::state);
        let stopped = matches!(state, Some(KernelState::Stopped | KernelState::Traced));
        if stopped {
            self.polling = None;
        }
        stopped
    }

    /// Whether no callback has run since the thread state was last read: equal context versions
    /// prove it. What passed without a look was sleep then.
    pub(super) fn slept_through(&mut self, shared: &Shared<'_>) -> bool {
        use crate::memory::ReadMemory as _;
        let layout = shared.layout;
        self.words.resize(usize::try_from(layout.thread.size).unwrap_or(0), 0);
        if shared.live.read_into(self.state, &mut self.words).is_err() {
            return false;
        }
        let Some(words) = ThreadWords::parse(&self.words, layout) else { return false };
        std::mem::replace(&mut self.last, words) == words
    }
}
