//! Paths of names with weights, laid out as boxes.

use rustc_hash::FxHashMap;

use super::{Block, Name, Rows};

/// A tree of names.
#[derive(Debug)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    ids: FxHashMap<(u32, u32), u32>,
}

#[derive(Debug, Clone, Copy)]
struct Node {
    parent: u32,
    name: u32,
    own: u64,
}

impl Default for Tree {
    fn default() -> Self {
        Self { nodes: vec![Node { parent: 0, name: 0, own: 0 }], ids: FxHashMap::default() }
    }
}

impl Tree {
    /// Adds time to the end of a path.
    pub(super) fn add(&mut self, path: impl IntoIterator<Item = u32>, nanos: u64) {
        let mut at = 0;
        for name in path {
            let next = self.nodes.len() as u32;
            let id = *self.ids.entry((at, name)).or_insert(next);
            if id == next {
                self.nodes.push(Node { parent: at, name, own: 0 });
            }
            at = id;
        }
        let node = &mut self.nodes[at as usize];
        node.own = node.own.saturating_add(nanos);
    }

    /// Boxes, heaviest first, and the whole weight.
    pub(super) fn layout(&self, names: &[Name]) -> (Rows, u64) {
        let mut totals: Vec<u64> = self.nodes.iter().map(|node| node.own).collect();
        let mut children: Vec<Vec<u32>> = vec![Vec::new(); self.nodes.len()];
        // Children come behind their parents.
        for id in (1..self.nodes.len()).rev() {
            let parent = self.nodes[id].parent as usize;
            totals[parent] = totals[parent].saturating_add(totals[id]);
            children[parent].push(id as u32);
        }
        for siblings in &mut children {
            siblings.sort_by(|&a, &b| {
                let weight = |id: u32| totals[id as usize];
                let name = |id: u32| names.get(self.nodes[id as usize].name as usize);
                weight(b).cmp(&weight(a)).then_with(|| name(a).cmp(&name(b)))
            });
        }
        let mut rows: Rows = Vec::new();
        let mut open: Vec<(usize, u32, u64)> = Vec::new();
        push_children(&mut open, &children[0], &totals, 0, 0);
        while let Some((depth, id, x)) = open.pop() {
            if rows.len() <= depth {
                rows.resize_with(depth + 1, Vec::new);
            }
            let node = self.nodes[id as usize];
            let width = totals[id as usize];
            rows[depth].push(Block { x, width, own: node.own, name: node.name });
            push_children(&mut open, &children[id as usize], &totals, depth + 1, x);
        }
        (rows, totals[0])
    }
}

/// Pushes siblings so that they are popped from left to right.
fn push_children(
    open: &mut Vec<(usize, u32, u64)>,
    children: &[u32],
    totals: &[u64],
    depth: usize,
    from: u64,
) {
    let begin = open.len();
    let mut x = from;
    for &child in children {
        open.push((depth, child, x));
        x = x.saturating_add(totals[child as usize]);
    }
    open[begin..].reverse();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn siblings_lie_side_by_side_within_their_parent() {
        let mut tree = Tree::default();
        tree.add([1, 2], 10);
        tree.add([1, 3], 30);
        tree.add([1], 5);
        tree.add([4], 1);
        let (rows, total) = tree.layout(&[]);
        let shape = |row: &[Block]| -> Vec<_> {
            row.iter().map(|block| (block.name, block.x, block.width, block.own)).collect()
        };
        assert_eq!(total, 46);
        assert_eq!(shape(&rows[0]), [(1, 0, 45, 5), (4, 45, 1, 1)]);
        assert_eq!(shape(&rows[1]), [(3, 0, 30, 30), (2, 30, 10, 10)]);
    }
}
