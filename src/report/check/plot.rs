//! Every run of both sides as a dot, as inline SVG.

use crate::analysis::check::{Figure, Limit, Outcome};

const WIDTH: f64 = 420.0;
const LEFT: f64 = 66.0;
const RIGHT: f64 = 16.0;
const ROW: f64 = 26.0;

/// A picture of an outcome's runs: a row of dots per side with a bar at its middle, and a dashed line
/// at the limit. Empty without any figure.
pub(super) fn plot(outcome: &Outcome) -> String {
    let sides: Vec<(&str, &Figure)> = [("baseline", &outcome.base), ("here", &outcome.head)]
        .into_iter()
        .filter_map(|(name, figure)| figure.as_ref().map(|figure| (name, figure)))
        .collect();
    let limit = limit(outcome);
    let values = sides.iter().flat_map(|(_, figure)| figure.values.iter().copied());
    let all: Vec<f64> = values.chain(limit).filter(|value| value.is_finite()).collect();
    let (Some(low), Some(high)) =
        (all.iter().copied().reduce(f64::min), all.iter().copied().reduce(f64::max))
    else {
        return String::new();
    };
    let margin = ((high - low) * 0.06).max(high.abs() * 0.01).max(f64::MIN_POSITIVE);
    let (from, to) = ((low - margin).max(0.0_f64.min(low)), high + margin);
    let x = |value: f64| LEFT + (value - from) / (to - from) * (WIDTH - LEFT - RIGHT);
    #[expect(clippy::cast_precision_loss, reason = "one or two rows")]
    let rows = sides.len() as f64;
    let height = rows * ROW + 30.0;
    let mut svg = format!(
        "<svg class=\"plot\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"every run\">"
    );
    let bottom = rows * ROW + 6.0;
    if let Some(limit) = limit.filter(|limit| limit.is_finite()) {
        let at = x(limit);
        svg.push_str(&format!(
            "<line class=\"limit\" x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"4\" y2=\"{bottom}\"/>"
        ));
    }
    for (index, (name, figure)) in sides.iter().enumerate() {
        #[expect(clippy::cast_precision_loss, reason = "one or two rows")]
        let y = index as f64 * ROW + 18.0;
        let class = if *name == "here" { "head" } else { "base" };
        svg.push_str(&format!("<text x=\"4\" y=\"{:.1}\">{name}</text>", y + 4.0));
        for value in figure.values.iter().filter(|value| value.is_finite()) {
            svg.push_str(&format!(
                "<circle class=\"{class}\" cx=\"{:.1}\" cy=\"{y}\" r=\"4\"/>",
                x(*value)
            ));
        }
        let at = x(figure.median);
        svg.push_str(&format!(
            "<line class=\"{class} middle\" x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{:.1}\" y2=\"{:.1}\"/>",
            y - 10.0,
            y + 10.0
        ));
    }
    let metric = outcome.metric;
    svg.push_str(&format!(
        "<line class=\"axis\" x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{bottom}\" y2=\"{bottom}\"/>\
         <text x=\"{LEFT}\" y=\"{:.1}\">{}</text>\
         <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text></svg>",
        WIDTH - RIGHT,
        bottom + 16.0,
        metric.show(from.max(0.0)),
        WIDTH - RIGHT,
        bottom + 16.0,
        metric.show(to)
    ));
    svg
}

/// The limit on the axis of the figures.
fn limit(outcome: &Outcome) -> Option<f64> {
    match outcome.limit {
        Limit::Max(max) => Some(max),
        Limit::Increase(share) => outcome.base.as_ref().map(|base| base.median * (1.0 + share)),
    }
}
