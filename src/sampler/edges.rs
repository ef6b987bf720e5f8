//! When a thread was off the CPU, from the kernel's stream of switches.

use crate::model::{
    EdgeSource, Event, LostSwitches, OffCpu, OffCpuRun, OffReason, Tally, ThreadId, Timestamp,
};
use std::os::fd::{AsFd, BorrowedFd};

use crate::os::switches::{Bell, Record, Refusal, Size, Switches};

use super::clock::Clock;
use super::sink::Sink;

/// So long does a loop's thread run between two looks at its instruction.
const INSTRUCTIONS_EVERY_NS: u64 = 9_970_000;
/// Instructions that wait to be resolved; more between two ticks are left out.
const INSTRUCTIONS: usize = 64;

/// A thread's stream, and what was made of it so far.
#[derive(Debug)]
pub(super) struct Edges {
    thread: ThreadId,
    source: EdgeSource,
    stream: Option<(Switches, Size)>,
    opened: Timestamp,
    off: Option<Off>,
    run: Option<OffCpuRun>,
    lost: Option<(Timestamp, u64)>,
    last: Timestamp,
    seen_any: bool,
    /// Whether it was tried to open a stream, and whether for a thread that matters.
    settled: Option<bool>,
    times_off: u32,
    first_switch: Option<Switch>,
    /// Wakes the recorder when the thread wakes; `None` before one was wanted.
    bell: Option<Result<Bell, Refusal>>,
    /// Switches so far, in either direction.
    switches: u32,
    instructions: Vec<(Timestamp, u64)>,
}

/// The thread left a CPU or took one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Switch {
    Out,
    In(Timestamp),
}

/// The thread is off the CPU.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Off {
    /// Tells this time off the CPU from others of the thread.
    pub(super) number: u32,
    /// Since when.
    pub(super) since: Timestamp,
    pub(super) reason: OffReason,
    /// Up to where it is recorded.
    recorded: Timestamp,
}

impl Edges {
    /// A thread without a stream, so far.
    pub(super) fn new(thread: ThreadId) -> Self {
        Self {
            thread,
            source: EdgeSource::NotChosen,
            stream: None,
            opened: Timestamp::ZERO,
            off: None,
            run: None,
            lost: None,
            last: Timestamp::ZERO,
            seen_any: false,
            settled: None,
            times_off: 0,
            first_switch: None,
            bell: None,
            switches: 0,
            instructions: Vec::with_capacity(INSTRUCTIONS),
        }
    }

    /// The size of the stream's ring, if there is a stream.
    pub(super) fn size(&self) -> Option<Size> {
        self.stream.as_ref().map(|&(_, size)| size)
    }

    /// Whether there is a stream that has told something.
    pub(super) const fn tells(&self) -> bool {
        self.stream.is_some() && self.seen_any
    }

    /// What stays the same for as long as a thread with a stream neither leaves its CPU nor takes it.
    pub(super) const fn mark(&self) -> Option<u32> {
        if self.stream.is_some() { Some(self.switches) } else { None }
    }

    pub(super) const fn source(&self) -> EdgeSource {
        self.source
    }

    /// Whether nothing is left to try for a thread that matters so much.
    pub(super) fn is_settled(&self, matters: bool) -> bool {
        self.settled.is_some_and(|settled| settled || !matters)
    }

    pub(super) const fn settle(&mut self, matters: bool) {
        self.settled = Some(matters);
    }

    /// Opens the stream, in place of one with another size, and says how that went.
    pub(super) fn open(&mut self, tid: u32, size: Size, clock: Clock, sink: &mut Sink) {
        self.close(clock, sink);
        let instructions = (size == Size::Large).then_some(INSTRUCTIONS_EVERY_NS);
        let source = match Switches::open(tid, size, instructions) {
            Ok(stream) => {
                self.stream = Some((stream, size));
                self.opened = clock.now();
                self.last = self.opened;
                self.seen_any = false;
                EdgeSource::Kernel
            }
            Err(refusal) => refusal.source(),
        };
        self.say(source, clock.now(), sink);
    }

    /// Records where the thread's edges come from.
    pub(super) fn say(&mut self, source: EdgeSource, time: Timestamp, sink: &mut Sink) {
        self.source = source;
        sink.push(Event::Edges { thread: self.thread, time, source });
    }

    /// Takes what is left in the ring and gives its memory back.
    pub(super) fn close(&mut self, clock: Clock, sink: &mut Sink) {
        self.flush(clock.now(), clock, sink);
        self.stream = None;
        self.bell = None;
        self.off = None;
        self.first_switch = None;
        self.switches = self.switches.wrapping_add(1);
    }

    /// Whether there is a stream and it says that the thread is off the CPU, and since when.
    pub(super) const fn off(&self) -> Option<Off> {
        self.off
    }

    /// Takes over what the kernel wrote since the last call.
    pub(super) fn drain(&mut self, clock: Clock, sink: &mut Sink) {
        let Some((mut stream, size)) = self.stream.take() else { return };
        stream.drain(|record| self.take(record, clock, sink));
        self.stream = Some((stream, size));
    }

    /// Whether this is the time off the CPU that goes on.
    pub(super) fn is_still(&self, off: Option<Off>) -> bool {
        self.off.map(|off| off.number) == off.map(|off| off.number)
    }

    /// The first switch since the last call.
    pub(super) const fn take_first_switch(&mut self) -> Option<Switch> {
        self.first_switch.take()
    }

    /// Has the kernel wake whoever waits on the bell when the thread wakes or goes to sleep, until
    /// [`Edges::disarm`]. Tells whether the kernel grants that.
    pub(super) fn arm(&mut self, tid: u32) -> bool {
        let bell = self.bell.get_or_insert_with(|| Bell::open(tid));
        bell.as_mut().is_ok_and(|bell| bell.arm().is_ok())
    }

    /// Whether it is known that the kernel does not.
    pub(super) const fn is_mute(&self) -> bool {
        matches!(self.bell, Some(Err(_)))
    }

    /// The bell's descriptor, to wait on.
    pub(super) fn bell(&self) -> Option<BorrowedFd<'_>> {
        self.bell.as_ref()?.as_ref().ok().map(AsFd::as_fd)
    }

    pub(super) fn disarm(&mut self) {
        if let Some(Ok(bell)) = &mut self.bell {
            bell.disarm();
        }
    }

    /// Instructions the thread was at, since the last call.
    pub(super) fn instructions(&mut self) -> std::vec::Drain<'_, (Timestamp, u64)> {
        self.instructions.drain(..)
    }

    fn take(&mut self, record: Record, clock: Clock, sink: &mut Sink) {
        match record {
            Record::Out { time, preempted } => {
                let time = clock.at(time);
                self.found(time, sink);
                self.first_switch.get_or_insert(Switch::Out);
                let reason = if preempted { OffReason::Preempted } else { OffReason::Blocked };
                self.times_off = self.times_off.wrapping_add(1);
                let number = self.times_off;
                self.off = Some(Off { number, since: time, reason, recorded: time });
                if self.run.is_some_and(|run| time.since(run.end) > OffCpuRun::LONGEST) {
                    self.flush_run(sink);
                }
            }
            Record::In { time } => {
                let time = clock.at(time);
                let first = !self.seen_any;
                self.found(time, sink);
                self.first_switch.get_or_insert(Switch::In(time));
                match self.off.take() {
                    Some(off) => self.was_off(off, time, sink),
                    // It slept when the stream was opened.
                    None if first => {
                        let (number, reason) = (self.times_off, OffReason::Blocked);
                        let since = self.opened;
                        self.was_off(Off { number, since, reason, recorded: since }, time, sink);
                    }
                    None => {}
                }
            }
            Record::At { time, instruction } => {
                if self.instructions.len() < INSTRUCTIONS {
                    self.instructions.push((clock.at(time), instruction));
                }
            }
            Record::Lost { count, .. } => {
                self.switches = self.switches.wrapping_add(1);
                let earlier = self.lost.map_or(0, |(_, count)| count);
                self.lost = Some((self.last, earlier.saturating_add(count)));
                self.off = None;
                self.first_switch = Some(Switch::Out);
                self.flush_run(sink);
            }
        }
    }

    /// A switch was recorded at this time.
    fn found(&mut self, time: Timestamp, sink: &mut Sink) {
        if let Some((start, count)) = self.lost.take() {
            let (thread, end) = (self.thread, time);
            sink.push(Event::LostSwitches(LostSwitches { thread, start, end, count }));
        }
        self.last = time;
        self.seen_any = true;
        self.switches = self.switches.wrapping_add(1);
    }

    fn was_off(&mut self, off: Off, end: Timestamp, sink: &mut Sink) {
        let Off { since, reason, recorded, .. } = off;
        let length = end.since(since);
        if length > OffCpuRun::LONGEST || recorded > since {
            self.flush_run(sink);
            let (thread, start) = (self.thread, recorded);
            sink.push(Event::OffCpu(OffCpu { thread, start, end, reason, continues: false }));
            return;
        }
        let fits = |run: &OffCpuRun| {
            since.since(run.end) <= OffCpuRun::LONGEST && end.since(run.start) <= OffCpuRun::SPAN
        };
        if !self.run.as_ref().is_some_and(fits) {
            self.flush_run(sink);
        }
        let (thread, none) = (self.thread, Tally::default());
        let run = self.run.get_or_insert(OffCpuRun {
            thread,
            start: since,
            end,
            blocked: none,
            preempted: none,
        });
        run.end = end;
        let tally = match reason {
            OffReason::Blocked => &mut run.blocked,
            OffReason::Preempted => &mut run.preempted,
        };
        tally.count += 1;
        tally.time = tally.time + length;
    }

    fn flush_run(&mut self, sink: &mut Sink) {
        let Some(run) = self.run.take() else { return };
        let OffCpuRun { thread, start, end, blocked, preempted } = run;
        if blocked.count + preempted.count == 1 {
            let reason = if blocked.count == 1 { OffReason::Blocked } else { OffReason::Preempted };
            sink.push(Event::OffCpu(OffCpu { thread, start, end, reason, continues: false }));
        } else {
            sink.push(Event::OffCpuRun(run));
        }
    }

    /// Records what is known up to `now`; a time off the CPU that goes on is recorded so far. It is
    /// known to have gone on at `now` only from what was written since.
    pub(super) fn flush(&mut self, now: Timestamp, clock: Clock, sink: &mut Sink) {
        self.drain(clock, sink);
        self.flush_run(sink);
        if let Some(off) = &mut self.off
            && off.recorded < now
        {
            let (thread, start, reason) = (self.thread, off.recorded, off.reason);
            off.recorded = now;
            sink.push(Event::OffCpu(OffCpu { thread, start, end: now, reason, continues: true }));
        }
    }
}
