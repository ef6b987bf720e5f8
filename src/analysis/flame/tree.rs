//! Labels, paths of labels, and the time spent at the end of each path.

use rustc_hash::FxHashMap;

/// What a label of a flame graph names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LabelKind {
    /// A process.
    Process,
    /// A thread.
    Thread,
    /// A task.
    Task,
    /// A coroutine, generator or async generator.
    Await,
    /// A plain function.
    Sync,
    /// Something implemented in C.
    Native,
    /// What a task waits for, or that it is ready: `[waiting: lock]`.
    Suspension,
    /// What stands for no code: `(event loop)`, `(idle)`.
    Note,
}

/// What stands at one place of a flame graph.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label {
    /// A function, a task's name, ….
    pub name: String,
    /// The file, for code.
    pub file: Option<String>,
    /// The line that ran or waited, for code.
    pub line: Option<u32>,
    /// What it names.
    pub kind: LabelKind,
}

/// A label's position.
pub type LabelId = u32;

/// A path's position; 0 is the empty path.
pub type PathId = u32;

/// Every label and every path, each once.
#[derive(Debug)]
pub struct Tree {
    labels: Vec<Label>,
    label_ids: FxHashMap<Label, LabelId>,
    paths: Vec<(PathId, LabelId)>,
    path_ids: FxHashMap<(PathId, LabelId), PathId>,
    weights: Vec<u64>,
}

impl Default for Tree {
    fn default() -> Self {
        Self {
            labels: Vec::new(),
            label_ids: FxHashMap::default(),
            paths: vec![(0, 0)],
            path_ids: FxHashMap::default(),
            weights: vec![0],
        }
    }
}

impl Tree {
    /// The empty path.
    pub const ROOT: PathId = 0;

    pub(super) fn label(&mut self, label: Label) -> LabelId {
        if let Some(&id) = self.label_ids.get(&label) {
            return id;
        }
        let id = next_id(self.labels.len());
        self.label_ids.insert(label.clone(), id);
        self.labels.push(label);
        id
    }

    /// The path that leads on from `path` by `label`.
    pub(super) fn child(&mut self, path: PathId, label: LabelId) -> PathId {
        let next = next_id(self.paths.len());
        let id = *self.path_ids.entry((path, label)).or_insert(next);
        if id == next {
            self.paths.push((path, label));
            self.weights.push(0);
        }
        id
    }

    /// Adds time to a path.
    pub(super) fn add(&mut self, path: PathId, nanos: u64) {
        if let Some(weight) = self.weights.get_mut(path as usize) {
            *weight = weight.saturating_add(nanos);
        }
    }

    /// Takes time back from a path.
    pub(super) fn take(&mut self, path: PathId, nanos: u64) {
        if let Some(weight) = self.weights.get_mut(path as usize) {
            *weight = weight.saturating_sub(nanos);
        }
    }

    /// All labels, by id.
    #[must_use]
    pub fn labels(&self) -> &[Label] {
        &self.labels
    }

    /// The labels of a path, outermost first.
    #[must_use]
    pub fn labels_of(&self, path: PathId) -> Vec<LabelId> {
        let mut labels = Vec::new();
        let mut at = path;
        while at != Self::ROOT
            && let Some(&(parent, label)) = self.paths.get(at as usize)
        {
            labels.push(label);
            at = parent;
        }
        labels.reverse();
        labels
    }

    /// The time spent at the end of any path.
    #[must_use]
    pub fn total_nanos(&self) -> u64 {
        self.weights.iter().fold(0, |sum, weight| sum.saturating_add(*weight))
    }

    /// Every path at whose end time was spent, with that time in nanoseconds, in the order of
    /// the labels. `show` is called with the labels from the outermost on.
    ///
    /// # Errors
    /// What `show` gives.
    pub fn walk<E>(&self, mut show: impl FnMut(&[LabelId], u64) -> Result<(), E>) -> Result<(), E> {
        let mut children: Vec<Vec<PathId>> = vec![Vec::new(); self.paths.len()];
        for (id, &(parent, _)) in self.paths.iter().enumerate().skip(1) {
            children[parent as usize].push(next_id(id));
        }
        let label = |path: &PathId| &self.labels[self.paths[*path as usize].1 as usize];
        for siblings in &mut children {
            siblings.sort_by(|a, b| label(b).cmp(label(a)));
        }
        let mut path: Vec<LabelId> = Vec::new();
        let mut open: Vec<(usize, PathId)> = children[0].iter().map(|&child| (0, child)).collect();
        while let Some((depth, id)) = open.pop() {
            path.truncate(depth);
            path.push(self.paths[id as usize].1);
            let weight = self.weights[id as usize];
            if weight > 0 {
                show(&path, weight)?;
            }
            open.extend(children[id as usize].iter().map(|&child| (depth + 1, child)));
        }
        Ok(())
    }

    /// The same tree with other labels: `map` gives the new one for each old one, or `None` for
    /// a label to be left out. Gives the new path of every old one, too.
    pub(super) fn relabelled(&self, map: impl Fn(LabelId) -> Option<Label>) -> (Self, Vec<PathId>) {
        let mut tree = Self::default();
        let labels: Vec<Option<LabelId>> = (0..next_id(self.labels.len()))
            .map(|id| map(id).map(|label| tree.label(label)))
            .collect();
        let mut moved = vec![Self::ROOT];
        for (&(parent, label), &weight) in self.paths.iter().zip(&self.weights).skip(1) {
            let parent = moved[parent as usize];
            let path = labels[label as usize].map_or(parent, |label| tree.child(parent, label));
            tree.add(path, weight);
            moved.push(path);
        }
        (tree, moved)
    }
}

/// Tables here stay far below 2³² entries: each takes more than a byte of a recording.
fn next_id(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
