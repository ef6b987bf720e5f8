//! Who awaits whom, as a forest: every task in it exactly once.
//!
//! A task stands under the first task that awaits it and is referred to from the others. Tasks
//! that only await each other in a circle have no root; one of them is made one.

use rustc_hash::FxHashMap;

use crate::analysis::task_name;
use crate::model::{Snapshot, StackId, StringId, TaskId, TaskState, WaitId};

/// The forest; tasks are positions in [`Snapshot::tasks`].
#[derive(Debug, Default)]
pub(super) struct Forest {
    /// Tasks that no other task of the snapshot awaits.
    pub(super) roots: Vec<usize>,
    /// One task of each circle that no root leads to.
    pub(super) circle_roots: Vec<usize>,
    /// What stands under each task.
    pub(super) children: Vec<Vec<Child>>,
    /// The task that each stands under.
    pub(super) parents: Vec<Option<usize>>,
    /// Tasks with equal shapes look the same, with everything below them.
    pub(super) shapes: Vec<u32>,
    positions: FxHashMap<TaskId, usize>,
}

/// A line under a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Child {
    /// A task in its own place.
    Own(usize),
    /// A task that stands elsewhere.
    Reference(usize),
}

/// What makes two tasks look the same.
#[derive(PartialEq, Eq, Hash)]
struct Shape {
    coroutine: Option<StringId>,
    state: TaskState,
    chain: Option<StackId>,
    wait: Option<WaitId>,
    cancel_requests: Option<u32>,
    below: Vec<(bool, u32)>,
}

impl Forest {
    pub(super) fn new(snapshot: &Snapshot) -> Self {
        let mut forest = Self {
            children: vec![Vec::new(); snapshot.tasks.len()],
            shapes: vec![0; snapshot.tasks.len()],
            ..Self::default()
        };
        for (position, task) in snapshot.tasks.iter().enumerate() {
            forest.positions.entry(task.row.task).or_insert(position);
        }
        forest.parents = forest.place(snapshot);
        let mut order = Vec::with_capacity(snapshot.tasks.len());
        let mut reached = vec![false; snapshot.tasks.len()];
        for &root in &forest.roots {
            walk(&forest.children, root, &mut reached, &mut order);
        }
        for position in 0..snapshot.tasks.len() {
            if !reached[position] {
                let root = forest.break_circle(position);
                walk(&forest.children, root, &mut reached, &mut order);
            }
        }
        forest.compare(snapshot, &order);
        forest.sort(snapshot);
        forest
    }

    /// The position of a task, if the snapshot has it.
    pub(super) fn position(&self, task: TaskId) -> Option<usize> {
        self.positions.get(&task).copied()
    }

    /// Puts every task under its first awaiter; gives each task's parent.
    fn place(&mut self, snapshot: &Snapshot) -> Vec<Option<usize>> {
        let mut parents = vec![None; snapshot.tasks.len()];
        for (position, task) in snapshot.tasks.iter().enumerate() {
            let mut awaiters: Vec<usize> =
                task.awaited_by.iter().filter_map(|id| self.position(*id)).collect();
            let first = awaiters.iter().position(|&awaiter| awaiter != position);
            let parent = first.map(|first| awaiters.remove(first));
            match parent {
                Some(parent) => self.children[parent].push(Child::Own(position)),
                None => self.roots.push(position),
            }
            parents[position] = parent;
            awaiters.sort_unstable();
            awaiters.dedup();
            for awaiter in awaiters.into_iter().filter(|&awaiter| Some(awaiter) != parent) {
                self.children[awaiter].push(Child::Reference(position));
            }
        }
        parents
    }

    /// Puts siblings in the order of their names, `Task-9` before `Task-10`: ids follow the order
    /// in which a census happened to find tasks.
    fn sort(&mut self, snapshot: &Snapshot) {
        let keys: Vec<(&str, u64)> =
            snapshot.tasks.iter().map(|view| key(snapshot, view.row.task)).collect();
        self.roots.sort_by_key(|&position| keys[position]);
        self.circle_roots.sort_by_key(|&position| keys[position]);
        for siblings in &mut self.children {
            siblings.sort_by_key(|child| match *child {
                Child::Own(position) | Child::Reference(position) => keys[position],
            });
        }
    }

    /// Makes the lowest task of the circle above `position` a root.
    fn break_circle(&mut self, position: usize) -> usize {
        let mut seen = vec![position];
        let mut visited = rustc_hash::FxHashSet::default();
        visited.insert(position);
        let mut at = position;
        while let Some(parent) = self.parents[at] {
            at = parent;
            if !visited.insert(parent) {
                break;
            }
            seen.push(parent);
        }
        let from = seen.iter().position(|&task| task == at).unwrap_or(0);
        let root = seen[from..].iter().copied().min().unwrap_or(position);
        if let Some(parent) = self.parents[root].take() {
            for child in &mut self.children[parent] {
                if *child == Child::Own(root) {
                    *child = Child::Reference(root);
                }
            }
        }
        self.circle_roots.push(root);
        root
    }

    /// Gives equal numbers to tasks that look the same; `order` has parents before children.
    fn compare(&mut self, snapshot: &Snapshot, order: &[usize]) {
        let mut numbers: FxHashMap<Shape, u32> = FxHashMap::default();
        for &position in order.iter().rev() {
            let row = snapshot.tasks[position].row;
            let mut below: Vec<(bool, u32)> = self.children[position]
                .iter()
                .map(|child| match *child {
                    Child::Own(child) => (true, self.shapes[child]),
                    Child::Reference(child) => (false, u32::try_from(child).unwrap_or(u32::MAX)),
                })
                .collect();
            below.sort_unstable();
            let shape = Shape {
                coroutine: snapshot.dictionary.get_task(row.task).and_then(|task| task.coroutine),
                state: row.state,
                chain: row.chain,
                wait: row.wait,
                cancel_requests: row.cancel_requests,
                below,
            };
            let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
            self.shapes[position] = *numbers.entry(shape).or_insert(next);
        }
    }
}

/// A name without the number at its end, and that number.
fn key(snapshot: &Snapshot, task: TaskId) -> (&str, u64) {
    let name = task_name(&snapshot.dictionary, task).unwrap_or_default();
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let number = name.get(stem.len()..).and_then(|digits| digits.parse().ok());
    (stem, number.unwrap_or(0))
}

/// Appends `root` and everything below it that was not reached yet.
fn walk(children: &[Vec<Child>], root: usize, reached: &mut [bool], order: &mut Vec<usize>) {
    let mut stack = vec![root];
    while let Some(position) = stack.pop() {
        if std::mem::replace(&mut reached[position], true) {
            continue;
        }
        order.push(position);
        for child in &children[position] {
            if let Child::Own(child) = *child {
                stack.push(child);
            }
        }
    }
}
