//! A small program made by hand: definitions, and the events of a recording of it.

use looptrace::model::{
    Activity, CensusEnd, CodeLocation, Dictionary, EndReason, Event, EventLoop, Frame, FrameKind,
    LoopId, LoopKind, ProcessId, RecordingMeta, Sample, StackId, Target, Task, TaskId, TaskRow,
    TaskState, Thread, ThreadId, Timestamp, WaitId, WaitKind, WaitReason,
};

pub(crate) const MS: u64 = 1_000_000;

pub(crate) const FUNCTION: FrameKind = FrameKind::Function;
pub(crate) const COROUTINE: FrameKind = FrameKind::Coroutine;

#[derive(Default)]
pub(crate) struct World {
    pub(crate) dictionary: Dictionary,
    pub(crate) events: Vec<Event>,
    /// Of every sample from now on.
    pub(crate) context_ver: Option<u64>,
}

/// `Timestamp` from milliseconds.
pub(crate) fn ms(milliseconds: u64) -> Timestamp {
    Timestamp::from_nanos(milliseconds * MS)
}

pub(crate) fn meta() -> RecordingMeta {
    RecordingMeta {
        looptrace_version: "0.1.0".to_owned(),
        rate_hz: 1000,
        census_rate_hz: 20,
        ..RecordingMeta::default()
    }
}

pub(crate) fn process() -> ProcessId {
    ProcessId::new(1).unwrap()
}

pub(crate) fn target() -> Target {
    Target {
        pid: 4242,
        command: vec!["python".to_owned(), "app.py".to_owned()],
        python: "3.14.2".to_owned(),
        attached: Timestamp::ZERO,
    }
}

impl World {
    /// A world with one process in its events.
    pub(crate) fn new() -> Self {
        let mut world = Self::default();
        world.events.push(Event::Target { id: process(), target: target() });
        world
    }

    pub(crate) fn thread(&mut self, name: &str, native_id: u32) -> ThreadId {
        let name = self.dictionary.string(name);
        self.dictionary.add_thread(Thread { process: process(), native_id, name }).unwrap()
    }

    pub(crate) fn event_loop(&mut self, thread: ThreadId) -> LoopId {
        let kind = LoopKind::Selector;
        self.dictionary
            .add_loop(EventLoop { process: process(), thread: Some(thread), kind })
            .unwrap()
    }

    pub(crate) fn task(&mut self, name: &str, coroutine: &str, event_loop: LoopId) -> TaskId {
        let name = self.dictionary.string(name);
        let file = self.dictionary.string("app.py").unwrap();
        let function = self.dictionary.string(coroutine).unwrap();
        let location = CodeLocation { file, function, first_line: 1, kind: COROUTINE };
        let code = self.dictionary.code(location);
        let coroutine = Some(function);
        let event_loop = Some(event_loop);
        self.dictionary
            .add_task(Task { process: process(), name, coroutine, code, event_loop })
            .unwrap()
    }

    /// A stack of `(function, file, line, kind)`, outermost first.
    pub(crate) fn stack(&mut self, frames: &[(&str, &str, u32, FrameKind)]) -> StackId {
        let mut stack = None;
        for &(function, file, line, kind) in frames {
            let function = self.dictionary.string(function).unwrap();
            let file = self.dictionary.string(file).unwrap();
            let code = CodeLocation { file, function, first_line: 1, kind };
            let code = self.dictionary.code(code).unwrap();
            let frame = self.dictionary.frame(Frame { code, line }).unwrap();
            stack = self.dictionary.stack(stack, frame);
        }
        stack.unwrap()
    }

    pub(crate) fn wait(&mut self, kind: WaitKind) -> Option<WaitId> {
        self.dictionary.wait(WaitReason::plain(kind))
    }

    /// Appends an event, after the definitions it needs.
    pub(crate) fn push(&mut self, event: Event) {
        self.events.extend(self.dictionary.drain_pending());
        self.events.push(event);
    }

    pub(crate) fn sample(
        &mut self,
        at: Timestamp,
        thread: ThreadId,
        stack: StackId,
        task: Option<TaskId>,
    ) {
        let task_depth = task.map(|_| 1);
        self.push(Event::Sample(Sample {
            time: at,
            thread,
            stack: Some(stack),
            task,
            task_depth,
            activity: Activity::Busy,
            context_ver: self.context_ver,
            callback: None,
        }));
    }

    /// A thread whose loop polls, and runs callbacks that call a function at line 7 of app.py: the
    /// thread, its stack while polling, and in the function.
    pub(crate) fn loop_that_calls(&mut self, function: &str) -> (ThreadId, StackId, StackId) {
        let thread = self.thread("MainThread", 1);
        self.event_loop(thread);
        let run = ("BaseEventLoop._run_once", "/lib/asyncio/base_events.py", 2, FUNCTION);
        let poll = self.stack(&[run, ("EpollSelector.select", "/lib/selectors.py", 3, FUNCTION)]);
        let handle = ("Handle._run", "/lib/asyncio/events.py", 84, FUNCTION);
        let work = self.stack(&[run, handle, (function, "app.py", 7, FUNCTION)]);
        (thread, poll, work)
    }

    pub(crate) fn polling(&mut self, at: Timestamp, thread: ThreadId, stack: StackId) {
        self.push(Event::Sample(Sample {
            time: at,
            thread,
            stack: Some(stack),
            task: None,
            task_depth: None,
            activity: Activity::Polling,
            context_ver: None,
            callback: None,
        }));
    }

    /// A complete census with these rows and these tasks gone.
    pub(crate) fn census(&mut self, at: Timestamp, rows: &[TaskRow], gone: &[TaskId]) {
        self.push(Event::CensusBegin { process: process(), time: at });
        for &row in rows {
            self.push(Event::TaskRow(row));
        }
        for &task in gone {
            self.push(Event::TaskGone { task });
        }
        let tasks = u32::try_from(rows.len()).unwrap();
        let end = CensusEnd { time: at, complete: true, tasks, torn: 0, unreadable: 0 };
        self.push(Event::CensusEnd { process: process(), end });
    }

    pub(crate) fn end(&mut self, at: Timestamp) {
        self.push(Event::End { time: at, reason: EndReason::Duration });
    }
}

pub(crate) fn row(task: TaskId, state: TaskState) -> TaskRow {
    TaskRow { task, state, chain: None, wait: None, cancel_requests: None }
}
