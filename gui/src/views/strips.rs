//! Strips below the loops: how many tasks there were, and how much was queued.

use eframe::egui::{Align2, Color32, FontId, Mesh, Rect, Shape, Ui, vec2};
use looptrace::analysis::timeline::QueueDepth;
use looptrace::model::{LoopId, Timestamp};

use super::Show;
use crate::axis::Axis;
use crate::snapshot::Snapshot;
use crate::text;
use crate::theme::{FOLD, NARROWEST};

/// How many tasks there were, and how many of them were ready, as steps.
pub fn counts(ui: &Ui, show: &Show<'_>, rect: Rect, axis: &Axis) {
    let counts = &show.snapshot.timeline.counts;
    let view = axis.range();
    let first = counts.partition_point(|count| count.time.as_nanos() < view.start);
    let end = counts.partition_point(|count| count.time.as_nanos() <= view.end);
    let first = first.saturating_sub(1);
    let Some(visible) = counts.get(first..(end + 1).min(counts.len())) else { return };
    let most = visible.iter().map(|count| count.tasks).max().unwrap_or(0).max(1);
    let painter = ui.painter_at(rect);
    let mut mesh = Mesh::default();
    let stride = (visible.len() / (rect.width().max(1.0) as usize * 2)).max(1);
    for (at, chunk) in visible.chunks(stride).enumerate() {
        let next = visible.get((at + 1) * stride).map_or(view.end, |count| count.time.as_nanos());
        let Some(begin) = chunk.first() else { continue };
        let x = axis.x(begin.time.as_nanos()).max(rect.left())..=axis.x(next).min(rect.right());
        if x.end() <= x.start() {
            continue;
        }
        let tasks = chunk.iter().map(|count| count.tasks).max().unwrap_or(0);
        let ready = chunk.iter().map(|count| count.ready).max().unwrap_or(0);
        for (value, colour) in
            [(tasks, show.theme.accent.gamma_multiply(0.35)), (ready, show.theme.ready)]
        {
            let height = (rect.height() - 4.0) * value as f32 / most as f32;
            let bar = Rect::from_x_y_ranges(x.clone(), rect.bottom() - height..=rect.bottom());
            mesh.add_colored_rect(bar, colour);
        }
    }
    painter.add(Shape::mesh(mesh));
    most_at(ui, show, rect, most);
}

/// What a loop had queued, as far as it is known; of what is too narrow to be told apart, the most.
pub fn queue(ui: &Ui, show: &Show<'_>, event_loop: LoopId, rect: Rect, axis: &Axis) {
    let Some(looks) = show.snapshot.timeline.queues.get(&event_loop) else { return };
    let view = axis.range();
    let first = looks.partition_point(|look| look.end.as_nanos() <= view.start);
    let end = looks.partition_point(|look| look.start.as_nanos() < view.end);
    let Some(visible) = looks.get(first..end.max(first)) else { return };
    let most = looks.iter().map(|look| look.depth).max().unwrap_or(0).max(1);
    let (painter, mut mesh, mut captions) = (ui.painter_at(rect), Mesh::default(), Vec::new());
    let mut rest = visible;
    while let Some(look) = rest.first() {
        let left = axis.x(look.start.as_nanos()).max(rect.left());
        let narrow = rest.partition_point(|look| axis.x(look.end.as_nanos()) < left + FOLD);
        let (fold, others) = rest.split_at(narrow.max(1));
        rest = others;
        let depth = fold.iter().map(|look| look.depth).max().unwrap_or(0);
        let until = fold.last().map_or(look.end, |last| last.end);
        let right = axis.x(until.as_nanos()).max(left + NARROWEST).min(rect.right());
        let height = (rect.height() * depth as f32 / most as f32).max(2.0);
        let bar = Rect::from_x_y_ranges(left..=right, rect.bottom() - height..=rect.bottom());
        mesh.add_colored_rect(bar, show.theme.ready);
        let words = words(look);
        if narrow <= 1 && right - left > 6.0 * words.len() as f32 {
            let colour = if height > 10.0 { show.theme.on_span } else { show.theme.text };
            captions.push((bar.with_min_y(rect.top()), words, colour));
        }
    }
    painter.add(Shape::mesh(mesh));
    most_at(ui, show, rect, most);
    for (place, words, colour) in captions {
        caption(ui, place, words, colour);
    }
}

/// How much the highest bar stands for, at the end of the name at the left of a strip.
fn most_at(ui: &Ui, show: &Show<'_>, strip: Rect, most: u32) {
    let words = format!("up to {}", text::count(u64::from(most)));
    let at = strip.left_center() - vec2(6.0, 0.0);
    let font = FontId::proportional(10.0);
    ui.painter().text(at, Align2::RIGHT_CENTER, words, font, show.theme.weak);
}

fn caption(ui: &Ui, rect: Rect, words: String, colour: Color32) {
    let at = rect.left_center() + vec2(4.0, 0.0);
    let font = FontId::proportional(10.0);
    ui.painter_at(rect).text(at, Align2::LEFT_CENTER, words, font, colour);
}

/// A depth for people; a census sees tasks alone.
fn words(look: &QueueDepth) -> String {
    let depth = text::count(u64::from(look.depth));
    if look.complete { format!("{depth} queued") } else { format!("{depth} or more queued") }
}

/// What a loop had queued at a point in time, for people.
#[must_use]
pub fn queue_at(snapshot: &Snapshot, event_loop: LoopId, at: u64) -> String {
    let time = Timestamp::from_nanos(at);
    let looks = snapshot.timeline.queues.get(&event_loop);
    let look = looks.and_then(|looks| {
        let next = looks.partition_point(|look| look.end <= time);
        looks.get(next).filter(|look| look.start <= time)
    });
    look.map_or_else(|| "nothing is known to be queued".to_owned(), words)
}

/// How many tasks there were at a point in time, for people.
#[must_use]
pub fn count_at(snapshot: &Snapshot, at: u64) -> Option<String> {
    let count = snapshot.timeline.count_at(Timestamp::from_nanos(at))?;
    let [tasks, ready, waiting] =
        [count.tasks, count.ready, count.waiting].map(|count| text::count(u64::from(count)));
    Some(format!("{tasks} tasks: {ready} ready, {waiting} waiting"))
}
