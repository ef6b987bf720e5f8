//! The flamegraph of the selected range and tasks.

use std::sync::Arc;

use eframe::egui::text::{LayoutJob, TextWrapping};
use eframe::egui::{
    Button, Color32, FontId, Rect, RichText, ScrollArea, Sense, Stroke, StrokeKind, Ui, pos2, vec2,
};

use super::{Show, nothing};
use crate::command::{Action, Command};
use crate::flame::{self, Block, Flame, Layout, Name, Request, Rows, Transform, Weight, Whose};
use crate::lookup;
use crate::snapshot::Snapshot;
use crate::state::{Selection, State};
use crate::text;
use crate::theme::FRAME;

/// The part of the axis that is shown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Zoom {
    start: f64,
    end: f64,
}

impl Default for Zoom {
    fn default() -> Self {
        Self { start: 0.0, end: 1.0 }
    }
}

/// The view.
pub fn show(ui: &mut Ui, show: &mut Show<'_>) {
    bar(ui, show);
    let request = request(show);
    let for_work = (Arc::clone(show.snapshot), request.clone());
    let flame = show
        .caches
        .flame
        .get(ui.ctx(), &request, move |cancel| flame::build(&for_work.0, &for_work.1, cancel));
    let Some(flame) = flame else {
        ui.spinner();
        return;
    };
    if flame.total == 0 || flame.rows.is_empty() {
        let words = match (request.layout, request.middle) {
            (Layout::Sandwich, None) => "Select a function in another layout first.",
            _ => "Nothing of the selected tasks ran in the selected range.",
        };
        nothing(ui, show.theme, "Nothing to draw", words);
        return;
    }
    if flame.is_cut {
        let words = "▲ More stacks than can be drawn: the lightest are left out. A shorter range shows all.";
        ui.label(RichText::new(words).color(show.theme.warning));
    }
    ScrollArea::vertical().id_salt("flame").auto_shrink([false, false]).show(ui, |ui| {
        let up = flame.callers.len() as f32 * FRAME;
        let down = flame.rows.len() as f32 * FRAME;
        let size = vec2(ui.available_width() - 4.0, (up + down + 8.0).max(ui.available_height()));
        let (rect, response) = ui.allocate_exact_size(size, Sense::click_and_drag());
        let response = response.accessible_name("Flamegraph canvas");
        ui.painter_at(rect).rect_filled(rect, 0.0, show.theme.canvas);
        let view =
            View { flame: &flame, rect, middle: rect.top() + up, zoom: show.caches.flame_zoom };
        let callers = view.draw(ui, show, &flame.callers, true);
        let callees = view.draw(ui, show, &flame.rows, false);
        view.interact(ui, show, &response, callers.or(callees));
    });
}

fn request(show: &Show<'_>) -> Request {
    let whose = match show.state.selection {
        Selection::Group(group) => Whose::Group(group),
        Selection::Task(task) => Whose::Task(task),
        _ => Whose::All,
    };
    let flame = &show.state.flame;
    Request {
        revision: show.snapshot.revision,
        extent: show.state.extent(),
        whose,
        layout: flame.layout,
        weight: flame.weight,
        transforms: flame.transforms.clone(),
        middle: flame.selected.filter(|_| flame.layout == Layout::Sandwich),
    }
}

fn bar(ui: &mut Ui, show: &mut Show<'_>) {
    ui.horizontal_wrapped(|ui| {
        let flame = &show.state.flame;
        for layout in Layout::ALL {
            if ui.selectable_label(flame.layout == layout, layout.title()).clicked() {
                show.out.push(Command::FlameLayout(layout));
            }
        }
        ui.separator();
        for (weight, words) in [(Weight::Running, "Running"), (Weight::Waiting, "Waiting")] {
            if ui.selectable_label(flame.weight == weight, words).clicked() {
                show.out.push(Command::FlameWeight(weight));
            }
        }
        ui.separator();
        let hides = flame.transforms.contains(&Transform::HideInternals);
        let help = Action::FlameInternals;
        let toggle = ui.selectable_label(hides, "Hide asyncio");
        if toggle.on_hover_text(format!("{}  {}", help.help(), help.keys_text())).clicked() {
            show.out.push(Command::FlameTransform(Transform::HideInternals));
        }
        for (index, transform) in flame.transforms.iter().enumerate() {
            if let Some(words) = chip(show, transform) {
                let chip =
                    Button::new(RichText::new(format!("{words}  ×")).color(show.theme.accent));
                if ui.add(chip).on_hover_text("Click to undo").clicked() {
                    show.out.push(Command::FlameUndo(index));
                }
            }
        }
        let whose = match show.state.selection {
            Selection::Group(group) => lookup::group_name(show.snapshot, group),
            Selection::Task(task) => text::task(&show.snapshot.analysis.dictionary, task),
            _ => "all tasks and threads".to_owned(),
        };
        let extent = text::nanos(show.state.extent().length());
        ui.label(RichText::new(format!("{whose}, {extent}")).color(show.theme.weak));
        if show.caches.flame.is_working() {
            ui.spinner();
        }
    });
}

fn chip(show: &Show<'_>, transform: &Transform) -> Option<String> {
    let dictionary = &show.snapshot.analysis.dictionary;
    let name = |code| dictionary.get_code(code).map_or("?", |code| dictionary.text(code.function));
    Some(match *transform {
        Transform::HideInternals => return None,
        Transform::Focus(code) => format!("only in {}", name(code)),
        Transform::Collapse(code) => format!("{} collapsed", name(code)),
        Transform::Merge(code) => format!("without {}", name(code)),
    })
}

/// How a flamegraph lies on the screen.
pub struct View<'a> {
    /// Its boxes.
    pub flame: &'a Flame,
    /// Where it is.
    pub rect: Rect,
    /// Where callees begin, and callers end.
    pub middle: f32,
    /// What of it is shown.
    pub zoom: Zoom,
}

impl View<'_> {
    fn x(&self, at: u64) -> f32 {
        let share = (at.saturating_sub(self.flame.start)) as f64 / self.flame.total.max(1) as f64;
        let span = (self.zoom.end - self.zoom.start).max(1e-9);
        let x = (share - self.zoom.start) / span;
        self.rect.left() + (x.clamp(-100.0, 100.0) * f64::from(self.rect.width())) as f32
    }

    fn at(&self, x: f32) -> u64 {
        let share = f64::from((x - self.rect.left()) / self.rect.width());
        let share = self.zoom.start + share * (self.zoom.end - self.zoom.start);
        self.flame.start.saturating_add((share.max(0.0) * self.flame.total as f64) as u64)
    }

    /// Draws boxes; gives the one under the pointer.
    fn draw(&self, ui: &Ui, show: &Show<'_>, rows: &Rows, upwards: bool) -> Option<Block> {
        let clip = ui.clip_rect();
        let pointer = ui.input(|input| input.pointer.hover_pos()).filter(|pos| clip.contains(*pos));
        let mut hit = None;
        for (depth, row) in rows.iter().enumerate() {
            let depth = depth as f32;
            let top = if upwards {
                self.middle - (depth + 1.0) * FRAME
            } else {
                self.middle + depth * FRAME
            };
            if top > clip.bottom() || top + FRAME < clip.top() {
                continue;
            }
            let found = self.row(ui, show, row, top, pointer);
            hit = hit.or(found);
        }
        hit
    }

    fn row(
        &self,
        ui: &Ui,
        show: &Show<'_>,
        row: &[Block],
        top: f32,
        pointer: Option<eframe::egui::Pos2>,
    ) -> Option<Block> {
        let painter = ui.painter_at(self.rect);
        let (from, to) = (self.at(self.rect.left()), self.at(self.rect.right()));
        let mut hit = None;
        let mut at = row.partition_point(|block| block.x.saturating_add(block.width) <= from);
        while let Some(block) = row.get(at).filter(|block| block.x < to) {
            let left = self.x(block.x).max(self.rect.left());
            let right = self.x(block.x.saturating_add(block.width)).min(self.rect.right());
            if right - left < 0.7 {
                // What is too narrow is passed over, a point at a time.
                let next = self.at(left + 0.7).max(block.x + 1);
                at += row[at..].partition_point(|block| block.x < next).max(1);
                let sliver = Rect::from_x_y_ranges(left..=left + 0.7, top..=top + FRAME - 1.0);
                painter.rect_filled(sliver, 0.0, show.theme.line);
                continue;
            }
            let rect = Rect::from_x_y_ranges(left..=right, top..=top + FRAME - 1.0);
            let name = self.flame.name(block);
            one(&painter, show, rect, name);
            if pointer.is_some_and(|pos| rect.contains(pos)) {
                let stroke = Stroke::new(1.0, show.theme.text);
                painter.rect_stroke(rect, 1.0, stroke, StrokeKind::Inside);
                hit = Some(*block);
            }
            at += 1;
        }
        hit
    }

    fn interact(
        &self,
        ui: &mut Ui,
        show: &mut Show<'_>,
        response: &eframe::egui::Response,
        hit: Option<Block>,
    ) {
        self.move_about(ui, show, response);
        let name = hit.and_then(|block| Some((block, self.flame.name(&block)?)));
        if response.double_clicked() {
            if let Some(block) = hit {
                let share = |at: u64| {
                    at.saturating_sub(self.flame.start) as f64 / self.flame.total.max(1) as f64
                };
                show.caches.flame_zoom =
                    Zoom { start: share(block.x), end: share(block.x + block.width.max(1)) };
            } else {
                show.caches.flame_zoom = Zoom::default();
            }
        } else if response.clicked() || response.secondary_clicked() {
            let code = name.and_then(|(_, name)| name.code);
            show.out.push(Command::FlameSelect(code));
        }
        let selected = show.state.flame.selected;
        response.context_menu(|ui| menu(ui, show, selected));
        if let Some((block, name)) = name
            && response.hovered()
        {
            let part = text::percent(block.width as f64, self.flame.total as f64);
            let place = name.file.as_deref().map_or_else(String::new, |file| {
                format!("\n{}:{}", looptrace::analysis::short_path(file), name.line)
            });
            let words = format!(
                "{}{place}\n{} in it ({part}), {} in the function itself",
                name.text,
                text::nanos(block.width),
                text::nanos(block.own),
            );
            response.clone().on_hover_text_at_pointer(words);
        }
    }

    fn move_about(&self, ui: &Ui, show: &mut Show<'_>, response: &eframe::egui::Response) {
        let mut zoom = self.zoom;
        let span = zoom.end - zoom.start;
        if response.dragged() {
            let by = -f64::from(response.drag_delta().x / self.rect.width()) * span;
            let by = by.clamp(-zoom.start, 1.0 - zoom.end);
            zoom = Zoom { start: zoom.start + by, end: zoom.end + by };
        }
        let wheel = ui.input(|input| {
            let ctrl = input.modifiers.command;
            (f64::from(input.zoom_delta()), ctrl)
        });
        if let Some(pos) = response.hover_pos()
            && (wheel.0 - 1.0).abs() > 1e-4
        {
            let fixed = f64::from((pos.x - self.rect.left()) / self.rect.width());
            let next = (span / wheel.0).clamp(1e-7, 1.0);
            let start = (zoom.start + fixed * (span - next)).clamp(0.0, 1.0 - next);
            zoom = Zoom { start, end: start + next };
        }
        show.caches.flame_zoom = zoom;
    }
}

fn menu(ui: &mut Ui, show: &mut Show<'_>, selected: Option<looptrace::model::CodeId>) {
    if selected.is_none() {
        ui.label("Click a function first");
        return;
    }
    for action in [
        Action::FlameFocus,
        Action::FlameCollapse,
        Action::FlameMerge,
        Action::FlameSandwich,
        Action::FlameUndoLast,
        Action::FlameSource,
    ] {
        let words = action.name().trim_start_matches("Flamegraph: ");
        if ui.add(Button::new(words).shortcut_text(action.keys_text())).clicked() {
            show.out.push(Command::Act(action));
            ui.close();
        }
    }
}

/// The command that opens the selected function in an editor.
#[must_use]
pub fn source(state: &State, snapshot: &Snapshot) -> Option<Command> {
    let dictionary = &snapshot.analysis.dictionary;
    let code = dictionary.get_code(state.flame.selected?)?;
    let file = dictionary.text(code.file).to_owned();
    Some(Command::OpenInEditor { file, line: code.first_line })
}

fn one(painter: &eframe::egui::Painter, show: &Show<'_>, rect: Rect, name: Option<&Name>) {
    let Some(name) = name else { return };
    let theme = show.theme;
    let mut colour = theme.frame(key(name), name.internal);
    let searching = !show.state.search.is_empty();
    if searching && matches(show, name) {
        colour = theme.found;
    } else if searching {
        colour = colour.lerp_to_gamma(theme.canvas, 0.65);
    }
    painter.rect_filled(rect.shrink2(vec2(0.25, 0.0)), 1.0, colour);
    if name.code.is_some() && name.code == show.state.flame.selected {
        let stroke = Stroke::new(1.5, theme.accent);
        painter.rect_stroke(rect, 1.0, stroke, StrokeKind::Inside);
    }
    caption(painter, theme.text_on(colour), rect, &name.text);
}

/// The text of a box, where there is room.
pub fn caption(painter: &eframe::egui::Painter, colour: Color32, rect: Rect, words: &str) {
    const ROOM: f32 = 28.0;
    if rect.width() < ROOM {
        return;
    }
    let left = rect.left().max(painter.clip_rect().left()) + 4.0;
    // Whole points, so that what was laid out for the last frame fits this one, too.
    let room = (rect.right().min(painter.clip_rect().right()) - left - 2.0).floor();
    if room < ROOM / 2.0 {
        return;
    }
    // Text beyond what the box can hold is not laid out at all.
    let words: String = words.chars().take((room / 3.0) as usize).collect();
    let mut job = LayoutJob::simple_singleline(words, FontId::proportional(11.0), colour);
    job.wrap = TextWrapping::truncate_at_width(room);
    let galley = painter.layout_job(job);
    let top = rect.center().y - galley.size().y / 2.0;
    painter.galley(pos2(left, top), galley, colour);
}

fn matches(show: &Show<'_>, name: &Name) -> bool {
    show.state.finds(&name.text) || name.file.as_deref().is_some_and(|file| show.state.finds(file))
}

/// The same file has similar colours.
fn key(name: &Name) -> u64 {
    let text = name.file.as_deref().unwrap_or(&name.text);
    text.bytes().fold(u64::from(name.line) / 64, |key, byte| {
        (key ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
