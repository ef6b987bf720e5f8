//! Two recordings in one flamegraph: widths are the second's, colours the difference.

use std::sync::Arc;

use looptrace::model::Timestamp;
use rustc_hash::FxHashMap;

use super::paths::Paths;
use super::tree::Tree;
use super::{Name, Rows, Transform};
use crate::snapshot::Snapshot;

/// A flamegraph of differences.
#[derive(Debug, Clone, Default)]
pub struct Difference {
    /// What the boxes' names are.
    pub names: Arc<Vec<Name>>,
    /// The boxes: as wide as the time in the second recording.
    pub rows: Rows,
    /// For each box of `rows`: the same path's time in the first recording, scaled to the length
    /// of the second.
    pub before: Vec<Vec<u64>>,
    /// The whole width.
    pub total: u64,
}

type Path = Vec<u32>;

/// Compares the running time of two recordings, path by path; `worse_only` leaves out paths that
/// took no longer than before.
#[must_use]
pub fn difference(before: &Snapshot, after: &Snapshot, worse_only: bool) -> Difference {
    let mut names = Names::default();
    let old = names.weights(before);
    let new = names.weights(after);
    let scale = after.whole().length() as f64 / before.whole().length().max(1) as f64;
    let old: FxHashMap<Path, u64> =
        old.into_iter().map(|(path, nanos)| (path, (nanos as f64 * scale) as u64)).collect();
    let mut totals_before: FxHashMap<Path, u64> = FxHashMap::default();
    let mut in_order: Vec<(&Path, u64)> = old.iter().map(|(path, &nanos)| (path, nanos)).collect();
    in_order.sort_unstable();
    for (path, nanos) in in_order {
        for depth in 1..=path.len() {
            *totals_before.entry(path[..depth].to_vec()).or_default() += nanos;
        }
    }
    let mut tree = Tree::default();
    for (path, nanos) in new {
        if !worse_only || nanos > old.get(&path).copied().unwrap_or(0) {
            tree.add(path, nanos);
        }
    }
    let (rows, total) = tree.layout(&names.all);
    let before = befores(&rows, &totals_before);
    Difference { names: Arc::new(names.all), rows, before, total }
}

/// The time before of every box, by the path above it.
fn befores(rows: &Rows, totals: &FxHashMap<Path, u64>) -> Vec<Vec<u64>> {
    let mut result = Vec::with_capacity(rows.len());
    let mut parents: Vec<(u64, u64, Path)> = vec![(0, u64::MAX, Vec::new())];
    for row in rows {
        let mut next = Vec::with_capacity(row.len());
        let mut values = Vec::with_capacity(row.len());
        let mut parent = 0;
        for block in row {
            while parents
                .get(parent)
                .is_some_and(|(x, width, _)| block.x >= x.saturating_add(*width))
            {
                parent += 1;
            }
            let mut path = parents.get(parent).map(|(.., path)| path.clone()).unwrap_or_default();
            path.push(block.name);
            values.push(totals.get(&path).copied().unwrap_or(0));
            next.push((block.x, block.width, path));
        }
        result.push(values);
        parents = next;
    }
    result
}

/// Names shared by both recordings: codes mean nothing in the other one.
#[derive(Default)]
struct Names {
    all: Vec<Name>,
    ids: FxHashMap<(String, Option<String>), u32>,
}

impl Names {
    fn weights(&mut self, snapshot: &Snapshot) -> Vec<(Path, u64)> {
        let mut paths = Paths::new(&snapshot.analysis.dictionary, &[Transform::HideInternals]);
        let mut sums: FxHashMap<Path, u64> = FxHashMap::default();
        let mut known: FxHashMap<_, Option<Path>> = FxHashMap::default();
        let end = Timestamp::from_nanos(u64::MAX);
        for look in snapshot.timeline.samples.between(Timestamp::ZERO, end) {
            let path = known.entry(look.stack).or_insert_with(|| paths.path(look.stack));
            if let Some(path) = path {
                *sums.entry(path.clone()).or_default() += u64::from(look.nanos);
            }
        }
        let shared: Vec<u32> =
            paths.into_names().into_iter().map(|name| self.share(name)).collect();
        let mut weights: Vec<(Path, u64)> = sums
            .into_iter()
            .map(|(path, nanos)| {
                (path.into_iter().map(|name| shared[name as usize]).collect(), nanos)
            })
            .collect();
        weights.sort_unstable();
        weights
    }

    fn share(&mut self, name: Name) -> u32 {
        let next = self.all.len() as u32;
        let id = *self.ids.entry((name.text.clone(), name.file.clone())).or_insert(next);
        if id == next {
            self.all.push(Name { code: None, ..name });
        }
        id
    }
}
