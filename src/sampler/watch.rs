//! Why a loop's thread does not run, looked at while it does not: once per time off the CPU where
//! the kernel's stream tells of them, else at each look at a callback that goes on.

use crate::model::{
    BlockedLook, CallObject, Duration, KernelCallId, KernelState, OffReason, Timestamp,
};
use crate::os::poll::{Blocked, SyscallProbe};
use crate::os::thread::ThreadProbe;

use super::blocked::In;
use super::edges::Off;
use super::episode::Doing;
use super::sink::Sink;
use super::target::Shared;
use super::thread::{SampledThread, came_late};

/// Shorter times off the CPU are not looked at.
const SHORTEST: Duration = Duration::from_nanos(200_000);
/// Without the stream, a callback is looked at once it has gone on for so long.
const LONG_CALLBACK: Duration = Duration::from_nanos(1_500_000);
/// Shorter times off the CPU in a long callback are looked at once in so long.
const GLANCE_EVERY: Duration = Duration::from_nanos(5_000_000);
/// Looks at one thread in a second, at most, where the stream tells of the others.
pub(super) const LOOKS_PER_EPOCH: u32 = 300;

impl SampledThread {
    /// What the thread does outside its poll call.
    pub(super) fn look_at_blocked(
        &mut self,
        off: Option<Off>,
        now: Timestamp,
        shared: &mut Shared<'_>,
        sink: &mut Sink,
    ) -> Doing {
        if !self.edges.tells() {
            if self.episodes.lasts(LONG_CALLBACK).is_none() {
                return Doing::Runs;
            }
            return self.ask(None, now, shared, sink);
        }
        let Some(off) = off else { return Doing::Runs };
        if off.reason == OffReason::Preempted {
            // The recorder takes a CPU for its look: what it has just put aside ran until then.
            let aside = now.since(off.since) < SHORTEST;
            return if aside { Doing::Runs } else { Doing::Starves };
        }
        match self.looked {
            Some((number, doing)) if number == off.number => return doing,
            _ if now.since(off.since) < SHORTEST && !self.is_long_unseen(now) => {
                return Doing::Blocked(None);
            }
            _ => {}
        }
        if self.budget.0 != shared.epoch {
            self.budget = (shared.epoch, LOOKS_PER_EPOCH);
        }
        if self.budget.1 == 0 {
            return Doing::Blocked(None);
        }
        self.budget.1 -= 1;
        let doing = self.ask(Some(off), now, shared, sink);
        if doing != Doing::Runs {
            self.looked = Some((off.number, doing));
        }
        doing
    }

    /// Whether a callback has gone on for a while without a look: one that often waits for a moment,
    /// as for pages from a disk, is looked at now and then all the same.
    fn is_long_unseen(&self, now: Timestamp) -> bool {
        now.since(self.asked) >= GLANCE_EVERY && self.episodes.lasts(LONG_CALLBACK).is_some()
    }

    fn ask(
        &mut self,
        off: Option<Off>,
        now: Timestamp,
        shared: &mut Shared<'_>,
        sink: &mut Sink,
    ) -> Doing {
        self.asked = now;
        let blocked = self.probe.as_ref().map_or(Blocked::Unknown, SyscallProbe::call);
        let state = match blocked {
            // What it ran into since then is the next time off the CPU.
            Blocked::Running if off.is_some() => return Doing::Runs,
            Blocked::Running => KernelState::Running,
            _ => match self.clocks.as_ref().and_then(ThreadProbe::state) {
                Some(state) => state,
                None => return Doing::Blocked(None),
            },
        };
        self.edges.drain(shared.clock, sink);
        if came_late(shared.clock.now(), now) || off.is_some() && !self.edges.is_still(off) {
            // It may do something else by now: the next tick looks again.
            return Doing::Runs;
        }
        let call = match blocked {
            Blocked::In(call) => {
                self.lock.found_in(&call);
                let place =
                    In { pid: shared.pid, memory: shared.live, gil: shared.interpreter.gil };
                shared.calls.resolve(&call, &place, shared.dictionary)
            }
            Blocked::Running | Blocked::Outside | Blocked::Unknown => None,
        };
        sink.define(shared.dictionary);
        let (thread, since) = (self.id, off.map(|off| off.since));
        shared.calls.record(BlockedLook { thread, time: now, state, call, since }, sink);
        match state {
            KernelState::Running => Doing::Runs,
            KernelState::Stopped | KernelState::Traced => Doing::Stopped,
            _ if is_lock(call, shared) => Doing::WaitsForLock,
            _ => Doing::Blocked(call),
        }
    }
}

/// Whether a call waits for the interpreter's lock.
fn is_lock(call: Option<KernelCallId>, shared: &Shared<'_>) -> bool {
    let call = call.and_then(|call| shared.dictionary.get_kernel_call(call));
    call.is_some_and(|call| call.object == CallObject::Gil)
}
