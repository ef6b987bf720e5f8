//! How long loops went without polling: a histogram whose bars select, and the longest over time.

use std::sync::Arc;

use eframe::egui::{Button, RichText, ScrollArea, Ui, vec2};
use looptrace::analysis::timeline::BusyStretch;
use looptrace::model::Timestamp;

use super::{Show, lag_plots, nothing};
use crate::axis::Range;
use crate::command::Command;
use crate::facts::quantile;
use crate::{lookup, text};

/// What the lags depend on: the snapshot, the range, and the bar whose lags are listed.
pub type Key = (u64, Range, Option<(u64, u64)>);

/// Bars per factor of ten.
pub const PER_DECADE: f64 = 8.0;
/// Instances that are listed.
const MOST_LISTED: usize = 200;
/// Plots are no less high, so that what stands at their axes can be read.
const LEAST_HEIGHT: f32 = 140.0;
/// Points of the curve.
const POINTS: u64 = 600;

/// Lags of a range.
#[derive(Debug, Clone, Default)]
pub struct Lags {
    /// Bars: the lower end of each, as a number of steps above a nanosecond, and the count.
    pub bars: Vec<(i32, u64)>,
    /// Half, 99 and 99.9 of 100 were no longer.
    pub quantiles: [u64; 3],
    longest: u64,
    /// The longest per stretch of time that has any: seconds, and milliseconds.
    pub curve: Vec<[f64; 2]>,
    /// How long such a stretch is, in seconds.
    pub width: f64,
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
    let height = ui.available_height() - 8.0;
    if height < LEAST_HEIGHT {
        let area = ScrollArea::vertical().id_salt("plots of lags").auto_shrink([false, false]);
        area.show(ui, |ui| side_by_side(ui, show, &lags, LEAST_HEIGHT));
    } else {
        side_by_side(ui, show, &lags, height);
    }
}

/// The plots, and what is selected in them.
fn side_by_side(ui: &mut Ui, show: &mut Show<'_>, lags: &Lags, height: f32) {
    ui.horizontal_top(|ui| {
        let width = ui.available_width();
        lag_plots::histogram(ui, show, lags, vec2(width * 0.42, height));
        lag_plots::curve(ui, show, lags, vec2(width * 0.33, height));
        ui.add_space(10.0);
        ui.vertical(|ui| {
            ui.set_max_height(height);
            instances(ui, show, lags);
        });
    });
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
                let words = RichText::new(format!("{length} at {at}, {name}"));
                let link = Button::new(words.color(show.theme.accent)).frame(false).truncate();
                if ui.add(link).clicked() {
                    let range = Range::between(busy.start.as_nanos(), busy.end.as_nanos());
                    show.out.push(Command::Cursor(range.start));
                    show.out.push(Command::View(range.padded(1.0, show.snapshot.whole())));
                }
            }
        },
    );
}

/// The lags that overlap a range.
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

/// The lags of a range whose length is that of a bar, or all, the longest first.
pub fn listed(
    snapshot: &crate::snapshot::Snapshot,
    range: Range,
    bin: Option<(u64, u64)>,
) -> Vec<BusyStretch> {
    let length = |busy: &BusyStretch| busy.end.since(busy.start).as_nanos();
    let mut listed: Vec<BusyStretch> = within(snapshot, range)
        .filter(|busy| bin.is_none_or(|(least, most)| (least..most).contains(&length(busy))))
        .collect();
    listed.sort_by_key(|busy| std::cmp::Reverse(length(busy)));
    listed
}

/// The lags of the bar at a step.
pub fn bin_of(step: i32) -> (u64, u64) {
    let at = |step: i32| 10_f64.powf(f64::from(step) / PER_DECADE) as u64;
    (at(step), at(step + 1))
}

fn lags(snapshot: &crate::snapshot::Snapshot, range: Range, bin: Option<(u64, u64)>) -> Lags {
    let mut listed = listed(snapshot, range, bin);
    let mut lengths = Vec::new();
    let mut bars: std::collections::BTreeMap<i32, u64> = std::collections::BTreeMap::new();
    let width = (range.length() / POINTS).max(1);
    let mut curve = vec![0_u64; POINTS as usize + 1];
    for busy in within(snapshot, range) {
        let length = busy.end.since(busy.start).as_nanos();
        lengths.push(length);
        let step = ((length.max(1) as f64).log10() * PER_DECADE).floor() as i32;
        *bars.entry(step).or_default() += 1;
        let at = busy.start.as_nanos().saturating_sub(range.start) / width;
        if let Some(longest) = curve.get_mut(at as usize) {
            *longest = length.max(*longest);
        }
    }
    lengths.sort_unstable();
    let in_bin = listed.len();
    listed.truncate(MOST_LISTED);
    Lags {
        listed,
        in_bin,
        bars: bars.into_iter().collect(),
        quantiles: [0.5, 0.99, 0.999].map(|share| quantile(&lengths, share)),
        longest: lengths.last().copied().unwrap_or(0),
        count: lengths.len(),
        width: width as f64 / 1e9,
        curve: curve
            .into_iter()
            .enumerate()
            .filter(|(_, longest)| *longest > 0)
            .map(|(at, longest)| {
                [(range.start + at as u64 * width) as f64 / 1e9, longest as f64 / 1e6]
            })
            .collect(),
    }
}
