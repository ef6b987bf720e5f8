//! Lanes over time.

use eframe::egui::scroll_area::ScrollSource;
use eframe::egui::{
    Align2, Button, ComboBox, CursorIcon, FontId, PointerButton, Rect, ScrollArea, Sense, Stroke,
    TextEdit, Ui, pos2, vec2,
};
use looptrace::analysis::timeline::{Span, SpanState};
use looptrace::model::Timestamp;

use super::{Show, lanes, strips};
use crate::axis::{Axis, Range};
use crate::command::{Action, Command};
use crate::rows::{Row, Rows};
use crate::snapshot::Snapshot;
use crate::state::{LaneOrder, Selection};
use crate::text;
use crate::theme::{AXIS, NAMES};
use crate::{apply, lookup, paint};

/// The timeline.
pub fn show(ui: &mut Ui, show: &mut Show<'_>) {
    let rows = show.caches.rows(show.snapshot, &show.state.lanes);
    let full = ui.available_rect_before_wrap();
    let names = names_width(full.width());
    let axis = Axis::new(
        show.state.shown,
        eframe::egui::Rangef::new(full.left() + names, full.right() - 10.0),
    );
    let head = Rect::from_min_size(full.min, vec2(full.width(), AXIS + 4.0));
    ticks(ui, show, &axis, full);
    tools(ui, show, head.with_max_x(full.left() + names));
    let body = full.with_min_y(head.bottom());
    let canvas = body.with_min_x(full.left() + names).with_max_x(full.right() - 10.0);
    let over_canvas = ui.rect_contains_pointer(canvas);
    let mut area = ScrollArea::vertical()
        .id_salt("timeline")
        .auto_shrink([false, false])
        .scroll_source(ScrollSource { mouse_wheel: !over_canvas, ..ScrollSource::default() });
    if show.state.reveal
        && let Some(top) = reveal(show, &rows)
    {
        area = area.vertical_scroll_offset((top - body.height() * 0.4).max(0.0));
    }
    let mut inside = ui.new_child(eframe::egui::UiBuilder::new().max_rect(body));
    area.show_viewport(&mut inside, |ui, viewport| {
        ui.set_min_height(rows.height());
        let origin = ui.max_rect().min;
        let painter_rect = Rect::from_min_size(origin, vec2(body.width(), rows.height()));
        let response = ui.interact(canvas, ui.scope_id().with("canvas"), Sense::click_and_drag());
        let response = response.accessible_name("Timeline canvas");
        let visible = rows.between(viewport.top(), viewport.bottom());
        for index in visible {
            let top = origin.y + rows.tops[index];
            let rect = Rect::from_min_size(
                pos2(painter_rect.left(), top),
                vec2(body.width() - 10.0, rows.rows[index].height()),
            );
            lanes::row(ui, show, rows.rows[index], rect, names, &axis);
        }
        over_lanes(ui, show, canvas, &axis);
        interact(ui, show, &response, &rows, &axis, canvas, origin.y);
    });
    ui.expand_to_include_rect(full);
}

fn names_width(width: f32) -> f32 {
    NAMES.min(width * 0.35)
}

/// Where what is selected is shown.
fn reveal(show: &Show<'_>, rows: &Rows) -> Option<f32> {
    let lane = match show.state.selection {
        Selection::Group(group) => show.snapshot.timeline.groups.get(group)?.lanes.start,
        _ => apply::selected_lane(show.state, show.snapshot)?,
    };
    rows.tops.get(rows.position_of(show.snapshot, lane)?).copied()
}

fn tools(ui: &mut Ui, show: &mut Show<'_>, rect: Rect) {
    let mut ui = ui.new_child(
        eframe::egui::UiBuilder::new()
            .max_rect(rect.shrink2(vec2(6.0, 2.0)))
            .layout(eframe::egui::Layout::left_to_right(eframe::egui::Align::Center)),
    );
    ui.spacing_mut().item_spacing.x = 4.0;
    let mut filter = show.state.lanes.filter.clone();
    let edit = TextEdit::singleline(&mut filter).hint_text("Filter lanes").desired_width(84.0);
    let field = ui.add(edit).accessible_name("Filter lanes");
    if field.changed() {
        show.out.push(Command::FilterLanes(filter));
    }
    if show.state.focus_filter {
        field.request_focus();
    }
    ComboBox::from_id_salt("order")
        .width(70.0)
        .selected_text(show.state.lanes.order.title())
        .show_ui(&mut ui, |ui| {
            for order in LaneOrder::ALL {
                if ui.selectable_label(show.state.lanes.order == order, order.title()).clicked() {
                    show.out.push(Command::OrderLanes(order));
                }
            }
        })
        .response
        .accessible_name("Order of the lanes");
    let hidden = show.state.lanes.hidden.len();
    if hidden > 0 {
        let button = ui.add(Button::new(format!("+{hidden}")).small());
        if button.on_hover_text("Show the hidden lanes again  Shift+H").clicked() {
            show.out.push(Command::Act(Action::UnhideAll));
        }
    }
}

fn ticks(ui: &Ui, show: &Show<'_>, axis: &Axis, full: Rect) {
    let theme = show.theme;
    let painter = ui.painter_at(full);
    painter.rect_filled(full, 0.0, theme.canvas);
    painter.rect_filled(full.with_max_y(full.top() + AXIS + 4.0), 0.0, theme.background);
    let (step, ticks) = axis.ticks();
    for at in ticks {
        let x = axis.x(at);
        painter.vline(
            x,
            full.top() + AXIS..=full.bottom(),
            Stroke::new(1.0, theme.line.gamma_multiply(0.5)),
        );
        let words = text::instant(at, step);
        let galley = painter.layout_no_wrap(words, FontId::proportional(10.5), theme.weak);
        if x + 3.0 + galley.size().x <= full.right() {
            painter.galley(pos2(x + 3.0, full.top() + 4.0), galley, theme.weak);
        }
    }
    let y = full.top() + AXIS + 4.0;
    painter.hline(full.x_range(), y, Stroke::new(1.0, theme.line));
}

/// What lies over all lanes: the selected range, gaps, the cursor.
fn over_lanes(ui: &Ui, show: &Show<'_>, canvas: Rect, axis: &Axis) {
    let theme = show.theme;
    let painter = ui.painter_at(canvas);
    let clip = ui.clip_rect().intersect(canvas);
    let view = axis.range();
    for gap in &show.snapshot.analysis.overview.gaps {
        let (start, end) = (gap.start.as_nanos(), (gap.start + gap.length).as_nanos());
        if end > view.start && start < view.end {
            let x = axis.x(start)..=axis.x(end).max(axis.x(start) + 2.0);
            paint::hatch(
                &painter,
                Rect::from_x_y_ranges(x, clip.y_range()),
                theme.unknown.gamma_multiply(1.6),
            );
        }
    }
    if let Selection::Stall(index) = show.state.selection
        && let Some(stall) = show.snapshot.stalls().get(index)
    {
        let range = lookup::stall_range(stall);
        let x = axis.x(range.start)..=axis.x(range.end).max(axis.x(range.start) + 2.0);
        let colour = theme.cause(lookup::stall_kind(stall)).gamma_multiply(0.16);
        painter.rect_filled(Rect::from_x_y_ranges(x, clip.y_range()), 0.0, colour);
    }
    if let Some(range) = show.state.range {
        let x = axis.x(range.start)..=axis.x(range.end);
        let rect = Rect::from_x_y_ranges(x, clip.y_range());
        painter.rect_filled(rect, 0.0, theme.accent_faint);
        for x in [rect.left(), rect.right()] {
            painter.vline(x, clip.y_range(), Stroke::new(1.0, theme.accent));
        }
        painter.text(
            rect.center_top() + vec2(0.0, 2.0),
            Align2::CENTER_TOP,
            text::nanos(range.length()),
            FontId::proportional(11.0),
            theme.accent,
        );
    }
    if let Some(at) = show.state.cursor.filter(|&at| view.contains(at)) {
        painter.vline(axis.x(at), clip.y_range(), Stroke::new(1.0, theme.text.gamma_multiply(0.7)));
    }
}

fn interact(
    ui: &mut Ui,
    show: &mut Show<'_>,
    response: &eframe::egui::Response,
    rows: &Rows,
    axis: &Axis,
    canvas: Rect,
    top: f32,
) {
    let whole = show.snapshot.whole();
    wheel(ui, show, canvas, axis, whole);
    let shift = ui.input(|input| input.modifiers.shift);
    let pans = response.dragged_by(PointerButton::Middle)
        || response.dragged_by(PointerButton::Secondary)
        || (shift && response.dragged_by(PointerButton::Primary));
    if pans {
        let share = -f64::from(response.drag_delta().x) / f64::from(canvas.width());
        show.out.push(Command::ViewNow(show.state.view.moved(share, whole)));
        ui.set_cursor_icon(CursorIcon::Grabbing);
    } else if response.dragged_by(PointerButton::Primary)
        && let (Some(begun), Some(now)) =
            (ui.input(|input| input.pointer.press_origin()), response.interact_pointer_pos())
    {
        let range = Range::between(
            axis.time(begun.x.max(canvas.left())),
            axis.time(now.x.clamp(canvas.left(), canvas.right())),
        );
        show.out.push(Command::SelectRange(Some(range)));
    }
    let Some(pos) = response.hover_pos().or(response.interact_pointer_pos()) else { return };
    let at = axis.time(pos.x);
    let row =
        rows.between(pos.y - top, pos.y - top + 0.1).next().and_then(|row| rows.rows.get(row));
    let row = row.copied();
    let hit = row.and_then(|row| hit(show, row, at, axis));
    if response.double_clicked() {
        show.out.push(Command::SelectRange(None));
        show.out.push(Command::Act(Action::Fit));
    } else if response.clicked() {
        show.out.push(Command::Cursor(at));
        if let Some(selection) = hit {
            show.out.push(Command::Select(selection));
        }
    } else if !response.dragged() && response.hovered() {
        hover(response, show, row, hit, at, axis);
    }
}

fn wheel(ui: &Ui, show: &mut Show<'_>, canvas: Rect, axis: &Axis, whole: Range) {
    let Some(pos) = ui.input(|input| input.pointer.hover_pos()).filter(|pos| canvas.contains(*pos))
    else {
        return;
    };
    if !ui.rect_contains_pointer(canvas) {
        return;
    }
    let (scroll, zoom, shift) =
        ui.input(|input| (input.smooth_scroll_delta, input.zoom_delta(), input.modifiers.shift));
    let factor = if shift { 1.0 } else { f64::from(-scroll.y * 0.004).exp() } / f64::from(zoom);
    let mut view = show.state.view;
    if (factor - 1.0).abs() > 1e-4 {
        view = view.zoomed(factor, axis.time(pos.x), whole);
    }
    let sideways = if shift { scroll.x + scroll.y } else { scroll.x };
    if sideways != 0.0 {
        view = view.moved(-f64::from(sideways / canvas.width()), whole);
    }
    if view != show.state.view {
        show.out.push(Command::ViewNow(view));
    }
}

/// What lies under the pointer.
fn hit(show: &Show<'_>, row: Row, at: u64, axis: &Axis) -> Option<Selection> {
    let snapshot = show.snapshot;
    match row {
        Row::Lane(lane, _) => {
            let shown = snapshot.timeline.lanes.get(lane)?;
            if let Some(stall) = lanes::stall_at(snapshot, shown, at, axis) {
                return Some(Selection::Stall(stall));
            }
            // Folded spans are drawn a little wider than they are.
            let slack = axis.nanos(2.0);
            let index = shown.spans.first_after(Timestamp::from_nanos(at.saturating_sub(slack)));
            let span = shown.spans.get(index)?;
            (span.start.as_nanos() <= at.saturating_add(slack))
                .then_some(Selection::Span(lane, index))
        }
        Row::Group { group, .. } => Some(Selection::Group(group)),
        Row::Heading(_) | Row::Counts | Row::Queue(_) => None,
    }
}

fn hover(
    response: &eframe::egui::Response,
    show: &Show<'_>,
    row: Option<Row>,
    hit: Option<Selection>,
    at: u64,
    axis: &Axis,
) {
    let snapshot = show.snapshot;
    let words = match (hit, row) {
        (Some(selection), _) => selected_words(snapshot, selection),
        (None, Some(Row::Queue(id))) => Some(strips::queue_at(snapshot, id, at)),
        (None, Some(Row::Counts)) => strips::count_at(snapshot, at),
        _ => None,
    };
    let when = text::instant(at, axis.nanos(1.0));
    let words = words.map_or_else(|| when.clone(), |words| format!("{words}\n{when}"));
    response.clone().on_hover_text_at_pointer(words);
}

/// What lies under the pointer, in words.
fn selected_words(snapshot: &Snapshot, selection: Selection) -> Option<String> {
    match selection {
        Selection::Stall(index) => {
            let stall = snapshot.stalls().get(index)?;
            Some(format!(
                "stall {} · {} · {}\n{}\n{} tasks delayed",
                stall.id,
                stall.duration,
                lookup::stall_cause(stall).replace('_', " "),
                lookup::stall_place(snapshot, stall),
                stall.victims.len(),
            ))
        }
        Selection::Span(lane, index) => {
            let span = snapshot.timeline.lanes.get(lane)?.spans.get(index)?;
            Some(span_words(snapshot, &span))
        }
        Selection::Group(group) => Some(lookup::group_name(snapshot, group)),
        Selection::None | Selection::Task(_) => None,
    }
}

fn span_words(snapshot: &Snapshot, span: &Span) -> String {
    let dictionary = &snapshot.analysis.dictionary;
    let mut words = format!("{} · {}", span.state.name(), span.length());
    if span.state == SpanState::Waiting {
        words = format!("{words} · {}", text::wait(dictionary, span.wait));
    }
    if let Some(task) = span.task {
        let (name, coroutine) = (text::task(dictionary, task), text::coroutine(dictionary, task));
        words = format!("{name}  {coroutine}\n{words}");
    }
    if let Some(leaf) = span.stack.and_then(|stack| dictionary.get_stack(stack)) {
        let frame = lookup::frame(snapshot, leaf.frame);
        words = format!("{words}\n{}", text::frame(&frame));
    }
    words
}
