//! What a check finds.

use super::super::config::{Level, Limit};
use super::super::environment::{Difference, Environment};
use super::super::metric::Metric;
use super::super::place::Place;
use super::super::run::StallRun;

/// What is said about one budget, and about all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is kept.
    Pass,
    /// It is broken, and the measurement is good enough to say so.
    Fail,
    /// The measurement is not good enough to say.
    Inconclusive,
    /// It is broken, and an allowance lets that pass.
    Allowed,
    /// There was nothing to compare or to measure.
    Skipped,
}

impl Verdict {
    /// The word used in every output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Inconclusive => "inconclusive",
            Self::Allowed => "allowed",
            Self::Skipped => "skipped",
        }
    }
}

/// A figure of a side.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Figure {
    /// Its middle run's.
    pub median: f64,
    /// Every run's, in the order of the runs.
    pub values: Vec<f64>,
}

/// How far the head lies above the baseline, as a share of it: 0.1 is 10 % more.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Effect {
    /// The estimate.
    pub estimate: f64,
    /// The lower end of the 95 % interval; −∞ where there are too few runs.
    pub low: f64,
    /// The upper end; +∞ where there are too few runs.
    pub high: f64,
}

/// What is known and let pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowed {
    /// Until when.
    pub until: String,
    /// Why.
    pub reason: String,
}

/// What was found about one budget, for one coroutine or test where it has several.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The metric.
    pub metric: &'static Metric,
    /// The budget's line in the configuration.
    pub line: u32,
    /// What it selects, for people: `cause = "gc"`; empty for everything.
    pub selection: String,
    /// The coroutine it is about.
    pub coroutine: Option<Place>,
    /// The test it is about.
    pub test: Option<String>,
    /// What happens when it is broken.
    pub level: Level,
    /// What is limited.
    pub limit: Limit,
    /// What was found.
    pub verdict: Verdict,
    /// Why, in one sentence.
    pub reason: String,
    /// Of the side that is judged.
    pub head: Option<Figure>,
    /// Of the baseline.
    pub base: Option<Figure>,
    /// For comparisons.
    pub effect: Option<Effect>,
    /// The one-sided p-value of being above the baseline by more than the tolerance.
    pub p: Option<f64>,
    /// The same, adjusted for all comparisons made.
    pub p_adjusted: Option<f64>,
    /// The noise floor of the metric here, as a share.
    pub floor: Option<f64>,
    /// How many more runs per side would decide, roughly.
    pub more_runs: Option<u32>,
    /// The allowance that lets it pass.
    pub allowed: Option<Allowed>,
    /// The heaviest stalls behind it, worst first.
    pub guilty: Vec<Guilty>,
}

/// A place where loops stalled, over all runs of a side.
#[derive(Debug, Clone, PartialEq)]
pub struct Guilty {
    /// The guilty line.
    pub place: Place,
    /// Its worst stall.
    pub worst: StallRun,
    /// Stalls per run.
    pub per_run: f64,
    /// Stalled seconds per run.
    pub seconds: f64,
    /// The same on the baseline's side, if there is one.
    pub base_seconds: Option<f64>,
}

/// One side, for people.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Side {
    /// Its recordings.
    pub files: Vec<String>,
    /// How many seconds were recorded, all runs together.
    pub seconds: f64,
    /// The middle run's share of time waiting for a CPU; `None` where it was not recorded.
    pub runq_wait: Option<f64>,
    /// Where.
    pub environment: Environment,
}

/// Everything a check finds.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckReport {
    /// About all budgets together.
    pub verdict: Verdict,
    /// The configuration, for people.
    pub config: String,
    /// The side that is judged.
    pub head: Side,
    /// The side that it is compared with.
    pub base: Option<Side>,
    /// Whether the runs of both sides took turns.
    pub interleaved: bool,
    /// What adjusted p-values had to stay below.
    pub alpha: f64,
    /// Runs per side that comparisons need.
    pub min_runs: usize,
    /// Where noise floors come from.
    pub noise: Option<String>,
    /// What differs between the sides.
    pub differences: Vec<Difference>,
    /// What was found, in the order of the configuration.
    pub outcomes: Vec<Outcome>,
    /// What else should be known.
    pub notes: Vec<String>,
}

impl Outcome {
    /// `stall.max (cause = "gc") [app.py:handle]`: what it is about, for people.
    #[must_use]
    pub fn title(&self) -> String {
        let mut title = self.metric.id.to_owned();
        if let Some(coroutine) = &self.coroutine {
            title.push_str(&format!(" of {}", coroutine.function));
        }
        if let Some(test) = &self.test {
            title.push_str(&format!(" in {test}"));
        }
        if !self.selection.is_empty() {
            title.push_str(&format!(" ({})", self.selection));
        }
        title
    }

    /// `≤ 100 ms`, `≤ +10 %`: the limit for people.
    #[must_use]
    pub fn limit_words(&self) -> String {
        match self.limit {
            Limit::Max(max) => format!("≤ {}", self.metric.show(max)),
            Limit::Increase(share) => format!("≤ +{}", percent(share)),
        }
    }

    /// Whether it fails the build.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.verdict == Verdict::Fail && self.level == Level::Error
    }
}

impl CheckReport {
    /// Outcomes with this verdict.
    #[must_use]
    pub fn count(&self, verdict: Verdict) -> usize {
        self.outcomes.iter().filter(|outcome| outcome.verdict == verdict).count()
    }

    /// Outcomes worth a look, worst first: broken, inconclusive, allowed.
    #[must_use]
    pub fn notable(&self) -> Vec<&Outcome> {
        let rank = |outcome: &Outcome| match (outcome.verdict, outcome.level) {
            (Verdict::Fail, Level::Error) => 0,
            (Verdict::Fail, _) => 1,
            (Verdict::Inconclusive, _) => 2,
            (Verdict::Allowed, _) => 3,
            (Verdict::Skipped, _) => 4,
            (Verdict::Pass, _) => 5,
        };
        let mut notable: Vec<&Outcome> =
            self.outcomes.iter().filter(|outcome| rank(outcome) < 4).collect();
        notable.sort_by(|one, other| {
            let size = |outcome: &Outcome| outcome.effect.map_or(0.0, |effect| effect.estimate);
            rank(one).cmp(&rank(other)).then(size(other).total_cmp(&size(one)))
        });
        notable
    }
}

/// `12.3 %`, `+∞` as `many times`.
#[must_use]
pub fn percent(share: f64) -> String {
    let value = share * 100.0;
    if value.is_infinite() {
        return "∞ %".to_owned();
    }
    if value.abs() >= 9.95 || (value - value.round()).abs() < 1e-9 {
        format!("{value:.0} %")
    } else {
        format!("{value:.1} %")
    }
}
