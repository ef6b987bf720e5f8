//! Budgets for a figure itself.

use super::super::config::Aggregate;
use super::super::stats::{median, quantile};
use super::outcome::{Outcome, Verdict};
use super::{Court, percent};

pub(super) fn judge(mut outcome: Outcome, max: f64, court: &Court<'_>) -> Outcome {
    outcome.base = None;
    let Some(figure) = &outcome.head else {
        outcome.verdict = Verdict::Inconclusive;
        outcome.reason = format!("the recordings do not tell {}", outcome.metric.about);
        return outcome;
    };
    let aggregate = court.inputs.config.run.aggregate;
    let (value, which) = match aggregate {
        Aggregate::Median => (median(&figure.values), "the middle run"),
        Aggregate::Optimistic => (quantile(&figure.values, 0.0), "the best run"),
        Aggregate::Pessimistic => (quantile(&figure.values, 1.0), "the worst run"),
    };
    let value = value.unwrap_or(figure.median);
    let who = if figure.values.len() > 1 { which } else { "the run" };
    let metric = outcome.metric;
    let shown = metric.show(value);
    if metric.is_wall()
        && metric.id != "runq.wait_ratio"
        && let Some(why) = court.too_loaded()
    {
        outcome.verdict = Verdict::Inconclusive;
        outcome.reason = format!("{why}; {who} had {shown}");
        return outcome;
    }
    let limit = metric.show(max);
    if value > max {
        outcome.verdict = Verdict::Fail;
        let over = if max > 0.0 {
            format!(", {} over it", percent(value / max - 1.0))
        } else {
            String::new()
        };
        outcome.reason = format!("{who} had {shown}, the budget is {limit}{over}");
    } else {
        outcome.verdict = Verdict::Pass;
        outcome.reason = format!("{who} had {shown}, the budget is {limit}");
    }
    outcome
}
