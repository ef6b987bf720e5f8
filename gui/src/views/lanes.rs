//! The rows of the timeline.

use eframe::egui::{
    Align2, Button, Color32, FontId, Mesh, Painter, Rect, RichText, Sense, Shape, Stroke,
    StrokeKind, Ui, UiBuilder, pos2, vec2,
};
use looptrace::analysis::timeline::{Lane, LaneKind, SpanState};
use looptrace::model::Timestamp;

use super::{Show, strips};
use crate::axis::Axis;
use crate::command::{Action, Command};
use crate::lookup;
use crate::paint::{self, SpanStyle};
use crate::rows::Row;
use crate::snapshot::Snapshot;
use crate::state::Selection;
use crate::text;
use crate::theme::{LANE_GAP, NARROWEST, TEXT_FROM};

/// Lanes of a folded group that are drawn into its row.
const PREVIEW: usize = 6;

/// Draws a row: its name at the left, its spans at the right.
pub fn row(ui: &mut Ui, show: &mut Show<'_>, row: Row, rect: Rect, names: f32, axis: &Axis) {
    let name = rect.with_max_x(rect.left() + names).with_max_y(rect.bottom() - LANE_GAP);
    let canvas = rect.with_min_x(rect.left() + names).with_max_y(rect.bottom() - LANE_GAP);
    match row {
        Row::Heading(title) => heading(ui, show, title, rect),
        Row::Counts => {
            label(ui, show, name, "tasks, ready of them", 10.0, None);
            strips::counts(ui, show, canvas, axis);
        }
        Row::Queue(event_loop) => {
            label(ui, show, name, "ready queue", 22.0, Some(show.theme.weak));
            strips::queue(ui, show, event_loop, canvas, axis);
        }
        Row::Lane(lane, indent) => {
            lane_name(ui, show, lane, name, indent);
            let painter = ui.painter_at(canvas);
            draw_lane(&painter, show, lane, canvas, axis);
        }
        Row::Group { group, folded } => {
            group_name(ui, show, group, folded, name);
            if folded {
                preview(ui, show, group, canvas, axis);
            }
        }
    }
}

fn heading(ui: &Ui, show: &Show<'_>, title: &str, rect: Rect) {
    let painter = ui.painter();
    painter.rect_filled(rect.shrink2(vec2(0.0, 1.0)), 0.0, show.theme.raised.gamma_multiply(0.8));
    let font = FontId::proportional(11.0);
    let at = rect.left_center() + vec2(6.0, 0.0);
    painter.text(at, Align2::LEFT_CENTER, title, font, show.theme.weak);
}

/// The name of a row; `true` when it was clicked.
fn label(
    ui: &mut Ui,
    show: &Show<'_>,
    rect: Rect,
    name: &str,
    indent: f32,
    colour: Option<Color32>,
) -> eframe::egui::Response {
    let rect = rect.with_min_x(rect.left() + indent).with_max_x(rect.right() - 22.0);
    let mut ui = ui.new_child(
        UiBuilder::new()
            .id_salt((name, rect.top() as i32))
            .max_rect(rect)
            .layout(eframe::egui::Layout::left_to_right(eframe::egui::Align::Center)),
    );
    // As high as the row, so that the name stands in its middle.
    ui.spacing_mut().interact_size.y = rect.height();
    let mut text = RichText::new(name).size(12.0);
    if show.state.finds(name) {
        text = text.color(show.theme.found).strong();
    } else if let Some(colour) = colour {
        text = text.color(colour);
    }
    ui.add(Button::new(text).frame(false).truncate().sense(Sense::click()))
}

fn lane_name(ui: &mut Ui, show: &mut Show<'_>, index: usize, rect: Rect, indent: bool) {
    let snapshot = show.snapshot;
    let Some(lane) = snapshot.timeline.lanes.get(index) else { return };
    let name = lookup::lane_name(snapshot, lane);
    let is_selected = match (lane.kind, show.state.selection) {
        (LaneKind::Task(task), Selection::Task(selected)) => task == selected,
        (_, Selection::Span(selected, _)) => selected == index,
        _ => false,
    };
    if is_selected {
        ui.painter().rect_filled(rect, 0.0, show.theme.accent_faint);
    }
    let inset = if indent { 22.0 } else { 10.0 };
    let response = label(ui, show, rect, &name, inset, None);
    if response.clicked() {
        let selection = match lane.kind {
            LaneKind::Task(task) => Selection::Task(task),
            _ => Selection::Span(
                index,
                lane.spans.first_after(Timestamp::from_nanos(show.state.view.start)),
            ),
        };
        show.out.push(Command::Select(selection));
    }
    let pinned = show.state.lanes.pinned.contains(&index);
    response.context_menu(|ui| {
        if ui.button(if pinned { "Unpin" } else { "Pin" }).clicked() {
            show.out.push(Command::TogglePin(index));
            ui.close();
        }
        if ui.button("Hide").clicked() {
            show.out.push(Command::ToggleHidden(index));
            ui.close();
        }
        if ui.button("Copy the name").clicked() {
            show.out.push(Command::Copy(name.clone()));
            ui.close();
        }
    });
    if pinned || ui.rect_contains_pointer(rect) {
        let place = Rect::from_center_size(rect.right_center() - vec2(12.0, 0.0), vec2(18.0, 16.0));
        let colour = if pinned { show.theme.accent } else { show.theme.weak };
        let pin =
            Button::new(RichText::new(if pinned { "●" } else { "○" }).size(10.0).color(colour))
                .frame(false);
        let words = if pinned { format!("Unpin {name}") } else { format!("Pin {name}") };
        if ui.place(place, pin).accessible_name(words).clicked() {
            show.out.push(Command::TogglePin(index));
        }
    }
}

fn group_name(ui: &mut Ui, show: &mut Show<'_>, group: usize, folded: bool, rect: Rect) {
    let name = lookup::group_name(show.snapshot, group);
    let Some(tasks) = show.snapshot.timeline.groups.get(group).map(|group| group.tasks) else {
        return;
    };
    if show.state.selection == Selection::Group(group) {
        ui.painter().rect_filled(rect, 0.0, show.theme.accent_faint);
    }
    let sign = if folded { "▶" } else { "▼" };
    let middle = rect.left_center();
    let place = Rect::from_center_size(middle + vec2(12.0, 0.0), vec2(16.0, 16.0));
    let words = if folded { format!("Unfold {name}") } else { format!("Fold {name}") };
    let button = Button::new(RichText::new(sign).size(9.0)).frame(false);
    if ui.place(place, button).accessible_name(words).clicked() {
        show.out.push(Command::ToggleGroup(group));
    }
    let text = format!("{name}  × {}", text::count(tasks as u64));
    let response = label(ui, show, rect, &text, 22.0, None).on_hover_text(&text);
    if response.clicked() {
        show.out.push(Command::Select(Selection::Group(group)));
    }
    response.context_menu(|ui| {
        if ui.button(if folded { "Unfold" } else { "Fold" }).clicked() {
            show.out.push(Command::ToggleGroup(group));
            ui.close();
        }
        if ui.button("Hide").clicked() {
            show.out.push(Command::Select(Selection::Group(group)));
            show.out.push(Command::Act(Action::HideSelected));
            ui.close();
        }
        if ui.button("Copy the name").clicked() {
            show.out.push(Command::Copy(name.clone()));
            ui.close();
        }
    });
}

fn style<'a>(show: &'a Show<'_>, axis: &'a Axis, found: bool) -> SpanStyle<'a> {
    SpanStyle { theme: show.theme, axis, dim: !show.state.search.is_empty() && !found }
}

fn is_found(show: &Show<'_>, lane: &Lane) -> bool {
    let dictionary = &show.snapshot.analysis.dictionary;
    show.state.finds(&lookup::lane_name(show.snapshot, lane))
        || match lane.kind {
            LaneKind::Task(task) => show.state.finds(&text::coroutine(dictionary, task)),
            LaneKind::Packed(_) => lane
                .spans
                .get(0)
                .and_then(|span| span.task)
                .is_some_and(|task| show.state.finds(&text::coroutine(dictionary, task))),
            LaneKind::Loop(_) | LaneKind::Thread(_) | LaneKind::Gc(_) => false,
        }
}

fn draw_lane(painter: &Painter, show: &Show<'_>, index: usize, rect: Rect, axis: &Axis) {
    let Some(lane) = show.snapshot.timeline.lanes.get(index) else { return };
    let style = style(show, axis, is_found(show, lane));
    let mut mesh = Mesh::default();
    let mut wide = Vec::new();
    paint::spans(&mut mesh, &lane.spans, rect, style, |fold| wide.push(fold.first));
    painter.add(Shape::mesh(mesh));
    texts(painter, show, lane, &wide, rect, axis);
    if let LaneKind::Loop(_) = lane.kind {
        stalls(painter, show, lane, rect, axis);
    }
    if let Selection::Span(selected, span) = show.state.selection
        && selected == index
        && let Some(span) = lane.spans.get(span)
    {
        outline(painter, show, rect, axis, (span.start.as_nanos(), span.end.as_nanos()));
    }
    if let (LaneKind::Task(task), Selection::Task(selected)) = (lane.kind, show.state.selection)
        && task == selected
    {
        painter.rect_filled(rect, 0.0, show.theme.accent_faint);
    }
}

fn outline(painter: &Painter, show: &Show<'_>, rect: Rect, axis: &Axis, span: (u64, u64)) {
    let left = axis.x(span.0);
    let x = left..=axis.x(span.1).max(left + NARROWEST);
    let stroke = Stroke::new(1.5, show.theme.accent);
    let outline = Rect::from_x_y_ranges(x, rect.y_range());
    painter.rect_stroke(outline, 1.0, stroke, StrokeKind::Outside);
}

/// Texts of the spans that have room for one.
fn texts(painter: &Painter, show: &Show<'_>, lane: &Lane, wide: &[usize], rect: Rect, axis: &Axis) {
    let snapshot = show.snapshot;
    let dictionary = &snapshot.analysis.dictionary;
    for span in wide.iter().filter_map(|&index| lane.spans.get(index)) {
        let left = axis.x(span.start.as_nanos()).max(rect.left());
        let right = axis.x(span.end.as_nanos()).min(rect.right());
        if right - left < TEXT_FROM {
            continue;
        }
        let words = match (span.state, span.task, lane.kind) {
            (SpanState::Waiting, ..) => text::wait(dictionary, span.wait),
            (SpanState::Ready, ..) => "ready".to_owned(),
            (SpanState::Running, Some(task), LaneKind::Loop(_)) => text::task(dictionary, task),
            (SpanState::Running, Some(task), LaneKind::Packed(_)) => text::task(dictionary, task),
            (SpanState::Running, _, LaneKind::Gc(_)) => "collecting".to_owned(),
            (SpanState::Running, ..) => match span.stack.and_then(|id| dictionary.get_stack(id)) {
                Some(leaf) => lookup::frame(snapshot, leaf.frame).function_or_unknown().to_owned(),
                None => continue,
            },
            (SpanState::Idle | SpanState::Unknown, ..) => continue,
        };
        let Some(words) = fitting(words, right - left - 8.0) else { continue };
        let clip = Rect::from_x_y_ranges(left..=right - 3.0, rect.y_range());
        let colour = match span.state {
            SpanState::Waiting if show.theme.dark => show.theme.text,
            _ => show.theme.on_span,
        };
        let painter = painter.with_clip_rect(clip.intersect(painter.clip_rect()));
        let at = pos2(left + 4.0, rect.center().y);
        painter.text(at, Align2::LEFT_CENTER, words, FontId::proportional(10.5), colour);
    }
}

/// As much of a text as fits into a width, which is a guess: laying texts out is dear.
fn fitting(words: String, width: f32) -> Option<String> {
    const CHARACTER: f32 = 5.6;
    let room = (width / CHARACTER) as usize;
    if words.chars().count() <= room {
        return Some(words);
    }
    (room >= 4).then(|| words.chars().take(room - 1).chain(['…']).collect())
}

/// Stalls of a loop, over its spans: none is too short to be seen.
fn stalls(painter: &Painter, show: &Show<'_>, lane: &Lane, rect: Rect, axis: &Axis) {
    let LaneKind::Loop(id) = lane.kind else { return };
    let theme = show.theme;
    let mut drawn_to = f32::NEG_INFINITY;
    for index in show.snapshot.stalls_near(axis.range()) {
        let Some(stall) = show.snapshot.stalls().get(index).filter(|stall| stall.event_loop == id)
        else {
            continue;
        };
        let left = axis.x(stall.start.as_nanos()).max(rect.left());
        let right = axis.x(stall.end().as_nanos()).max(left + NARROWEST).min(rect.right());
        if right <= drawn_to && show.state.selection != Selection::Stall(index) {
            continue;
        }
        drawn_to = right;
        let body = Rect::from_x_y_ranges(left..=right, rect.y_range());
        painter.rect_filled(body, 1.0, theme.cause(lookup::stall_kind(stall)));
        if right - left >= TEXT_FROM {
            let words =
                format!("{}  {}", lookup::stall_cause(stall).replace('_', " "), stall.duration);
            let words = fitting(words, right - left - 8.0).unwrap_or_default();
            let painter = painter.with_clip_rect(body.intersect(painter.clip_rect()));
            let at = pos2(left + 4.0, rect.center().y);
            painter.text(
                at,
                Align2::LEFT_CENTER,
                words,
                FontId::proportional(10.5),
                Color32::WHITE,
            );
        }
        if show.state.selection == Selection::Stall(index) {
            let stroke = Stroke::new(2.0, theme.text);
            painter.rect_stroke(body, 1.0, stroke, StrokeKind::Outside);
        }
    }
}

/// The stall of a loop at a point in time, as it is drawn.
pub fn stall_at(snapshot: &Snapshot, lane: &Lane, at: u64, axis: &Axis) -> Option<usize> {
    let LaneKind::Loop(id) = lane.kind else { return None };
    let slack = axis.nanos(NARROWEST);
    let near = crate::axis::Range { start: at.saturating_sub(slack), end: at };
    snapshot.stalls_near(near).rev().find(|&index| {
        snapshot.stalls().get(index).is_some_and(|stall| {
            let start = stall.start.as_nanos();
            let end = stall.end().as_nanos().max(start.saturating_add(slack));
            stall.event_loop == id && (start..=end).contains(&at)
        })
    })
}

/// The first lanes of a folded group, thin.
fn preview(ui: &Ui, show: &Show<'_>, group: usize, rect: Rect, axis: &Axis) {
    let Some(group) = show.snapshot.timeline.groups.get(group) else { return };
    let lanes: Vec<usize> = group.lanes.clone().take(PREVIEW).collect();
    let height = rect.height() / lanes.len().max(1) as f32;
    let mut mesh = Mesh::default();
    for (nth, lane) in lanes.into_iter().enumerate() {
        let Some(lane) = show.snapshot.timeline.lanes.get(lane) else { continue };
        let top = rect.top() + height * nth as f32;
        let strip = Rect::from_x_y_ranges(rect.x_range(), top..=top + (height - 0.5).max(1.0));
        let style = style(show, axis, is_found(show, lane));
        paint::spans(&mut mesh, &lane.spans, strip, style, |_| {});
    }
    ui.painter_at(rect).add(Shape::mesh(mesh));
}
