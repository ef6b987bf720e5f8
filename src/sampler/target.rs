//! One process of a recording.

use rustc_hash::FxHashMap;

use crate::asyncio::{AsyncioReader, CensusSummary, CensusTarget};
use crate::memory::{LiveMemory, MemoryError, PagedMemory, RemoteAddr};
use crate::model::{
    Dictionary, Event, FrameId, LoopKind, MissReason, ProcessId, Target, TaskId, Thread, Timestamp,
};
use crate::python::Target as Attached;
use crate::python::callee::Callees;
use crate::python::code::Codes;
use crate::python::frames::TaskSource;
use crate::python::layout::{Build, Layout};
use crate::python::threads::PyThread;

use super::blocked::Calls;
use super::callback::{RunFrames, Seeing};
use super::clock::Clock;
use super::collector::Told;
use super::config::How;
use super::interpreter::InterpreterState;
use super::native::Natives;
use super::outcome::TickOutcome;
use super::sink::Sink;
use super::stacks::Resolving;
use super::thread::{RunningLoop, SampledThread, Tick};

/// Threads without an event loop are looked at on every so-many-th tick only: they matter for
/// what holds the loop up, and executors may have many.
const SLOW_TICKS: u32 = 10;
/// After this many ticks without any sample the process is checked for having exited or executed
/// another program.
const SUSPICIOUS: u32 = 20;

/// So many rescans in a row may find a list of threads that makes no sense.
const PATIENCE: u32 = 5;

/// So often is asyncio's own library looked for once asyncio is there (it may be built in).
const LATE_LOOKS: u32 = 3;

/// Everything but the threads themselves that a look needs.
pub(super) struct Shared<'a> {
    pub(super) live: &'a LiveMemory,
    pub(super) code_memory: &'a mut PagedMemory<LiveMemory>,
    pub(super) layout: &'a Layout,
    pub(super) codes: &'a mut Codes,
    pub(super) dictionary: &'a mut Dictionary,
    pub(super) asyncio: &'a mut AsyncioReader,
    pub(super) poll_frames: &'a mut FxHashMap<FrameId, bool>,
    pub(super) epoch: u32,
    pub(super) pid: u32,
    pub(super) how: How,
    pub(super) clock: Clock,
    pub(super) calls: &'a mut Calls,
    pub(super) callees: &'a mut Callees,
    pub(super) run_frames: &'a mut RunFrames,
    pub(super) interpreter: InterpreterState,
}

impl Shared<'_> {
    pub(super) const fn resolving(&mut self) -> Resolving<'_, LiveMemory> {
        Resolving {
            memory: self.code_memory,
            layout: self.layout,
            codes: self.codes,
            dictionary: self.dictionary,
        }
    }

    /// What telling callbacks apart needs.
    pub(super) const fn seeing(&mut self) -> Seeing<'_> {
        Seeing {
            live: self.live,
            code_memory: self.code_memory,
            layout: self.layout,
            codes: self.codes,
            names: self.dictionary,
            run_frames: self.run_frames,
            epoch: self.epoch,
        }
    }

    /// Whether the innermost Python frame is where a loop of this kind polls. Loops without Python
    /// code of their own poll under whatever started them.
    pub(super) fn in_poll_frame(
        &mut self,
        kind: LoopKind,
        leaf: Option<(FrameId, RemoteAddr)>,
    ) -> bool {
        if kind != LoopKind::Selector {
            return true;
        }
        let Some((frame, code)) = leaf else { return false };
        if let Some(&known) = self.poll_frames.get(&frame) {
            return known;
        }
        let polls = self.codes.location(code).is_some_and(|code| {
            let name = self.dictionary.text(code.function);
            let file = self.dictionary.text(code.file);
            (name == "select" || name.ends_with(".select")) && file.ends_with("selectors.py")
        });
        self.poll_frames.insert(frame, polls);
        polls
    }
}

/// One process.
#[derive(Debug)]
pub(super) struct TargetProcess {
    pub(super) id: ProcessId,
    pub(super) pid: u32,
    pub(super) attached: Attached,
    pub(super) threads: Vec<SampledThread>,
    pub(super) has_asyncio: bool,
    last_census: Option<CensusSummary>,
    pub(super) live: LiveMemory,
    code_memory: PagedMemory<LiveMemory>,
    census_memory: PagedMemory<LiveMemory>,
    codes: Codes,
    asyncio: AsyncioReader,
    poll_frames: FxHashMap<FrameId, bool>,
    epoch: u32,
    tick: u32,
    barren_ticks: u32,
    late_looks: u32,
    failed_rescans: u32,
    /// Threads that `threading` did not know yet at the last rescan: one that has just begun is named
    /// by the next one, and a name is for ever.
    unnamed: Vec<(RemoteAddr, u64)>,
    paused: bool,
    pub(super) collecting: bool,
    /// How often the garbage collector had run when it was last recorded.
    pub(super) gc_counts: Option<[u64; 3]>,
    pub(super) gc_told: Told,
    /// How far the target's clock is ahead of ours.
    pub(super) clock_offset: i64,
    how: How,
    clock: Clock,
    pub(super) calls: Calls,
    callees: Callees,
    pub(super) natives: Natives,
    run_frames: RunFrames,
    pub(super) interpreter: InterpreterState,
}

impl TargetProcess {
    pub(super) fn new(id: ProcessId, attached: Attached, clock: Clock, how: How) -> Self {
        let pid = attached.pid;
        let live = LiveMemory::new(pid);
        let interpreter = InterpreterState::of(&attached, &live);
        Self {
            id,
            pid,
            attached,
            threads: Vec::new(),
            has_asyncio: false,
            last_census: None,
            live,
            code_memory: PagedMemory::new(LiveMemory::new(pid)),
            census_memory: PagedMemory::new(LiveMemory::new(pid)),
            codes: Codes::new(),
            asyncio: AsyncioReader::new(id),
            poll_frames: FxHashMap::default(),
            epoch: 0,
            tick: 0,
            barren_ticks: 0,
            late_looks: 0,
            failed_rescans: 0,
            unnamed: Vec::new(),
            paused: false,
            collecting: false,
            gc_counts: None,
            gc_told: Told::default(),
            clock_offset: crate::os::clock::offset_to(pid).unwrap_or(0),
            how,
            clock,
            calls: Calls::default(),
            callees: Callees::default(),
            natives: Natives::default(),
            run_frames: RunFrames::default(),
            interpreter,
        }
    }

    /// Finds out everything about what each task waits for.
    pub(super) const fn want_details(&mut self) {
        self.asyncio.want_details();
    }

    /// Leaves task names out of the recording.
    pub(super) const fn redact(&mut self) {
        self.asyncio.redact_names();
        self.calls.redact = true;
        self.natives.redact = true;
    }

    /// Makes code objects be checked anew before their next use.
    pub(super) fn begin_epoch(&mut self) {
        self.epoch = self.epoch.wrapping_add(1);
        self.codes.begin_epoch();
        self.callees.begin_epoch();
    }

    /// Splits the process into its threads and what a look at them needs.
    pub(super) const fn parts<'a>(
        &'a mut self,
        dictionary: &'a mut Dictionary,
    ) -> (&'a mut Vec<SampledThread>, Shared<'a>) {
        let shared = Shared {
            live: &self.live,
            code_memory: &mut self.code_memory,
            layout: &self.attached.interpreter.layout,
            codes: &mut self.codes,
            dictionary,
            asyncio: &mut self.asyncio,
            poll_frames: &mut self.poll_frames,
            epoch: self.epoch,
            pid: self.pid,
            how: self.how,
            clock: self.clock,
            calls: &mut self.calls,
            callees: &mut self.callees,
            run_frames: &mut self.run_frames,
            interpreter: self.interpreter,
        };
        (&mut self.threads, shared)
    }

    /// One tick for every thread that is due.
    pub(super) fn tick(
        &mut self,
        dictionary: &mut Dictionary,
        overtaken: u32,
        sink: &mut Sink,
    ) -> TickOutcome {
        let mut outcome = TickOutcome { quiet: true, ..TickOutcome::default() };
        let slow_ticks = self.tick / SLOW_TICKS;
        self.tick = self.tick.wrapping_add(overtaken.saturating_add(1));
        let slow_too = self.tick / SLOW_TICKS != slow_ticks;
        let any_loop = self.threads.iter().any(|thread| thread.event_loop.is_some());
        let (threads, mut shared) = self.parts(dictionary);
        for thread in threads {
            // Without any loop the main thread is the one of interest.
            let fast = thread.event_loop.is_some() || (!any_loop && thread.is_main);
            if !(fast || slow_too) {
                continue;
            }
            let overtaken = if fast { overtaken } else { 0 };
            let now = shared.clock.now();
            match thread.tick(&mut shared, now, overtaken, sink) {
                Tick::Idle { late } => {
                    outcome.idle =
                        outcome.idle.saturating_add((overtaken - late).saturating_add(1));
                    outcome.count(MissReason::Late, late);
                    outcome.quiet &= late == 0;
                }
                Tick::Sample { partial, late } => {
                    outcome.samples += 1;
                    outcome.partial += u32::from(partial);
                    outcome.idle = outcome.idle.saturating_add(overtaken - late);
                    outcome.count(MissReason::Late, late);
                    outcome.quiet &= !fast;
                }
                Tick::Missed { reason, late } => {
                    outcome.count(reason, 1);
                    outcome.idle = outcome.idle.saturating_add(overtaken - late);
                    outcome.count(MissReason::Late, late);
                    outcome.quiet &= !fast;
                }
            }
        }
        for thread in &mut self.threads {
            outcome.crossed |= std::mem::take(&mut thread.crossed);
        }
        let now = self.clock.now();
        self.look_at_interpreter(dictionary, now, sink);
        self.look_at_owners(dictionary, now, sink);
        self.calls.settle(dictionary, now, sink);
        let barren = outcome.samples + outcome.idle == 0;
        self.barren_ticks = if barren { self.barren_ticks + 1 } else { 0 };
        if self.barren_ticks >= SUSPICIOUS {
            self.barren_ticks = 0;
            outcome.suspicious = true;
        }
        outcome
    }

    /// Says whether the process is paused for each look.
    pub(super) const fn set_paused(&mut self, paused: bool) {
        self.paused = paused;
    }

    /// Finds threads that came and forgets those that went. A list that changes under the walk is
    /// left for the next time; only one that never makes sense is an error.
    pub(super) fn rescan_threads(
        &mut self,
        dictionary: &mut Dictionary,
        sink: Option<&mut Sink>,
        now: Timestamp,
    ) -> Result<(), MemoryError> {
        match self.find_threads(dictionary, sink, now) {
            Ok(()) => {
                self.failed_rescans = 0;
                Ok(())
            }
            Err(MemoryError::Unreadable { .. } | MemoryError::Nonsense { .. })
                if self.failed_rescans < PATIENCE =>
            {
                self.failed_rescans += 1;
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Takes a thread in that was not known before.
    fn add_thread(&mut self, dictionary: &mut Dictionary, python: &PyThread, name: Option<&str>) {
        let native_id = python.native_id.unwrap_or(0);
        let name = name.and_then(|name| dictionary.string(name));
        let thread = Thread { process: self.id, native_id, name };
        let Some(id) = dictionary.add_thread(thread) else { return };
        let mut thread = SampledThread::new(python.state, id, self.pid, native_id);
        thread.number = python.id;
        thread.ident = python.pthread;
        thread.set_paused(self.paused);
        thread.is_main = native_id == self.pid;
        self.threads.push(thread);
    }

    fn find_threads(
        &mut self,
        dictionary: &mut Dictionary,
        sink: Option<&mut Sink>,
        now: Timestamp,
    ) -> Result<(), MemoryError> {
        self.code_memory.begin();
        let interpreter = &mut self.attached.interpreter;
        interpreter.refresh_interpreters(&mut self.code_memory)?;
        let states = crate::python::threads::states(&mut self.code_memory, interpreter)?;
        let unchanged = states.len() == self.threads.len()
            && states.iter().all(|state| {
                self.threads.iter().any(|known| (known.state, known.number) == *state)
            });
        if unchanged {
            return Ok(());
        }
        let found = crate::python::threads::list(&mut self.code_memory, interpreter)?;
        // Names are for people; threads without one go by what the kernel calls them.
        let names = crate::python::threads::python_names(&mut self.code_memory, interpreter)
            .unwrap_or_default();
        for thread in &mut self.threads {
            thread.listed = false;
        }
        let unnamed = std::mem::take(&mut self.unnamed);
        for python in &found {
            if let Some(known) = self
                .threads
                .iter_mut()
                .find(|known| known.state == python.state && known.number == python.id)
            {
                known.listed = true;
                continue;
            }
            let given = names.iter().find(|(ident, _)| *ident == python.pthread);
            let state = (python.state, python.id);
            let may_be_named = sink.is_some() && !self.threads.is_empty();
            if given.is_none() && may_be_named && !unnamed.contains(&state) {
                self.unnamed.push(state);
                continue;
            }
            let name = given.map(|(_, name)| name.as_str()).or(python.name.as_deref());
            self.add_thread(dictionary, python, name);
        }
        if let Some(sink) = sink {
            sink.define(dictionary);
            for thread in self.threads.iter_mut().filter(|thread| !thread.listed) {
                thread.edges.close(self.clock, sink);
                thread.flush(now, self.clock, sink);
            }
        }
        self.threads.retain(|thread| thread.listed);
        Ok(())
    }

    /// One census, or the last one again where no Python code can have run since.
    pub(super) fn census_or_recall(
        &mut self,
        dictionary: &mut Dictionary,
        clock: Clock,
        events: &mut Vec<Event>,
        sink: &mut Sink,
    ) -> Result<CensusSummary, MemoryError> {
        let slept_on = self.slept_on(clock, sink);
        if let Some(summary) = self.last_census.filter(|last| slept_on && last.is_whole()) {
            self.asyncio.census_again(summary, || clock.now(), events);
            return Ok(summary);
        }
        self.last_census = None;
        let summary = self.census(dictionary, || clock.now(), events)?;
        self.last_census = Some(summary);
        Ok(summary)
    }

    /// One census; the events that tell what changed are added to `events`.
    pub(super) fn census(
        &mut self,
        dictionary: &mut Dictionary,
        clock: impl Fn() -> Timestamp,
        events: &mut Vec<Event>,
    ) -> Result<CensusSummary, MemoryError> {
        let threads: Vec<_> = self.threads.iter().map(|thread| (thread.state, thread.id)).collect();
        let target = CensusTarget { interpreter: &self.attached.interpreter, threads: &threads };
        let summary = self.asyncio.census(
            &mut self.census_memory,
            &target,
            &mut self.codes,
            dictionary,
            clock,
            events,
        )?;
        self.has_asyncio = summary.has_asyncio;
        // Imported since: from 3.14 on its own library says where things lie.
        let unknown = self.attached.interpreter.asyncio_library.is_none();
        if summary.has_asyncio && unknown && self.late_looks < LATE_LOOKS {
            self.late_looks += 1;
            self.attached.interpreter.find_asyncio_late().map_err(|_misfit| {
                MemoryError::Nonsense { addr: self.attached.interpreter.runtime }
            })?;
        }
        self.assign_loops(dictionary);
        Ok(summary)
    }

    /// Whether no thread has run Python since the last census began, as the kernel's streams prove.
    fn slept_on(&mut self, clock: Clock, sink: &mut Sink) -> bool {
        let mut all = !self.threads.is_empty();
        for thread in &mut self.threads {
            thread.edges.drain(clock, sink);
            let asleep = thread.asleep();
            let before = std::mem::replace(&mut thread.census_mark, asleep);
            all &= asleep.is_some() && asleep == before;
        }
        all
    }

    fn assign_loops(&mut self, dictionary: &Dictionary) {
        let by_thread = self.attached.interpreter.layout.thread.asyncio_running_task.is_some();
        let current_tasks = self.asyncio.current_tasks_dict();
        for thread in &mut self.threads {
            let running =
                self.asyncio.loops().iter().find(|found| found.thread_state == Some(thread.state));
            thread.event_loop = running.and_then(|found| {
                let kind = dictionary.get_loop(found.id)?.kind;
                let source = if by_thread {
                    TaskSource::ThreadState
                } else {
                    match current_tasks {
                        Some(dict) => TaskSource::Dict { dict, event_loop: found.addr },
                        None => TaskSource::None,
                    }
                };
                Some(RunningLoop { id: found.id, kind, source })
            });
        }
    }

    /// Keeps those of these tasks that are still as the last census saw them.
    pub(super) fn keep_still<T>(&mut self, tasks: &mut rustc_hash::FxHashMap<TaskId, T>) {
        let still = self.asyncio.still(&mut self.census_memory, |task| tasks.contains_key(&task));
        tasks.retain(|task, _| still.contains(task));
    }

    /// The tasks of the last census.
    pub(super) const fn asyncio(&self) -> &AsyncioReader {
        &self.asyncio
    }

    /// The definition of this process for a recording.
    pub(super) fn definition(&self, attached: Timestamp, redact: bool) -> Target {
        let command = if redact { Vec::new() } else { crate::os::process::command_line(self.pid) };
        let interpreter = &self.attached.interpreter;
        let suffix = if interpreter.build == Build::FreeThreaded { "t" } else { "" };
        Target {
            pid: self.pid,
            command,
            python: format!("{}{suffix}", interpreter.version),
            attached,
        }
    }
}
