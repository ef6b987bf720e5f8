//! Two recordings side by side.

use std::collections::BTreeMap;
use std::sync::Arc;

use eframe::egui::{Align, Grid, Layout, Rect, RichText, ScrollArea, Sense, Ui, vec2};

use super::{Show, flamegraph, heading, nothing};
use crate::command::{Action, Command};
use crate::copy::{Copied, tsv};
use crate::flame::difference::{Difference, difference};
use crate::snapshot::Snapshot;
use crate::theme::FRAME;
use crate::{lookup, text};

/// What the comparison depends on.
pub type Key = (u64, u64, bool);

/// From this width on, figures and flamegraph stand side by side.
const WIDE: f32 = 760.0;
/// Places of stalls that are listed.
const MOST_PLACES: usize = 30;

/// Figures of two recordings.
#[derive(Debug, Clone, Default)]
pub struct Compared {
    figures: Vec<Figure>,
    places: Vec<Place>,
}

#[derive(Debug, Clone)]
struct Figure {
    name: &'static str,
    before: f64,
    after: f64,
    unit: Unit,
    /// Whether more of it is worse.
    more_is_worse: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Share,
    /// Of the recording: neither good nor bad.
    Length,
    Nanos,
    PerMinute,
    Count,
}

/// Stalls of one guilty line in both.
#[derive(Debug, Clone, Default)]
struct Place {
    name: String,
    before: (u64, u64),
    after: (u64, u64),
    worst: Option<usize>,
}

/// The view: the recording that is open is compared with the second one, which came before.
pub fn show(ui: &mut Ui, show: &mut Show<'_>) {
    let Some(other) = show.other.cloned() else {
        let words =
            "Open a second recording, of the same program before a change, to see what differs.";
        nothing(ui, show.theme, "Nothing to compare with", words);
        ui.vertical_centered(|ui| {
            if ui.button("Compare with…").clicked() {
                show.out.push(Command::Act(Action::Compare));
            }
        });
        return;
    };
    let snapshot = Arc::clone(show.snapshot);
    let key = (other.revision, snapshot.revision);
    let for_work = (Arc::clone(&other), Arc::clone(&snapshot));
    let compared =
        show.caches.compared.get(ui.ctx(), &key, move |_| compared(&for_work.0, &for_work.1));
    let worse_only = show.state.worse_only;
    let for_work = (Arc::clone(&other), snapshot);
    let flame_key = (key.0, key.1, worse_only);
    let flame = show
        .caches
        .difference
        .get(ui.ctx(), &flame_key, move |_| difference(&for_work.0, &for_work.1, worse_only));
    let (Some(compared), Some(flame)) = (compared, flame) else {
        ui.spinner();
        return;
    };
    head(ui, show, &other);
    // Side by side where there is room: figures at the left, stalls and the flamegraph at the right.
    if ui.available_width() < WIDE {
        ScrollArea::vertical().id_salt("compare").auto_shrink([false, false]).show(ui, |ui| {
            figures(ui, show, &compared);
            ui.add_space(10.0);
            places(ui, show, &compared);
            differences(ui, show, &flame);
        });
        return;
    }
    ui.horizontal_top(|ui| {
        let height = ui.available_height();
        let column = |ui: &mut Ui, salt: &str, add: &mut dyn FnMut(&mut Ui)| {
            ui.vertical(|ui| {
                let area = ScrollArea::vertical().id_salt(salt).max_height(height);
                area.auto_shrink([true, false]).show(ui, |ui| add(ui));
            });
        };
        column(ui, "figures", &mut |ui| figures(ui, show, &compared));
        ui.add_space(10.0);
        column(ui, "places", &mut |ui| {
            ui.set_min_width(ui.available_width());
            places(ui, show, &compared);
            differences(ui, show, &flame);
        });
    });
}

/// Which recordings they are.
fn head(ui: &mut Ui, show: &mut Show<'_>, other: &Snapshot) {
    ui.horizontal(|ui| {
        ui.label(RichText::new(format!("before: {}", other.file_name())).color(show.theme.weak));
        ui.label(RichText::new(format!("after: {}", show.snapshot.file_name())).strong());
        let help = format!("Close the comparison  {}", Action::CloseComparison.keys_text());
        if ui.small_button("Close").on_hover_text(help).clicked() {
            show.out.push(Command::CloseComparison);
        }
    });
}

/// The flamegraph of differences.
fn differences(ui: &mut Ui, show: &mut Show<'_>, flame: &Difference) {
    heading(ui, show.theme, "What ran, as wide as after; red took longer, green shorter");
    let mut only = show.state.worse_only;
    if ui.checkbox(&mut only, "Worse only").changed() {
        show.out.push(Command::ComparisonWorseOnly(only));
    }
    draw(ui, show, flame);
}

fn figures(ui: &mut Ui, show: &Show<'_>, compared: &Compared) {
    Grid::new("figures").striped(true).spacing([14.0, 3.0]).show(ui, |ui| {
        for title in ["", "before", "after", "difference"] {
            title_of(ui, show, title);
        }
        ui.end_row();
        for figure in &compared.figures {
            ui.label(figure.name);
            for value in [figure.before, figure.after] {
                at_right(ui, |ui| ui.label(figure.unit.text(value)));
            }
            let (words, colour) = judged(show, figure);
            ui.label(RichText::new(words).color(colour));
            ui.end_row();
        }
    });
}

fn judged(show: &Show<'_>, figure: &Figure) -> (String, eframe::egui::Color32) {
    /// A share that differs by less than this has not changed.
    const NO_NEWS_OF_SHARES: f64 = 0.005;
    let theme = show.theme;
    let by = figure.after - figure.before;
    let is_share = figure.unit == Unit::Share;
    if is_none(figure.before, figure.after) || (is_share && by.abs() < NO_NEWS_OF_SHARES) {
        return ("=".to_owned(), theme.weak);
    }
    let sign = if by > 0.0 { "▲ +" } else { "▼ −" };
    let share = if figure.before > 0.0 {
        format!(" ({})", text::percent(by.abs(), figure.before))
    } else {
        String::new()
    };
    let worse = (by > 0.0) == figure.more_is_worse;
    let colour = if matches!(figure.unit, Unit::Count | Unit::Length) {
        theme.text
    } else if worse {
        theme.stall
    } else {
        theme.good
    };
    (format!("{sign}{}{share}", figure.unit.text(by.abs())), colour)
}

fn title_of(ui: &mut Ui, show: &Show<'_>, title: &str) {
    let words = RichText::new(title).color(show.theme.weak);
    if matches!(title, "before" | "after") {
        at_right(ui, |ui| ui.label(words));
    } else {
        ui.label(words);
    }
}

/// Figures stand at the right of their column, and so do the titles above them.
fn at_right<R>(ui: &mut Ui, add: impl FnOnce(&mut Ui) -> R) {
    ui.with_layout(Layout::right_to_left(Align::Center), add);
}

/// Whether two figures differ by so little that it is no news.
fn is_none(before: f64, after: f64) -> bool {
    const NO_NEWS: f64 = 0.02;
    (after - before).abs() <= before.abs().max(after.abs()) * NO_NEWS
}

fn places(ui: &mut Ui, show: &mut Show<'_>, compared: &Compared) {
    if compared.places.is_empty() {
        ui.label(RichText::new("Neither has a stall.").color(show.theme.weak));
        return;
    }
    Grid::new("places").striped(true).spacing([14.0, 3.0]).show(ui, |ui| {
        for title in ["stalls at", "before", "after", "difference"] {
            title_of(ui, show, title);
        }
        ui.end_row();
        for place in compared.places.iter().take(MOST_PLACES) {
            match place.worst {
                Some(worst) => {
                    if ui.link(text::brief(&place.name)).on_hover_text(&place.name).clicked() {
                        show.out.push(Command::JumpToStall(worst));
                    }
                }
                None => {
                    ui.label(text::brief(&place.name)).on_hover_text(&place.name);
                }
            }
            for (count, nanos) in [place.before, place.after] {
                let words = match count {
                    0 => "–".to_owned(),
                    _ => format!("{} × {}", text::count(count), text::nanos(nanos / count)),
                };
                at_right(ui, |ui| ui.label(words));
            }
            let (words, colour) = match (place.before.1, place.after.1) {
                (0, after) => (format!("new +{}", text::nanos(after)), show.theme.stall),
                (before, 0) => (format!("gone −{}", text::nanos(before)), show.theme.good),
                (a, b) if is_none(a as f64, b as f64) => ("=".to_owned(), show.theme.weak),
                (a, b) if b > a => (format!("▲ +{}", text::nanos(b - a)), show.theme.stall),
                (a, b) => (format!("▼ −{}", text::nanos(a - b)), show.theme.good),
            };
            ui.label(RichText::new(words).color(colour));
            ui.end_row();
        }
    });
}

fn draw(ui: &mut Ui, show: &Show<'_>, flame: &Difference) {
    if flame.total == 0 {
        ui.label(RichText::new("Nothing took longer than before.").color(show.theme.weak));
        return;
    }
    let size = vec2(ui.available_width() - 4.0, flame.rows.len() as f32 * FRAME + 4.0);
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    let response = response.accessible_name("Flamegraph of differences");
    let painter = ui.painter_at(rect);
    painter.rect_filled(rect, 0.0, show.theme.canvas);
    let x = |at: u64| rect.left() + (at as f64 / flame.total as f64) as f32 * rect.width();
    let mut words = None;
    for (depth, (row, before)) in flame.rows.iter().zip(&flame.before).enumerate() {
        let top = rect.top() + depth as f32 * FRAME;
        for (block, &before) in row.iter().zip(before) {
            let place = Rect::from_x_y_ranges(
                x(block.x)..=x(block.x + block.width),
                top..=top + FRAME - 1.0,
            );
            if place.width() < 0.7 || !ui.is_rect_visible(place) {
                continue;
            }
            let by = block.width as f64 - before as f64;
            let part = (by / block.width.max(before).max(1) as f64) as f32;
            let colour = show.theme.difference(part);
            painter.rect_filled(place.shrink2(vec2(0.25, 0.0)), 1.0, colour);
            let Some(name) = flame.names.get(block.name as usize) else { continue };
            let sign = if by > 0.0 { "▲" } else { "▼" };
            let caption = format!("{sign} {}", name.text);
            let text = show.theme.text_on(colour);
            flamegraph::caption(&painter.with_clip_rect(place), text, place, &caption);
            if response.hover_pos().is_some_and(|pos| place.contains(pos)) {
                let (a, b) = (text::nanos(before), text::nanos(block.width));
                words = Some(format!(
                    "{}\n{a} before, scaled to the same length\n{b} after",
                    name.text
                ));
            }
        }
    }
    if let Some(words) = words {
        response.on_hover_text_at_pointer(words);
    }
}

impl Compared {
    /// As tab-separated text: times in nanoseconds, shares from 0 to 1.
    #[must_use]
    pub fn as_tsv(&self) -> Copied {
        let figures = self.figures.iter().map(|figure| {
            let (before, after) = (figure.before.to_string(), figure.after.to_string());
            vec![figure.name.to_owned(), before, after]
        });
        let places = self.places.iter().map(|place| {
            let (before, after) = (place.before.1.to_string(), place.after.1.to_string());
            vec![format!("stalled at {}", place.name), before, after]
        });
        tsv(&["what", "before", "after"], figures.chain(places))
    }
}

impl Unit {
    fn text(self, value: f64) -> String {
        match self {
            Self::Share => text::percent(value, 1.0),
            Self::Length | Self::Nanos if value == 0.0 => "–".to_owned(),
            Self::Length | Self::Nanos => text::nanos(value as u64),
            Self::PerMinute => format!("{value:.1}"),
            Self::Count => text::count(value as u64),
        }
    }
}

fn compared(before: &Snapshot, after: &Snapshot) -> Compared {
    let figure = |name, unit, more_is_worse, of: &dyn Fn(&Snapshot) -> f64| Figure {
        name,
        before: of(before),
        after: of(after),
        unit,
        more_is_worse,
    };
    let minutes = |snapshot: &Snapshot| snapshot.whole().length() as f64 / 60e9;
    let lag = |snapshot: &Snapshot, share: f64| {
        let mut lengths: Vec<u64> = snapshot
            .timeline
            .busy
            .iter()
            .map(|busy| busy.end.since(busy.start).as_nanos())
            .collect();
        lengths.sort_unstable();
        crate::facts::quantile(&lengths, share) as f64
    };
    let figures = vec![
        figure("length", Unit::Length, false, &|s| s.whole().length() as f64),
        figure("busy", Unit::Share, true, &|s| {
            let (busy, idle) = s.analysis.loops.iter().fold((0, 0), |(busy, idle), time| {
                (busy + time.busy.as_nanos(), idle + time.idle.as_nanos())
            });
            busy as f64 / (busy + idle).max(1) as f64
        }),
        figure("stalls per minute", Unit::PerMinute, true, &|s| {
            s.stalls().len() as f64 / minutes(s)
        }),
        figure("longest stall", Unit::Nanos, true, &|s| s.longest_stall as f64),
        figure("between polls, p50", Unit::Nanos, true, &|s| lag(s, 0.5)),
        figure("between polls, p99", Unit::Nanos, true, &|s| lag(s, 0.99)),
        figure("between polls, longest", Unit::Nanos, true, &|s| lag(s, 1.0)),
        figure("tasks", Unit::Count, false, &|s| s.analysis.tasks.len() as f64),
        figure("ready and not run", Unit::Share, true, &|s| {
            let (ready, all) = s.analysis.tasks.iter().fold((0, 0), |(ready, all), time| {
                let life = time.running + time.ready + time.waiting;
                (ready + time.ready.as_nanos(), all + life.as_nanos())
            });
            ready as f64 / all.max(1) as f64
        }),
    ];
    Compared { figures, places: matched(before, after) }
}

fn matched(before: &Snapshot, after: &Snapshot) -> Vec<Place> {
    let mut places: BTreeMap<String, Place> = BTreeMap::new();
    for (snapshot, is_after) in [(before, false), (after, true)] {
        for (index, stall) in snapshot.stalls().iter().enumerate() {
            let name = lookup::stall_place(snapshot, stall);
            let place = places.entry(name.clone()).or_default();
            place.name = name;
            let sums = if is_after { &mut place.after } else { &mut place.before };
            *sums = (sums.0 + 1, sums.1 + stall.duration.as_nanos());
            let is_worse = place.worst.is_none_or(|worst| {
                after.stalls().get(worst).is_none_or(|worst| stall.duration > worst.duration)
            });
            if is_after && is_worse {
                place.worst = Some(index);
            }
        }
    }
    let mut places: Vec<Place> = places.into_values().collect();
    places.sort_by_key(|place| {
        std::cmp::Reverse(i128::from(place.after.1) - i128::from(place.before.1))
    });
    places
}
