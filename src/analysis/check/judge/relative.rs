//! Budgets for how much a figure may be above the baseline's.
//!
//! p-values are over runs: what happens within one run is not independent. The hypothesis that is
//! tested is "not above the baseline by more than the tolerance".

use super::super::config::{Budget, Limit};
use super::super::metric::Scope;
use super::super::stats::{greater, holm, mad, shift};
use super::outcome::{Effect, Outcome, Verdict};
use super::{Court, percent};

const CONFIDENCE: f64 = 0.95;

/// More runs than anybody makes.
const MOST_RUNS: u32 = 1_000;

/// Everything but what depends on the other comparisons.
pub(super) fn judge(
    mut outcome: Outcome,
    tolerance: f64,
    budget: &Budget,
    court: &Court<'_>,
) -> Outcome {
    let inconclusive = |mut outcome: Outcome, reason: String| {
        outcome.verdict = Verdict::Inconclusive;
        outcome.reason = reason;
        outcome
    };
    if court.inputs.base.is_empty() {
        outcome.reason = "there is no baseline to compare with: add --baseline FILE…".to_owned();
        return outcome;
    }
    let (Some(head), Some(base)) = (&outcome.head, &outcome.base) else {
        return one_sided(outcome, court);
    };
    if budget.min_value.is_some_and(|least| head.median < least && base.median < least) {
        outcome.verdict = Verdict::Pass;
        outcome.reason =
            format!("both sides are below min_value: {}", outcome.metric.show(head.median));
        return outcome;
    }
    let scale = Scale::of(&head.values, &base.values);
    outcome.effect = scale.effect(&head.values, &base.values);
    let runs = head.values.len().min(base.values.len());
    let key = outcome.coroutine.as_ref().map(super::super::place::Place::key);
    outcome.floor = court.inputs.noise.and_then(|(noise, _)| {
        noise.floor(outcome.metric, key.as_deref(), runs, court.interleaved)
    });
    let least = court.inputs.config.run.min_runs;
    if runs < least {
        let missing = u32::try_from(least - runs).unwrap_or(MOST_RUNS);
        outcome.more_runs = Some(missing);
        let reason = format!(
            "{runs} of the {least} runs per side that a comparison needs: record {missing} more of each"
        );
        return inconclusive(outcome, reason);
    }
    if outcome.metric.is_wall()
        && let Some(why) = court.too_loaded()
    {
        return inconclusive(outcome, why);
    }
    if outcome.metric.drifts() && !court.interleaved {
        let reason = "the sides were not recorded in turns, and what wall-clock time enters drifts: \
                      compare it with `looptrace ab`";
        return inconclusive(outcome, reason.to_owned());
    }
    outcome.p = Some(scale.p_value(&head.values, &base.values, tolerance));
    // Settled when all p-values are known.
    outcome
}

fn one_sided(mut outcome: Outcome, court: &Court<'_>) -> Outcome {
    let missing = if outcome.head.is_some() { court.inputs.base } else { court.inputs.head };
    let can_be_new =
        outcome.metric.scope == Scope::Coroutine && missing.iter().any(|run| run.blind().is_none());
    outcome.reason = match (&outcome.head, &outcome.base) {
        (Some(_), None) if can_be_new => "new: the baseline does not have it".to_owned(),
        (None, Some(_)) if can_be_new => "gone: only the baseline has it".to_owned(),
        _ => {
            outcome.verdict = Verdict::Inconclusive;
            format!("the recordings do not tell {}", outcome.metric.about)
        }
    };
    outcome
}

/// Gives the comparisons their verdicts, together: with many, some come out small by chance.
pub(super) fn settle(outcomes: &mut [Outcome], court: &Court<'_>) {
    let open: Vec<usize> =
        (0..outcomes.len()).filter(|&index| outcomes[index].p.is_some()).collect();
    let p_values: Vec<f64> = open.iter().filter_map(|&index| outcomes[index].p).collect();
    for (&index, adjusted) in open.iter().zip(holm(&p_values)) {
        let outcome = &mut outcomes[index];
        outcome.p_adjusted = Some(adjusted);
        if let (Limit::Increase(tolerance), Some(effect)) = (outcome.limit, outcome.effect) {
            decide(outcome, tolerance, effect, adjusted, court);
        }
    }
}

fn decide(outcome: &mut Outcome, tolerance: f64, effect: Effect, adjusted: f64, court: &Court<'_>) {
    let alpha = court.inputs.config.stats.alpha;
    let Effect { estimate, low, high } = effect;
    let change = format!("{} ({} to {})", signed(estimate), signed(low), signed(high));
    let limit = percent(tolerance);
    let above_floor = outcome.floor.is_none_or(|floor| estimate > floor);
    let proven = adjusted < alpha && low > tolerance;
    (outcome.verdict, outcome.reason) = if proven && above_floor {
        let reason = format!("{change}: above the tolerance of {limit}, p {}", p_words(adjusted));
        (Verdict::Fail, reason)
    } else if proven {
        let floor = percent(outcome.floor.unwrap_or(0.0));
        let reason = format!("{change}: within the noise of this machine ({floor})");
        (Verdict::Inconclusive, reason)
    } else if high <= tolerance {
        (Verdict::Pass, format!("{change}: within the tolerance of {limit}"))
    } else {
        outcome.more_runs = more_runs(outcome, tolerance, estimate);
        let more = outcome.more_runs.map_or_else(
            || format!("it lies too near at {limit} for any number of runs to tell"),
            |more| format!("about {more} more runs of each side would tell"),
        );
        (Verdict::Inconclusive, format!("{change}: may be above or below {limit}; {more}"))
    };
}

fn signed(share: f64) -> String {
    if share == f64::NEG_INFINITY {
        return "−∞".to_owned();
    }
    let words = percent(share.abs());
    if share < 0.0 { format!("−{words}") } else { format!("+{words}") }
}

fn p_words(p: f64) -> String {
    if p < 0.001 { "< 0.001".to_owned() } else { format!("= {p:.3}") }
}

/// How many more runs per side would make the interval narrow enough not to hold the tolerance:
/// the width of the interval of a rank test shrinks with the root of the number of runs.
fn more_runs(outcome: &Outcome, tolerance: f64, estimate: f64) -> Option<u32> {
    /// A rank test needs this many more runs than one that knew values to be normal: π/3.
    const RANKS: f64 = 1.047_197_551_196_597_6;
    /// 95 % on both sides, and four chances of five to find it: (1.96 + 0.84)².
    const CERTAINTY: f64 = 7.84;
    let (head, base) = (outcome.head.as_ref()?, outcome.base.as_ref()?);
    let scatter = |values: &[f64], median: f64| {
        let middle = if median > 0.0 { median } else { base.median.max(head.median) };
        mad(values).map(|size| if middle > 0.0 { size / middle } else { 0.0 })
    };
    let one = scatter(&head.values, head.median)?;
    let other = scatter(&base.values, base.median)?;
    let distance = (estimate - tolerance).abs();
    let needed = CERTAINTY * RANKS * (one * one + other * other) / (distance * distance);
    if !needed.is_finite() || needed > f64::from(MOST_RUNS) {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded above")]
    let needed = needed.ceil() as u32;
    let now = u32::try_from(head.values.len().min(base.values.len())).unwrap_or(MOST_RUNS);
    Some(needed.saturating_sub(now).max(2))
}

/// How differences become shares.
enum Scale {
    /// All values are positive: ratios, so that doubling and halving weigh the same.
    Ratio,
    /// Some are zero: differences, as a share of the baseline's middle value.
    Difference {
        /// Zero if the baseline's is.
        middle: f64,
    },
}

impl Scale {
    fn of(head: &[f64], base: &[f64]) -> Self {
        if head.iter().chain(base).all(|&value| value > 0.0) {
            return Self::Ratio;
        }
        Self::Difference { middle: super::super::stats::median(base).unwrap_or(0.0) }
    }

    fn effect(&self, head: &[f64], base: &[f64]) -> Option<Effect> {
        match *self {
            Self::Ratio => {
                let logs =
                    |values: &[f64]| values.iter().map(|value| value.ln()).collect::<Vec<_>>();
                let shift = shift(&logs(head), &logs(base), CONFIDENCE)?;
                let share = |log: f64| log.exp() - 1.0;
                Some(Effect {
                    estimate: share(shift.estimate),
                    low: share(shift.low),
                    high: share(shift.high),
                })
            }
            Self::Difference { middle } => {
                let shift = shift(head, base, CONFIDENCE)?;
                let share = |amount: f64| match amount {
                    0.0 => 0.0,
                    amount if middle > 0.0 => amount / middle,
                    amount => amount.signum() * f64::INFINITY,
                };
                Some(Effect {
                    estimate: share(shift.estimate),
                    low: share(shift.low),
                    high: share(shift.high),
                })
            }
        }
    }

    /// Of `head` being above `base` by more than the tolerance.
    fn p_value(&self, head: &[f64], base: &[f64], tolerance: f64) -> f64 {
        let tolerated: Vec<f64> = match *self {
            Self::Ratio => base.iter().map(|value| value * (1.0 + tolerance)).collect(),
            Self::Difference { middle } => {
                base.iter().map(|value| value + middle * tolerance).collect()
            }
        };
        greater(head, &tolerated)
    }
}
