//! Definitions: texts, threads, loops, code, stacks, tasks, objects and reasons to wait.

use super::{Decoder, Encoder, choice, number, optional, required, small};
use crate::model::{
    CodeId, CodeLocation, Event, EventLoop, Frame, FrameId, FrameKind, LoopId, LoopKind, ObjectId,
    ProcessId, StackId, StackNode, StringId, Task, TaskId, Thread, ThreadId, WaitId, WaitKind,
    WaitReason,
};
use crate::recording::column::Column;
use crate::recording::limits::TEXT_BYTES;
use crate::recording::varint::Malformed;

const FRAME_KINDS: [FrameKind; 5] = [
    FrameKind::Function,
    FrameKind::Coroutine,
    FrameKind::AsyncGenerator,
    FrameKind::Generator,
    FrameKind::Native,
];
const LOOP_KINDS: [LoopKind; 3] = [LoopKind::Selector, LoopKind::Uvloop, LoopKind::Other];

impl Encoder {
    pub(super) fn string(&mut self, id: StringId, text: &str) {
        self.columns.put_delta(Column::String, u64::from(id.get()));
        let kept = &text[..text.floor_char_boundary(TEXT_BYTES)];
        self.cut += u64::from(kept.len() < text.len());
        self.columns.put_text(kept);
    }

    pub(super) fn thread(&mut self, id: ThreadId, thread: &Thread) {
        let Thread { process, native_id, name } = *thread;
        self.columns.put(Column::Thread, u64::from(id.get()));
        self.columns.put(Column::Thread, u64::from(process.get()));
        self.columns.put(Column::Thread, u64::from(native_id));
        self.columns.put(Column::Thread, number(name, StringId::get));
    }

    pub(super) fn event_loop(&mut self, id: LoopId, event_loop: &EventLoop) {
        let EventLoop { process, thread, kind } = *event_loop;
        self.columns.put(Column::Loop, u64::from(id.get()));
        self.columns.put(Column::Loop, u64::from(process.get()));
        self.columns.put(Column::Loop, number(thread, ThreadId::get));
        self.columns.put(
            Column::Loop,
            match kind {
                LoopKind::Selector => 0,
                LoopKind::Uvloop => 1,
                LoopKind::Other => 2,
            },
        );
    }

    pub(super) fn code(&mut self, id: CodeId, code: &CodeLocation) {
        let CodeLocation { file, function, first_line, kind } = *code;
        self.columns.put(Column::Code, u64::from(id.get()));
        self.columns.put(Column::Code, u64::from(file.get()));
        self.columns.put(Column::Code, u64::from(function.get()));
        self.columns.put(Column::Code, u64::from(first_line));
        self.columns.put(
            Column::Code,
            match kind {
                FrameKind::Function => 0,
                FrameKind::Coroutine => 1,
                FrameKind::AsyncGenerator => 2,
                FrameKind::Generator => 3,
                FrameKind::Native => 4,
            },
        );
    }

    pub(super) fn frame(&mut self, id: FrameId, frame: Frame) {
        self.columns.put_delta(Column::FrameId, u64::from(id.get()));
        self.columns.put_delta(Column::FrameCode, u64::from(frame.code.get()));
        self.columns.put_delta(Column::FrameLine, u64::from(frame.line));
    }

    pub(super) fn stack(&mut self, id: StackId, node: StackNode) {
        self.columns.put_delta(Column::StackId, u64::from(id.get()));
        self.columns.put_delta(Column::StackParent, number(node.parent, StackId::get));
        self.columns.put_delta(Column::StackFrame, u64::from(node.frame.get()));
    }

    pub(super) fn task(&mut self, id: TaskId, task: &Task) {
        let Task { process, name, coroutine, code, event_loop } = *task;
        self.columns.put_delta(Column::TaskId, u64::from(id.get()));
        self.columns.put(Column::TaskProcess, u64::from(process.get()));
        self.columns.put_delta(Column::TaskName, number(name, StringId::get));
        self.columns.put(Column::TaskCoroutine, number(coroutine, StringId::get));
        self.columns.put(Column::TaskCode, number(code, CodeId::get));
        self.columns.put(Column::TaskLoop, number(event_loop, LoopId::get));
    }

    pub(super) fn object(&mut self, id: ObjectId, type_name: StringId) {
        self.columns.put(Column::Object, u64::from(id.get()));
        self.columns.put(Column::Object, u64::from(type_name.get()));
    }

    pub(super) fn wait(&mut self, id: WaitId, reason: &WaitReason) {
        let WaitReason { kind, object, type_name, detail } = *reason;
        self.columns.put(Column::Wait, u64::from(id.get()));
        self.columns.put(Column::Wait, u64::from(kind as u8));
        self.columns.put(Column::Wait, number(object, ObjectId::get));
        self.columns.put(Column::Wait, number(type_name, StringId::get));
        self.columns.put(Column::WaitDetail, number(detail, StringId::get));
    }
}

impl Decoder {
    pub(super) fn string(&mut self) -> Result<Event, Malformed> {
        let id = required(self.columns.take_delta(Column::String)?, StringId::new)?;
        Ok(Event::String { id, text: self.columns.take_text()? })
    }

    pub(super) fn thread(&mut self) -> Result<Event, Malformed> {
        let mut next = || self.columns.take(Column::Thread);
        let id = required(next()?, ThreadId::new)?;
        let process = required(next()?, ProcessId::new)?;
        let native_id = small(next()?)?;
        let name = optional(next()?, StringId::new)?;
        Ok(Event::Thread { id, thread: Thread { process, native_id, name } })
    }

    pub(super) fn event_loop(&mut self) -> Result<Event, Malformed> {
        let mut next = || self.columns.take(Column::Loop);
        let id = required(next()?, LoopId::new)?;
        let process = required(next()?, ProcessId::new)?;
        let thread = optional(next()?, ThreadId::new)?;
        let kind = choice(&LOOP_KINDS, next()?)?;
        Ok(Event::Loop { id, event_loop: EventLoop { process, thread, kind } })
    }

    pub(super) fn code(&mut self) -> Result<Event, Malformed> {
        let mut next = || self.columns.take(Column::Code);
        let id = required(next()?, CodeId::new)?;
        let file = required(next()?, StringId::new)?;
        let function = required(next()?, StringId::new)?;
        let first_line = small(next()?)?;
        let kind = choice(&FRAME_KINDS, next()?)?;
        Ok(Event::Code { id, code: CodeLocation { file, function, first_line, kind } })
    }

    pub(super) fn frame(&mut self) -> Result<Event, Malformed> {
        let id = required(self.columns.take_delta(Column::FrameId)?, FrameId::new)?;
        let code = required(self.columns.take_delta(Column::FrameCode)?, CodeId::new)?;
        let line = small(self.columns.take_delta(Column::FrameLine)?)?;
        Ok(Event::Frame { id, frame: Frame { code, line } })
    }

    pub(super) fn stack(&mut self) -> Result<Event, Malformed> {
        let id = required(self.columns.take_delta(Column::StackId)?, StackId::new)?;
        let parent = optional(self.columns.take_delta(Column::StackParent)?, StackId::new)?;
        let frame = required(self.columns.take_delta(Column::StackFrame)?, FrameId::new)?;
        Ok(Event::Stack { id, node: StackNode { parent, frame } })
    }

    pub(super) fn task(&mut self) -> Result<Event, Malformed> {
        let id = required(self.columns.take_delta(Column::TaskId)?, TaskId::new)?;
        let process = required(self.columns.take(Column::TaskProcess)?, ProcessId::new)?;
        let name = optional(self.columns.take_delta(Column::TaskName)?, StringId::new)?;
        let coroutine = optional(self.columns.take(Column::TaskCoroutine)?, StringId::new)?;
        let code = optional(self.columns.take(Column::TaskCode)?, CodeId::new)?;
        let event_loop = optional(self.columns.take(Column::TaskLoop)?, LoopId::new)?;
        Ok(Event::Task { id, task: Task { process, name, coroutine, code, event_loop } })
    }

    pub(super) fn object(&mut self) -> Result<Event, Malformed> {
        let id = required(self.columns.take(Column::Object)?, ObjectId::new)?;
        let type_name = required(self.columns.take(Column::Object)?, StringId::new)?;
        Ok(Event::Object { id, type_name })
    }

    pub(super) fn wait(&mut self) -> Result<Event, Malformed> {
        let mut next = || self.columns.take(Column::Wait);
        let id = required(next()?, WaitId::new)?;
        let kind = choice(WaitKind::ALL, next()?)?;
        let object = optional(next()?, ObjectId::new)?;
        let type_name = optional(next()?, StringId::new)?;
        let detail = optional(self.columns.take(Column::WaitDetail)?, StringId::new)?;
        Ok(Event::Wait { id, reason: WaitReason { kind, object, type_name, detail } })
    }
}
