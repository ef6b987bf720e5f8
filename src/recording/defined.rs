//! Definitions come before their first use, and their ids are dense.
//!
//! Writer and reader both hold a recording to this, so that whoever reads one can keep plain
//! tables: no id is far beyond the rows seen so far, and no stack is its own ancestor.

use crate::model::{
    CodeId, Event, FrameId, KernelCallId, LoopId, NativeCodeId, ObjectId, ProcessId, StackId,
    StringId, TaskId, ThreadId, WaitId,
};

/// An id that is used before it is defined, or defined out of turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OutOfOrder {
    /// The kind of id.
    pub(crate) what: &'static str,
    /// Its number.
    pub(crate) id: u32,
}

/// How many rows of each kind are defined.
#[derive(Debug, Clone, Default)]
pub(crate) struct Defined {
    strings: Rows,
    processes: Rows,
    threads: Rows,
    loops: Rows,
    codes: Rows,
    frames: Rows,
    stacks: Rows,
    tasks: Rows,
    objects: Rows,
    waits: Rows,
    kernel_calls: Rows,
    native_codes: Rows,
}

#[derive(Debug, Clone, Default)]
struct Rows(u32);

type Checked = Result<(), OutOfOrder>;

impl Rows {
    fn used(&self, what: &'static str, id: u32) -> Checked {
        if id <= self.0 { Ok(()) } else { Err(OutOfOrder { what, id }) }
    }

    fn new_row(&mut self, what: &'static str, id: u32) -> Checked {
        if self.0.checked_add(1) != Some(id) {
            return Err(OutOfOrder { what, id });
        }
        self.0 = id;
        Ok(())
    }

    /// A new row, or a new version of an old one.
    fn row(&mut self, what: &'static str, id: u32) -> Checked {
        self.used(what, id).or_else(|_| self.new_row(what, id))
    }
}

impl Defined {
    /// Checks `event` and counts what it defines.
    pub(crate) fn check(&mut self, event: &Event) -> Checked {
        match event {
            Event::String { .. }
            | Event::Target { .. }
            | Event::Thread { .. }
            | Event::Loop { .. }
            | Event::Code { .. }
            | Event::Frame { .. }
            | Event::Stack { .. }
            | Event::Task { .. }
            | Event::Object { .. }
            | Event::KernelCall { .. }
            | Event::NativeCode { .. }
            | Event::Wait { .. } => self.definition(event),
            Event::Sample(sample) => {
                self.thread(Some(sample.thread))?;
                self.stack(sample.stack)?;
                self.task(sample.task)
            }
            Event::TaskRow(_)
            | Event::AwaitedBy { .. }
            | Event::ObjectState { .. }
            | Event::TaskNote { .. }
            | Event::Warned { .. }
            | Event::TaskGone { .. } => self.census(event),
            Event::Idle { thread, .. } => self.thread(Some(*thread)),
            Event::Miss(miss) => self.thread(Some(miss.thread)),
            Event::TargetEnded { id, .. } => self.process(*id),
            Event::CensusBegin { process, .. } | Event::CensusEnd { process, .. } => {
                self.process(*process)
            }
            Event::Edges { .. }
            | Event::OffCpu(_)
            | Event::OffCpuRun(_)
            | Event::LostSwitches(_)
            | Event::ThreadClocks(_)
            | Event::Blocked(_)
            | Event::NativeSample(_) => self.kernel(event),
            Event::Gil(_)
            | Event::Gc(_)
            | Event::GcPause(_)
            | Event::Callee(_)
            | Event::Queues(_)
            | Event::Lock(_)
            | Event::Turn(_) => self.interpreter(event),
            Event::Gap { .. } | Event::Stats(_) | Event::MachineClocks(_) | Event::End { .. } => {
                Ok(())
            }
        }
    }

    fn census(&self, event: &Event) -> Checked {
        match event {
            Event::TaskRow(row) => {
                self.task(Some(row.task))?;
                self.stack(row.chain)?;
                self.wait(row.wait)
            }
            Event::AwaitedBy { task, awaiters } => {
                self.task(Some(*task))?;
                awaiters.iter().try_for_each(|awaiter| self.task(Some(*awaiter)))
            }
            Event::ObjectState { object, state } => {
                self.objects.used("object", object.get())?;
                state.holders.iter().try_for_each(|holder| self.task(Some(*holder)))
            }
            Event::TaskNote { task, .. } => self.task(Some(*task)),
            Event::Warned { process, text, file, .. } => {
                self.process(*process)?;
                self.string(Some(*text))?;
                self.string(Some(*file))
            }
            Event::TaskGone { task } => self.task(Some(*task)),
            _ => Ok(()),
        }
    }

    fn kernel(&self, event: &Event) -> Checked {
        match event {
            Event::Edges { thread, .. } => self.thread(Some(*thread)),
            Event::OffCpu(off) => self.thread(Some(off.thread)),
            Event::OffCpuRun(run) => self.thread(Some(run.thread)),
            Event::LostSwitches(lost) => self.thread(Some(lost.thread)),
            Event::ThreadClocks(clocks) => self.thread(Some(clocks.thread)),
            Event::Blocked(look) => {
                self.thread(Some(look.thread))?;
                self.kernel_calls.used("system call", look.call.map_or(0, KernelCallId::get))
            }
            Event::NativeSample(sample) => {
                self.thread(Some(sample.thread))?;
                self.native_codes.used("native code", NativeCodeId::get(sample.code))
            }
            _ => Ok(()),
        }
    }

    fn interpreter(&self, event: &Event) -> Checked {
        match event {
            Event::Gil(look) => {
                self.process(look.process)?;
                self.thread(look.holder)
            }
            Event::Gc(look) => self.process(look.process),
            Event::GcPause(pause) => self.process(pause.process),
            Event::Callee(callee) => {
                self.thread(Some(callee.thread))?;
                self.string(Some(callee.function))
            }
            Event::Turn(turn) => self.thread(Some(turn.thread)),
            Event::Lock(look) => {
                self.thread(Some(look.thread))?;
                self.thread(Some(look.holder))
            }
            Event::Queues(queues) => {
                self.event_loop(Some(queues.event_loop))?;
                queues.entries.iter().try_for_each(|entry| self.task(entry.task))
            }
            _ => Ok(()),
        }
    }

    fn definition(&mut self, event: &Event) -> Checked {
        match event {
            Event::String { id, .. } => self.strings.new_row("string", id.get()),
            Event::Target { id, .. } => self.processes.row("process", id.get()),
            Event::Thread { id, thread } => {
                self.process(thread.process)?;
                self.string(thread.name)?;
                self.threads.row("thread", id.get())
            }
            Event::Loop { id, event_loop } => {
                self.process(event_loop.process)?;
                self.thread(event_loop.thread)?;
                self.loops.row("loop", id.get())
            }
            Event::Code { id, code } => {
                self.string(Some(code.file))?;
                self.string(Some(code.function))?;
                self.codes.new_row("code", id.get())
            }
            Event::Frame { id, frame } => {
                self.code(Some(frame.code))?;
                self.frames.new_row("frame", id.get())
            }
            Event::Stack { id, node } => {
                self.stack(node.parent)?;
                self.frames.used("frame", FrameId::get(node.frame))?;
                self.stacks.new_row("stack", id.get())
            }
            Event::Task { id, task } => {
                self.process(task.process)?;
                self.string(task.name)?;
                self.string(task.coroutine)?;
                self.code(task.code)?;
                self.event_loop(task.event_loop)?;
                self.tasks.row("task", id.get())
            }
            Event::Object { id, type_name } => {
                self.string(Some(*type_name))?;
                self.objects.new_row("object", id.get())
            }
            Event::Wait { id, reason } => {
                self.objects.used("object", reason.object.map_or(0, ObjectId::get))?;
                self.string(reason.type_name)?;
                self.string(reason.detail)?;
                self.waits.new_row("wait", id.get())
            }
            Event::KernelCall { id, call } => {
                self.string(Some(call.call))?;
                [call.name, call.local, call.peer]
                    .iter()
                    .try_for_each(|text| self.string(*text))?;
                self.kernel_calls.new_row("system call", id.get())
            }
            Event::NativeCode { id, code } => {
                self.string(code.module)?;
                self.string(code.symbol)?;
                self.native_codes.new_row("native code", id.get())
            }
            _ => Ok(()),
        }
    }

    fn process(&self, id: ProcessId) -> Checked {
        self.processes.used("process", id.get())
    }

    fn string(&self, id: Option<StringId>) -> Checked {
        self.strings.used("string", id.map_or(0, StringId::get))
    }

    fn thread(&self, id: Option<ThreadId>) -> Checked {
        self.threads.used("thread", id.map_or(0, ThreadId::get))
    }

    fn event_loop(&self, id: Option<LoopId>) -> Checked {
        self.loops.used("loop", id.map_or(0, LoopId::get))
    }

    fn code(&self, id: Option<CodeId>) -> Checked {
        self.codes.used("code", id.map_or(0, CodeId::get))
    }

    fn stack(&self, id: Option<StackId>) -> Checked {
        self.stacks.used("stack", id.map_or(0, StackId::get))
    }

    fn task(&self, id: Option<TaskId>) -> Checked {
        self.tasks.used("task", id.map_or(0, TaskId::get))
    }

    fn wait(&self, id: Option<WaitId>) -> Checked {
        self.waits.used("wait", id.map_or(0, WaitId::get))
    }
}
