//! Who waits for whom at a point in time, laid out in columns.

use std::collections::{BTreeMap, BTreeSet};

use looptrace::analysis::timeline::{Span, SpanState};
use looptrace::model::{TaskId, Timestamp, WaitId, WaitKind};

use crate::snapshot::Snapshot;
use crate::text;

/// Tasks that are drawn.
const MOST: usize = 400;

/// A graph, laid out in columns: who waits stands left of what it waits for.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    /// The tasks, then what several of them are awaited through.
    pub nodes: Vec<Node>,
    /// From who awaits to what is awaited, by position.
    pub edges: Vec<(usize, usize)>,
    /// How many tasks there are, drawn or not.
    pub all: usize,
}

/// What a node stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// A task.
    Task(TaskId),
    /// A task group, `gather` and the like, through which a task awaits several.
    Group {
        /// Who awaits them.
        of: TaskId,
        /// What it is.
        kind: WaitKind,
        /// How many tasks of it are awaited.
        tasks: usize,
    },
}

/// A task in a graph, or several that are awaited together.
#[derive(Debug, Clone)]
pub struct Node {
    /// Which.
    pub what: What,
    /// Counted from the left.
    pub column: usize,
    /// Counted from the top.
    pub row: usize,
    /// The first row below all that it is connected with.
    pub below: usize,
    /// What it does; a group waits.
    pub state: SpanState,
    /// What it waits for, in words.
    pub waits_for: String,
    /// Whether it waits for itself in the end.
    pub in_cycle: bool,
}

impl Node {
    /// The task that it stands for.
    #[must_use]
    pub const fn task(&self) -> Option<TaskId> {
        match self.what {
            What::Task(task) => Some(task),
            What::Group { .. } => None,
        }
    }
}

/// The graph at a point in time.
#[must_use]
pub fn graph(snapshot: &Snapshot, at: u64) -> Graph {
    let time = Timestamp::from_nanos(at);
    let awaits = &snapshot.timeline.awaits;
    let mut pairs: Vec<(TaskId, TaskId)> = Vec::new();
    let mut tasks: Vec<TaskId> = awaits.tasks().collect();
    tasks.sort_unstable();
    for task in tasks {
        if snapshot.timeline.task_at(task, time).is_some() {
            pairs.extend(awaits.awaiters(task, time).iter().map(|&awaiter| (awaiter, task)));
        }
    }
    let all: BTreeSet<TaskId> = pairs.iter().flat_map(|&(a, b)| [a, b]).collect();
    let shown: Vec<TaskId> = all.iter().copied().take(MOST).collect();
    let position: BTreeMap<TaskId, usize> =
        shown.iter().enumerate().map(|(position, &task)| (task, position)).collect();
    let mut edges: Vec<(usize, usize)> = pairs
        .iter()
        .filter_map(|(from, to)| Some((*position.get(from)?, *position.get(to)?)))
        .collect();
    let spans: Vec<Option<Span>> =
        shown.iter().map(|&task| snapshot.timeline.task_at(task, time)).collect();
    let waits: Vec<Option<WaitId>> =
        spans.iter().map(|span| span.and_then(|span| span.wait)).collect();
    let kind = |at: usize| Some(snapshot.analysis.dictionary.get_wait(waits[at]?)?.kind);
    let mut nodes: Vec<What> = shown.iter().copied().map(What::Task).collect();
    group(&mut nodes, &mut edges, kind);
    let in_cycle = cycles(nodes.len(), &edges);
    let columns = columns(nodes.len(), &edges);
    let rows = rows(&columns, &edges, &in_cycle);
    let node = |(at, &what): (usize, &What)| Node {
        what,
        column: columns[at],
        row: rows[at].0,
        below: rows[at].1,
        state: match what {
            What::Task(_) => spans[at].map_or(SpanState::Unknown, |span| span.state),
            What::Group { .. } => SpanState::Waiting,
        },
        waits_for: waits_for(snapshot, &nodes, &edges, at, waits.get(at).copied().flatten()),
        in_cycle: in_cycle[at],
    };
    let laid_out = nodes.iter().enumerate().map(node).collect();
    Graph { nodes: laid_out, edges, all: all.len() }
}

/// Puts a node between each task that awaits several through a group, and those.
fn group(
    nodes: &mut Vec<What>,
    edges: &mut Vec<(usize, usize)>,
    kind: impl Fn(usize) -> Option<WaitKind>,
) {
    use WaitKind::{AsCompleted, Gather, TaskGroup, Wait};
    for at in 0..nodes.len() {
        let What::Task(of) = nodes[at] else { continue };
        let tasks = edges.iter().filter(|(from, _)| *from == at).count();
        let Some(kind) = kind(at).filter(|_| tasks > 0) else { continue };
        if !matches!(kind, AsCompleted | Gather | TaskGroup | Wait) {
            continue;
        }
        let group = nodes.len();
        edges.iter_mut().filter(|(from, _)| *from == at).for_each(|(from, _)| *from = group);
        edges.push((at, group));
        nodes.push(What::Group { of, kind, tasks });
    }
}

/// What several tasks are awaited through, in words: `task group of 3 tasks`.
#[must_use]
pub fn group_words(kind: WaitKind, tasks: usize) -> String {
    format!("{} of {}", kind.name().replace('_', " "), text::many(tasks as u64, "task"))
}

fn waits_for(
    snapshot: &Snapshot,
    nodes: &[What],
    edges: &[(usize, usize)],
    position: usize,
    wait: Option<WaitId>,
) -> String {
    let dictionary = &snapshot.analysis.dictionary;
    let awaited = edges.iter().filter(|(from, _)| *from == position);
    let mut awaited = awaited.filter_map(|&(_, to)| nodes.get(to)).map(|what| match *what {
        What::Task(task) => text::task(dictionary, task),
        What::Group { kind, tasks, .. } => group_words(kind, tasks),
    });
    match (awaited.next(), awaited.count()) {
        (None, _) => text::wait(dictionary, wait),
        (Some(first), 0) => first,
        (Some(first), rest) => format!("{first} and {rest} more"),
    }
}

/// The row of each node, and the first row below all that it is connected with. What is connected
/// stands together, with room below for the lines that close circles.
fn rows(columns: &[usize], edges: &[(usize, usize)], in_cycle: &[bool]) -> Vec<(usize, usize)> {
    let parts = parts(columns.len(), edges);
    let mut order: Vec<usize> = (0..columns.len()).collect();
    order.sort_by_key(|&node| (parts[node], node));
    let mut rows = vec![(0, 0); columns.len()];
    let mut top = 0;
    for part in order.chunk_by(|a, b| parts[*a] == parts[*b]) {
        let mut next: BTreeMap<usize, usize> = BTreeMap::new();
        let mut part: Vec<usize> = part.to_vec();
        part.sort_by_key(|&node| columns[node]);
        for column in part.chunk_by_mut(|a, b| columns[*a] == columns[*b]) {
            // As high as what awaits them, so that lines do not cross.
            column.sort_by_cached_key(|&node| (above(node, &rows, columns, edges), node));
            for &node in &*column {
                let row = next.entry(columns[node]).or_insert(top);
                rows[node].0 = *row;
                *row += 1;
            }
        }
        let below = next.values().copied().max().unwrap_or(top);
        part.iter().for_each(|&node| rows[node].1 = below);
        top = below + usize::from(part.iter().any(|&node| in_cycle[node]));
    }
    rows
}

/// The mean row, in thousandths, of what awaits a node from the columns before its own.
fn above(
    node: usize,
    rows: &[(usize, usize)],
    columns: &[usize],
    edges: &[(usize, usize)],
) -> usize {
    let before = edges.iter().filter(|(from, to)| *to == node && columns[*from] < columns[node]);
    let (sum, count) =
        before.fold((0, 0), |(sum, count), (from, _)| (sum + rows[*from].0, count + 1));
    (sum * 1_000).checked_div(count).unwrap_or(0)
}

/// Nodes that are connected have the same number: that of the first of them.
fn parts(count: usize, edges: &[(usize, usize)]) -> Vec<usize> {
    let mut parts: Vec<usize> = (0..count).collect();
    for _ in 0..count {
        let mut changed = false;
        for &(a, b) in edges {
            let least = parts[a].min(parts[b]);
            changed |= parts[a] != least || parts[b] != least;
            (parts[a], parts[b]) = (least, least);
        }
        if !changed {
            break;
        }
    }
    parts
}

/// Which nodes can be reached from themselves.
fn cycles(count: usize, edges: &[(usize, usize)]) -> Vec<bool> {
    let mut next: Vec<Vec<usize>> = vec![Vec::new(); count];
    edges.iter().for_each(|&(from, to)| next[from].push(to));
    (0..count)
        .map(|start| {
            let mut seen = vec![false; count];
            let mut open = next[start].clone();
            while let Some(at) = open.pop() {
                if at == start {
                    return true;
                }
                if !std::mem::replace(&mut seen[at], true) {
                    open.extend(&next[at]);
                }
            }
            false
        })
        .collect()
}

/// The longest way from a node that nobody awaits; edges that close a circle do not count.
fn columns(count: usize, edges: &[(usize, usize)]) -> Vec<usize> {
    let forward = without_circles(count, edges);
    let mut columns = vec![0; count];
    for _ in 0..count {
        let mut moved = false;
        for &(from, to) in &forward {
            if columns[to] <= columns[from] {
                columns[to] = columns[from] + 1;
                moved = true;
            }
        }
        if !moved {
            break;
        }
    }
    columns
}

/// The edges that do not lead back to a node from which they were reached, depth first.
fn without_circles(count: usize, edges: &[(usize, usize)]) -> Vec<(usize, usize)> {
    let mut next: Vec<Vec<usize>> = vec![Vec::new(); count];
    edges.iter().for_each(|&(from, to)| next[from].push(to));
    let (mut seen, mut on_way) = (vec![false; count], vec![false; count]);
    let mut forward = Vec::new();
    for start in 0..count {
        // Nodes on the way here, each with the number of its edges that were followed.
        let mut way: Vec<(usize, usize)> = Vec::new();
        if !std::mem::replace(&mut seen[start], true) {
            way.push((start, 0));
            on_way[start] = true;
        }
        while let Some((at, followed)) = way.last_mut() {
            let at = *at;
            let Some(&to) = next[at].get(*followed) else {
                on_way[at] = false;
                way.pop();
                continue;
            };
            *followed += 1;
            if on_way[to] {
                continue;
            }
            forward.push((at, to));
            if !std::mem::replace(&mut seen[to], true) {
                on_way[to] = true;
                way.push((to, 0));
            }
        }
    }
    forward
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cycles_are_found_and_nothing_else() {
        let edges = [(0, 1), (1, 2), (2, 1), (3, 3), (0, 4)];
        assert_eq!(cycles(5, &edges), [false, true, true, true, false]);
    }

    #[test]
    fn what_is_connected_stands_together() {
        // Two circles whose members alternate, and one node for itself.
        let edges = [(0, 2), (2, 0), (1, 3), (3, 1)];
        let columns = [0, 0, 1, 1, 0];
        let in_cycle = [true, true, true, true, false];
        assert_eq!(rows(&columns, &edges, &in_cycle), [(0, 1), (2, 3), (0, 1), (2, 3), (4, 5)]);
    }

    #[test]
    fn what_is_awaited_by_the_upper_stands_above() {
        let edges = [(0, 3), (1, 2), (0, 2)];
        let rows = rows(&[0, 0, 1, 1], &edges, &[false; 4]);
        assert_eq!(rows.iter().map(|(row, _)| *row).collect::<Vec<_>>(), [0, 1, 1, 0]);
    }

    #[test]
    fn several_awaited_together_are_awaited_through_a_group() {
        let task = |number| TaskId::new(number).unwrap();
        let mut nodes: Vec<What> = (1..=4).map(|number| What::Task(task(number))).collect();
        let mut edges = vec![(0, 1), (0, 2), (3, 0)];
        let kinds = [Some(WaitKind::TaskGroup), Some(WaitKind::Gather), None, Some(WaitKind::Task)];
        group(&mut nodes, &mut edges, |at| kinds[at]);
        let found = What::Group { of: task(1), kind: WaitKind::TaskGroup, tasks: 2 };
        assert_eq!((nodes.len(), nodes.last()), (5, Some(&found)));
        assert_eq!(edges, [(4, 1), (4, 2), (3, 0), (0, 4)]);
        assert_eq!(group_words(WaitKind::TaskGroup, 1), "task group of 1 task");
    }

    #[test]
    fn columns_follow_the_longest_way() {
        let edges = [(0, 1), (1, 2), (0, 2), (2, 3)];
        assert_eq!(columns(4, &edges), [0, 1, 2, 3]);
        assert_eq!(columns(3, &[(0, 1), (1, 2), (2, 1)]), [0, 1, 2]);
        assert_eq!(columns(2, &[(0, 0), (1, 0)]), [1, 0]);
    }
}
