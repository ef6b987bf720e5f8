//! The whole recording in one strip: how busy, how late, how many tasks, which stalls.

use eframe::egui::{
    Align2, FontId, Frame, Mesh, Painter, Panel, Pos2, Rect, Sense, Shape, Stroke, Ui, pos2, vec2,
};
use looptrace::analysis::timeline::{LaneKind, SpanState};
use looptrace::model::Timestamp;

use super::Show;
use crate::axis::{Axis, Range};
use crate::command::Command;
use crate::paint;
use crate::theme::{LEGEND, OVERVIEW};

/// Points per column: a share of less time would be all or nothing.
const COLUMN: f32 = 3.0;

/// The columns of the strip, for one snapshot and width.
#[derive(Debug, Default)]
pub struct Cache {
    key: Option<(u64, usize)>,
    /// Share of time the loops were busy, per column.
    busy: Vec<f32>,
    /// Whether a loop stalled, per column.
    stalled: Vec<bool>,
    /// The longest time without a poll, per column, as a share of the longest of all.
    lag: Vec<f32>,
    longest_lag: u64,
    /// Tasks per column, as a share of the most there were.
    tasks: Vec<f32>,
    most_tasks: u32,
}

/// The strip.
pub fn panel(ui: &mut Ui, show: &mut Show<'_>) {
    let frame = Frame::new().fill(show.theme.canvas);
    Panel::top("overview").frame(frame).exact_size(OVERVIEW).show_separator_line(false).show(
        ui,
        |ui| {
            let (rect, response) =
                ui.allocate_exact_size(ui.available_size(), Sense::click_and_drag());
            let response = response.accessible_name("Overview of the whole recording");
            let whole = show.snapshot.whole();
            let strip = rect.with_min_x(rect.left() + LEGEND).with_max_x(rect.right() - 2.0);
            let axis = Axis::new((0.0, whole.end as f64), strip.x_range());
            paint_strip(ui, show, strip, &axis);
            legend(&ui.painter_at(rect), show, rect.with_max_x(strip.left()));
            if let Some(pos) = response.hover_pos() {
                point_at(&ui.painter_at(strip), show, &axis, strip, pos.x);
            }
            interact(ui, show, &response, &axis, whole);
        },
    );
}

fn interact(
    ui: &Ui,
    show: &mut Show<'_>,
    response: &eframe::egui::Response,
    axis: &Axis,
    whole: Range,
) {
    // Once it was dragged in, words below the pointer would only cover what is shown there.
    if show.state.view == whole {
        let words = "drag to choose what is shown; double-click for all";
        response.clone().on_hover_text_at_pointer(words);
    }
    let Some(pointer) = response.interact_pointer_pos() else { return };
    let begun = ui.input(|input| input.pointer.press_origin());
    if response.double_clicked() {
        show.out.push(Command::View(whole));
    } else if response.dragged()
        && let Some(begun) = begun
    {
        let range = Range::between(axis.time(begun.x), axis.time(pointer.x));
        show.out.push(Command::ViewNow(range.within(whole)));
    } else if response.clicked() {
        let half = show.state.view.length() / 2;
        let start = axis.time(pointer.x).saturating_sub(half);
        let range = Range { start, end: start.saturating_add(show.state.view.length()) };
        show.out.push(Command::View(range.within(whole)));
    }
}

fn paint_strip(ui: &Ui, show: &mut Show<'_>, rect: Rect, axis: &Axis) {
    let painter = ui.painter_at(rect);
    let theme = show.theme;
    let columns = (rect.width() / COLUMN).max(1.0).ceil() as usize;
    if show.caches.overview.key != Some((show.snapshot.revision, columns)) {
        fill(show, columns, axis);
    }
    let cache = &show.caches.overview;
    let graph = rect.with_min_y(rect.top() + 12.0).with_max_y(rect.bottom() - 1.0);
    let mut mesh = Mesh::default();
    for (column, (share, stalled)) in cache.busy.iter().zip(&cache.stalled).enumerate() {
        let x = rect.left() + column as f32 * COLUMN;
        let top = graph.bottom() - graph.height() * share;
        let bar = Rect::from_min_max(pos2(x, top), pos2(x + COLUMN, graph.bottom()));
        let colour = if *stalled { theme.stall } else { theme.running };
        mesh.add_colored_rect(bar, colour.gamma_multiply(0.75));
    }
    painter.add(Shape::mesh(mesh));
    for (shares, colour) in [(&cache.lag, theme.ready), (&cache.tasks, theme.accent)] {
        let point = |(column, share): (usize, &f32)| {
            let x = rect.left() + (column as f32 + 0.5) * COLUMN;
            pos2(x, graph.bottom() - graph.height() * share * 0.9)
        };
        let points: Vec<Pos2> = shares.iter().enumerate().map(point).collect();
        painter.add(Shape::line(points, Stroke::new(1.0, colour)));
    }
    for gap in &show.snapshot.analysis.overview.gaps {
        let left = axis.x(gap.start.as_nanos());
        let right = axis.x((gap.start + gap.length).as_nanos()).max(left + 2.0);
        let hole = Rect::from_x_y_ranges(left..=right, graph.y_range());
        paint::hatch(&painter, hole, theme.unknown.gamma_multiply(2.0));
    }
    stalls(show, &painter, rect, axis);
    veil(show, &painter, rect, axis);
}

/// The time at the pointer, within the strip.
fn point_at(painter: &Painter, show: &Show<'_>, axis: &Axis, strip: Rect, x: f32) {
    let theme = show.theme;
    let x = x.clamp(strip.left(), strip.right());
    painter.vline(x, strip.y_range(), Stroke::new(1.0, theme.weak));
    let words = crate::text::instant(axis.time(x), axis.nanos(1.0));
    let words = painter.layout_no_wrap(words, FontId::proportional(11.0), theme.text);
    let right = x + 4.0;
    let fits = right + words.size().x + 4.0 <= strip.right();
    let left = if fits { right } else { x - 4.0 - words.size().x };
    let place =
        Rect::from_min_size(pos2(left, strip.bottom() - words.size().y - 3.0), words.size());
    painter.rect_filled(place.expand2(vec2(3.0, 1.0)), 2.0, theme.background);
    painter.galley(place.min, words, theme.text);
}

/// What each colour means, and how much its highest point is.
fn legend(painter: &Painter, show: &Show<'_>, rect: Rect) {
    let (theme, cache) = (show.theme, &show.caches.overview);
    let stalls = crate::text::count(show.snapshot.stalls().len() as u64);
    let most_tasks = crate::text::count(u64::from(cache.most_tasks));
    let lines = [
        ("▼", theme.stall, format!("stalls: {stalls}")),
        ("■", theme.running, "busy".to_owned()),
        ("—", theme.ready, format!("lag up to {}", crate::text::nanos(cache.longest_lag))),
        ("—", theme.accent, format!("tasks up to {most_tasks}")),
    ];
    let font = FontId::proportional(11.0);
    let step = (rect.height() - 8.0) / lines.len() as f32;
    for (nth, (mark, colour, words)) in lines.into_iter().enumerate() {
        let at = rect.left_top() + vec2(10.0, 4.0 + step * (nth as f32 + 0.5));
        painter.text(at, Align2::LEFT_CENTER, mark, font.clone(), colour);
        let at = at + vec2(16.0, 0.0);
        painter.text(at, Align2::LEFT_CENTER, words, font.clone(), theme.weak);
    }
}

/// Stalls as marks, the longest of those that lie in the same place.
fn stalls(show: &Show<'_>, painter: &Painter, rect: Rect, axis: &Axis) {
    let stalls = show.snapshot.stalls();
    let longest = show.snapshot.longest_stall.max(1) as f32;
    let mut last = f32::NEG_INFINITY;
    let mut worst = 0.0_f32;
    for stall in stalls {
        let x = axis.x(stall.start.as_nanos());
        let share = stall.duration.as_nanos() as f32 / longest;
        if x - last < 1.0 && share <= worst {
            continue;
        }
        worst = if x - last < 1.0 { worst.max(share) } else { share };
        last = x;
        paint::marker(
            painter,
            pos2(x + 1.0, rect.top() + 11.0),
            3.0 + 2.0 * share,
            show.theme.stall,
        );
    }
}

/// Darkens what is not shown below.
fn veil(show: &Show<'_>, painter: &Painter, rect: Rect, axis: &Axis) {
    let theme = show.theme;
    let (start, end) = show.state.shown;
    let (left, right) = (axis.x(start as u64), axis.x(end as u64).max(axis.x(start as u64) + 3.0));
    let veil = theme.background.gamma_multiply(0.62);
    for (from, to) in [(rect.left(), left), (right, rect.right())] {
        if to > from {
            painter.rect_filled(Rect::from_x_y_ranges(from..=to, rect.y_range()), 0.0, veil);
        }
    }
    let window = Rect::from_x_y_ranges(left..=right, rect.y_range());
    let stroke = Stroke::new(1.0, theme.accent);
    painter.rect_stroke(window, 0.0, stroke, eframe::egui::StrokeKind::Inside);
    if let Some(range) = show.state.range {
        let x = axis.x(range.start)..=axis.x(range.end).max(axis.x(range.start) + 1.0);
        painter.rect_filled(Rect::from_x_y_ranges(x, rect.y_range()), 0.0, theme.accent_faint);
    }
}

fn fill(show: &mut Show<'_>, columns: usize, axis: &Axis) {
    let snapshot = show.snapshot;
    let left = axis.x(0);
    let width = axis.nanos(COLUMN);
    let mut busy = vec![0.0_f32; columns];
    for lane in &snapshot.timeline.lanes {
        if !matches!(lane.kind, LaneKind::Loop(_)) {
            continue;
        }
        for span in lane.spans.iter().filter(|span| span.state == SpanState::Running) {
            add(&mut busy, span.start.as_nanos(), span.end.as_nanos(), width);
        }
    }
    busy.iter_mut().for_each(|share| *share = share.min(1.0));
    let mut stalled = vec![0.0_f32; columns];
    for stall in snapshot.stalls() {
        add(&mut stalled, stall.start.as_nanos(), stall.end().as_nanos(), width);
    }
    let (lag, longest_lag) = lag(snapshot, columns, width);
    let most = snapshot.timeline.counts.iter().map(|count| count.tasks).max().unwrap_or(0);
    let tasks = (0..columns)
        .map(|column| {
            let at = Timestamp::from_nanos(axis.time(left + (column as f32 + 1.0) * COLUMN));
            let tasks = snapshot.timeline.count_at(at).map_or(0, |count| count.tasks);
            tasks as f32 / most.max(1) as f32
        })
        .collect();
    let key = Some((snapshot.revision, columns));
    let stalled = stalled.into_iter().map(|share| share > 0.0).collect();
    show.caches.overview = Cache { key, busy, stalled, lag, longest_lag, tasks, most_tasks: most };
}

/// The longest time without a poll per column, as shares of the longest of all, and that.
fn lag(snapshot: &crate::snapshot::Snapshot, columns: usize, width: u64) -> (Vec<f32>, u64) {
    let mut longest = vec![0_u64; columns];
    for busy in &snapshot.timeline.busy {
        let (start, end) = (busy.start.as_nanos(), busy.end.as_nanos());
        let (first, last) = ((start / width) as usize, (end.saturating_sub(1) / width) as usize);
        let covered = longest.get_mut(first..=last.max(first).min(columns.saturating_sub(1)));
        for column in covered.into_iter().flatten() {
            *column = end.saturating_sub(start).max(*column);
        }
    }
    let most = longest.iter().copied().max().unwrap_or(0);
    (longest.iter().map(|nanos| *nanos as f32 / most.max(1) as f32).collect(), most)
}

/// Spreads a span over the columns it covers.
fn add(columns: &mut [f32], start: u64, end: u64, width: u64) {
    let first = (start / width) as usize;
    let last = (end.saturating_sub(1) / width) as usize;
    for column in first..=last {
        let Some(share) = columns.get_mut(column) else { return };
        let from = start.max(column as u64 * width);
        let to = end.min((column as u64 + 1) * width);
        *share += to.saturating_sub(from) as f32 / width as f32;
    }
}
