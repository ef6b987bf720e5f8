//! From events to stalls.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use rustc_hash::FxHashMap;

use crate::model::{
    Activity, Dictionary, Duration, EdgeSource, Event, EventLoop, GilLook, Lag, LagSeries, LoopId,
    LoopKind, MachineClocks, ProcessId, Sample, StackId, Stall, StallEdges, StallId, StringId,
    TaskId, ThreadId, Timestamp,
};

use super::clue::Case;
use super::explain::explain;
use super::inbox::{Inbox, Item};
use super::pulse::{Past, Readings};
use super::scene::{Held, Log, ProcessLogs};
use super::track::{Draft, Track};
use super::victims::{ReadyTasks, Waiting};

/// What comes within this time after a stall still tells of it: readings of clocks, other tasks.
const AFTERMATH: Duration = Duration::from_nanos(300_000_000);
/// A look at a lock's holder belongs to a look at the lock this close to it.
const SAME_LOOK: Duration = Duration::from_nanos(3_000_000);

/// Finds stalls; hand it every event, in order.
#[derive(Debug)]
pub(in crate::analysis) struct StallFinder {
    threshold: Duration,
    tick: Duration,
    inbox: Inbox,
    now: Timestamp,
    loops: FxHashMap<LoopId, EventLoop>,
    tracks: BTreeMap<ThreadId, Track>,
    loop_of: BTreeMap<ThreadId, LoopId>,
    processes: BTreeMap<ProcessId, ProcessLogs>,
    process_of: FxHashMap<ThreadId, ProcessId>,
    ready: ReadyTasks,
    /// The census that is being read.
    census: Timestamp,
    /// The last one of each process.
    censuses: FxHashMap<ProcessId, Timestamp>,
    machine: Log<MachineClocks>,
    /// The last look at each thread: who holds the GIL needs its stack.
    recent: FxHashMap<ThreadId, (Timestamp, Option<StackId>)>,
    /// The last native function that each was found in.
    called: FxHashMap<ThreadId, (Timestamp, StringId)>,
    sources: FxHashMap<ThreadId, EdgeSource>,
    run_queues: FxHashMap<ThreadId, Readings>,
    on_cpu: FxHashMap<ThreadId, Readings>,
    past: Past,
    lost: u64,
    vague: u64,
    stalls: Vec<Stall>,
}

/// What was found.
#[derive(Debug)]
pub(in crate::analysis) struct Found {
    pub(in crate::analysis) stalls: Vec<Stall>,
    /// Those that may have been stalls.
    pub(in crate::analysis) vague: u64,
    pub(in crate::analysis) lag: Vec<LagSeries>,
    pub(in crate::analysis) edges: StallEdges,
    pub(in crate::analysis) lost_switch_records: u64,
    pub(in crate::analysis) loops: FxHashMap<LoopId, LoopFacts>,
    /// How the switches of each thread are known.
    pub(in crate::analysis) sources: Vec<(ThreadId, EdgeSource)>,
}

/// What was found of one loop.
#[derive(Debug, Clone, Copy)]
pub(in crate::analysis) struct LoopFacts {
    pub(in crate::analysis) lag: Option<Lag>,
    pub(in crate::analysis) lag_corrected: Option<Lag>,
    pub(in crate::analysis) runqueue: Option<Duration>,
    pub(in crate::analysis) on_cpu: Option<Duration>,
    pub(in crate::analysis) callbacks: Option<u64>,
}

impl StallFinder {
    pub(in crate::analysis) fn new(threshold: Duration) -> Self {
        Self {
            threshold: threshold.max(Duration::from_nanos(1)),
            tick: Duration::from_nanos(1_000_000),
            inbox: Inbox::default(),
            now: Timestamp::ZERO,
            loops: FxHashMap::default(),
            tracks: BTreeMap::new(),
            loop_of: BTreeMap::new(),
            processes: BTreeMap::new(),
            process_of: FxHashMap::default(),
            ready: ReadyTasks::default(),
            census: Timestamp::ZERO,
            censuses: FxHashMap::default(),
            machine: Log::default(),
            recent: FxHashMap::default(),
            called: FxHashMap::default(),
            sources: FxHashMap::default(),
            run_queues: FxHashMap::default(),
            on_cpu: FxHashMap::default(),
            past: Past::default(),
            lost: 0,
            vague: 0,
            stalls: Vec::new(),
        }
    }

    /// Takes the next event; `tick` is the sampling interval in force.
    pub(in crate::analysis) fn event(
        &mut self,
        event: &Event,
        tick: Duration,
        dictionary: &Dictionary,
    ) {
        self.tick = tick;
        let (time, item) = match event {
            Event::Thread { id, thread } => {
                self.process_of.insert(*id, thread.process);
                return;
            }
            Event::Loop { id, event_loop } => {
                self.loops.insert(*id, *event_loop);
                let Some(thread) = event_loop.thread else { return };
                match self.loop_of.entry(thread) {
                    // What was told before and is held back belongs to the loop before.
                    Entry::Occupied(_) => (self.inbox.newest(), Item::Runs(thread, *id)),
                    Entry::Vacant(entry) => {
                        entry.insert(*id);
                        return;
                    }
                }
            }
            Event::Edges { thread, time, source } => {
                self.edges(*thread, *time, *source);
                return;
            }
            Event::CensusBegin { process, time } => {
                self.census = *time;
                (*time, Item::Census(*process))
            }
            Event::TaskRow(row) => (self.census, Item::Row(*row)),
            Event::TaskGone { task } => (self.census, Item::TaskGone(*task)),
            Event::Sample(sample) => (sample.time, Item::Look(*sample)),
            Event::Idle { thread, time, .. } => (*time, Item::Idle(*thread)),
            Event::OffCpu(off) => (off.start, Item::Off(*off)),
            Event::OffCpuRun(run) => (run.start, Item::OffRun(*run)),
            Event::LostSwitches(lost) => (lost.start, Item::Lost(*lost)),
            Event::Blocked(look) => (look.time, Item::Blocked(*look)),
            Event::NativeSample(sample) => (sample.time, Item::Native(*sample)),
            Event::Callee(callee) => (callee.time, Item::Callee(*callee)),
            Event::Gil(look) => (look.time, Item::Gil(*look)),
            Event::Lock(look) => (look.time, Item::Lock(*look)),
            Event::Gc(look) => (look.time, Item::Gc(*look)),
            Event::GcPause(pause) => (pause.start, Item::GcPause(*pause)),
            Event::ThreadClocks(clocks) => (clocks.time, Item::Clocks(*clocks)),
            Event::MachineClocks(clocks) => (clocks.time, Item::Machine(*clocks)),
            Event::Turn(turn) => (turn.time, Item::Turn(*turn)),
            Event::Queues(queues) => (queues.time, Item::Queues(queues.clone())),
            Event::TargetEnded { id, time } => (*time, Item::Ended(*id)),
            _ => return,
        };
        self.inbox.push(time, item);
        let ready = self.inbox.ready();
        if ready.is_empty() {
            return;
        }
        for (time, item) in ready {
            self.item(time, item, dictionary);
        }
        self.settle(dictionary);
    }

    fn edges(&mut self, thread: ThreadId, time: Timestamp, source: EdgeSource) {
        let logs = &mut self.tracks.entry(thread).or_default().logs;
        logs.exact_since = (source == EdgeSource::Kernel).then_some(time);
        self.sources.insert(thread, source);
    }

    fn item(&mut self, time: Timestamp, item: Item, dictionary: &Dictionary) {
        self.now = self.now.max(time);
        match item {
            Item::Look(sample) => self.look(&sample, dictionary),
            Item::Idle(thread) => {
                if let Some(track) = self.tracks.get_mut(&thread)
                    && track.asleep(time)
                {
                    self.ended(thread);
                }
            }
            Item::Census(process) => {
                self.censuses.insert(process, time);
            }
            Item::Row(row) => self.ready.row(&row, time),
            Item::TaskGone(task) => self.ready.gone(task),
            Item::Machine(clocks) => self.machine.push(clocks),
            Item::Gil(look) => self.gil(&look),
            Item::Lock(look) => {
                let held = self.held(Some(look.holder), look.time);
                self.tracks.entry(look.thread).or_default().logs.locks.push(held);
            }
            Item::Gc(look) => self.processes.entry(look.process).or_default().gc.push(look),
            Item::GcPause(it) => self.processes.entry(it.process).or_default().pauses.push(it),
            Item::Turn(turn) => {
                self.tracks.entry(turn.thread).or_default().turn(turn.time, turn.began);
            }
            Item::Ended(process) => self.cut_off(Some(process)),
            Item::Runs(thread, id) => self.runs(thread, id),
            item => self.note(item),
        }
    }

    /// What is kept with its thread until it is asked for.
    fn note(&mut self, item: Item) {
        let thread = match &item {
            Item::Off(off) => off.thread,
            Item::OffRun(run) => run.thread,
            Item::Lost(lost) => lost.thread,
            Item::Blocked(look) => look.thread,
            Item::Native(sample) => sample.thread,
            Item::Callee(callee) => callee.thread,
            Item::Clocks(clocks) => clocks.thread,
            Item::Queues(queues) => {
                let running = self.loop_of.iter().find(|&(_, &id)| id == queues.event_loop);
                let Some((&thread, _)) = running else { return };
                thread
            }
            _ => return,
        };
        let logs = &mut self.tracks.entry(thread).or_default().logs;
        match item {
            Item::Off(off) => logs.offs.take(&off),
            Item::OffRun(run) => logs.offs.take_run(run),
            Item::Lost(lost) => {
                self.lost = self.lost.saturating_add(lost.count);
                logs.lost.push_back((lost.start, lost.end));
            }
            Item::Blocked(look) => logs.blocked.push(look),
            Item::Native(sample) => logs.native.push(sample),
            Item::Callee(callee) => {
                logs.callees.push(callee);
                self.called.insert(thread, (callee.time, callee.function));
            }
            Item::Queues(queues) => logs.queues.push(queues),
            Item::Clocks(clocks) => {
                if let Some(waited) = clocks.run_queue {
                    self.run_queues.entry(thread).or_insert((waited, waited)).1 = waited;
                }
                // What it did before it ran a loop is not the loop's.
                if let Some(used) = clocks.on_cpu.filter(|_| self.loop_of.contains_key(&thread)) {
                    self.on_cpu.entry(thread).or_insert((used, used)).1 = used;
                }
                logs.clocks.push(clocks);
            }
            _ => {}
        }
    }

    fn look(&mut self, sample: &Sample, dictionary: &Dictionary) {
        let thread = sample.thread;
        self.recent.insert(thread, (sample.time, sample.stack));
        if let Some(process) = self.process_of.get(&thread)
            && let Some(logs) = self.processes.get_mut(process)
            && let Some(seen) = logs.gil.last_mut()
            && seen.holder == Some(thread)
            && seen.stack.is_none()
            && sample.time.since(seen.time) <= SAME_LOOK
        {
            seen.stack = sample.stack;
        }
        if sample.activity == Activity::NoLoop {
            if let Some(track) = self.tracks.get_mut(&thread)
                && track.asleep(sample.time)
            {
                self.ended(thread);
            }
            return;
        }
        let running = self.loop_of.get(&thread).and_then(|id| self.loops.get(id));
        let kind = running.map_or(LoopKind::Other, |running| running.kind);
        let track = self.tracks.entry(thread).or_default();
        if track.look(sample, kind, self.tick, dictionary) {
            self.ended(thread);
        }
    }

    /// A thread runs another loop than before.
    fn runs(&mut self, thread: ThreadId, id: LoopId) {
        let before = self.loop_of.insert(thread, id).filter(|&before| before != id);
        let Some(before) = before else { return };
        self.keep(thread, before);
        let pulse = self.past.resume(id);
        self.tracks.entry(thread).or_default().pulse = pulse;
    }

    /// Keeps what was summed up of a thread's loop.
    fn keep(&mut self, thread: ThreadId, id: LoopId) {
        let Some(track) = self.tracks.get_mut(&thread) else { return };
        let pulse = std::mem::take(&mut track.pulse);
        let exact = self.sources.get(&thread) == Some(&EdgeSource::Kernel);
        let clocks = (self.run_queues.get_mut(&thread), self.on_cpu.get_mut(&thread));
        self.past.keep(id, (pulse, exact), clocks.0, clocks.1);
    }

    fn gil(&mut self, look: &GilLook) {
        let held = self.held(look.holder.filter(|_| look.locked), look.time);
        self.processes.entry(look.process).or_default().gil.push(held);
    }

    /// A look at a lock, with where its holder was.
    fn held(&self, holder: Option<ThreadId>, time: Timestamp) -> Held {
        let near = |at: Timestamp| time.since(at) <= SAME_LOOK;
        let stack = holder.and_then(|holder| self.recent.get(&holder));
        let called = holder.and_then(|holder| self.called.get(&holder));
        Held {
            time,
            holder,
            stack: stack.filter(|(at, _)| near(*at)).and_then(|(_, stack)| *stack),
            callee: called.filter(|(at, _)| near(*at)).map(|(_, function)| *function),
        }
    }

    /// Something of this thread ended: a stall keeps what is known now, others are forgotten.
    fn ended(&mut self, thread: ThreadId) {
        let threshold = self.threshold;
        let Some(track) = self.tracks.get_mut(&thread) else { return };
        let vague = |draft: &&Draft| draft.is_new && draft.is_vague(threshold);
        self.vague += track.drafts.iter().filter(vague).count() as u64;
        track.drafts.retain(|draft| !draft.is_new || draft.is_stall(threshold));
        // Those that are new come last, and there are two at most.
        let Some(draft) = track.drafts.last_mut().filter(|draft| draft.is_new) else { return };
        draft.is_new = false;
        draft.event_loop = self.loop_of.get(&thread).copied();
        let from = draft.start.time;
        let process = self.process_of.get(&thread);
        let last = process.and_then(|process| self.censuses.get(process)).copied();
        let seen = |first: Timestamp| match last {
            _ if first >= from => Some(first),
            // It was ready before; that it still was is known from the last census.
            Some(last) if last >= from => Some(last),
            _ => None,
        };
        draft.ready =
            self.ready.iter().filter_map(|(task, first)| Some((task, seen(first)?))).collect();
    }

    /// A process ended, or the recording of all of them: what went on then has no end.
    fn cut_off(&mut self, process: Option<ProcessId>) {
        let threads: Vec<ThreadId> = self.tracks.keys().copied().collect();
        for thread in threads {
            if process.is_some() && self.process_of.get(&thread) != process.as_ref() {
                continue;
            }
            if self.tracks.get_mut(&thread).is_some_and(Track::end) {
                self.ended(thread);
            }
        }
    }

    /// Finishes stalls of which nothing more will be heard, and forgets what explains none.
    fn settle(&mut self, dictionary: &Dictionary) {
        let now = self.now;
        let due = |draft: &mut Draft| draft.end.time + AFTERMATH < now;
        let mut drafts: Vec<(ThreadId, Draft)> = Vec::new();
        for (&thread, track) in &mut self.tracks {
            drafts.extend(track.drafts.extract_if(.., due).map(|draft| (thread, draft)));
        }
        for (thread, draft) in drafts {
            self.finish_stall(thread, draft, dictionary);
        }
        let second = 1_000_000_000;
        let recent = Timestamp::from_nanos(now.as_nanos().saturating_sub(second));
        let horizon = self.tracks.values().filter_map(Track::horizon).min();
        let horizon = horizon.map_or(recent, |oldest| oldest.min(recent));
        for track in self.tracks.values_mut() {
            let own = track.horizon().map_or(recent, |oldest| oldest.min(recent));
            track.logs.forget(own);
        }
        for logs in self.processes.values_mut() {
            logs.forget(horizon);
        }
        let earlier = horizon.as_nanos().saturating_sub(5 * second);
        self.machine.forget(Timestamp::from_nanos(earlier));
    }

    fn finish_stall(&mut self, thread: ThreadId, draft: Draft, dictionary: &Dictionary) {
        let now = self.loop_of.get(&thread).copied();
        let Some(event_loop) = draft.event_loop.or(now) else { return };
        let Some(&definition) = self.loops.get(&event_loop) else { return };
        let Some(track) = self.tracks.get(&thread) else { return };
        let nothing = ProcessLogs::default();
        let Draft { kind, episode, start, end, ongoing, followers, ready, poll, .. } = draft;
        let case = Case {
            from: start.time,
            to: end.time,
            error: start.error + end.error,
            episode: &episode,
            thread: &track.logs,
            process: self.processes.get(&definition.process).unwrap_or(&nothing),
            machine: &self.machine,
            tick: self.tick,
        };
        let explained = explain(&case, dictionary, poll);
        let of_loop = |&(task, _): &(TaskId, Timestamp)| {
            dictionary.get_task(task).and_then(|task| task.event_loop) == Some(event_loop)
        };
        let ready: Vec<_> = ready.into_iter().filter(of_loop).collect();
        let waiting = Waiting {
            from: start.time,
            to: end.time,
            end_error: end.error,
            culprit: explained.task,
            ready: &ready,
            followers: &followers,
        };
        let queues = track.logs.queues.within(start.time, end.time);
        let (victims, victims_complete) =
            waiting.victims(queues.filter(|queues| queues.event_loop == event_loop));
        let Some(id) = StallId::from_index(self.stalls.len()) else { return };
        self.stalls.push(Stall {
            id,
            process: definition.process,
            event_loop,
            thread,
            kind,
            start: start.time,
            duration: end.time.since(start.time),
            start_error: start.error,
            end_error: end.error,
            contiguity: episode.contiguity,
            ongoing,
            task: explained.task,
            await_chain: explained.await_chain,
            stacks: explained.stacks,
            location: explained.location,
            call: explained.call,
            on_cpu: explained.on_cpu,
            runqueue: explained.runqueue,
            blocked: explained.blocked,
            causes: explained.causes,
            victims,
            victims_complete,
            advice: explained.advice,
        });
    }

    /// Everything; `busy_and_idle` is how long each loop was watched.
    pub(in crate::analysis) fn finish(
        mut self,
        watched: &FxHashMap<LoopId, Duration>,
        dictionary: &Dictionary,
    ) -> Found {
        for (time, item) in self.inbox.rest() {
            self.item(time, item, dictionary);
        }
        self.cut_off(None);
        self.now = Timestamp::from_nanos(u64::MAX);
        self.settle(dictionary);
        self.stalls.sort_by_key(|stall| (stall.start, stall.thread));
        for (index, stall) in self.stalls.iter_mut().enumerate() {
            if let Some(id) = StallId::from_index(index) {
                stall.id = id;
            }
        }
        self.found(watched)
    }

    fn found(mut self, watched: &FxHashMap<LoopId, Duration>) -> Found {
        let edges = self.quality();
        for (thread, id) in self.loop_of.clone() {
            self.keep(thread, id);
        }
        let (lag, loops) = self.past.facts(watched);
        let mut sources: Vec<(ThreadId, EdgeSource)> = self.sources.into_iter().collect();
        sources.sort_unstable();
        let (stalls, vague) = (self.stalls, self.vague);
        Found { stalls, vague, lag, edges, lost_switch_records: self.lost, loops, sources }
    }

    /// What the edges of this recording rest on.
    fn quality(&self) -> StallEdges {
        let threads = || self.loop_of.keys().filter(|thread| self.tracks.contains_key(thread));
        let kernel = |thread: &&ThreadId| self.sources.get(*thread) == Some(&EdgeSource::Kernel);
        let (all, exact) = (threads().count(), threads().filter(kernel).count());
        match exact {
            0 => StallEdges::Sampled,
            _ if exact == all && self.lost == 0 => StallEdges::Kernel,
            _ => StallEdges::Mixed,
        }
    }
}
