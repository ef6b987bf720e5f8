//! Tables of any length: only the visible rows are made.

use eframe::egui::{Align, Button, Label, Layout, RichText, Sense, TextWrapMode, Ui};
use egui_extras::{Column as Width, TableBuilder, TableRow};

use crate::command::Command;
use crate::state::{Sort, TableId};
use crate::theme::{COLUMN_GAP, ROW, Theme};
use crate::views::marked;

/// A column.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its title.
    pub title: &'static str,
    /// Its first width; 0 for what is left.
    pub width: f32,
    /// Whether its figures stand at the right.
    pub is_figure: bool,
    /// What it tells.
    pub help: &'static str,
}

/// A column of text.
#[must_use]
pub const fn words(title: &'static str, width: f32, help: &'static str) -> Column {
    Column { title, width, is_figure: false, help }
}

/// A column of figures.
#[must_use]
pub const fn figures(title: &'static str, width: f32, help: &'static str) -> Column {
    Column { title, width, is_figure: true, help }
}

/// A table to be drawn.
#[derive(Debug)]
pub struct Table<'a> {
    /// Which.
    pub id: TableId,
    /// Its columns.
    pub columns: &'a [Column],
    /// How many rows it has.
    pub rows: usize,
    /// How it is sorted.
    pub sort: Sort,
    /// The row to scroll to.
    pub scroll_to: Option<usize>,
    /// The colours.
    pub theme: &'a Theme,
}

/// The cells of one row.
pub struct Cells<'a, 'b, 'c> {
    row: &'c mut TableRow<'a, 'b>,
    columns: &'c [Column],
    at: usize,
    theme: &'c Theme,
    clicked: bool,
}

impl Table<'_> {
    /// Draws it; `row` draws the cells of a row and says whether it is selected, `click` is told
    /// which row was clicked.
    pub fn show(
        &self,
        ui: &mut Ui,
        out: &mut Vec<Command>,
        mut selected: impl FnMut(usize) -> bool,
        mut row: impl FnMut(usize, &mut Cells<'_, '_, '_>),
    ) -> Option<usize> {
        let mut clicked = None;
        let salt = format!("{:?}", self.id);
        eframe::egui::ScrollArea::horizontal().id_salt(("across", &salt)).show(ui, |ui| {
            ui.style_mut().wrap_mode = Some(TextWrapMode::Truncate);
            // Room between columns, with a faint line in its middle that can be dragged.
            ui.spacing_mut().item_spacing.x = COLUMN_GAP;
            ui.visuals_mut().widgets.noninteractive.bg_stroke.color =
                self.theme.line.gamma_multiply(0.5);
            let mut builder = TableBuilder::new(ui)
                .id_salt(salt)
                .striped(true)
                .sense(Sense::click())
                .auto_shrink([false, false])
                .min_scrolled_height(0.0)
                .cell_layout(Layout::left_to_right(Align::Center));
            for column in self.columns {
                builder = builder.column(if column.width == 0.0 {
                    Width::remainder().at_least(120.0).clip(true)
                } else {
                    Width::initial(column.width).at_least(40.0).clip(true).resizable(true)
                });
            }
            if let Some(row) = self.scroll_to {
                builder = builder.scroll_to_row(row, Some(Align::Center));
            }
            builder
                .header(ROW + 2.0, |mut header| {
                    for (index, column) in self.columns.iter().enumerate() {
                        header.col(|ui| self.heading(ui, out, index, column));
                    }
                })
                .body(|body| {
                    body.rows(ROW, self.rows, |mut table_row| {
                        let index = table_row.index();
                        table_row.set_selected(selected(index));
                        let mut cells = Cells {
                            row: &mut table_row,
                            columns: self.columns,
                            at: 0,
                            theme: self.theme,
                            clicked: false,
                        };
                        row(index, &mut cells);
                        if cells.clicked || table_row.response().clicked() {
                            clicked = Some(index);
                        }
                    });
                });
        });
        clicked
    }

    fn heading(&self, ui: &mut Ui, out: &mut Vec<Command>, index: usize, column: &Column) {
        let is_key = self.sort.column == index;
        let arrow = match (is_key, self.sort.descending) {
            (false, _) => "",
            (true, true) => " ▼",
            (true, false) => " ▲",
        };
        let text = RichText::new(format!("{}{arrow}", column.title)).color(if is_key {
            self.theme.text
        } else {
            self.theme.weak
        });
        let layout = if column.is_figure {
            Layout::right_to_left(Align::Center)
        } else {
            Layout::left_to_right(Align::Center)
        };
        ui.with_layout(layout, |ui| {
            let button = ui.add(Button::new(text).frame(false)).on_hover_text(column.help);
            if button.clicked() {
                let descending = if is_key { !self.sort.descending } else { column.is_figure };
                out.push(Command::SortTable(self.id, Sort { column: index, descending }));
            }
        });
    }
}

impl Cells<'_, '_, '_> {
    fn cell(&mut self, add: impl FnOnce(&mut Ui)) {
        let is_figure = self.columns.get(self.at).is_some_and(|column| column.is_figure);
        self.at += 1;
        self.row.col(|ui| {
            if is_figure {
                ui.with_layout(Layout::right_to_left(Align::Center), add);
            } else {
                add(ui);
            }
        });
    }

    /// Text.
    pub fn text(&mut self, text: impl Into<String>) {
        let text: String = text.into();
        self.cell(|ui| {
            ui.add(Label::new(text).truncate().selectable(false));
        });
    }

    /// Text of lesser weight.
    pub fn weak(&mut self, text: impl Into<String>) {
        let text = RichText::new(text.into()).color(self.theme.weak);
        self.cell(|ui| {
            ui.add(Label::new(text).truncate().selectable(false));
        });
    }

    /// A line of a file: with its directory where there is room, and whole where one points at it.
    pub fn place(&mut self, place: &str) {
        /// What a character takes, more or less.
        const CHARACTER: f32 = 6.6;
        let color = self.theme.weak;
        self.cell(|ui| {
            let room = (ui.available_width() / CHARACTER) as usize;
            let mut words = crate::text::brief(place);
            if words.chars().count() > room {
                words = words.rsplit('/').next().unwrap_or(words);
            }
            let label = Label::new(RichText::new(words).color(color)).truncate().selectable(false);
            let label = ui.add(label);
            if words.len() < place.len() {
                label.on_hover_text(place);
            }
        });
    }

    /// Text behind a coloured mark.
    pub fn marked(&mut self, mark: &str, text: &str, colour: eframe::egui::Color32) {
        let theme = self.theme;
        self.cell(|ui| marked(ui, theme, mark, colour, text));
    }

    /// What a row is called; it can be clicked, with the keyboard too.
    pub fn name(&mut self, text: impl Into<String>, is_found: bool) {
        let mut text = RichText::new(text.into());
        if is_found {
            text = text.color(self.theme.found).strong();
        }
        let mut clicked = false;
        self.cell(|ui| {
            clicked = ui.add(Button::new(text).frame(false).truncate()).clicked();
        });
        self.clicked |= clicked;
    }

    /// A length of time; none is a dash.
    pub fn time(&mut self, nanos: u64) {
        if nanos == 0 { self.weak("–") } else { self.text(crate::text::nanos(nanos)) }
    }

    /// A number; one that is not known is a dash.
    pub fn count(&mut self, number: Option<u64>) {
        match number {
            Some(number) => self.text(crate::text::count(number)),
            None => self.weak("–"),
        }
    }

    /// A bar of a share of a whole, with its figure.
    pub fn bar(&mut self, part: u64, whole: u64, colour: eframe::egui::Color32) {
        let share = if whole == 0 { 0.0 } else { (part as f64 / whole as f64) as f32 };
        self.cell(|ui| {
            let text = if part == 0 { "–".to_owned() } else { crate::text::nanos(part) };
            let rect = ui.max_rect().shrink2(eframe::egui::vec2(0.0, 3.0));
            let width = rect.width() * share.clamp(0.0, 1.0);
            let bar = eframe::egui::Rect::from_min_size(
                rect.min,
                eframe::egui::vec2(width, rect.height()),
            );
            ui.painter().rect_filled(bar, 2.0, colour.gamma_multiply(0.45));
            ui.add(Label::new(text).truncate().selectable(false));
        });
    }
}
