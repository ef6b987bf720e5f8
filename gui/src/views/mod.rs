//! What the window shows. Views read a [`Show`] and give back commands.

pub mod awaits;
pub mod compare;
pub mod contention;
pub mod coroutines;
pub mod details;
pub mod empty;
pub mod findings;
pub mod flamegraph;
pub mod frame;
pub mod lag;
pub mod lag_plots;
pub mod lanes;
pub mod overlays;
pub mod overview;
pub mod path;
pub mod recording;
pub mod stall;
pub mod stalls;
pub mod statistics;
pub mod strips;
pub mod tasks;
pub mod timeline;

use std::sync::Arc;

use eframe::egui::text::{LayoutJob, TextFormat};
use eframe::egui::{
    Align2, Color32, Frame, Label, Margin, RichText, Role, Sense, TextStyle, Ui, WidgetInfo, vec2,
};

use looptrace::model::TaskId;

use crate::command::Command;
use crate::flame::{Flame, Request, difference::Difference};
use crate::job::Job;
use crate::rows::Rows;
use crate::snapshot::Snapshot;
use crate::sources::Sources;
use crate::state::{Lanes, Pane, Sort, State, TableId};
use crate::theme::Theme;

/// What views are given.
pub struct Show<'a> {
    /// The recording.
    pub snapshot: &'a Arc<Snapshot>,
    /// The recording it is compared with.
    pub other: Option<&'a Arc<Snapshot>>,
    /// What is shown of it.
    pub state: &'a State,
    /// The colours.
    pub theme: &'a Theme,
    /// What was worked out for earlier frames.
    pub caches: &'a mut Caches,
    /// What the user did.
    pub out: &'a mut Vec<Command>,
}

impl Show<'_> {
    /// How a table is sorted.
    #[must_use]
    pub fn sort(&self, table: TableId, standard: Sort) -> Sort {
        self.state.sorts.get(&table).copied().unwrap_or(standard)
    }
}

/// What was worked out for earlier frames.
#[derive(Default)]
pub struct Caches {
    rows: Option<(u64, Lanes, Arc<Rows>)>,
    overview: overview::Cache,
    stalls: Option<(stalls::Key, Arc<Vec<usize>>)>,
    /// The flamegraph.
    pub flame: Job<Request, Flame>,
    /// The part of the flamegraph that is shown, as shares of the whole.
    pub flame_zoom: flamegraph::Zoom,
    /// The comparison.
    pub difference: Job<compare::Key, Difference>,
    /// The figures of a comparison.
    pub compared: Job<(u64, u64), compare::Compared>,
    /// Rows of the tables of tasks and of coroutines.
    pub tasks: Job<tasks::Key, Vec<u32>>,
    /// See `tasks`.
    pub coroutines: Job<tasks::Key, Vec<coroutines::Row>>,
    /// Figures of a range.
    pub statistics: Job<statistics::Key, statistics::Statistics>,
    /// The await graph.
    pub awaits: Job<awaits::Key, crate::awaits::Graph>,
    /// The critical path of the selected task.
    pub path: Job<path::Key, (TaskId, crate::critical::Critical)>,
    /// The tasks that the finder lists, and for which text.
    pub finder: Job<(u64, String), (Vec<TaskId>, String)>,
    /// Lags.
    pub lag: Job<lag::Key, lag::Lags>,
    /// Source files.
    pub sources: Sources,
}

impl Caches {
    /// The rows of the timeline.
    pub fn rows(&mut self, snapshot: &Snapshot, lanes: &Lanes) -> Arc<Rows> {
        match &self.rows {
            Some((revision, known, rows)) if *revision == snapshot.revision && known == lanes => {
                Arc::clone(rows)
            }
            _ => {
                let rows = Arc::new(Rows::new(snapshot, lanes));
                self.rows = Some((snapshot.revision, lanes.clone(), Arc::clone(&rows)));
                rows
            }
        }
    }

    /// Whether work is done beside the window.
    #[must_use]
    pub fn is_working(&self) -> bool {
        self.flame.is_working()
            || self.difference.is_working()
            || self.compared.is_working()
            || self.tasks.is_working()
            || self.coroutines.is_working()
            || self.statistics.is_working()
            || self.awaits.is_working()
            || self.path.is_working()
            || self.finder.is_working()
            || self.lag.is_working()
    }
}

/// Draws a view.
pub fn pane(ui: &mut Ui, show: &mut Show<'_>, pane: Pane) {
    let margin = if pane == Pane::Timeline { Margin::ZERO } else { Margin::same(6) };
    Frame::new().fill(show.theme.background).inner_margin(margin).show(ui, |ui| {
        ui.expand_to_include_rect(ui.max_rect());
        match pane {
            Pane::Timeline => timeline::show(ui, show),
            Pane::Details => details::show(ui, show),
            Pane::Stalls => stalls::show(ui, show),
            Pane::Flame => flamegraph::show(ui, show),
            Pane::Tasks => tasks::show(ui, show),
            Pane::Coroutines => coroutines::show(ui, show),
            Pane::Awaits => awaits::show(ui, show),
            Pane::Findings => findings::show(ui, show),
            Pane::Statistics => statistics::show(ui, show),
            Pane::Lag => lag::show(ui, show),
            Pane::Contention => contention::show(ui, show),
            Pane::Compare => compare::show(ui, show),
        }
    });
}

/// Words where there is nothing to show.
pub fn nothing(ui: &mut Ui, theme: &Theme, title: &str, words: &str) {
    ui.add_space((ui.available_height() * 0.3).min(80.0));
    ui.vertical_centered(|ui| {
        ui.label(RichText::new(title).size(14.0).color(theme.text));
        ui.add(eframe::egui::Label::new(RichText::new(words).color(theme.weak)).wrap());
    });
}

/// A heading within a view.
pub fn heading(ui: &mut Ui, theme: &Theme, text: &str) {
    ui.add_space(6.0);
    ui.label(RichText::new(text).strong().color(theme.text));
}

/// Width of the names of facts.
const FACT: f32 = 96.0;

/// Room that a value needs beside its name.
const VALUE: f32 = 96.0;

/// A name and its value, side by side; where there is no room, one below the other.
pub fn fact(ui: &mut Ui, theme: &Theme, name: &str, value: impl Into<String>) {
    let value = eframe::egui::Label::new(value.into()).wrap().selectable(true);
    if ui.available_width() < FACT + VALUE {
        if !name.is_empty() {
            ui.label(RichText::new(name).small().color(theme.weak));
        }
        ui.add(value);
        return;
    }
    ui.horizontal_top(|ui| {
        fact_name(ui, theme, name);
        ui.add(value);
    });
}

/// The name of a fact; what follows stands at the same place for all.
pub fn fact_name(ui: &mut Ui, theme: &Theme, name: &str) {
    let layout = eframe::egui::Layout::left_to_right(eframe::egui::Align::Min);
    ui.allocate_ui_with_layout(vec2(FACT, 16.0), layout, |ui| {
        ui.set_min_width(FACT);
        let name = RichText::new(name).color(theme.weak);
        ui.add(eframe::egui::Label::new(name).truncate());
    });
}

/// A share of a whole as a bar, with words on it.
pub fn share_bar(ui: &mut Ui, theme: &Theme, share: f32, colour: Color32, words: &str) {
    let size = vec2(ui.available_width(), 18.0);
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    let bar = rect.with_max_x(rect.left() + rect.width() * share.clamp(0.0, 1.0));
    let painter = ui.painter_at(rect);
    painter.rect_filled(rect, 2.0, theme.raised);
    painter.rect_filled(bar, 2.0, colour);
    let at = rect.left_center() + vec2(6.0, 0.0);
    let font = TextStyle::Body.resolve(ui.style());
    painter.text(at, Align2::LEFT_CENTER, words, font, theme.text);
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, words));
}

/// Words behind a coloured mark, which are not parted where a line ends.
pub fn marked(ui: &mut Ui, theme: &Theme, mark: &str, colour: Color32, words: &str) {
    let font = TextStyle::Body.resolve(ui.style());
    let mut job = LayoutJob::default();
    job.append(mark, 0.0, TextFormat::simple(font.clone(), colour));
    job.append(words, 5.0, TextFormat::simple(font, theme.text));
    ui.add(Label::new(job).extend());
}
