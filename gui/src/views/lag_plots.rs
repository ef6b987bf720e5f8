//! The two plots of lags: how many were how long, and the longest over time.

use std::collections::BTreeMap;

use eframe::egui::{FontId, Label, Rangef, Rect, RichText, Ui, UiBuilder, Vec2, pos2, vec2};
use egui_plot::{
    Bar, BarChart, GridInput, GridMark, Plot, PlotBounds, PlotPoint, PlotTransform, VLine,
};

use super::Show;
use super::lag::{Lags, PER_DECADE, bin_of};
use crate::axis::{Axis, Range};
use crate::command::Command;
use crate::text;
use crate::theme::Theme;

/// Heights are logarithms, since a single long lag must be seen beside a million short ones; one
/// alone is this high.
const ONE: f64 = 0.3;

/// How many lags were how long. A bar that is clicked selects its lags.
pub fn histogram(ui: &mut Ui, show: &mut Show<'_>, lags: &Lags, size: Vec2) {
    let theme = show.theme;
    let bars = bars(show, lags);
    let most = lags.bars.iter().map(|(_, count)| *count).max().unwrap_or(1);
    let highest = height(most as f64) + 0.35;
    let plot = still(Plot::new("lag histogram"), size)
        .x_grid_spacer(|input| decades(&input))
        .x_axis_formatter(|mark, _| text::nanos(10_f64.powf(mark.value / PER_DECADE) as u64))
        .y_grid_spacer(move |_| counts(most))
        .y_axis_formatter(|mark, _| text::count(10_f64.powf(mark.value - ONE).round() as u64));
    let (first, last) = bounds(lags);
    let lines = quantiles(lags);
    let response = plot.show(ui, |plot| {
        plot.set_plot_bounds(PlotBounds::from_min_max([first, 0.0], [last, highest]));
        plot.bar_chart(BarChart::new("stretches", bars).color(theme.running));
        for (x, name) in &lines {
            plot.vline(VLine::new(name.clone(), *x).color(theme.warning));
        }
        plot.pointer_coordinate().map(|at| at.x.floor() as i32)
    });
    let plot = response.response.accessible_name("Lag histogram");
    name_lines(ui, theme, &lines, &response.transform);
    if plot.clicked()
        && let Some(step) = response.inner
    {
        let bin = bin_of(step);
        show.out.push(Command::LagBin((show.state.lag_bin != Some(bin)).then_some(bin)));
    }
}

/// A plot that only shows.
fn still(plot: Plot<'_>, size: Vec2) -> Plot<'_> {
    plot.width(size.x)
        .height(size.y)
        .show_grid([false, false])
        .y_axis_min_width(44.0)
        .allow_drag(false)
        .allow_zoom(false)
        .allow_scroll(false)
        .allow_boxed_zoom(false)
        .grid_spacing(Rangef::new(4.0, 12.0))
}

fn height(count: f64) -> f64 {
    count.log10() + ONE
}

fn bars(show: &Show<'_>, lags: &Lags) -> Vec<Bar> {
    let (theme, selected) = (show.theme, show.state.lag_bin);
    let bar = |&(step, count): &(i32, u64)| {
        let is_selected = selected.is_some_and(|bin| bin == bin_of(step));
        Bar::new(f64::from(step) + 0.5, height(count as f64))
            .width(0.92)
            .fill(if is_selected { theme.accent } else { theme.running })
            .name(format!("{} × {}", text::nanos(bin_of(step).0), text::count(count)))
    };
    lags.bars.iter().map(bar).collect()
}

/// From whole decade to whole decade, so that every label has its place.
fn bounds(lags: &Lags) -> (f64, f64) {
    let decade = |step: i32| (f64::from(step) / PER_DECADE).floor() * PER_DECADE;
    match (lags.bars.first(), lags.bars.last()) {
        (Some(first), Some(last)) => (decade(first.0) - 0.5, decade(last.0 + 8) + 0.5),
        _ => (0.0, 1.0),
    }
}

fn decades(input: &GridInput) -> Vec<GridMark> {
    let first = (input.bounds.0 / PER_DECADE).floor() as i64;
    let last = (input.bounds.1 / PER_DECADE).ceil() as i64;
    (first..=last)
        .map(|decade| GridMark { value: decade as f64 * PER_DECADE, step_size: PER_DECADE })
        .filter(|mark| (input.bounds.0..=input.bounds.1).contains(&mark.value))
        .collect()
}

/// Round counts up to the most there are, few enough to be read.
fn counts(most: u64) -> Vec<GridMark> {
    let steps: &[u64] = if most > 2_000 { &[1] } else { &[1, 2, 5] };
    let powers = (0..18).map(|power| 10_u64.pow(power));
    powers
        .flat_map(|power| steps.iter().map(move |step| step * power))
        .take_while(|&count| count <= most)
        // All are as important as each other, and are drawn so.
        .map(|count| GridMark { value: height(count as f64), step_size: 1.0 })
        .collect()
}

/// Lines where the quantiles lie; those that lie together share their name.
fn quantiles(lags: &Lags) -> Vec<(f64, String)> {
    let mut lines: Vec<(f64, String)> = Vec::new();
    for (&nanos, name) in lags.quantiles.iter().zip(["p50", "p99", "p99.9"]) {
        let x = (nanos.max(1) as f64).log10() * PER_DECADE;
        match lines.last_mut() {
            Some((last, names)) if x - *last < 2.0 => *names = format!("{names}, {name}"),
            _ => lines.push((x, name.to_owned())),
        }
    }
    lines
}

/// Writes the names of lines at the top of a plot.
fn name_lines(ui: &mut Ui, theme: &Theme, lines: &[(f64, String)], transform: &PlotTransform) {
    let frame = *transform.frame();
    let labels: Vec<_> = lines
        .iter()
        .map(|(x, name)| {
            let label = RichText::new(name).size(10.5).color(theme.warning);
            let x = transform.position_from_point(&PlotPoint::new(*x, 0.0)).x;
            let font = FontId::proportional(10.5);
            let galley = ui.painter().layout_no_wrap(name.clone(), font, theme.warning);
            (label, x, galley.size())
        })
        .collect();
    let sizes: Vec<_> = labels.iter().map(|(_, x, size)| (*x, *size)).collect();
    for ((label, ..), place) in labels.into_iter().zip(beside(frame, &sizes)) {
        let place = UiBuilder::new().max_rect(place);
        ui.new_child(place).add(Label::new(label).extend());
    }
}

/// Where labels of lines stand, so that none is cut off or meets another: the first left of its
/// line, the others right of theirs, unless there is no room; those that would meet below each other.
fn beside(frame: Rect, lines: &[(f32, Vec2)]) -> Vec<Rect> {
    const GAP: f32 = 3.0;
    let mut places: Vec<Rect> = Vec::new();
    for (nth, &(x, size)) in lines.iter().enumerate() {
        let (left, right) = (x - GAP - size.x, x + GAP);
        let fits = right + size.x <= frame.right();
        let wanted = if nth == 0 && left >= frame.left() || !fits { left } else { right };
        let wanted = wanted.max(frame.left());
        let mut place = Rect::from_min_size(pos2(wanted, frame.top() + 1.0), size);
        // Each of those before can be in the way once.
        for _ in 0..nth {
            if places.iter().any(|other| other.expand(GAP - 1.0).intersects(place)) {
                place = place.translate(vec2(0.0, size.y + GAP));
            }
        }
        places.push(place);
    }
    places
}

/// The longest lag over time. A bar that is clicked is shown in the timeline.
pub fn curve(ui: &mut Ui, show: &mut Show<'_>, lags: &Lags, size: Vec2) {
    let range = show.state.extent();
    let bars = columns(lags, range, size.x, show.theme);
    let longest = lags.curve.iter().map(|point| point[1]).fold(0.0, f64::max);
    let plot = still(Plot::new("lag over time"), size)
        .x_grid_spacer(move |input| times(&input, size.x))
        .x_axis_formatter(|mark, _| {
            text::instant((mark.value * 1e9).round() as u64, (mark.step_size * 1e9) as u64)
        })
        .y_grid_spacer(move |_| lengths(longest))
        // None at the bottom, where the first of the other axis stands.
        .y_axis_formatter(|mark, _| match (mark.value.max(0.0) * 1e6) as u64 {
            0 => String::new(),
            nanos => text::nanos(nanos),
        });
    let (first, last) = (range.start as f64 / 1e9, range.end as f64 / 1e9);
    let response = plot.show(ui, |plot| {
        plot.set_plot_bounds(PlotBounds::from_min_max([first, 0.0], [last, longest * 1.06]));
        plot.bar_chart(BarChart::new("longest lag", bars).color(show.theme.ready));
        plot.pointer_coordinate().map(|at| (at.x.max(0.0) * 1e9) as u64)
    });
    if response.response.clicked()
        && let Some(at) = response.inner
    {
        show.out.push(Command::Cursor(at));
        let around = Range { start: at, end: at }.padded(100_000.0, show.snapshot.whole());
        show.out.push(Command::View(around));
    }
}

/// Bars that are wide enough to be seen, each as high as the longest lag in it.
fn columns(lags: &Lags, range: Range, width: f32, theme: &Theme) -> Vec<Bar> {
    const POINTS: f32 = 3.0;
    let step = range.length() as f64 / 1e9 / f64::from((width / POINTS).max(1.0));
    let step = step.max(lags.width);
    let mut longest: BTreeMap<u64, f64> = BTreeMap::new();
    for &[at, lag] in &lags.curve {
        let known = longest.entry((at / step) as u64).or_default();
        *known = known.max(lag);
    }
    let bar = |(at, lag): (u64, f64)| {
        let name = text::nanos((lag * 1e6) as u64);
        Bar::new((at as f64 + 0.5) * step, lag).width(step).fill(theme.ready).name(name)
    };
    longest.into_iter().map(bar).collect()
}

/// Round lengths, in milliseconds, up to the longest.
fn lengths(longest: f64) -> Vec<GridMark> {
    const MARKS: f64 = 4.0;
    let power = 10_f64.powf((longest / MARKS).max(1e-6).log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|factor| factor * power)
        .find(|step| longest / step <= MARKS)
        .unwrap_or(longest.max(1e-6));
    let marks = (0..=MARKS as u32).map(|nth| f64::from(nth) * step);
    marks
        .take_while(|value| *value <= longest * 1.06)
        .map(|value| GridMark { value, step_size: step })
        .collect()
}

fn times(input: &GridInput, width: f32) -> Vec<GridMark> {
    let (first, last) = (input.bounds.0.max(0.0), input.bounds.1.max(0.0));
    let axis = Axis::new((first * 1e9, last * 1e9), Rangef::new(0.0, width * 1.6));
    let (step, ticks) = axis.ticks();
    let mark = |at: u64| GridMark { value: at as f64 / 1e9, step_size: step as f64 / 1e9 };
    ticks.into_iter().map(mark).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_lines_neither_meet_nor_leave_the_plot() {
        let frame = Rect::from_min_size(pos2(50.0, 10.0), vec2(150.0, 100.0));
        for x in [50.0, 60.0, 125.0, 190.0, 200.0] {
            for apart in [0.0, 3.0, 20.0, 60.0] {
                let line = |nth: f32| ((x + apart * nth).min(200.0), vec2(30.0, 12.0));
                let places = beside(frame, &[line(0.0), line(1.0), line(2.0)]);
                for (nth, place) in places.iter().enumerate() {
                    assert!(frame.contains_rect(*place), "{x} {apart}: {place:?}");
                    for other in &places[..nth] {
                        assert!(!place.intersects(*other), "{x} {apart}: {place:?} {other:?}");
                    }
                }
            }
        }
    }
}
