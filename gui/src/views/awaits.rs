//! Who waits for whom at the cursor's time.

use std::sync::Arc;

use eframe::egui::{
    Align2, Button, FontId, Rect, RichText, ScrollArea, Sense, Stroke, StrokeKind, Ui, pos2, vec2,
};
use looptrace::analysis::timeline::SpanState;

use super::{Show, nothing};
use crate::awaits::{Graph, Node, What, graph, group_words};
use crate::command::Command;
use crate::{apply, text};

/// What the graph depends on.
pub type Key = (u64, u64);

const WIDTH: f32 = 210.0;
const HEIGHT: f32 = 34.0;
const GAP: (f32, f32) = (60.0, 14.0);

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
    let in_circles = graph.nodes.iter().filter(|node| node.in_cycle && node.task().is_some());
    let cycles = in_circles.count();
    ui.horizontal(|ui| {
        let tasks = graph.nodes.iter().filter(|node| node.task().is_some()).count();
        let shown = text::count(tasks as u64);
        let words = format!(
            "at {}: {shown} of {} tasks that await or are awaited",
            text::instant(at, 1_000_000),
            text::count(graph.all as u64)
        );
        ui.label(RichText::new(words).color(show.theme.weak));
        if cycles > 0 {
            let words = format!("↻ {cycles} tasks wait for each other in circles");
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
        let rows = graph.nodes.iter().map(|node| node.below + 1).max().unwrap_or(0) as f32;
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
        // What closes a circle leads back below the boxes of all that belong together.
        let (points, tip) = if to.column > from.column {
            let (a, b, bend) =
                (a.right_center(), b.left_center() - vec2(2.0, 0.0), vec2(GAP.0 * 0.5, 0.0));
            ([a, a + bend, b - bend, b], vec2(7.0, 0.0))
        } else {
            let below = rect.top() + from.below as f32 * (HEIGHT + GAP.1) + HEIGHT * 0.6;
            let (a, b) = (a.center_bottom(), b.center_bottom());
            ([a, pos2(a.x, below), pos2(b.x, below), b], vec2(0.0, -7.0))
        };
        let curve = eframe::egui::epaint::CubicBezierShape::from_points_stroke(
            points,
            false,
            eframe::egui::Color32::TRANSPARENT,
            stroke,
        );
        ui.painter().add(curve);
        crate::paint::arrow_head(ui.painter(), points[3], tip, colour);
    }
}

fn draw(ui: &mut Ui, show: &mut Show<'_>, node: &Node, rect: Rect) {
    if !ui.is_rect_visible(rect) {
        return;
    }
    let theme = show.theme;
    let dictionary = &show.snapshot.analysis.dictionary;
    let selected = match node.what {
        What::Task(task) => apply::selected_task(show.state, show.snapshot) == Some(task),
        What::Group { .. } => false,
    };
    // A task is a box; what several are awaited through has round ends.
    let (name, below, goes_to, corner) = match node.what {
        What::Task(task) => {
            let below = match node.state {
                SpanState::Waiting => format!("waits for {}", node.waits_for),
                state => format!("{} · {}", state.name(), text::coroutine(dictionary, task)),
            };
            (text::task(dictionary, task), below, task, 4.0)
        }
        What::Group { of, kind, tasks } => {
            let below = format!("awaited by {}", text::task(dictionary, of));
            (group_words(kind, tasks), below, of, HEIGHT / 2.0)
        }
    };
    let button = Button::new("").fill(theme.raised).corner_radius(corner);
    let words = match node.what {
        What::Task(_) => format!("{name}, {}", node.state.name()),
        What::Group { .. } => format!("{name}, {below}"),
    };
    if ui.place(rect, button).accessible_name(words).clicked() {
        show.out.push(Command::JumpToTask(goes_to));
    }
    let painter = ui.painter_at(rect);
    if node.task().is_some() {
        painter.rect_filled(rect.with_max_x(rect.left() + 5.0), 2.0, theme.state(node.state));
    }
    let left = if node.task().is_some() { 12.0 } else { HEIGHT / 2.0 };
    let colour = if show.state.finds(&name) { theme.found } else { theme.text };
    let at = rect.left_top() + vec2(left, 3.0);
    painter.text(at, Align2::LEFT_TOP, &name, FontId::proportional(12.0), colour);
    let at = pos2(rect.left() + left, rect.top() + 18.0);
    painter.text(at, Align2::LEFT_TOP, below, FontId::proportional(10.5), theme.weak);
    if node.in_cycle || selected {
        let colour = if node.in_cycle { theme.stall } else { theme.accent };
        let stroke = Stroke::new(2.0, colour);
        ui.painter().rect_stroke(rect, corner, stroke, StrokeKind::Outside);
    }
    if node.in_cycle {
        let at = rect.right_top() + vec2(-6.0, 3.0);
        painter.text(at, Align2::RIGHT_TOP, "↻", FontId::proportional(12.0), theme.stall);
    }
}
