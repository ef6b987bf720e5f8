//! What a process is told of by the kernel and its interpreter: streams of switches for its
//! threads, clocks, and the interpreter's lock while a loop waits for it.

use crate::model::{
    Activity, Dictionary, EdgeSource, Event, GcLook, GilLook, MachineClocks, Sample, ThreadClocks,
    Timestamp,
};
use crate::os::switches::Size;
use crate::os::thread::{MachineProbe, ThreadProbe};

use super::clock::Clock;
use super::episode::Doing;
use super::sink::Sink;
use super::target::{Shared, TargetProcess};
use super::thread::{SampledThread, came_late};

/// Threads of one process with a stream, at most; loops have theirs in any case.
const MOST_STREAMS: usize = 48;
/// A callback is looked at for a garbage collection once it has gone on for so long.
const COLLECTION: crate::model::Duration = crate::model::Duration::from_nanos(1_500_000);

impl TargetProcess {
    /// Opens streams for threads that have none: loops first, others while the budget lasts.
    pub(super) fn assign_streams(&mut self, kernel_stream: bool, clock: Clock, sink: &mut Sink) {
        let any_loop = self.threads.iter().any(|thread| thread.event_loop.is_some());
        let matters =
            |thread: &SampledThread| thread.event_loop.is_some() || (!any_loop && thread.is_main);
        for index in 0..self.threads.len() {
            let Some(thread) = self.threads.get_mut(index) else { return };
            if thread.edges.is_settled(matters(thread)) {
                continue;
            }
            if !kernel_stream || thread.native_id == 0 {
                let source =
                    if kernel_stream { EdgeSource::UnknownThread } else { EdgeSource::NotAsked };
                thread.edges.settle(matters(thread));
                thread.edges.say(source, clock.now(), sink);
            } else if matters(thread) {
                self.open_large(index, clock, sink);
            } else {
                self.open_small(index, clock, sink);
            }
        }
    }

    /// Why a thread with a loop goes without a stream that was asked for.
    pub(super) fn refused(&self) -> Option<EdgeSource> {
        let mut loops = self.threads.iter().filter(|thread| thread.event_loop.is_some());
        loops.find_map(|thread| match thread.edges.source() {
            EdgeSource::Kernel | EdgeSource::NotAsked | EdgeSource::NotChosen => None,
            source => Some(source),
        })
    }

    fn open_large(&mut self, index: usize, clock: Clock, sink: &mut Sink) {
        for size in [Size::Large, Size::Large, Size::Small] {
            let Some(thread) = self.threads.get_mut(index) else { return };
            thread.edges.settle(true);
            thread.edges.open(thread.native_id, size, clock, sink);
            if thread.edges.source() != EdgeSource::NoMemory {
                return;
            }
            // What others have is given to the loop.
            let small = |thread: &SampledThread| thread.edges.size() == Some(Size::Small);
            for other in self.threads.iter_mut().filter(|thread| small(thread)).take(4) {
                other.edges.close(clock, sink);
                other.edges.say(EdgeSource::NoMemory, clock.now(), sink);
            }
        }
    }

    fn open_small(&mut self, index: usize, clock: Clock, sink: &mut Sink) {
        let streams = self.threads.iter().filter(|thread| thread.edges.size().is_some()).count();
        let Some(thread) = self.threads.get_mut(index) else { return };
        thread.edges.settle(false);
        if streams < MOST_STREAMS {
            thread.edges.open(thread.native_id, Size::Small, clock, sink);
        } else {
            thread.edges.say(EdgeSource::NotChosen, clock.now(), sink);
        }
    }

    /// Records the clocks of threads with a loop, unless they slept since the last time.
    pub(super) fn record_clocks(&mut self, now: Timestamp, sink: &mut Sink) {
        for thread in self.threads.iter_mut().filter(|thread| thread.event_loop.is_some()) {
            thread.record_clocks(now, sink);
        }
    }

    /// What the interpreter tells while loops do not come back: who has its lock, whether it
    /// collects garbage.
    pub(super) fn look_at_interpreter(
        &mut self,
        dictionary: &mut Dictionary,
        now: Timestamp,
        sink: &mut Sink,
    ) {
        let waits = |thread: &SampledThread| thread.doing == Doing::WaitsForLock;
        let runs = |thread: &SampledThread| {
            matches!(thread.doing, Doing::Runs | Doing::Starves)
                && thread.episodes.lasts(COLLECTION).is_some()
        };
        if self.threads.iter().any(waits) {
            self.look_at_lock(dictionary, now, sink);
        }
        if self.collecting || self.threads.iter().any(runs) {
            let process = self.id;
            let (_, shared) = self.parts(dictionary);
            let Some(collecting) = shared.interpreter.collecting(shared.live) else { return };
            if collecting || self.collecting {
                let turned = std::mem::replace(&mut self.collecting, collecting) != collecting;
                let collections =
                    if turned { self.interpreter.collections(&self.live) } else { None };
                self.gc_counts = collections.or(self.gc_counts);
                sink.push(Event::Gc(GcLook { process, time: now, collecting, collections }));
            }
        }
    }

    /// Records what the garbage collector has done since the last time.
    pub(super) fn record_collections(&mut self, clock: Clock, sink: &mut Sink) {
        let process = self.id;
        if let Some(pauses) = self.interpreter.pauses {
            let memory = (&self.live, self.clock_offset);
            pauses.record(memory, process, &mut self.gc_told, clock, sink);
        }
        let Some(counts) = self.interpreter.collections(&self.live) else { return };
        if self.gc_counts != Some(counts)
            && let Some(collecting) = self.interpreter.collecting(&self.live)
        {
            self.gc_counts = Some(counts);
            self.collecting = collecting;
            let (time, collections) = (clock.now(), Some(counts));
            sink.push(Event::Gc(GcLook { process, time, collecting, collections }));
        }
    }

    fn look_at_lock(&mut self, dictionary: &mut Dictionary, now: Timestamp, sink: &mut Sink) {
        let process = self.id;
        let (threads, mut shared) = self.parts(dictionary);
        let Some(lock) = shared.interpreter.lock(shared.live) else { return };
        let found = threads.iter_mut().find(|thread| thread.state == lock.last_holder);
        let holder = found.as_ref().map(|thread| thread.id);
        if let Some(thread) = found.filter(|thread| lock.locked && thread.event_loop.is_none()) {
            thread.sample(&mut shared, now, sink);
        }
        let (locked, switches) = (lock.locked, lock.switches);
        sink.push(Event::Gil(GilLook { process, time: now, locked, holder, switches }));
    }
}

impl SampledThread {
    /// A look beside the ticks, at the same time as another thread's.
    pub(super) fn sample(&mut self, shared: &mut Shared<'_>, now: Timestamp, sink: &mut Sink) {
        let Ok(seen) = self.look(shared) else { return };
        if came_late(self.read_at, now) {
            return;
        }
        sink.define(shared.dictionary);
        sink.push(Event::Sample(Sample {
            time: now,
            thread: self.id,
            stack: seen.stack.stack,
            task: seen.task,
            task_depth: seen.stack.task_depth,
            activity: Activity::NoLoop,
            context_ver: None,
            callback: None,
        }));
        self.calling.beside(now);
        self.follow_call(&seen, now, shared, sink);
    }

    fn record_clocks(&mut self, now: Timestamp, sink: &mut Sink) {
        let asleep = self.edges.off().map(|off| off.number);
        if asleep.is_some() && self.clocks_off == asleep {
            return;
        }
        self.clocks_off = asleep;
        self.read_clocks(now, sink);
    }

    /// Records the clocks where a long callback has begun or ended.
    pub(super) fn record_edge(&mut self, now: Timestamp, sink: &mut Sink) {
        if std::mem::take(&mut self.episodes.at_edge) {
            self.read_clocks(now, sink);
        }
    }

    fn read_clocks(&self, now: Timestamp, sink: &mut Sink) {
        let Some(clocks) = self.clocks.as_ref().and_then(ThreadProbe::clocks) else { return };
        sink.push(Event::ThreadClocks(ThreadClocks {
            thread: self.id,
            time: now,
            on_cpu: clocks.on_cpu,
            run_queue: clocks.run_queue,
            minor_faults: clocks.minor_faults,
            major_faults: clocks.major_faults,
            state: clocks.state,
        }));
    }
}

/// Records the machine's clocks.
pub(super) fn record_machine(probe: &MachineProbe, now: Timestamp, sink: &mut Sink) {
    if let Some(machine) = probe.clocks() {
        let (busy, steal, cpus) = (machine.busy, machine.steal, machine.cpus);
        sink.push(Event::MachineClocks(MachineClocks { time: now, busy, steal, cpus }));
    }
}
