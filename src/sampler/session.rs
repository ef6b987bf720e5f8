//! A recording from attaching to the last byte.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration as StdDuration, Instant};

use crate::model::{
    Dictionary, EndReason, Event, Miss, MissReason, ProcessId, RecorderStats, RecordingMeta,
    Timestamp,
};
use crate::os::thread::MachineProbe;
use crate::python::{AttachOptions, Target};
use crate::recording::Writer;

use super::budget::Budget;
use super::clock::Clock;
use super::config::{How, Outcome, Progress, SessionConfig};
use super::error::SessionError;
use super::family::Family;
use super::pacer::Pacer;
use super::rest::rest;
use super::sink::Sink;
use super::target::TargetProcess;
use super::told::LiveStall;

/// Threads, children and exits are looked for this often.
const RESCAN_EVERY: StdDuration = StdDuration::from_millis(100);
/// The recorder gives account of itself this often.
const STATS_EVERY: StdDuration = StdDuration::from_secs(1);
/// The caller hears of progress this often.
const PROGRESS_EVERY: StdDuration = StdDuration::from_millis(250);
/// After so many ticks with every loop asleep the recorder rests, where the kernel can wake it.
const REST_AFTER: u32 = 16;
/// After so many, looks become rarer where it cannot.
const DOZE_AFTER: u32 = 128;
/// A stop request is noticed within this time.
const LONGEST_SLEEP: StdDuration = StdDuration::from_millis(20);

/// A recording that is attached and has its file, but has not begun to sample.
#[derive(Debug)]
pub struct Session {
    config: SessionConfig,
    clock: Clock,
    writer: Option<Writer>,
    state: State,
}

/// What changes while it runs.
#[derive(Debug)]
struct State {
    dictionary: Dictionary,
    targets: Vec<TargetProcess>,
    processes: usize,
    family: Family,
    progress: Progress,
    events: Vec<Event>,
    blocking: bool,
    how: How,
    clock: Clock,
    machine: Option<MachineProbe>,
    /// A callback has just become a stall.
    crossed: bool,
    /// Stalls in which their process ended.
    cut: Vec<LiveStall>,
}

impl Session {
    /// Attaches to a process and creates the file.
    ///
    /// # Errors
    /// When attaching is impossible or the file cannot be created; no file is left then.
    pub fn attach(pid: u32, config: SessionConfig) -> Result<Self, SessionError> {
        let options = AttachOptions { force_unverified: config.force_unverified };
        let attached = Target::attach(pid, options)?;
        let clock = Clock::start();
        let meta = RecordingMeta {
            looptrace_version: env!("CARGO_PKG_VERSION").to_owned(),
            anchor: clock.anchor(crate::os::clock::offset_to(pid).unwrap_or(0)),
            rate_hz: config.rate_hz,
            census_rate_hz: config.census_rate_hz,
            blocking: config.blocking,
            redacted: config.redact,
            stall_threshold: config.stall_threshold,
            host: if config.redact { String::new() } else { crate::os::host::describe() },
        };
        let writer = Writer::create(&config.output, &meta, config.force_overwrite)?;
        let mut state = State {
            dictionary: Dictionary::new(),
            targets: Vec::new(),
            processes: 0,
            family: Family::new(pid, config.subprocesses),
            progress: Progress {
                rate_hz: config.rate_hz,
                census_rate_hz: config.census_rate_hz,
                ..Progress::default()
            },
            events: Vec::new(),
            blocking: config.blocking,
            how: How {
                kernel_stream: config.kernel_stream,
                stall_threshold: config.stall_threshold,
            },
            clock,
            machine: MachineProbe::open(),
            crossed: false,
            cut: Vec::new(),
        };
        state.adopt(attached, Timestamp::ZERO, config.redact);
        Ok(Self { config, clock, writer: Some(writer), state })
    }

    /// Records until `stop` is set, the duration is over or every target has exited, and tells of
    /// stalls as they happen.
    ///
    /// # Errors
    /// When the file could not be written to its end. What was written before is readable.
    pub fn run(
        mut self,
        stop: &AtomicBool,
        on_progress: &mut dyn FnMut(&Progress),
        on_stall: &mut dyn FnMut(&LiveStall),
    ) -> Result<Outcome, SessionError> {
        let Some(writer) = self.writer.take() else { return Err(SessionError::Finished) };
        precise_sleep();
        let mut sink = Sink::start(writer).map_err(SessionError::Thread)?;
        let mut budget = Budget::new(
            self.config.rate_hz,
            self.config.census_rate_hz,
            self.config.max_cpu_percent,
        );
        let begun = Instant::now();
        let end = self.sample(stop, on_progress, on_stall, &mut sink, &mut budget, begun);
        let now = self.clock.now();
        self.state.tell_ongoing(on_stall);
        let State { targets, dictionary, .. } = &mut self.state;
        for target in targets {
            target.record_native(dictionary, now, true, &mut sink);
            target.calls.finish(dictionary, now, &mut sink);
            for thread in &mut target.threads {
                thread.flush(now, self.clock, &mut sink);
            }
        }
        self.state.account(now, &budget, &mut sink);
        sink.push(Event::End { time: now, reason: end });
        self.state.refresh(&sink, &budget, begun);
        let bytes = sink.finish()?;
        self.state.progress.file_bytes = bytes;
        on_progress(&self.state.progress);
        Ok(Outcome { end, path: self.config.output, bytes, progress: self.state.progress })
    }

    fn sample(
        &mut self,
        stop: &AtomicBool,
        on_progress: &mut dyn FnMut(&Progress),
        on_stall: &mut dyn FnMut(&LiveStall),
        sink: &mut Sink,
        budget: &mut Budget,
        begun: Instant,
    ) -> EndReason {
        let Self { config, clock, state, .. } = self;
        let mut ticks = Pacer::new(config.rate_hz, begun);
        let mut censuses = Pacer::new(config.census_rate_hz.max(1), begun);
        let mut rescans = Every::new(RESCAN_EVERY, begun);
        let mut stats = Every::new(STATS_EVERY, begun);
        let mut reports = Every::new(PROGRESS_EVERY, begun);
        let mut first_census = true;
        let mut quiet_ticks = 0_u32;
        state.rescan(config, clock.now(), sink);
        loop {
            let now = Instant::now();
            if let Some(end) = state.ended(config, stop, now.duration_since(begun), sink) {
                return end;
            }
            let census_wanted = config.census_rate_hz > 0 || first_census;
            let due = censuses.until_due(now).is_zero() || std::mem::take(&mut state.crossed);
            if census_wanted && due {
                first_census = false;
                budget.take_census(now, || state.census(*clock, sink));
                // Before the tick is taken, so that it is this census after which the rest is longer.
                censuses.set_rate(budget.census_hz());
                censuses.take(now);
            }
            if rescans.due(now) {
                state.rescan(config, clock.now(), sink);
            }
            if stats.due(now) {
                budget.adapt(now);
                ticks.set_rate(budget.rate_hz());
                state.new_epoch();
                state.account(clock.now(), budget, sink);
            }
            if reports.due(now) {
                state.refresh(sink, budget, begun);
                on_progress(&state.progress);
            }
            let censuses = (config.census_rate_hz > 0).then_some(&censuses);
            if quiet_ticks >= REST_AFTER {
                let limit = censuses.map_or(StdDuration::MAX, |censuses| censuses.until_due(now));
                rest(&mut state.targets, limit, *clock, sink);
            }
            if sleep_until_due(&ticks, censuses, quiet_ticks >= DOZE_AFTER) {
                let overtaken = ticks.take(Instant::now());
                let quiet = state.tick(config, overtaken, sink);
                state.tell(on_stall);
                quiet_ticks = if quiet { quiet_ticks.saturating_add(1) } else { 0 };
            }
            sink.tick(now);
        }
    }
}

impl State {
    fn adopt(&mut self, attached: Target, now: Timestamp, redact: bool) {
        let Some(id) = ProcessId::from_index(self.processes) else { return };
        self.processes += 1;
        let mut target = TargetProcess::new(id, attached, self.clock, self.how);
        if redact {
            target.redact();
        }
        target.set_paused(self.blocking);
        let definition = target.definition(now, redact);
        self.events.push(Event::Target { id, target: definition });
        self.targets.push(target);
    }

    /// Why the recording ends now, if it does.
    fn ended(
        &self,
        config: &SessionConfig,
        stop: &AtomicBool,
        elapsed: StdDuration,
        sink: &Sink,
    ) -> Option<EndReason> {
        if stop.load(Ordering::Relaxed) {
            Some(EndReason::Interrupted)
        } else if config.duration.is_some_and(|limit| elapsed >= limit) {
            Some(EndReason::Duration)
        } else if sink.failed() {
            Some(EndReason::Failed)
        } else if self.targets.is_empty() && !self.family.root_is_alive() {
            Some(EndReason::TargetExited)
        } else {
            None
        }
    }

    /// One tick of every process. Tells whether every loop was found asleep in its poll call.
    fn tick(&mut self, config: &SessionConfig, overtaken: u32, sink: &mut Sink) -> bool {
        let mut quiet = !self.targets.is_empty();
        let Self { dictionary, targets, progress, family, crossed, .. } = self;
        for target in targets {
            let pause = config.blocking.then(|| super::pause::Pause::new(target.pid));
            let outcome = target.tick(dictionary, overtaken, sink);
            drop(pause);
            progress.samples += u64::from(outcome.samples);
            progress.idle_ticks += u64::from(outcome.idle);
            progress.partial_stacks += u64::from(outcome.partial);
            quiet &= outcome.quiet;
            *crossed |= outcome.crossed;
            for (&reason, &count) in MissReason::ALL.iter().zip(&outcome.misses) {
                progress.misses.add(reason, u64::from(count));
            }
            if outcome.suspicious {
                family.suspect(target.pid);
            }
        }
        quiet
    }

    fn census(&mut self, clock: Clock, sink: &mut Sink) {
        let mut tasks = 0;
        let mut has_asyncio = false;
        for target in &mut self.targets {
            let names = &mut self.dictionary;
            let census = target.census_or_recall(names, clock, &mut self.events, sink);
            has_asyncio |= target.has_asyncio;
            match census {
                Ok(summary) => {
                    tasks += u64::from(summary.tasks);
                    if summary.has_asyncio {
                        self.progress.censuses += 1;
                    }
                }
                Err(_gone_or_torn) => self.family.suspect(target.pid),
            }
        }
        sink.define(&mut self.dictionary);
        sink.append(&mut self.events);
        for target in &mut self.targets {
            target.record_queues(&mut self.dictionary, clock, sink);
        }
        self.assign_streams(sink);
        self.progress.tasks = tasks;
        self.progress.has_asyncio = has_asyncio;
    }

    /// Threads, children, and processes that are gone or became another program.
    fn rescan(&mut self, config: &SessionConfig, now: Timestamp, sink: &mut Sink) {
        sink.append(&mut self.events);
        for target in &mut self.targets {
            if target.rescan_threads(&mut self.dictionary, Some(sink), now).is_err() {
                self.family.suspect(target.pid);
            }
        }
        let family = &mut self.family;
        let events = &mut self.events;
        let (cut, names, threshold) = (&mut self.cut, &self.dictionary, self.how.stall_threshold);
        self.targets.retain_mut(|target| {
            let stays = family.confirm(&target.attached);
            if !stays {
                for thread in &mut target.threads {
                    if let Some(episode) = thread.episodes.lasts(threshold) {
                        cut.push(LiveStall::of(target.pid, episode, true, &target.calls, names));
                    }
                    thread.edges.close(self.clock, sink);
                    thread.flush(now, self.clock, sink);
                    target.calls.give_up(now, sink);
                    let reason = MissReason::Exited;
                    events.push(Event::Miss(Miss {
                        time: now,
                        thread: thread.id,
                        reason,
                        count: 1,
                    }));
                }
                events.push(Event::TargetEnded { id: target.id, time: now });
            }
            stays
        });
        let known: Vec<u32> = self.targets.iter().map(|target| target.pid).collect();
        let options = AttachOptions { force_unverified: config.force_unverified };
        for attached in self.family.newcomers(&known, options) {
            let pid = attached.pid;
            self.adopt(attached, now, config.redact);
            sink.append(&mut self.events);
            if let Some(target) = self.targets.last_mut()
                && target.rescan_threads(&mut self.dictionary, None, now).is_err()
            {
                self.family.suspect(pid);
            }
        }
        sink.append(&mut self.events);
        sink.define(&mut self.dictionary);
        self.assign_streams(sink);
        for target in &mut self.targets {
            target.record_clocks(now, sink);
            target.record_collections(self.clock, sink);
            target.record_native(&mut self.dictionary, now, false, sink);
        }
    }

    fn assign_streams(&mut self, sink: &mut Sink) {
        for target in &mut self.targets {
            target.assign_streams(self.how.kernel_stream, self.clock, sink);
            self.progress.refused = self.progress.refused.or(target.refused());
        }
    }

    /// Tells of stalls that are over, and now and then of those that go on.
    fn tell(&mut self, on_stall: &mut dyn FnMut(&LiveStall)) {
        let names = &self.dictionary;
        self.cut.drain(..).for_each(|stall| on_stall(&stall));
        for target in &mut self.targets {
            for thread in &mut target.threads {
                if let Some(over) = thread.over.take() {
                    on_stall(&LiveStall::of(target.pid, &over, false, &target.calls, names));
                }
                if let Some(episode) = thread.episodes.announce(self.how.stall_threshold) {
                    on_stall(&LiveStall::of(target.pid, &episode, true, &target.calls, names));
                }
            }
        }
    }

    /// Tells of stalls that go on.
    fn tell_ongoing(&self, on_stall: &mut dyn FnMut(&LiveStall)) {
        let names = &self.dictionary;
        self.cut.iter().for_each(&mut *on_stall);
        for target in &self.targets {
            for thread in &target.threads {
                if let Some(episode) = thread.episodes.lasts(self.how.stall_threshold) {
                    on_stall(&LiveStall::of(target.pid, episode, true, &target.calls, names));
                }
            }
        }
    }

    fn new_epoch(&mut self) {
        for target in &mut self.targets {
            target.begin_epoch();
        }
    }

    fn account(&mut self, now: Timestamp, budget: &Budget, sink: &mut Sink) {
        for target in &mut self.targets {
            for thread in &mut target.threads {
                thread.flush(now, self.clock, sink);
            }
        }
        if let Some(machine) = &self.machine {
            super::kernel::record_machine(machine, now, sink);
        }
        sink.push(Event::Stats(RecorderStats {
            time: now,
            cpu: budget.used(),
            dropped: sink.dropped(),
            partial_stacks: self.progress.partial_stacks,
            rate_hz: budget.rate_hz(),
            census_rate_hz: budget.census_hz(),
        }));
    }

    fn refresh(&mut self, sink: &Sink, budget: &Budget, begun: Instant) {
        let progress = &mut self.progress;
        progress.elapsed = begun.elapsed();
        progress.file_bytes = sink.bytes();
        progress.dropped = sink.dropped();
        progress.rate_hz = budget.rate_hz();
        progress.census_rate_hz = budget.census_hz();
        progress.recorder_cpu_percent = budget.percent();
        progress.processes = u32::try_from(self.targets.len()).unwrap_or(u32::MAX);
    }
}

/// Sleeps until the next tick or census, but not for long, and tells whether a tick is due. A doze
/// takes a few ticks more.
fn sleep_until_due(ticks: &Pacer, censuses: Option<&Pacer>, doze: bool) -> bool {
    let now = Instant::now();
    let wait = if doze { ticks.until_doze_ends(now) } else { ticks.until_due(now) };
    let next = censuses.map_or(wait, |censuses| wait.min(censuses.until_due(now)));
    let sleep = next.min(LONGEST_SLEEP);
    if !sleep.is_zero() {
        std::thread::sleep(sleep);
    }
    sleep == wait
}

/// Something to do now and then.
#[derive(Debug)]
struct Every {
    period: StdDuration,
    next: Instant,
}

impl Every {
    fn new(period: StdDuration, now: Instant) -> Self {
        Self { period, next: now + period }
    }

    fn due(&mut self, now: Instant) -> bool {
        let due = now >= self.next;
        if due {
            self.next = now + self.period;
        }
        due
    }
}

/// Asks the kernel not to round this thread's sleeps up (by 50 µs by default). Without it ticks
/// come late but are still counted right, so a refusal does not matter.
fn precise_sleep() {
    if nix::sys::prctl::set_timerslack(1).is_err() {}
}
