//! Who waits for whom at the cursor's time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use eframe::egui::{
    Align2, Button, FontId, Rect, RichText, ScrollArea, Sense, Stroke, StrokeKind, Ui, pos2, vec2,
};
use looptrace::analysis::timeline::SpanState;
use looptrace::model::{TaskId, Timestamp};

use super::{Show, nothing};
use crate::command::Command;
use crate::snapshot::Snapshot;
use crate::{apply, text};

/// What the graph depends on.
pub type Key = (u64, u64);

/// Tasks that are drawn.
const MOST: usize = 400;
const WIDTH: f32 = 210.0;
const HEIGHT: f32 = 34.0;
const GAP: (f32, f32) = (60.0, 14.0);

/// A graph, laid out in columns: who waits stands left of what it waits for.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    nodes: Vec<Node>,
    /// From a task to one that it awaits, by position.
    edges: Vec<(usize, usize)>,
    all: usize,
}

#[derive(Debug, Clone)]
struct Node {
    task: TaskId,
    column: usize,
    row: usize,
    state: SpanState,
    waits_for: String,
    in_cycle: bool,
}

/// The view.
pub fn show(ui: &mut Ui, show: &mut Show<'_>) {
    let at = match show.state.cursor {
        // Of a recording that is followed, what is happening now: just before the last census.
        None if show.state.follow => {
            let last = show.snapshot.timeline.counts.last();
            last.map_or(0, |count| count.time.as_nanos().saturating_sub(1))
        }
        None => show.state.view.start + show.state.view.length() / 2,
        Some(at) => at,
    };
    let key = (show.snapshot.revision, at);
    let for_work = Arc::clone(show.snapshot);
    let graph = show.caches.awaits.get(ui.ctx(), &key, move |_| graph(&for_work, at));
    let Some(graph) = graph else {
        ui.spinner();
        return;
    };
    let cycles = graph.nodes.iter().filter(|node| node.in_cycle).count();
    ui.horizontal(|ui| {
        let shown = text::count(graph.nodes.len() as u64);
        let words = format!(
            "at {}: {shown} of {} tasks that await or are awaited",
            text::instant(at, 1_000_000),
            text::count(graph.all as u64)
        );
        ui.label(RichText::new(words).color(show.theme.weak));
        if cycles > 0 {
            let words = format!("↻ {cycles} tasks wait for each other in a circle");
            ui.label(RichText::new(words).strong().color(show.theme.stall));
        }
    });
    if graph.nodes.is_empty() {
        let words = "No task awaited another one at this time. Click into the timeline to choose another time.";
        nothing(ui, show.theme, "No task awaits another", words);
        return;
    }
    ScrollArea::both().id_salt("awaits").auto_shrink([false, false]).show(ui, |ui| {
        let columns = graph.nodes.iter().map(|node| node.column + 1).max().unwrap_or(0) as f32;
        let rows = graph.nodes.iter().map(|node| node.row + 1).max().unwrap_or(0) as f32;
        let size = vec2(columns * (WIDTH + GAP.0), rows * (HEIGHT + GAP.1) + 8.0);
        let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
        edges(ui, show, &graph, rect);
        for node in &graph.nodes {
            draw(ui, show, node, place(node, rect));
        }
    });
}

fn place(node: &Node, rect: Rect) -> Rect {
    let at =
        vec2(node.column as f32 * (WIDTH + GAP.0) + 4.0, node.row as f32 * (HEIGHT + GAP.1) + 4.0);
    Rect::from_min_size(rect.min + at, vec2(WIDTH, HEIGHT))
}

fn edges(ui: &Ui, show: &Show<'_>, graph: &Graph, rect: Rect) {
    for &(from, to) in &graph.edges {
        let (Some(from), Some(to)) = (graph.nodes.get(from), graph.nodes.get(to)) else { continue };
        let in_cycle = from.in_cycle && to.in_cycle;
        let colour = if in_cycle { show.theme.stall } else { show.theme.weak };
        let stroke = Stroke::new(if in_cycle { 2.0 } else { 1.0 }, colour);
        let (a, b) = (place(from, rect), place(to, rect));
        // What closes a circle leads back below the boxes.
        let (points, tip) = if to.column > from.column {
            let (a, b, bend) = (a.right_center(), b.left_center(), vec2(GAP.0 * 0.5, 0.0));
            ([a, a + bend, b - bend, b], vec2(6.0, 0.0))
        } else {
            let (a, b, bend) = (a.center_bottom(), b.center_bottom(), vec2(0.0, GAP.1 * 1.6));
            ([a, a + bend, b + bend, b], vec2(0.0, -6.0))
        };
        let curve = eframe::egui::epaint::CubicBezierShape::from_points_stroke(
            points,
            false,
            eframe::egui::Color32::TRANSPARENT,
            stroke,
        );
        ui.painter().add(curve);
        ui.painter().arrow(points[3] - tip, tip, stroke);
    }
}

fn draw(ui: &mut Ui, show: &mut Show<'_>, node: &Node, rect: Rect) {
    if !ui.is_rect_visible(rect) {
        return;
    }
    let theme = show.theme;
    let dictionary = &show.snapshot.analysis.dictionary;
    let name = text::task(dictionary, node.task);
    let selected = apply::selected_task(show.state, show.snapshot) == Some(node.task);
    let button = ui.place(rect, Button::new("").fill(theme.raised));
    let words = format!("{name}, {}", node.state.name());
    if button.accessible_name(words).clicked() {
        show.out.push(Command::JumpToTask(node.task));
    }
    let painter = ui.painter_at(rect);
    let side = rect.with_max_x(rect.left() + 5.0);
    painter.rect_filled(side, 2.0, theme.state(node.state));
    let colour = if show.state.finds(&name) { theme.found } else { theme.text };
    let at = rect.left_top() + vec2(12.0, 3.0);
    painter.text(at, Align2::LEFT_TOP, &name, FontId::proportional(12.0), colour);
    let coroutine = text::coroutine(dictionary, node.task);
    let below = match node.state {
        SpanState::Waiting => format!("waits for {}", node.waits_for),
        state => format!("{} · {coroutine}", state.name()),
    };
    let at = pos2(rect.left() + 12.0, rect.top() + 18.0);
    painter.text(at, Align2::LEFT_TOP, below, FontId::proportional(10.5), theme.weak);
    if node.in_cycle || selected {
        let colour = if node.in_cycle { theme.stall } else { theme.accent };
        let stroke = Stroke::new(2.0, colour);
        ui.painter().rect_stroke(rect, 4.0, stroke, StrokeKind::Outside);
    }
    if node.in_cycle {
        let at = rect.right_top() + vec2(-6.0, 3.0);
        painter.text(at, Align2::RIGHT_TOP, "↻", FontId::proportional(12.0), theme.stall);
    }
}

fn graph(snapshot: &Snapshot, at: u64) -> Graph {
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
    let shown: BTreeSet<TaskId> = all.iter().copied().take(MOST).collect();
    pairs.retain(|(a, b)| shown.contains(a) && shown.contains(b));
    let position: BTreeMap<TaskId, usize> =
        shown.iter().enumerate().map(|(position, &task)| (task, position)).collect();
    let edges: Vec<(usize, usize)> =
        pairs.iter().map(|(a, b)| (position[a], position[b])).collect();
    let in_cycle = cycles(shown.len(), &edges);
    let columns = columns(shown.len(), &edges);
    let listed: Vec<TaskId> = shown.iter().copied().collect();
    let waits_for = |position: usize, wait| {
        let awaited: Vec<String> = edges
            .iter()
            .filter(|(from, _)| *from == position)
            .filter_map(|&(_, to)| listed.get(to))
            .map(|&task| text::task(&snapshot.analysis.dictionary, task))
            .collect();
        match awaited.as_slice() {
            [] => text::wait(&snapshot.analysis.dictionary, wait),
            [first] => first.clone(),
            [first, rest @ ..] => format!("{first} and {} more", rest.len()),
        }
    };
    let mut rows: BTreeMap<usize, usize> = BTreeMap::new();
    let nodes = shown
        .iter()
        .enumerate()
        .map(|(position, &task)| {
            let span = snapshot.timeline.task_at(task, time);
            let row = rows.entry(columns[position]).or_default();
            *row += 1;
            Node {
                task,
                column: columns[position],
                row: *row - 1,
                state: span.map_or(SpanState::Unknown, |span| span.state),
                waits_for: waits_for(position, span.and_then(|span| span.wait)),
                in_cycle: in_cycle[position],
            }
        })
        .collect();
    Graph { nodes, edges, all: all.len() }
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
    fn columns_follow_the_longest_way() {
        let edges = [(0, 1), (1, 2), (0, 2), (2, 3)];
        assert_eq!(columns(4, &edges), [0, 1, 2, 3]);
        assert_eq!(columns(3, &[(0, 1), (1, 2), (2, 1)]), [0, 1, 2]);
        assert_eq!(columns(2, &[(0, 0), (1, 0)]), [1, 0]);
    }
}
