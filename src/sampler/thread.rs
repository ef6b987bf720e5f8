//! One thread of a target, looked at again and again.

use std::num::NonZeroU32;

use crate::asyncio::AsyncioReader;
use crate::memory::RemoteAddr;
use crate::model::{
    Activity, CodeId, Duration, Event, FrameId, LoopId, LoopKind, Miss, MissReason, Sample, TaskId,
    ThreadId, Timestamp, Turn,
};
use crate::os::poll::{PollCall, SyscallProbe};
use crate::os::thread::ThreadProbe;
use crate::python::frames::{
    FrameReader, Look, RawFrame, Refusal, RunningTask, TaskSource, ThreadWords,
};

use super::callback::Callbacks;
use super::calling::Calling;
use super::clock::Clock;
use super::edges::{Edges, Off};
use super::episode::{Doing, Episode, Episodes, Moment};
use super::lock::LockWait;
use super::sink::Sink;
use super::stacks::{ResolvedStack, StackResolver};
use super::target::Shared;
use super::watch::LOOKS_PER_EPOCH;

/// What is read later than this after its tick does not tell of it.
const LONGEST_LOOK: Duration = Duration::from_nanos(1_000_000);
/// A loop that has run callbacks for so long without polling is told of.
const LONG_TURN: Duration = Duration::from_nanos(400_000);
const LONGEST_TURN: Duration = Duration::from_nanos(3_600_000_000_000);

/// The loop that runs in a thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RunningLoop {
    pub(super) id: LoopId,
    pub(super) kind: LoopKind,
    /// Where the running task is found.
    pub(super) source: TaskSource,
}

/// One thread.
#[derive(Debug)]
pub(super) struct SampledThread {
    /// Its thread state.
    pub(super) state: RemoteAddr,
    pub(super) id: ThreadId,
    pub(super) event_loop: Option<RunningLoop>,
    /// Whether the thread state was still listed at the last rescan.
    pub(super) listed: bool,
    /// The thread state's own number; another one at the same address has another.
    pub(super) number: u64,
    pub(super) is_main: bool,
    /// What `threading.get_ident` gives.
    pub(super) ident: u64,
    /// The kernel's id of it; 0 if unknown.
    pub(super) native_id: u32,
    /// When it was on the CPU.
    pub(super) edges: Edges,
    pub(super) clocks: Option<ThreadProbe>,
    pub(super) episodes: Episodes,
    /// A stall that is over, to be told.
    pub(super) over: Option<Episode>,
    /// Whether the callback that runs has just become a stall.
    pub(super) crossed: bool,
    /// Whether its loop's queues are to be looked at.
    pub(super) held_up: bool,
    /// What it did at the last tick.
    pub(super) doing: Doing,
    /// Looks at why it is blocked that are left in this epoch.
    pub(super) budget: (u32, u32),
    callbacks: Callbacks,
    /// The native function that it is in.
    pub(super) calling: Calling,
    /// The lock that it waits for.
    pub(super) lock: LockWait,
    reader: FrameReader,
    resolver: StackResolver,
    pub(super) probe: Option<SyscallProbe>,
    pub(super) words: Vec<u8>,
    pub(super) last: ThreadWords,
    /// The loop's poll call, if the last look found the thread asleep in it.
    pub(super) polling: Option<PollCall>,
    /// The stream's mark when it was last proven to be in that call.
    pub(super) polling_mark: Option<u32>,
    /// The last look, if it was taken within this time off the CPU and found the whole stack.
    frozen: Option<(u32, Seen)>,
    /// The time off the CPU that was looked at last, and what it is.
    pub(super) looked: Option<(u32, Doing)>,
    /// The stream's mark if it was asleep when the last census began.
    pub(super) census_mark: Option<u32>,
    /// When it was last asked why it is blocked.
    pub(super) asked: Timestamp,
    pub(super) stop_checked: Option<u32>,
    last_tick: Timestamp,
    /// When the thread's frames were read last.
    pub(super) read_at: Timestamp,
    /// The time off the CPU in which its clocks were recorded last.
    pub(super) clocks_off: Option<u32>,
    last_task: Option<(RemoteAddr, RemoteAddr, TaskId)>,
    pub(super) idle_ticks: u32,
    pub(super) idle_until: Timestamp,
    late: u32,
}

/// What became of one tick. Of the ticks overtaken, at `late` ones the thread may not have been
/// asleep in its poll call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tick {
    /// The thread was looked at; if `partial`, the innermost frames are missing.
    Sample { partial: bool, late: u32 },
    /// It was asleep in its poll call.
    Idle { late: u32 },
    /// It could not be looked at.
    Missed { reason: MissReason, late: u32 },
}

/// What one look found, resolved.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    pub(super) stack: ResolvedStack,
    pub(super) task: Option<TaskId>,
    pub(super) activity: Activity,
    pub(super) callback: Option<NonZeroU32>,
    pub(super) partial: bool,
    /// The innermost frame, where it was seen.
    pub(super) leaf: Option<RawFrame>,
}

impl SampledThread {
    pub(super) fn new(state: RemoteAddr, id: ThreadId, pid: u32, native_id: u32) -> Self {
        Self {
            state,
            id,
            event_loop: None,
            listed: true,
            number: 0,
            is_main: false,
            ident: 0,
            native_id,
            edges: Edges::new(id),
            clocks: ThreadProbe::open(pid, native_id),
            episodes: Episodes::default(),
            over: None,
            crossed: false,
            held_up: false,
            doing: Doing::Runs,
            budget: (0, LOOKS_PER_EPOCH),
            callbacks: Callbacks::default(),
            calling: Calling::default(),
            lock: LockWait::default(),
            reader: FrameReader::new(),
            resolver: StackResolver::default(),
            probe: SyscallProbe::open(pid, native_id),
            words: Vec::new(),
            last: ThreadWords::default(),
            polling: None,
            polling_mark: None,
            frozen: None,
            looked: None,
            census_mark: None,
            asked: Timestamp::ZERO,
            stop_checked: None,
            last_tick: Timestamp::ZERO,
            read_at: Timestamp::ZERO,
            clocks_off: None,
            last_task: None,
            idle_ticks: 0,
            idle_until: Timestamp::ZERO,
            late: 0,
        }
    }

    /// Says whether the process is paused for each look.
    pub(super) const fn set_paused(&mut self, paused: bool) {
        self.reader.set_paused(paused);
    }

    /// One tick, `overtaken` others having passed since the last one without a look.
    pub(super) fn tick(
        &mut self,
        shared: &mut Shared<'_>,
        now: Timestamp,
        overtaken: u32,
        sink: &mut Sink,
    ) -> Tick {
        self.edges.drain(shared.clock, sink);
        let off = self.edges.off();
        let last_tick = std::mem::replace(&mut self.last_tick, now);
        let overtaken = overtaken - self.count_slept(last_tick, now, overtaken);
        let slept_on = self.slept_on();
        if self.still_polling(off) && !self.is_stopped(off, now) {
            if !slept_on && came_late(shared.clock.now(), now) {
                return self.missed_late(overtaken);
            }
            let slept_on = slept_on || off.is_some_and(|off| off.since <= last_tick);
            let proven = overtaken > 0 && (slept_on || self.slept_through(shared));
            let late = if proven { 0 } else { overtaken };
            self.late = self.late.saturating_add(late);
            let slept = (overtaken - late).saturating_add(1);
            self.idle_ticks = self.idle_ticks.saturating_add(slept);
            self.idle_until = now;
            self.over = self.episodes.polls(now, shared.how.stall_threshold).or(self.over);
            self.record_edge(now, sink);
            return Tick::Idle { late };
        }
        self.flush_idle(sink);
        let look = self.look_or_recall(off, shared);
        if came_late(self.read_at, now) {
            return self.missed_late(overtaken);
        }
        self.late = self.late.saturating_add(overtaken);
        match look {
            Ok(seen) => {
                self.record_sample(seen, off, now, shared, sink);
                Tick::Sample { partial: seen.partial, late: overtaken }
            }
            Err(refusal) => {
                let reason = match refusal {
                    Refusal::Torn => MissReason::Torn,
                    Refusal::Unreadable => MissReason::Unreadable,
                    Refusal::Exited => MissReason::Exited,
                };
                self.polling = None;
                self.frozen = None;
                sink.push(Event::Miss(Miss { time: now, thread: self.id, reason, count: 1 }));
                Tick::Missed { reason, late: overtaken }
            }
        }
    }

    /// Records what a look found.
    fn record_sample(
        &mut self,
        seen: Seen,
        off: Option<Off>,
        now: Timestamp,
        shared: &mut Shared<'_>,
        sink: &mut Sink,
    ) {
        sink.define(shared.dictionary);
        self.tell_turn(shared, now, sink);
        sink.push(Event::Sample(Sample {
            time: now,
            thread: self.id,
            stack: seen.stack.stack,
            task: seen.task,
            task_depth: seen.task.and(seen.stack.task_depth),
            activity: seen.activity,
            context_ver: self.event_loop.map(|_| self.last.context_ver),
            callback: seen.callback,
        }));
        // What moved while it was looked at may have gone to sleep since.
        self.frozen = off.filter(|_| !seen.partial).map(|off| (off.number, seen));
        self.watch(seen, off, now, shared, sink);
    }

    /// Others had the CPU between the tick and its look: that tells of another time than the tick's.
    const fn missed_late(&mut self, overtaken: u32) -> Tick {
        self.polling = None;
        self.frozen = None;
        self.late = self.late.saturating_add(overtaken).saturating_add(1);
        Tick::Missed { reason: MissReason::Late, late: overtaken }
    }

    /// Tells since when the loop has not come back to its poll call, where that is a while.
    fn tell_turn(&mut self, shared: &Shared<'_>, now: Timestamp, sink: &mut Sink) {
        let Some(began) = self.callbacks.turn.take() else { return };
        let began = shared.clock.at(began);
        let ago = now.since(began);
        // A loop may have another clock than ours.
        if ago >= LONG_TURN && ago <= LONGEST_TURN && began > Timestamp::ZERO {
            sink.push(Event::Turn(Turn { thread: self.id, time: now, began }));
        }
    }

    /// A look; what was seen while the thread has been off the CPU all the time is still so.
    fn look_or_recall(
        &mut self,
        off: Option<Off>,
        shared: &mut Shared<'_>,
    ) -> Result<Seen, Refusal> {
        match (self.frozen, off) {
            (Some((number, seen)), Some(off))
                if number == off.number
                    && seen.activity != Activity::Polling
                    && (seen.activity == Activity::NoLoop) == self.event_loop.is_none() =>
            {
                Ok(seen)
            }
            _ => self.look(shared),
        }
    }

    /// Follows how long the loop has been in the same callback, and what it does there.
    fn watch(
        &mut self,
        seen: Seen,
        off: Option<Off>,
        now: Timestamp,
        shared: &mut Shared<'_>,
        sink: &mut Sink,
    ) {
        self.doing = Doing::Runs;
        let Some(RunningLoop { kind, .. }) = self.event_loop else { return };
        let threshold = shared.how.stall_threshold;
        if seen.activity == Activity::Polling {
            self.polling_mark = None;
            self.over = self.episodes.polls(now, threshold).or(self.over);
            self.record_edge(now, sink);
            return;
        }
        self.follow_call(&seen, now, shared, sink);
        self.doing = self.look_at_blocked(off, now, shared, sink);
        self.follow_lock(&seen, now, shared);
        let turn = self.episodes.busy(
            Moment {
                time: now,
                callback: seen.callback,
                context_ver: self.last.context_ver,
                stack: seen.stack.stack,
                loop_depth: seen.stack.task_depth.or_else(|| self.callbacks.loop_depth(kind)),
                task: seen.task,
                doing: self.doing,
            },
            threshold,
        );
        self.over = turn.over.or(self.over);
        self.crossed |= turn.crossed;
        self.held_up |= turn.crossed;
        self.record_edge(now, sink);
    }

    pub(super) const fn context_ver(&self) -> u64 {
        self.last.context_ver
    }

    /// One look, resolved; nothing is recorded.
    pub(super) fn look(&mut self, shared: &mut Shared<'_>) -> Result<Seen, Refusal> {
        let source = self.event_loop.map_or(TaskSource::None, |event_loop| event_loop.source);
        self.reader.also(self.callbacks.turn_at());
        let look = self.reader.look(shared.live, shared.layout, self.state, source)?;
        self.read_at = shared.clock.now();
        let resolved = self.resolver.resolve(&look, shared.epoch, &mut shared.resolving());
        let stack = resolved.map_err(|_unreadable| Refusal::Unreadable)?;
        let root = self.resolver.frame_at(stack.task_depth);
        let same_callback =
            self.last.id == look.thread.id && self.last.context_ver == look.thread.context_ver;
        let event_loop = self.event_loop.map(|event_loop| event_loop.id);
        let task = task_of(&look, root, event_loop, same_callback, &mut self.last_task, shared);
        self.polling = None;
        let mut callback = None;
        let activity = match self.event_loop {
            None => Activity::NoLoop,
            Some(event_loop) => {
                let mut asleep = || match &self.probe {
                    Some(probe) => {
                        self.polling = probe.poll_call();
                        self.polling.is_some()
                    }
                    None => event_loop.kind == LoopKind::Selector,
                };
                let idle =
                    task.is_none() && shared.in_poll_frame(event_loop.kind, stack.leaf) && asleep();
                if idle {
                    self.callbacks.polls(look.frames, shared.layout);
                    Activity::Polling
                } else {
                    let seeing = &mut shared.seeing();
                    callback = self.callbacks.number(&look, task, event_loop.kind, seeing);
                    Activity::Busy
                }
            }
        };
        self.last = look.thread;
        let partial = look.partial;
        let innermost = || look.frames.iter().find(|frame| !frame.is_shim(shared.layout)).copied();
        let leaf = if partial { None } else { innermost() };
        Ok(Seen { stack, task, activity, callback, partial, leaf })
    }

    /// Records idle and overtaken ticks that were only counted so far.
    pub(super) fn flush(&mut self, now: Timestamp, clock: Clock, sink: &mut Sink) {
        self.edges.flush(now, clock, sink);
        self.flush_idle(sink);
        if self.late > 0 {
            let count = std::mem::take(&mut self.late);
            let reason = MissReason::Late;
            sink.push(Event::Miss(Miss { time: now, thread: self.id, reason, count }));
        }
    }

    fn flush_idle(&mut self, sink: &mut Sink) {
        if self.idle_ticks > 0 {
            let ticks = std::mem::take(&mut self.idle_ticks);
            sink.push(Event::Idle { thread: self.id, time: self.idle_until, ticks });
        }
    }
}

/// Whether what was read at a time is too late to tell of `now`.
pub(super) fn came_late(read_at: Timestamp, now: Timestamp) -> bool {
    read_at.since(now) > LONGEST_LOOK
}

/// The task of a look. Within one callback the same object is the same task; otherwise it is
/// identified anew, since addresses are reused at once: by what the look copied, or else by reading
/// more. A task that finished meanwhile cannot be told from others any more: the look
/// stands, and its task is unknown.
fn task_of(
    look: &Look<'_>,
    root: Option<FrameId>,
    event_loop: Option<LoopId>,
    same_callback: bool,
    last: &mut Option<(RemoteAddr, RemoteAddr, TaskId)>,
    shared: &mut Shared<'_>,
) -> Option<TaskId> {
    let task = look.task?;
    if same_callback
        && let Some((addr, coro, id)) = *last
        && addr == task.addr
        && coro == task.coro
    {
        return Some(id);
    }
    let names = &*shared.dictionary;
    let root = root.and_then(|root| names.get_frame(root)).map(|frame| frame.code);
    let known = shared
        .asyncio
        .known_task(shared.layout, &task)
        .filter(|&id| root.is_none() || names.get_task(id).and_then(|task| task.code) == root);
    let id = known
        .or_else(|| shared.task_seen(&task, root, event_loop?))
        .or_else(|| shared.task_at(task.addr, task.coro))?;
    *last = Some((task.addr, task.coro, id));
    Some(id)
}

/// Kept apart so that the borrow of the reader's buffers is plain to see.
impl Shared<'_> {
    fn task_seen(
        &mut self,
        task: &RunningTask,
        root: Option<CodeId>,
        on: LoopId,
    ) -> Option<TaskId> {
        self.code_memory.begin();
        let of = (root, on);
        self.asyncio.seen_task(self.code_memory, self.layout, self.dictionary, task, of)
    }

    fn task_at(&mut self, task: RemoteAddr, coro: RemoteAddr) -> Option<TaskId> {
        self.code_memory.begin();
        let asyncio: &mut AsyncioReader = self.asyncio;
        asyncio
            .task_at(self.code_memory, self.layout, self.codes, self.dictionary, (task, coro))
            .ok()
    }
}
