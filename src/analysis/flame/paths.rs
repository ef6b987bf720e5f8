//! Which path a look belongs to.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::model::{
    Activity, Dictionary, FrameId, FrameKind, LoopId, ProcessId, Sample, StackId, StringId, TaskId,
    TaskRow, TaskState, ThreadId, WaitId,
};

use super::super::names::{FrameNames, is_default_name, task_coroutine, task_name};
use super::tree::{Label, LabelId, LabelKind, PathId, Tree};

/// Awaiting tasks drawn above a task, at most; more are left out at the outer end.
const MOST_AWAITERS: usize = 32;

/// Frames of one stack or chain, at most; more are left out at the inner end.
const MOST_FRAMES: usize = 2_000;

/// When more tasks than this run the same coroutine under names that asyncio gave them, they are
/// drawn as one.
const MOST_NAMELESS: usize = 20;

/// Finds paths, with what the last census said about tasks.
#[derive(Debug, Default)]
pub(super) struct Paths {
    pub(super) tree: Tree,
    pids: FxHashMap<ProcessId, u32>,
    /// The thread that runs each loop, or ran it last.
    threads: FxHashMap<LoopId, ThreadId>,
    chains: FxHashMap<TaskId, (Option<StackId>, Option<WaitId>)>,
    awaiters: FxHashMap<TaskId, TaskId>,
    frame_labels: FxHashMap<FrameId, LabelId>,
    /// Labels of tasks that asyncio named, and their coroutines.
    nameless: FxHashMap<LabelId, Option<StringId>>,
    /// Paths of samples; all forgotten when tasks have moved.
    known: FxHashMap<SampleKey, PathId>,
    /// Where stacks lead to from the paths they follow, without their outermost frames.
    stacks: FxHashMap<(PathId, StackId, u32), PathId>,
}

type SampleKey = (ThreadId, Option<TaskId>, Option<StackId>, Option<u32>);

impl Paths {
    /// Names or edges are not what they were.
    pub(super) fn changed(&mut self) {
        self.known.clear();
    }

    pub(super) fn target(&mut self, id: ProcessId, pid: u32) {
        self.pids.insert(id, pid);
    }

    pub(super) fn ran_in(&mut self, event_loop: LoopId, thread: ThreadId) {
        self.threads.insert(event_loop, thread);
    }

    pub(super) fn found(&mut self, row: &TaskRow) {
        let now = (row.chain, row.wait);
        if self.chains.insert(row.task, now).is_none_or(|before| before.0 != row.chain) {
            self.changed();
        }
    }

    pub(super) fn awaited(&mut self, task: TaskId, awaiters: &[TaskId]) {
        match awaiters.iter().copied().filter(|&awaiter| awaiter != task).min() {
            Some(awaiter) => self.awaiters.insert(task, awaiter),
            None => self.awaiters.remove(&task),
        };
        self.changed();
    }

    pub(super) fn gone(&mut self, task: TaskId) {
        self.chains.remove(&task);
        self.awaiters.remove(&task);
        self.changed();
    }

    /// The path of a look at a thread that does something.
    pub(super) fn running(&mut self, dictionary: &Dictionary, sample: &Sample) -> PathId {
        let key = (sample.thread, sample.task, sample.stack, sample.task_depth);
        if let Some(&path) = self.known.get(&key) {
            return path;
        }
        let root = self.thread(dictionary, Some(sample.thread));
        let path = match (sample.task, sample.activity) {
            (Some(task), _) => {
                let path = self.above(dictionary, root, task);
                let coroutines = sample
                    .task_depth
                    .map(|depth| self.stack(dictionary, path, sample.stack, depth))
                    .filter(|&inner| inner != path);
                coroutines.unwrap_or_else(|| self.note(path, "[task step]"))
            }
            (None, Activity::NoLoop) => self.stack(dictionary, root, sample.stack, 0),
            (None, Activity::Busy | Activity::Polling) => {
                let path = self.note(root, "(event loop)");
                self.stack(dictionary, path, sample.stack, 0)
            }
        };
        self.known.insert(key, path);
        path
    }

    /// The path of a task that waits or is ready.
    pub(super) fn suspended(
        &mut self,
        dictionary: &Dictionary,
        task: TaskId,
        state: TaskState,
    ) -> PathId {
        let event_loop = dictionary.get_task(task).and_then(|task| task.event_loop);
        let thread = event_loop.and_then(|id| self.threads.get(&id).copied());
        let root = self.thread(dictionary, thread);
        let (chain, wait) = self.chains.get(&task).copied().unwrap_or_default();
        let path = self.above(dictionary, root, task);
        let path = self.stack(dictionary, path, chain, 0);
        let reason = wait.filter(|_| state == TaskState::Waiting);
        let text = match reason.and_then(|wait| dictionary.get_wait(wait)) {
            Some(reason) => format!("[waiting: {}]", reason.kind.name().replace('_', " ")),
            None => format!("[{}]", state.name()),
        };
        self.plain(path, text, LabelKind::Suspension)
    }

    /// The path of a loop asleep.
    pub(super) fn idle(&mut self, dictionary: &Dictionary, thread: ThreadId) -> PathId {
        let root = self.thread(dictionary, Some(thread));
        self.note(root, "(idle)")
    }

    /// The same without its thread.
    pub(super) fn idle_note(&mut self) -> PathId {
        self.note(Tree::ROOT, "(idle)")
    }

    /// A whole thread stack and nothing else.
    pub(super) fn whole(&mut self, dictionary: &Dictionary, stack: Option<StackId>) -> PathId {
        match self.stack(dictionary, Tree::ROOT, stack, 0) {
            Tree::ROOT => self.note(Tree::ROOT, "(no Python frames)"),
            path => path,
        }
    }

    /// What a thread is called.
    pub(super) fn thread_title(&self, dictionary: &Dictionary, id: ThreadId) -> String {
        let thread = dictionary.get_thread(id);
        let name = thread.and_then(|thread| thread.name).map(|name| dictionary.text(name));
        match (name.filter(|name| !name.is_empty()), thread.map(|thread| thread.native_id)) {
            (Some(name), _) => name.to_owned(),
            (None, Some(native_id)) if native_id > 0 => format!("thread {native_id}"),
            (None, _) => format!("thread #{id}"),
        }
    }

    /// Process and thread.
    fn thread(&mut self, dictionary: &Dictionary, id: Option<ThreadId>) -> PathId {
        let thread = id.and_then(|id| dictionary.get_thread(id));
        let pid = thread.and_then(|thread| self.pids.get(&thread.process));
        let process = pid.map_or_else(|| "pid ?".to_owned(), |pid| format!("pid {pid}"));
        let path = self.plain(Tree::ROOT, process, LabelKind::Process);
        let title = id
            .map_or_else(|| "(thread unknown)".to_owned(), |id| self.thread_title(dictionary, id));
        self.plain(path, title, LabelKind::Thread)
    }

    /// The tasks that await `task` with their chains, the outermost first, then its own name.
    fn above(&mut self, dictionary: &Dictionary, root: PathId, task: TaskId) -> PathId {
        let mut awaiters = Vec::new();
        let mut seen = FxHashSet::default();
        seen.insert(task);
        let mut at = task;
        while let Some(&awaiter) = self.awaiters.get(&at) {
            if !seen.insert(awaiter) || awaiters.len() == MOST_AWAITERS {
                break;
            }
            awaiters.push(awaiter);
            at = awaiter;
        }
        let mut path = root;
        for awaiter in awaiters.into_iter().rev() {
            path = self.task(dictionary, path, awaiter);
            let chain = self.chains.get(&awaiter).and_then(|(chain, _)| *chain);
            path = self.stack(dictionary, path, chain, 0);
        }
        self.task(dictionary, path, task)
    }

    fn task(&mut self, dictionary: &Dictionary, path: PathId, task: TaskId) -> PathId {
        let name = task_name(dictionary, task);
        let coroutine = task_coroutine(dictionary, task);
        let text = match (name, coroutine) {
            (Some(name), _) => name.to_owned(),
            (None, Some(coroutine)) => format!("{coroutine}()"),
            (None, None) => format!("task #{task}"),
        };
        let label = Label { name: text, file: None, line: None, kind: LabelKind::Task };
        let label = self.tree.label(label);
        if name.is_some_and(is_default_name) {
            let coroutine = dictionary.get_task(task).and_then(|task| task.coroutine);
            self.nameless.insert(label, coroutine);
        }
        self.tree.child(path, label)
    }

    /// The path on from `path` along a stack without its `outermost` frames; `path` itself where
    /// nothing is left of it.
    fn stack(
        &mut self,
        dictionary: &Dictionary,
        path: PathId,
        stack: Option<StackId>,
        outermost: u32,
    ) -> PathId {
        let Some(stack) = stack else { return path };
        let key = (path, stack, outermost);
        if let Some(&end) = self.stacks.get(&key) {
            return end;
        }
        let frames = dictionary.stack_frames(stack);
        let mut path = path;
        for &frame in frames.iter().skip(outermost as usize).take(MOST_FRAMES) {
            let label = match self.frame_labels.get(&frame) {
                Some(&label) => label,
                None => {
                    let label = self.tree.label(frame_label(dictionary, frame));
                    self.frame_labels.insert(frame, label);
                    label
                }
            };
            path = self.tree.child(path, label);
        }
        self.stacks.insert(key, path);
        path
    }

    fn note(&mut self, path: PathId, text: &str) -> PathId {
        self.plain(path, text.to_owned(), LabelKind::Note)
    }

    fn plain(&mut self, path: PathId, name: String, kind: LabelKind) -> PathId {
        let label = self.tree.label(Label { name, file: None, line: None, kind });
        self.tree.child(path, label)
    }

    /// The tree, and where each path went. Processes stay only where there are several.
    pub(super) fn finish(self, dictionary: &Dictionary, processes: bool) -> (Tree, Vec<PathId>) {
        let mut counts: FxHashMap<StringId, usize> = FxHashMap::default();
        for coroutine in self.nameless.values().flatten() {
            *counts.entry(*coroutine).or_default() += 1;
        }
        let renamed = |id: LabelId| {
            let label = &self.tree.labels()[id as usize];
            if label.kind == LabelKind::Process && !processes {
                return None;
            }
            let coroutine = self.nameless.get(&id).copied().flatten();
            let count = coroutine.and_then(|coroutine| counts.get(&coroutine)).copied();
            match (coroutine, count) {
                (Some(coroutine), Some(count)) if count > MOST_NAMELESS => {
                    let name = format!("{}() × {count} tasks", dictionary.text(coroutine));
                    Some(Label { name, ..label.clone() })
                }
                _ => Some(label.clone()),
            }
        };
        self.tree.relabelled(renamed)
    }
}

fn frame_label(dictionary: &Dictionary, frame: FrameId) -> Label {
    let FrameNames { function, file, line, kind } = FrameNames::of(dictionary, frame);
    Label {
        name: function.unwrap_or("?").to_owned(),
        file: file.map(str::to_owned),
        line,
        kind: match kind {
            Some(FrameKind::Function) | None => LabelKind::Sync,
            Some(FrameKind::Native) => LabelKind::Native,
            Some(_) => LabelKind::Await,
        },
    }
}
