//! One table per kind of definition, with dense ids and no duplicates.
//!
//! The sampler interns through a [`Dictionary`] and drains the definitions that are new since the
//! last drain, so that each reaches the recording before its first use. `dump` and the analysis
//! look ids up again.

use std::collections::HashMap;
use std::hash::Hash;

use rustc_hash::FxBuildHasher;

use super::code::{CodeLocation, Frame, StackNode};
use super::event::Event;
use super::event_loop::{EventLoop, Thread};
use super::id::{
    CodeId, FrameId, KernelCallId, LoopId, NativeCodeId, ObjectId, StackId, StringId, TaskId,
    ThreadId, WaitId,
};
use super::kernel::{KernelCall, NativeCode};
use super::task::Task;
use super::wait::WaitReason;

type Map<K, V> = HashMap<K, V, FxBuildHasher>;

/// Every definition of a recording or of one look.
#[derive(Debug, Default)]
pub struct Dictionary {
    strings: Vec<String>,
    string_ids: Map<String, StringId>,
    codes: Table<CodeLocation, CodeId>,
    frames: Table<Frame, FrameId>,
    stacks: Table<StackNode, StackId>,
    waits: Table<WaitReason, WaitId>,
    kernel_calls: Table<KernelCall, KernelCallId>,
    native_codes: Table<NativeCode, NativeCodeId>,
    threads: Vec<Thread>,
    loops: Vec<EventLoop>,
    tasks: Vec<Task>,
    objects: Vec<StringId>,
    pending: Vec<Event>,
}

#[derive(Debug)]
struct Table<T, Id> {
    rows: Vec<T>,
    ids: Map<T, Id>,
}

impl<T, Id> Default for Table<T, Id> {
    fn default() -> Self {
        Self { rows: Vec::new(), ids: Map::default() }
    }
}

impl<T: Copy + Eq + Hash, Id: Copy> Table<T, Id> {
    /// The id of `row` and whether it is new; `None` when the table is full.
    fn intern(&mut self, row: T, id_of: impl Fn(usize) -> Option<Id>) -> Option<(Id, bool)> {
        if let Some(&id) = self.ids.get(&row) {
            return Some((id, false));
        }
        let id = id_of(self.rows.len())?;
        self.rows.push(row);
        self.ids.insert(row, id);
        Some((id, true))
    }
}

/// Appends or replaces; `false` for an index beyond the end.
fn put<T>(rows: &mut Vec<T>, index: usize, row: T) -> bool {
    put_with(rows, index, || row)
}

fn put_with<T>(rows: &mut Vec<T>, index: usize, row: impl FnOnce() -> T) -> bool {
    if let Some(slot) = rows.get_mut(index) {
        *slot = row();
        return true;
    }
    let appends = index == rows.len();
    if appends {
        rows.push(row());
    }
    appends
}

impl Dictionary {
    /// An empty dictionary.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The id of a text. `None` when the table is full, as for all tables here.
    pub fn string(&mut self, text: &str) -> Option<StringId> {
        if let Some(&id) = self.string_ids.get(text) {
            return Some(id);
        }
        let id = StringId::from_index(self.strings.len())?;
        self.strings.push(text.to_owned());
        self.string_ids.insert(text.to_owned(), id);
        self.pending.push(Event::String { id, text: text.to_owned() });
        Some(id)
    }

    /// The id of a code location.
    pub fn code(&mut self, code: CodeLocation) -> Option<CodeId> {
        let (id, new) = self.codes.intern(code, CodeId::from_index)?;
        if new {
            self.pending.push(Event::Code { id, code });
        }
        Some(id)
    }

    /// The id of a line of code.
    pub fn frame(&mut self, frame: Frame) -> Option<FrameId> {
        let (id, new) = self.frames.intern(frame, FrameId::from_index)?;
        if new {
            self.pending.push(Event::Frame { id, frame });
        }
        Some(id)
    }

    /// The id of a stack: `frame` called (or awaited) by the stack `parent`.
    pub fn stack(&mut self, parent: Option<StackId>, frame: FrameId) -> Option<StackId> {
        let node = StackNode { parent, frame };
        let (id, new) = self.stacks.intern(node, StackId::from_index)?;
        if new {
            self.pending.push(Event::Stack { id, node });
        }
        Some(id)
    }

    /// The id of a reason to wait.
    pub fn wait(&mut self, reason: WaitReason) -> Option<WaitId> {
        let (id, new) = self.waits.intern(reason, WaitId::from_index)?;
        if new {
            self.pending.push(Event::Wait { id, reason });
        }
        Some(id)
    }

    /// The id of a system call and what it works on.
    pub fn kernel_call(&mut self, call: KernelCall) -> Option<KernelCallId> {
        let (id, new) = self.kernel_calls.intern(call, KernelCallId::from_index)?;
        if new {
            self.pending.push(Event::KernelCall { id, call });
        }
        Some(id)
    }

    /// The id of a place in native code.
    pub fn native_code(&mut self, code: NativeCode) -> Option<NativeCodeId> {
        let (id, new) = self.native_codes.intern(code, NativeCodeId::from_index)?;
        if new {
            self.pending.push(Event::NativeCode { id, code });
        }
        Some(id)
    }

    /// A new thread.
    pub fn add_thread(&mut self, thread: Thread) -> Option<ThreadId> {
        let id = ThreadId::from_index(self.threads.len())?;
        self.threads.push(thread);
        self.pending.push(Event::Thread { id, thread });
        Some(id)
    }

    /// A new event loop.
    pub fn add_loop(&mut self, event_loop: EventLoop) -> Option<LoopId> {
        let id = LoopId::from_index(self.loops.len())?;
        self.loops.push(event_loop);
        self.pending.push(Event::Loop { id, event_loop });
        Some(id)
    }

    /// A new task.
    pub fn add_task(&mut self, task: Task) -> Option<TaskId> {
        let id = TaskId::from_index(self.tasks.len())?;
        self.tasks.push(task);
        self.pending.push(Event::Task { id, task });
        Some(id)
    }

    /// A new object that tasks wait for.
    pub fn add_object(&mut self, type_name: StringId) -> Option<ObjectId> {
        let id = ObjectId::from_index(self.objects.len())?;
        self.objects.push(type_name);
        self.pending.push(Event::Object { id, type_name });
        Some(id)
    }

    /// Replaces a thread's definition; nothing happens if it is the same.
    pub fn update_thread(&mut self, id: ThreadId, thread: Thread) {
        if let Some(slot) = self.threads.get_mut(id.index())
            && *slot != thread
        {
            *slot = thread;
            self.pending.push(Event::Thread { id, thread });
        }
    }

    /// Replaces a loop's definition; nothing happens if it is the same.
    pub fn update_loop(&mut self, id: LoopId, event_loop: EventLoop) {
        if let Some(slot) = self.loops.get_mut(id.index())
            && *slot != event_loop
        {
            *slot = event_loop;
            self.pending.push(Event::Loop { id, event_loop });
        }
    }

    /// Replaces a task's definition; nothing happens if it is the same.
    pub fn update_task(&mut self, id: TaskId, task: Task) {
        if let Some(slot) = self.tasks.get_mut(id.index())
            && *slot != task
        {
            *slot = task;
            self.pending.push(Event::Task { id, task });
        }
    }

    /// Takes over a definition with the id it came with, as a recording gives it back; other
    /// events do nothing. `false` if the id leaves a hole in its table (the definition is then
    /// left out, and lookups of it find nothing).
    ///
    /// A dictionary refilled like this is for lookups: it does not recognise what it holds when
    /// the same is interned again.
    pub fn apply(&mut self, event: &Event) -> bool {
        match event {
            Event::String { id, text } => put_with(&mut self.strings, id.index(), || text.clone()),
            Event::Code { id, code } => put(&mut self.codes.rows, id.index(), *code),
            Event::Frame { id, frame } => put(&mut self.frames.rows, id.index(), *frame),
            Event::Stack { id, node } => {
                // Parents first: what points forward could close a circle.
                node.parent.is_none_or(|parent| parent < *id)
                    && put(&mut self.stacks.rows, id.index(), *node)
            }
            Event::Wait { id, reason } => put(&mut self.waits.rows, id.index(), *reason),
            Event::KernelCall { id, call } => put(&mut self.kernel_calls.rows, id.index(), *call),
            Event::NativeCode { id, code } => put(&mut self.native_codes.rows, id.index(), *code),
            Event::Thread { id, thread } => put(&mut self.threads, id.index(), *thread),
            Event::Loop { id, event_loop } => put(&mut self.loops, id.index(), *event_loop),
            Event::Task { id, task } => put(&mut self.tasks, id.index(), *task),
            Event::Object { id, type_name } => put(&mut self.objects, id.index(), *type_name),
            _ => true,
        }
    }

    /// Takes the definitions that are new or changed since the last call, in order.
    pub fn drain_pending(&mut self) -> std::vec::Drain<'_, Event> {
        self.pending.drain(..)
    }

    /// Whether [`Self::drain_pending`] would give anything.
    #[must_use]
    pub fn has_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    /// The text of a string id; empty for an id that is not defined.
    #[must_use]
    pub fn text(&self, id: StringId) -> &str {
        self.strings.get(id.index()).map_or("", String::as_str)
    }

    /// A code location.
    #[must_use]
    pub fn get_code(&self, id: CodeId) -> Option<&CodeLocation> {
        self.codes.rows.get(id.index())
    }

    /// A line of code.
    #[must_use]
    pub fn get_frame(&self, id: FrameId) -> Option<Frame> {
        self.frames.rows.get(id.index()).copied()
    }

    /// A node of the stack tree.
    #[must_use]
    pub fn get_stack(&self, id: StackId) -> Option<StackNode> {
        self.stacks.rows.get(id.index()).copied()
    }

    /// The frames of a stack, outermost first.
    #[must_use]
    pub fn stack_frames(&self, id: StackId) -> Vec<FrameId> {
        let mut frames = Vec::new();
        let mut next = Some(id);
        while let Some(node) = next.and_then(|id| self.get_stack(id)) {
            frames.push(node.frame);
            next = node.parent;
        }
        frames.reverse();
        frames
    }

    /// A reason to wait.
    #[must_use]
    pub fn get_wait(&self, id: WaitId) -> Option<&WaitReason> {
        self.waits.rows.get(id.index())
    }

    /// A system call and what it works on.
    #[must_use]
    pub fn get_kernel_call(&self, id: KernelCallId) -> Option<&KernelCall> {
        self.kernel_calls.rows.get(id.index())
    }

    /// A place in native code.
    #[must_use]
    pub fn get_native_code(&self, id: NativeCodeId) -> Option<&NativeCode> {
        self.native_codes.rows.get(id.index())
    }

    /// A thread.
    #[must_use]
    pub fn get_thread(&self, id: ThreadId) -> Option<&Thread> {
        self.threads.get(id.index())
    }

    /// An event loop.
    #[must_use]
    pub fn get_loop(&self, id: LoopId) -> Option<&EventLoop> {
        self.loops.get(id.index())
    }

    /// A task.
    #[must_use]
    pub fn get_task(&self, id: TaskId) -> Option<&Task> {
        self.tasks.get(id.index())
    }

    /// The type name of an object.
    #[must_use]
    pub fn get_object(&self, id: ObjectId) -> Option<StringId> {
        self.objects.get(id.index()).copied()
    }

    /// Threads, in the order of their ids.
    #[must_use]
    pub fn threads(&self) -> &[Thread] {
        &self.threads
    }

    /// Event loops, in the order of their ids.
    #[must_use]
    pub fn loops(&self) -> &[EventLoop] {
        &self.loops
    }

    /// Tasks, in the order of their ids.
    #[must_use]
    pub fn tasks(&self) -> &[Task] {
        &self.tasks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_definition_has_one_id_and_is_pending_once() {
        let mut dictionary = Dictionary::new();
        let a = dictionary.string("a").unwrap();
        assert_eq!(dictionary.string("a"), Some(a));
        assert_eq!(dictionary.drain_pending().count(), 1);
        assert!(!dictionary.has_pending());
        assert_eq!(dictionary.text(a), "a");
    }

    #[test]
    fn a_dictionary_is_refilled_from_its_own_events() {
        let mut dictionary = Dictionary::new();
        let file = dictionary.string("app.py").unwrap();
        let function = dictionary.string("main").unwrap();
        let kind = crate::model::FrameKind::Coroutine;
        let code = dictionary.code(CodeLocation { file, function, first_line: 3, kind }).unwrap();
        let frame = dictionary.frame(Frame { code, line: 4 }).unwrap();
        let stack = dictionary.stack(None, frame).unwrap();
        let events: Vec<Event> = dictionary.drain_pending().collect();
        let mut copy = Dictionary::new();
        assert!(events.iter().all(|event| copy.apply(event)));
        assert_eq!(copy.stack_frames(stack), [frame]);
        assert_eq!(copy.text(copy.get_code(code).unwrap().function), "main");
    }

    #[test]
    fn holes_and_circles_are_left_out() {
        let mut dictionary = Dictionary::new();
        let far = StringId::new(7).unwrap();
        assert!(!dictionary.apply(&Event::String { id: far, text: "x".to_owned() }));
        assert_eq!(dictionary.text(far), "");
        let (id, frame) = (StackId::new(1).unwrap(), FrameId::new(1).unwrap());
        let node = StackNode { parent: Some(id), frame };
        assert!(!dictionary.apply(&Event::Stack { id, node }));
        assert!(dictionary.stack_frames(id).is_empty());
    }
}
