//! Strips below the loops: how many tasks there were, and how much was queued.

use eframe::egui::{Align2, FontId, Mesh, Rect, Shape, Ui, vec2};
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
        let following = visible.get((at + 1) * stride);
        let next = following.map_or(view.end, |count| count.time.as_nanos());
        let Some(begin) = chunk.first() else { continue };
        let left = axis.x(begin.time.as_nanos()).max(rect.left());
        let right = axis.x(next).min(rect.right());
        if right <= left {
            continue;
        }
        let tasks = chunk.iter().map(|count| count.tasks).max().unwrap_or(0);
        let ready = chunk.iter().map(|count| count.ready).max().unwrap_or(0);
        let last_ready = chunk.iter().rev().find(|count| count.ready > 0);
        let until = last_ready.and_then(|count| ready_until(show.snapshot, count.time, next));
        let ready_end = until.map_or(left, |until| axis.x(until.as_nanos())).max(left + NARROWEST);
        for (value, end, colour) in [
            (tasks, right, show.theme.accent.gamma_multiply(0.35)),
            (ready, ready_end.min(right), show.theme.ready),
        ] {
            let height = (rect.height() - 4.0) * value as f32 / most as f32;
            let bar = Rect::from_x_y_ranges(left..=end, rect.bottom() - height..=rect.bottom());
            mesh.add_colored_rect(bar, colour);
        }
    }
    painter.add(Shape::mesh(mesh));
    most_at(ui, show, rect, most);
}

/// Until when the tasks that a census found ready are known to have been so: looks at the queue follow
/// each other until the loop polls, or until the next census.
fn ready_until(snapshot: &Snapshot, census: Timestamp, next: u64) -> Option<Timestamp> {
    let ends = snapshot.timeline.queues.values().filter_map(|looks| {
        let at = looks.binary_search_by_key(&census, |look| look.start).ok()?;
        let followed = looks
            .get(at..)?
            .windows(2)
            .take_while(|pair| pair[0].end == pair[1].start && pair[1].start.as_nanos() < next);
        looks.get(at + followed.count()).map(|look| look.end)
    });
    ends.max()
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
            captions.push((bar.with_min_y(rect.top()), words));
        }
    }
    painter.add(Shape::mesh(mesh));
    most_at(ui, show, rect, most);
    for (place, words) in captions {
        caption(ui, show, place, words);
    }
}

/// How much the highest bar stands for, at the end of the name at the left of a strip.
fn most_at(ui: &Ui, show: &Show<'_>, strip: Rect, most: u32) {
    let words = format!("up to {}", text::count(u64::from(most)));
    let at = strip.left_center() - vec2(6.0, 0.0);
    let font = FontId::proportional(10.0);
    ui.painter().text(at, Align2::RIGHT_CENTER, words, font, show.theme.weak);
}

/// Words on a bar that may be lower than they are: on a ground of their own.
fn caption(ui: &Ui, show: &Show<'_>, rect: Rect, words: String) {
    let painter = ui.painter_at(rect);
    let galley = painter.layout_no_wrap(words, FontId::proportional(10.0), show.theme.text);
    let at = rect.left_center() + vec2(5.0, -galley.size().y / 2.0);
    let ground = Rect::from_min_size(at, galley.size()).expand2(vec2(3.0, 0.0));
    painter.rect_filled(ground, 2.0, show.theme.canvas.gamma_multiply(0.9));
    painter.galley(at, galley, show.theme.text);
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
