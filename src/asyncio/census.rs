//! One look at all tasks of a process.

use super::chain::Element;
use super::draft::Drafts;
use super::edge_ids::resolve_edges;
use super::env::Env;
use super::frames::Naming;
use super::guard::Guards;
use super::held::{Functions, Held};
use super::jobs::Jobs;
use super::linked::Lists;
use super::locate::Asyncio;
use super::loops::{self, Loops};
use super::naming::{Known, define};
use super::object_table::Objects;
use super::reading::{self, Reading, Scratch};
use super::record::{Record, Records};
use super::registry;
use super::row::Prepared;
use super::running;
use super::unawaited::Unawaited;
use super::wait::WaitCache;
use super::watch::Watch;
use crate::memory::{Memory as _, MemoryError, PagedMemory, ReadMemory, RemoteAddr, Span};
use crate::model::{
    CensusEnd, CodeId, Dictionary, Event, FrameId, LoopId, ProcessId, TaskId, TaskState, ThreadId,
    Timestamp,
};
use crate::python::code::Codes;
use crate::python::layout::Layout;
use crate::python::objects;
use crate::python::objects::types::{ObjectKind, Types};

/// Whether two chains begin with the same frame of the same code.
fn same_root(one: &[Element], other: &[Element]) -> bool {
    let root = |chain: &[Element]| match chain.first() {
        Some(&Element::Python { code, frame, .. }) => Some((code, frame)),
        Some(Element::Native { .. }) | None => None,
    };
    root(one).is_some() && root(one) == root(other)
}

/// Rows that are proven together: few enough that their pages, read twice, stay in the cache, enough
/// for neighbouring pages to be copied together.
const CHUNK: usize = 256;

/// What became of a census.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CensusSummary {
    /// Whether asyncio is imported (in any interpreter).
    pub has_asyncio: bool,
    /// Whether no task was missed.
    pub complete: bool,
    /// Tasks that are not done.
    pub tasks: u32,
    /// Tasks whose chain changed under every read.
    pub torn: u32,
    /// Tasks that could not be read.
    pub unreadable: u32,
    /// Tasks whose row was built anew.
    pub rebuilt: u32,
}

impl CensusSummary {
    /// Whether every task was read, so that nothing is left to try.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.complete && self.torn == 0 && self.unreadable == 0
    }

    pub(super) const fn end(&self, time: Timestamp) -> CensusEnd {
        let Self { complete, tasks, torn, unreadable, .. } = *self;
        CensusEnd { time, complete, tasks, torn, unreadable }
    }
}

/// An interpreter of the process and its asyncio.
#[derive(Debug, Default)]
pub(super) struct InterpreterState {
    pub(super) addr: RemoteAddr,
    pub(super) asyncio: Option<Asyncio>,
    pub(super) types: Types,
    pub(super) objects: Objects,
    pub(super) unawaited: Unawaited,
    /// The jobs of its executors, once they are asked for in a census.
    pub(super) jobs: Option<Jobs>,
    /// Entries of its dict of modules when asyncio was last looked for.
    pub(super) modules: u64,
}

/// What lasts between two censuses of a process.
#[derive(Debug)]
pub(super) struct Lasting {
    pub(super) process: ProcessId,
    pub(super) records: Records,
    pub(super) loops: Loops,
    pub(super) waits: WaitCache,
    pub(super) epoch: u32,
    pub(super) redact_names: bool,
    /// Tasks that lost their address to a new one since the last census.
    pub(super) replaced: Vec<TaskId>,
    /// Whether tasks or awaiters changed, so that edges must be resolved anew.
    pub(super) edges_changed: bool,
    pub(super) scratch: Scratch,
    pub(super) guards: Guards,
    pub(super) drafts: Drafts,
    pub(super) spans: Vec<Span>,
    /// What the wait reasons were decided by.
    pub(super) more_spans: Vec<Span>,
    pub(super) frames: Vec<FrameId>,
    pub(super) functions: Functions,
    pub(super) held: Held,
    /// Whether everything about each wait is to be found out.
    pub(super) detailed: bool,
    pub(super) prepared: Vec<Prepared>,
    tasks: Vec<RemoteAddr>,
    lists: Lists,
    /// What is held, and by whom.
    pub(super) holding: Vec<(RemoteAddr, TaskId)>,
    /// Positions of the records in the order of the last walk.
    order: Vec<usize>,
}

impl Lasting {
    pub(super) fn new(process: ProcessId) -> Self {
        Self {
            process,
            records: Records::default(),
            loops: Loops::default(),
            waits: WaitCache::default(),
            epoch: 0,
            redact_names: false,
            replaced: Vec::new(),
            edges_changed: false,
            scratch: Scratch::default(),
            guards: Guards::default(),
            drafts: Drafts::default(),
            spans: Vec::new(),
            more_spans: Vec::new(),
            frames: Vec::new(),
            functions: Functions::default(),
            held: Held::default(),
            detailed: false,
            prepared: Vec::new(),
            tasks: Vec::new(),
            lists: Lists::default(),
            holding: Vec::new(),
            order: Vec::new(),
        }
    }
}

/// One census under way.
pub(super) struct Census<'a, M> {
    pub(super) memory: &'a mut PagedMemory<M>,
    pub(super) layout: &'a Layout,
    pub(super) codes: &'a mut Codes,
    pub(super) dictionary: &'a mut Dictionary,
    pub(super) events: &'a mut Vec<Event>,
    pub(super) lasting: &'a mut Lasting,
    pub(super) summary: CensusSummary,
    /// Thread states and their ids.
    pub(super) thread_ids: &'a [(RemoteAddr, ThreadId)],
}

impl<M: ReadMemory> Census<'_, M> {
    /// All tasks of one interpreter.
    pub(super) fn interpreter(&mut self, state: &mut InterpreterState) -> Result<(), MemoryError> {
        let Some(asyncio) = state.asyncio else { return Ok(()) };
        self.summary.has_asyncio = true;
        state.types.begin_epoch();
        state.jobs = None;
        let threads = loops::threads(self.memory, self.layout, state.addr)?;
        let stepping = self.running(&asyncio, &mut state.types, &threads)?;
        let mut tasks = std::mem::take(&mut self.lasting.tasks);
        tasks.clear();
        self.summary.complete &= registry::collect(
            self.memory,
            self.layout,
            &asyncio,
            state.addr,
            (&threads, &mut self.lasting.lists),
            &mut tasks,
        )?;
        // A step that just began may belong to a task that the walk missed.
        tasks.extend(&stepping);
        let mut order = std::mem::take(&mut self.lasting.order);
        order.resize(tasks.len(), usize::MAX);
        self.lasting.records.reserve(tasks.len());
        for (place, &addr) in tasks.iter().enumerate() {
            let step = stepping.contains(&addr);
            self.task(&mut state.types, addr, step, place, &mut order)?;
            if self.lasting.drafts.len() >= CHUNK {
                self.settle(state, &threads, &mut order)?;
            }
        }
        self.settle(state, &threads, &mut order)?;
        self.lingering(state, &threads, &mut tasks, &mut order)?;
        self.objects(state)?;
        let of = (state.addr, self.lasting.process);
        // Modules may come and go under the look.
        let told = state.unawaited.look(self.memory, self.layout, of, self.dictionary, self.events);
        if let Err(error @ (MemoryError::Exited | MemoryError::Denied)) = told {
            return Err(error);
        }
        self.lasting.order = order;
        self.lasting.tasks = tasks;
        Ok(())
    }

    /// Finds the running loops and gives the tasks whose steps run.
    fn running(
        &mut self,
        asyncio: &Asyncio,
        types: &mut Types,
        threads: &[RemoteAddr],
    ) -> Result<Vec<RemoteAddr>, MemoryError> {
        let mut stepping = Vec::new();
        for &thread in threads {
            let found = loops::running_loop(self.memory, self.layout, types, thread);
            let Ok(Some(addr)) = found else { continue };
            if self.loop_id(addr).is_none() {
                continue;
            }
            self.lasting.loops.runs(addr, thread);
            let Some(offset) = self.layout.thread.asyncio_running_task else { continue };
            if let Some(task) = self.memory.pointer(thread.offset(offset))?.plausible() {
                self.lasting.loops.steps(addr, task);
                stepping.push(task);
            }
        }
        // The dict changes with every step; when it makes no sense just now, no step is known.
        for (event_loop, task) in
            loops::current_tasks(self.memory, self.layout, asyncio).unwrap_or_default()
        {
            self.lasting.loops.steps(event_loop, task);
            stepping.push(task);
        }
        Ok(stepping)
    }

    pub(super) fn loop_id(&mut self, addr: RemoteAddr) -> Option<LoopId> {
        let process = self.lasting.process;
        self.lasting.loops.id(self.memory, self.layout, self.dictionary, process, addr)
    }

    /// One task: compared with its record, and drafted anew if anything differs.
    pub(super) fn task(
        &mut self,
        types: &mut Types,
        addr: RemoteAddr,
        stepping: bool,
        place: usize,
        order: &mut [usize],
    ) -> Result<(), MemoryError> {
        let Some(position) = order.get_mut(place) else { return Ok(()) };
        let epoch = self.lasting.epoch;
        let Lasting { records, guards, .. } = &mut *self.lasting;
        if records.at(*position).is_none_or(|record| record.addr != addr) {
            *position = records.position(addr).unwrap_or(usize::MAX);
        }
        if let Some(record) = records.at_mut(*position) {
            if record.seen == epoch {
                return Ok(());
            }
            if !stepping && guards.unchanged(self.memory, &mut record.guard) {
                record.seen = epoch;
                let done = record.row.is_none_or(|row| row.state == TaskState::Done);
                self.summary.tasks += u32::from(!done);
                return Ok(());
            }
        }
        self.summary.rebuilt += 1;
        self.draft(types, addr, stepping, place)
    }

    pub(super) fn read(
        &mut self,
        types: &mut Types,
        addr: RemoteAddr,
        stepping: bool,
    ) -> Result<Option<Reading>, MemoryError> {
        let Lasting { scratch, spans, .. } = &mut *self.lasting;
        spans.clear();
        let mut watch = Watch::new(self.memory, spans);
        let mut env = Env { layout: self.layout, types };
        reading::read(&mut watch, &mut env, scratch, addr, stepping)
    }

    /// Fills `lasting.frames`; gives the root coroutine's code.
    pub(super) fn resolve_chain(
        &mut self,
        types: &mut Types,
        threads: &[RemoteAddr],
        addr: RemoteAddr,
        reading: &Reading,
    ) -> Result<Option<CodeId>, MemoryError> {
        let mut chain = std::mem::take(&mut self.lasting.scratch.chain);
        let mut frames = std::mem::take(&mut self.lasting.frames);
        let mut naming =
            Naming { layout: self.layout, types, codes: self.codes, dictionary: self.dictionary };
        let mut result = naming.frames(self.memory, &chain, &mut frames);
        let root = frames.first().and_then(|&frame| naming.dictionary.get_frame(frame));
        if result.is_ok() && reading.leaf == super::chain::Leaf::Executing {
            frames.clear();
            let coro = reading.fields.coro;
            if let Some(found) = running::chain(self.memory, self.layout, threads, coro)? {
                // The task may have ended since it was read, and all its addresses be another's.
                let mut env = Env { layout: self.layout, types: naming.types };
                let still = reading::is_still(self.memory, &mut env, addr, reading);
                if matches!(still, Ok(true)) && same_root(&chain, &found) {
                    chain = found;
                    result = naming.frames(self.memory, &chain, &mut frames);
                }
            }
        }
        if matches!(result, Err(MemoryError::Unreadable { .. } | MemoryError::Nonsense { .. })) {
            frames.clear();
            self.summary.torn += 1;
            result = Ok(());
        }
        self.lasting.scratch.chain = chain;
        self.lasting.frames = frames;
        result.map(|()| root.map(|frame| frame.code))
    }

    /// After all interpreters: who is gone, and who awaits whom.
    /// Gives whether edges may have changed.
    pub(super) fn finish(&mut self) -> bool {
        let Lasting { records, guards, replaced, epoch, edges_changed, .. } = &mut *self.lasting;
        for task in replaced.drain(..) {
            self.events.push(Event::TaskGone { task });
            *edges_changed = true;
        }
        if self.summary.complete {
            records.sweep(*epoch, |mut record: Record| {
                guards.drop(&mut record.guard);
                self.events.extend(record.id.map(|task| Event::TaskGone { task }));
                *edges_changed = true;
            });
        }
        if guards.is_wasteful() {
            guards.compact(records.guards());
        }
        let changed = std::mem::take(edges_changed);
        if changed {
            resolve_edges(records, self.events);
        }
        changed
    }

    /// The id of the task at `addr`, without its row; `None` if there is no task. `coro` is the
    /// root coroutine that it was seen with.
    ///
    /// What tells tasks apart is read twice, before and after the rest: the task may end under the
    /// read, and the next one then lies at its address.
    pub(super) fn identify(
        &mut self,
        types: &mut Types,
        addr: RemoteAddr,
        coro: RemoteAddr,
    ) -> Result<Option<TaskId>, MemoryError> {
        let mut spans = std::mem::take(&mut self.lasting.spans);
        spans.clear();
        let mut env = Env { layout: self.layout, types };
        let mut watch = Watch::new(self.memory, &mut spans);
        let marked = reading::mark(&mut watch, &mut env, addr);
        let folded = self.memory.fold(&spans);
        // What was copied with it, in the same call, may be older than it.
        self.memory.begin();
        let mut rest = Vec::new();
        let mut watch = Watch::new(self.memory, &mut rest);
        let reading = reading::identify(&mut watch, &mut env, &mut self.lasting.scratch, addr);
        self.memory.read_again(&spans)?;
        let same = folded.is_ok_and(|folded| self.memory.fold_again(&spans) == Some(folded));
        self.lasting.spans = spans;
        let Some(reading) = reading? else { return Ok(None) };
        let of = objects::ob_type(self.memory, self.layout, addr)?;
        let in_c = types.kind(self.memory, self.layout, of)? == ObjectKind::Task;
        if !marked? || !same || (in_c && reading.fields.coro != coro) {
            return Err(objects::nonsense(addr));
        }
        let root = self.resolve_chain(types, &[], addr, &reading)?;
        let event_loop = self.loop_id(reading.fields.event_loop);
        Ok(match define(self, types, addr, &reading, root, event_loop)? {
            Known::Same(id) => Some(id),
            Known::New(id) => id,
        })
    }
}
