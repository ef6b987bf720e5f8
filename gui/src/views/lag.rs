//! How long loops went without polling: a histogram whose bars select, and the longest over time.

use std::sync::Arc;

use eframe::egui::{Align2, Rangef, RichText, ScrollArea, Ui, vec2};
use egui_plot::{Bar, BarChart, GridMark, Line, Plot, PlotPoint, PlotPoints, Text, VLine};
use looptrace::analysis::timeline::BusyStretch;
use looptrace::model::Timestamp;

use super::{Show, nothing};
use crate::axis::{Axis, Range};
use crate::command::Command;
use crate::facts::quantile;
use crate::{lookup, text};

/// What the lags depend on: the snapshot, the range, and the bar whose lags are listed.
pub type Key = (u64, Range, Option<(u64, u64)>);

/// Bars per factor of ten.
const PER_DECADE: f64 = 8.0;
/// Instances that are listed.
const MOST_LISTED: usize = 200;
/// Points of the curve.
const POINTS: u64 = 600;

/// Lags of a range.
#[derive(Debug, Clone, Default)]
pub struct Lags {
    /// Bars: the lower end of each, as a number of steps above a nanosecond, and the count.
    bars: Vec<(i32, u64)>,
    quantiles: [u64; 3],
    longest: u64,
    /// The longest per stretch of time.
    curve: Vec<[f64; 2]>,
    count: usize,
    /// The longest of the selected bar, or of all, and how many it has.
    listed: Vec<BusyStretch>,
    in_bin: usize,
}

/// The view.
pub fn show(ui: &mut Ui, show: &mut Show<'_>) {
    let key = (show.snapshot.revision, show.state.extent(), show.state.lag_bin);
    let for_work = Arc::clone(show.snapshot);
    let lags = show.caches.lag.get(ui.ctx(), &key, move |_| lags(&for_work, key.1, key.2));
    let Some(lags) = lags else {
        ui.spinner();
        return;
    };
    if lags.count == 0 {
        nothing(ui, show.theme, "No lag", "No look found a loop running in this range.");
        return;
    }
    let words = format!(
        "Time from one poll seen to the next: {} stretches, p50 {}, p99 {}, p99.9 {}, longest {}. \
         An upper bound: polls between two looks are not seen.",
        text::count(lags.count as u64),
        text::nanos(lags.quantiles[0]),
        text::nanos(lags.quantiles[1]),
        text::nanos(lags.quantiles[2]),
        text::nanos(lags.longest),
    );
    ui.label(RichText::new(words).color(show.theme.weak));
    let height = (ui.available_height() - 8.0).max(80.0);
    ui.horizontal_top(|ui| {
        let width = ui.available_width();
        histogram(ui, show, &lags, vec2(width * 0.42, height));
        curve(ui, show, &lags, vec2(width * 0.33, height));
        ui.vertical(|ui| instances(ui, show, &lags));
    });
}

fn histogram(ui: &mut Ui, show: &mut Show<'_>, lags: &Lags, size: eframe::egui::Vec2) {
    let theme = show.theme;
    let selected = show.state.lag_bin;
    let bars: Vec<Bar> = lags
        .bars
        .iter()
        .map(|&(step, count)| {
            let is_selected = selected.is_some_and(|bin| bin == bin_of(step));
            let colour = if is_selected { theme.accent } else { theme.running };
            // Heights are logarithms: a single long lag must be seen beside a million short ones.
            Bar::new(f64::from(step) + 0.5, (count as f64).log10() + 0.3)
                .width(0.92)
                .fill(colour)
                .name(format!("{} × {}", text::nanos(bin_of(step).0), text::count(count)))
        })
        .collect();
    let step_of = |nanos: u64| (nanos.max(1) as f64).log10() * PER_DECADE;
    let lines: Vec<(f64, &str)> = lags
        .quantiles
        .iter()
        .zip(["p50", "p99", "p99.9"])
        .map(|(&nanos, name)| (step_of(nanos), name))
        .collect();
    let (first, last) = match (lags.bars.first(), lags.bars.last()) {
        // Whole decades, so that every label has its place.
        (Some(first), Some(last)) => (decade(first.0) - 0.5, decade(last.0 + 8) + 0.5),
        _ => (0.0, 1.0),
    };
    let most = lags.bars.iter().map(|(_, count)| *count).max().unwrap_or(1);
    let highest = (most as f64).log10() + 0.6;
    let plot = Plot::new("lag histogram")
        .width(size.x)
        .height(size.y)
        .show_grid([false, true])
        .allow_drag(false)
        .allow_zoom(false)
        .allow_scroll(false)
        .allow_boxed_zoom(false)
        .default_x_bounds(first, last)
        .default_y_bounds(0.0, highest)
        .x_grid_spacer(|input| {
            let first = (input.bounds.0 / PER_DECADE).floor() as i64;
            let last = (input.bounds.1 / PER_DECADE).ceil() as i64;
            (first..=last)
                .map(|decade| GridMark { value: decade as f64 * PER_DECADE, step_size: PER_DECADE })
                .filter(|mark| (input.bounds.0..=input.bounds.1).contains(&mark.value))
                .collect()
        })
        .x_axis_formatter(|mark, _| text::nanos(10_f64.powf(mark.value / PER_DECADE) as u64))
        .y_axis_formatter(|mark, _| {
            let count = 10_f64.powf(mark.value - 0.3);
            if (0.9..1e9).contains(&count) {
                text::count(count.round() as u64)
            } else {
                String::new()
            }
        });
    let response = plot.show(ui, |plot| {
        plot.bar_chart(BarChart::new("stretches", bars).color(theme.running));
        for (x, name) in lines {
            plot.vline(VLine::new(name, x).color(theme.warning));
            let top = PlotPoint::new(x, highest);
            let label = RichText::new(name).size(10.5);
            let label = Text::new(name, top, label).anchor(Align2::RIGHT_TOP);
            plot.text(label.color(theme.warning));
        }
        plot.pointer_coordinate().map(|at| at.x.floor() as i32)
    });
    if response.response.clicked()
        && let Some(step) = response.inner
    {
        let bin = bin_of(step);
        let next = (show.state.lag_bin != Some(bin)).then_some(bin);
        show.out.push(Command::LagBin(next));
    }
}

fn curve(ui: &mut Ui, show: &Show<'_>, lags: &Lags, size: eframe::egui::Vec2) {
    let points: PlotPoints<'_> = lags.curve.clone().into();
    Plot::new("lag over time")
        .width(size.x)
        .height(size.y)
        .allow_drag(false)
        .allow_zoom(false)
        .allow_scroll(false)
        .allow_boxed_zoom(false)
        .include_y(0.0)
        .show_grid([false, true])
        .set_margin_fraction(vec2(0.0, 0.06))
        .x_grid_spacer(|input| {
            let (first, last) = (input.bounds.0.max(0.0), input.bounds.1.max(0.0));
            let axis = Axis::new((first * 1e9, last * 1e9), Rangef::new(0.0, size.x * 1.6));
            let (step, ticks) = axis.ticks();
            let mark = |at: u64| GridMark { value: at as f64 / 1e9, step_size: step as f64 / 1e9 };
            ticks.into_iter().map(mark).collect()
        })
        .x_axis_formatter(|mark, _| {
            text::instant((mark.value * 1e9).round() as u64, (mark.step_size * 1e9) as u64)
        })
        .y_axis_formatter(|mark, _| text::nanos((mark.value.max(0.0) * 1e6) as u64))
        .show(ui, |plot| plot.line(Line::new("longest lag", points).color(show.theme.ready)));
}

/// The stretches of the selected bar, or the longest.
fn instances(ui: &mut Ui, show: &mut Show<'_>, lags: &Lags) {
    let bin = show.state.lag_bin;
    let title = match bin {
        Some((least, most)) => format!("{} to {}", text::nanos(least), text::nanos(most)),
        None => "The longest".to_owned(),
    };
    let all = text::count(lags.in_bin as u64);
    ui.label(RichText::new(format!("{title} ({all})")).strong());
    ScrollArea::vertical().id_salt("lags").auto_shrink([false, false]).show_rows(
        ui,
        18.0,
        lags.listed.len(),
        |ui, rows| {
            for busy in lags.listed.get(rows).unwrap_or_default() {
                let length = busy.end.since(busy.start);
                let at = text::instant(busy.start.as_nanos(), 1_000_000);
                let name = lookup::loop_name(show.snapshot, busy.event_loop);
                if ui.link(format!("{length} at {at}, {name}")).clicked() {
                    let range = Range::between(busy.start.as_nanos(), busy.end.as_nanos());
                    show.out.push(Command::Cursor(range.start));
                    show.out.push(Command::View(range.padded(1.0, show.snapshot.whole())));
                }
            }
        },
    );
}

fn within(
    snapshot: &crate::snapshot::Snapshot,
    range: Range,
) -> impl Iterator<Item = BusyStretch> + '_ {
    let (from, to) = (Timestamp::from_nanos(range.start), Timestamp::from_nanos(range.end));
    snapshot
        .timeline
        .busy
        .iter()
        .copied()
        .take_while(move |busy| busy.start < to)
        .filter(move |busy| busy.end > from)
}

/// The step at which a step's factor of ten begins.
fn decade(step: i32) -> f64 {
    (f64::from(step) / PER_DECADE).floor() * PER_DECADE
}

fn bin_of(step: i32) -> (u64, u64) {
    let at = |step: i32| 10_f64.powf(f64::from(step) / PER_DECADE) as u64;
    (at(step), at(step + 1))
}

fn lags(snapshot: &crate::snapshot::Snapshot, range: Range, bin: Option<(u64, u64)>) -> Lags {
    let mut listed = Vec::new();
    let mut lengths = Vec::new();
    let mut bars: std::collections::BTreeMap<i32, u64> = std::collections::BTreeMap::new();
    let width = (range.length() / POINTS).max(1);
    let mut curve = vec![0_u64; POINTS as usize + 1];
    for busy in within(snapshot, range) {
        let length = busy.end.since(busy.start).as_nanos();
        lengths.push(length);
        if bin.is_none_or(|(least, most)| (least..most).contains(&length)) {
            listed.push(busy);
        }
        let step = ((length.max(1) as f64).log10() * PER_DECADE).floor() as i32;
        *bars.entry(step).or_default() += 1;
        let at = busy.start.as_nanos().saturating_sub(range.start) / width;
        if let Some(longest) = curve.get_mut(at as usize) {
            *longest = length.max(*longest);
        }
    }
    lengths.sort_unstable();
    let in_bin = listed.len();
    listed.sort_by_key(|busy| std::cmp::Reverse(busy.end.since(busy.start)));
    listed.truncate(MOST_LISTED);
    Lags {
        listed,
        in_bin,
        bars: bars.into_iter().collect(),
        quantiles: [0.5, 0.99, 0.999].map(|share| quantile(&lengths, share)),
        longest: lengths.last().copied().unwrap_or(0),
        count: lengths.len(),
        curve: curve
            .into_iter()
            .enumerate()
            .map(|(at, longest)| {
                [(range.start + at as u64 * width) as f64 / 1e9, longest as f64 / 1e6]
            })
            .collect(),
    }
}
