//! Who holds a lock of the program's that a loop waits for, where the lock itself tells, and which
//! thread it joins.

use crate::memory::RemoteAddr;
use crate::model::{CallObject, Dictionary, Duration, Event, LockLook, ThreadId, Timestamp};
use crate::os::call::{self, Call, ObjectAt};
use crate::python::frames::RawFrame;
use crate::python::locks::{owner_of_awaited, thread_of_method};

use super::episode::Doing;
use super::sink::Sink;
use super::target::{Shared, TargetProcess};
use super::thread::{SampledThread, Seen};

/// While a thread waits for a lock, its owner is asked for so often.
const ASK_EVERY: Duration = Duration::from_nanos(10_000_000);

/// What one thread waits for.
#[derive(Debug, Default)]
pub(super) struct LockWait {
    /// The address that it was last found to wait at.
    futex: Option<u64>,
    asked: Timestamp,
    /// By its `threading.get_ident`; to be told.
    owner: Option<u64>,
    stack: Vec<RemoteAddr>,
}

impl LockWait {
    /// The thread was found in this call.
    pub(super) fn found_in(&mut self, call: &Call) {
        let is_futex = call::known(call.number).is_some_and(|(_, at)| at == ObjectAt::Futex);
        self.futex = call.arguments.first().copied().filter(|_| is_futex);
    }
}

impl SampledThread {
    /// Follows who holds the lock that the thread waits for.
    pub(super) fn follow_lock(&mut self, seen: &Seen, now: Timestamp, shared: &mut Shared<'_>) {
        let Doing::Blocked(Some(call)) = self.doing else { return };
        let object = shared.dictionary.get_kernel_call(call).map(|call| call.object);
        if object != Some(CallObject::Futex) || now.since(self.lock.asked) < ASK_EVERY {
            return;
        }
        let (Some(frame), Some(futex)) = (&seen.leaf, self.lock.futex) else { return };
        self.lock.asked = now;
        let joins = joins_a_thread(frame, shared);
        shared.code_memory.begin();
        let (memory, layout) = (&mut *shared.code_memory, shared.layout);
        let asked = (futex, self.ident);
        // Not to be read is the same as not to be told.
        let owner = if joins {
            thread_of_method(memory, layout, frame)
        } else {
            owner_of_awaited(memory, layout, frame, asked, &mut self.lock.stack)
        };
        self.lock.owner = owner.ok().flatten();
    }
}

/// Whether a frame is where `Thread.join` waits: up to 3.12 in a method that it calls.
fn joins_a_thread(frame: &RawFrame, shared: &Shared<'_>) -> bool {
    shared.codes.location(frame.code).is_some_and(|code| {
        let function = shared.dictionary.text(code.function);
        let name = function.strip_prefix("Thread.").unwrap_or(function);
        (name == "join" || name == "_wait_for_tstate_lock")
            && shared.dictionary.text(code.file).ends_with("/threading.py")
    })
}

impl TargetProcess {
    /// Tells the owners of the locks that loops wait for, with their stacks.
    pub(super) fn look_at_owners(
        &mut self,
        dictionary: &mut Dictionary,
        now: Timestamp,
        sink: &mut Sink,
    ) {
        for index in 0..self.threads.len() {
            let waiting = self.threads.get_mut(index);
            let Some((thread, owner)) =
                waiting.and_then(|thread| Some((thread.id, thread.lock.owner.take()?)))
            else {
                continue;
            };
            if let Some(holder) = self.look_at_owner(owner, dictionary, now, sink) {
                sink.push(Event::Lock(LockLook { thread, time: now, holder }));
            }
        }
    }

    fn look_at_owner(
        &mut self,
        owner: u64,
        dictionary: &mut Dictionary,
        now: Timestamp,
        sink: &mut Sink,
    ) -> Option<ThreadId> {
        let (threads, mut shared) = self.parts(dictionary);
        let holder = threads.iter_mut().find(|thread| thread.ident == owner)?;
        if holder.event_loop.is_none() {
            holder.sample(&mut shared, now, sink);
        }
        Some(holder.id)
    }
}
