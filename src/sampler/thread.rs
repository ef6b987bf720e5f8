//! One thread of a target, looked at again and again.

use crate::asyncio::AsyncioReader;
use crate::memory::RemoteAddr;
use crate::model::{
    Activity, Event, LoopId, LoopKind, Miss, MissReason, Sample, TaskId, ThreadId, Timestamp,
};
use crate::os::poll::{PollCall, SyscallProbe};
use crate::python::frames::{FrameReader, Look, Refusal, TaskSource, ThreadWords};

use super::sink::Sink;
use super::stacks::{ResolvedStack, StackResolver};
use super::target::Shared;

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
    reader: FrameReader,
    resolver: StackResolver,
    probe: Option<SyscallProbe>,
    words: Vec<u8>,
    last: ThreadWords,
    /// The loop's poll call, if the last look found the thread asleep in it.
    polling: Option<PollCall>,
    last_task: Option<(RemoteAddr, RemoteAddr, TaskId)>,
    idle_ticks: u32,
    idle_until: Timestamp,
    late: u32,
}

/// What became of one tick.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tick {
    /// The thread was looked at.
    Sample,
    /// It was asleep in its poll call; of the ticks overtaken, `late` may not have been.
    Idle { late: u32 },
    /// It could not be looked at.
    Missed(MissReason),
}

/// What one look found, resolved.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    pub(super) stack: ResolvedStack,
    pub(super) task: Option<TaskId>,
    pub(super) activity: Activity,
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
            reader: FrameReader::new(),
            resolver: StackResolver::default(),
            probe: SyscallProbe::open(pid, native_id),
            words: Vec::new(),
            last: ThreadWords::default(),
            polling: None,
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
        if self.still_polling() {
            let proven = overtaken > 0 && self.slept_through(shared);
            let late = if proven { 0 } else { overtaken };
            self.late = self.late.saturating_add(late);
            let slept = (overtaken - late).saturating_add(1);
            self.idle_ticks = self.idle_ticks.saturating_add(slept);
            self.idle_until = now;
            return Tick::Idle { late };
        }
        self.late = self.late.saturating_add(overtaken);
        self.flush_idle(sink);
        match self.look(shared) {
            Ok(seen) => {
                sink.define(shared.dictionary);
                sink.push(Event::Sample(Sample {
                    time: now,
                    thread: self.id,
                    stack: seen.stack.stack,
                    task: seen.task,
                    task_depth: seen.task.and(seen.stack.task_depth),
                    activity: seen.activity,
                    context_ver: self.event_loop.map(|_| self.last.context_ver),
                    callback: None,
                }));
                Tick::Sample
            }
            Err(refusal) => {
                let reason = match refusal {
                    Refusal::Torn => MissReason::Torn,
                    Refusal::Unreadable => MissReason::Unreadable,
                    Refusal::Exited => MissReason::Exited,
                };
                self.polling = None;
                sink.push(Event::Miss(Miss { time: now, thread: self.id, reason, count: 1 }));
                Tick::Missed(reason)
            }
        }
    }

    /// Whether the thread sleeps in the poll call that it was last seen in, or in a later one from
    /// the same place: with the stack as deep and the same descriptor it can only be the loop's own.
    fn still_polling(&self) -> bool {
        self.polling.is_some()
            && self.polling == self.probe.as_ref().and_then(SyscallProbe::poll_call)
    }

    /// Whether no callback has run since the thread state was last read: equal context versions
    /// prove it. What passed without a look was sleep then.
    fn slept_through(&mut self, shared: &Shared<'_>) -> bool {
        use crate::memory::ReadMemory as _;
        let layout = shared.layout;
        self.words.resize(usize::try_from(layout.thread.size).unwrap_or(0), 0);
        if shared.live.read_into(self.state, &mut self.words).is_err() {
            return false;
        }
        let Some(words) = ThreadWords::parse(&self.words, layout) else { return false };
        std::mem::replace(&mut self.last, words) == words
    }

    /// One look, resolved; nothing is recorded.
    pub(super) fn look(&mut self, shared: &mut Shared<'_>) -> Result<Seen, Refusal> {
        let source = self.event_loop.map_or(TaskSource::None, |event_loop| event_loop.source);
        let look = self.reader.look(shared.live, shared.layout, self.state, source)?;
        let resolved = self.resolver.resolve(&look, shared.epoch, &mut shared.resolving());
        let stack = resolved.map_err(|_unreadable| Refusal::Unreadable)?;
        let same_callback =
            self.last.id == look.thread.id && self.last.context_ver == look.thread.context_ver;
        let task = task_of(&look, same_callback, &mut self.last_task, shared);
        self.polling = None;
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
                if idle { Activity::Polling } else { Activity::Busy }
            }
        };
        self.last = look.thread;
        Ok(Seen { stack, task, activity })
    }

    /// Records idle and overtaken ticks that were only counted so far.
    pub(super) fn flush(&mut self, now: Timestamp, sink: &mut Sink) {
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

/// The task of a look. Within one callback the same object is the same task; otherwise it is
/// identified anew, since addresses are reused at once. A task that finished meanwhile cannot be
/// told from others any more: the look stands, and its task is unknown.
fn task_of(
    look: &Look<'_>,
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
    let id = shared.task_at(task.addr, task.coro)?;
    *last = Some((task.addr, task.coro, id));
    Some(id)
}

/// Kept apart so that the borrow of the reader's buffers is plain to see.
impl Shared<'_> {
    fn task_at(&mut self, task: RemoteAddr, coro: RemoteAddr) -> Option<TaskId> {
        self.code_memory.begin();
        let asyncio: &mut AsyncioReader = self.asyncio;
        asyncio
            .task_at(self.code_memory, self.layout, self.codes, self.dictionary, (task, coro))
            .ok()
    }
}
