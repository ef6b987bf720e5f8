//! The tasks of one process, census after census.

use super::census::{Census, CensusSummary, InterpreterState, Lasting};
use super::cycles;
use super::guard::Guards;
use super::locate::Asyncio;
use super::loops::KnownLoop;
use super::record::Record;
use crate::memory::{Memory, MemoryError, PagedMemory, ReadMemory, RemoteAddr, Span};
use crate::model::{
    Dictionary, Event, LoopView, ObjectId, ObjectState, ProcessId, TaskId, TaskState, TaskView,
    ThreadId, Timestamp,
};
use crate::python::Interpreter;
use crate::python::code::Codes;
use crate::python::layout::Layout;
use crate::python::objects;

/// What a census reads.
#[derive(Debug, Clone, Copy)]
pub struct CensusTarget<'a> {
    /// The interpreter and its layout.
    pub interpreter: &'a Interpreter,
    /// Thread states and the ids that the recording knows them by.
    pub threads: &'a [(RemoteAddr, ThreadId)],
}

/// The asyncio side of one process: everything that is remembered about its tasks.
#[derive(Debug)]
pub struct AsyncioReader {
    pub(super) interpreters: Vec<InterpreterState>,
    pub(super) lasting: Lasting,
    cycles: Vec<Vec<TaskId>>,
}

impl AsyncioReader {
    /// Nothing known yet about this process.
    #[must_use]
    pub fn new(process: ProcessId) -> Self {
        Self { interpreters: Vec::new(), lasting: Lasting::new(process), cycles: Vec::new() }
    }

    /// Leaves task names out of all definitions from now on.
    pub const fn redact_names(&mut self) {
        self.lasting.redact_names = true;
    }

    /// Finds out everything about each wait from now on, as [`crate::model::WaitDetail`].
    pub const fn want_details(&mut self) {
        self.lasting.detailed = true;
    }

    /// One census: adds to `events` what changed since the last one, from
    /// [`Event::CensusBegin`] to [`Event::CensusEnd`]. Definitions are left in `dictionary`.
    ///
    /// # Errors
    /// When nothing can be read any more. What cannot be read otherwise is counted.
    pub fn census<M: ReadMemory>(
        &mut self,
        memory: &mut PagedMemory<M>,
        target: &CensusTarget<'_>,
        codes: &mut Codes,
        dictionary: &mut Dictionary,
        clock: impl Fn() -> Timestamp,
        events: &mut Vec<Event>,
    ) -> Result<CensusSummary, MemoryError> {
        let process = self.lasting.process;
        memory.begin_like_last()?;
        events.push(Event::CensusBegin { process, time: clock() });
        self.lasting.epoch = self.lasting.epoch.wrapping_add(1);
        self.lasting.loops.begin();
        let layout = &target.interpreter.layout;
        self.find_interpreters(memory, layout, &target.interpreter.interpreters)?;
        let mut census = Census {
            memory,
            layout,
            codes,
            dictionary,
            events,
            lasting: &mut self.lasting,
            summary: CensusSummary { complete: true, ..CensusSummary::default() },
            thread_ids: target.threads,
        };
        for state in &mut self.interpreters {
            match census.interpreter(state) {
                Ok(()) => {}
                Err(MemoryError::Unreadable { .. } | MemoryError::Nonsense { .. }) => {
                    census.summary.complete = false;
                }
                Err(error) => return Err(error),
            }
        }
        let edges_changed = census.finish();
        let summary = census.summary;
        if edges_changed {
            self.cycles = cycles::find(&self.lasting.records);
        }
        self.confirm_cycles(memory);
        self.lasting.loops.define(dictionary, target.threads);
        events.push(Event::CensusEnd { process, end: summary.end(clock()) });
        Ok(summary)
    }

    /// Records a census that finds what the last one found, where that is known without reading.
    pub fn census_again(
        &self,
        summary: CensusSummary,
        clock: impl Fn() -> Timestamp,
        events: &mut Vec<Event>,
    ) {
        let process = self.lasting.process;
        events.push(Event::CensusBegin { process, time: clock() });
        events.push(Event::CensusEnd { process, end: summary.end(clock()) });
    }

    /// Looks for asyncio where it was not yet found.
    fn find_interpreters(
        &mut self,
        memory: &mut impl Memory,
        layout: &Layout,
        interpreters: &[RemoteAddr],
    ) -> Result<(), MemoryError> {
        self.interpreters.retain(|known| interpreters.contains(&known.addr));
        for &addr in interpreters {
            if !self.interpreters.iter().any(|known| known.addr == addr) {
                self.interpreters.push(InterpreterState { addr, ..InterpreterState::default() });
            }
        }
        for state in self.interpreters.iter_mut().filter(|state| state.asyncio.is_none()) {
            match locate(memory, layout, state) {
                // A dict that is just being changed: next time.
                Ok(()) | Err(MemoryError::Unreadable { .. } | MemoryError::Nonsense { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Keeps the cycles whose tasks, read once more, are what they were.
    fn confirm_cycles<M: ReadMemory>(&mut self, memory: &mut PagedMemory<M>) {
        let Lasting { records, guards, .. } = &self.lasting;
        if self.cycles.is_empty() {
            return;
        }
        let by_id: rustc_hash::FxHashMap<_, _> =
            records.iter().filter_map(|record| record.id.map(|id| (id, record))).collect();
        self.cycles.retain(|cycle| {
            cycle
                .iter()
                .all(|id| by_id.get(id).is_some_and(|record| holds_still(guards, memory, record)))
        });
    }

    /// Those of the tasks chosen that, read once more, are what the last census saw.
    pub fn still<M: ReadMemory>(
        &self,
        memory: &mut PagedMemory<M>,
        chosen: impl Fn(TaskId) -> bool,
    ) -> rustc_hash::FxHashSet<TaskId> {
        let Lasting { records, guards, .. } = &self.lasting;
        let chosen = records.iter().filter(|record| record.id.is_some_and(&chosen));
        chosen
            .filter(|record| holds_still(guards, memory, record))
            .filter_map(|record| record.id)
            .collect()
    }

    /// The tasks of the last census that are not done, in the order of their ids.
    #[must_use]
    pub fn snapshot_tasks(&self) -> Vec<TaskView> {
        let mut tasks: Vec<TaskView> = self
            .lasting
            .records
            .iter()
            .filter_map(|record| {
                let row = record.row.filter(|row| row.state != TaskState::Done)?;
                let detail = record.detail.clone();
                Some(TaskView { row, awaited_by: record.reported.clone(), detail })
            })
            .collect();
        tasks.sort_unstable_by_key(|view| view.row.task);
        tasks
    }

    /// How the things that tasks wait for stood in the last census, in the order of their ids.
    #[must_use]
    pub fn snapshot_objects(&self) -> Vec<(ObjectId, ObjectState)> {
        self.interpreters.iter().flat_map(|state| state.objects.states()).collect()
    }

    /// The loops of the last census, in the order of their ids.
    #[must_use]
    pub fn snapshot_loops(&self) -> Vec<LoopView> {
        let id_of = |task: RemoteAddr| self.lasting.records.get(task).and_then(|record| record.id);
        self.loops()
            .iter()
            .map(|known| LoopView {
                id: known.id,
                current_task: known.current_task.and_then(id_of),
            })
            .collect()
    }

    /// The cycles of the await graph, confirmed by a second read; see
    /// [`crate::model::Snapshot::cycles`].
    #[must_use]
    pub fn cycles(&self) -> &[Vec<TaskId>] {
        &self.cycles
    }

    /// All loops seen so far; those that ran in the last census have a thread state.
    #[must_use]
    pub fn loops(&self) -> &[KnownLoop] {
        self.lasting.loops.known()
    }

    /// `_current_tasks`, the dict of loop to running task (of the first interpreter that has
    /// asyncio).
    #[must_use]
    pub fn current_tasks_dict(&self) -> Option<RemoteAddr> {
        self.asyncio()?.current_tasks
    }

    fn asyncio(&self) -> Option<&Asyncio> {
        self.interpreters.iter().find_map(|state| state.asyncio.as_ref())
    }

    /// The id of the task at `task`, seen with the root coroutine `coro`; it is defined at first
    /// sight.
    ///
    /// # Errors
    /// When there is no such task (any more) or it cannot be read.
    pub fn task_at<M: ReadMemory>(
        &mut self,
        memory: &mut PagedMemory<M>,
        layout: &Layout,
        codes: &mut Codes,
        dictionary: &mut Dictionary,
        (task, coro): (RemoteAddr, RemoteAddr),
    ) -> Result<TaskId, MemoryError> {
        let mut events = Vec::new();
        let mut last = objects::nonsense(task);
        for state in self.interpreters.iter_mut().filter(|state| state.asyncio.is_some()) {
            let mut census = Census {
                memory,
                layout,
                codes,
                dictionary,
                events: &mut events,
                lasting: &mut self.lasting,
                summary: CensusSummary::default(),
                thread_ids: &[],
            };
            match census.identify(&mut state.types, task, coro) {
                Ok(Some(id)) => return Ok(id),
                Ok(None) => {}
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}

/// Whether the words behind a task's row, read now, are what they were.
fn holds_still<M: ReadMemory>(
    guards: &Guards,
    memory: &mut PagedMemory<M>,
    record: &Record,
) -> bool {
    for span in guards.spans(&record.guard) {
        memory.forget(span.start(), Span::BYTES);
    }
    guards.holds(memory, &record.guard)
}

fn locate(
    memory: &mut impl Memory,
    layout: &Layout,
    state: &mut InterpreterState,
) -> Result<(), MemoryError> {
    let modules = memory.pointer(state.addr.offset(layout.interpreter.modules))?;
    if modules.is_null() {
        return Ok(());
    }
    let count = objects::dict_len(memory, layout, modules)?;
    if count == state.modules {
        return Ok(());
    }
    state.asyncio = Asyncio::locate(memory, layout, state.addr)?;
    state.modules = count;
    if let Some(asyncio) = state.asyncio {
        state.types.set_known(asyncio.types);
    }
    Ok(())
}
