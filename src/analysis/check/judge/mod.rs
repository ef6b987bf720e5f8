//! From runs and budgets to verdicts.

mod absolute;
mod guilty;
mod order;
mod outcome;
mod relative;
mod subjects;

pub use order::interleaved;
pub use outcome::{Allowed, CheckReport, Effect, Figure, Guilty, Outcome, Side, Verdict, percent};

use super::config::{Aggregate, Allowance, Budget, Config, Date, Level, Limit, Mismatch};
use super::environment::{Difference, differences};
use super::figures::{Selection, value};
use super::noise::Noise;
use super::place::Pattern;
use super::run::Run;
use super::stats::{median, quantile};
use crate::recording::Flaw;
use subjects::{Subject, subjects};

/// What a check is made of.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a> {
    /// The budgets.
    pub config: &'a Config,
    /// The runs that are judged.
    pub head: &'a [Run],
    /// The runs that they are compared with; empty without a baseline.
    pub base: &'a [Run],
    /// The noise of this machine, and where it was read from.
    pub noise: Option<(&'a Noise, &'a str)>,
    /// Today, for allowances.
    pub today: Date,
}

/// What the judges of single budgets share.
struct Court<'a> {
    inputs: Inputs<'a>,
    interleaved: bool,
    /// Patterns of stalls that are let pass.
    allowed: Vec<&'a Pattern>,
    /// The share of time that the loop's thread waited for a CPU, on the worse side.
    runq_wait: Option<f64>,
}

/// Judges every budget.
#[must_use]
pub fn judge(inputs: Inputs<'_>) -> CheckReport {
    let Inputs { config, head, base, noise, today } = inputs;
    let current = |allowance: &&Allowance| allowance.until >= today;
    let allowed = config.allowances.iter().filter(current);
    let waits = [runq_wait(head, config.run.aggregate), runq_wait(base, config.run.aggregate)];
    let court = Court {
        inputs,
        interleaved: interleaved(base, head),
        allowed: allowed.filter_map(|allowance| allowance.stall.as_ref()).collect(),
        runq_wait: waits.into_iter().flatten().reduce(f64::max),
    };
    let mut outcomes = Vec::new();
    for budget in config.budgets.iter().filter(|budget| budget.level != Level::Off) {
        let found = subjects(budget, head, base);
        if found.is_empty() {
            outcomes.extend(budget.limits.iter().map(|&limit| court.nothing(budget, limit)));
        }
        for subject in found {
            for &limit in &budget.limits {
                outcomes.push(court.outcome(budget, &subject, limit));
            }
        }
    }
    relative::settle(&mut outcomes, &court);
    let mut notes = court.notes();
    for outcome in &mut outcomes {
        court.allow(outcome);
        if outcome.verdict != Verdict::Pass {
            outcome.guilty = guilty::of(outcome, &court);
        }
    }
    let differences = differences(
        base.iter().map(|run| &run.environment),
        head.iter().map(|run| &run.environment),
    );
    let mismatch = !differences.is_empty() && config.stats.env_mismatch == Mismatch::Fail;
    if mismatch {
        notes.push(
            "the sides were recorded in different environments, and env_mismatch = \"fail\""
                .to_owned(),
        );
    }
    CheckReport {
        verdict: if mismatch { Verdict::Fail } else { overall(&outcomes) },
        config: config.file.clone(),
        head: side(head),
        base: (!base.is_empty()).then(|| side(base)),
        interleaved: court.interleaved,
        alpha: config.stats.alpha,
        min_runs: config.run.min_runs,
        noise: noise.map(|(_, file)| file.to_owned()),
        differences: if config.stats.env_mismatch == Mismatch::Ignore {
            Vec::new()
        } else {
            differences
        },
        outcomes,
        notes,
    }
}

fn overall(outcomes: &[Outcome]) -> Verdict {
    let any = |wanted: &dyn Fn(&Outcome) -> bool| outcomes.iter().any(wanted);
    if any(&Outcome::is_error) {
        Verdict::Fail
    } else if any(&|outcome| {
        outcome.verdict == Verdict::Inconclusive && outcome.level == Level::Error
    }) {
        Verdict::Inconclusive
    } else {
        Verdict::Pass
    }
}

fn side(runs: &[Run]) -> Side {
    Side {
        files: runs.iter().map(|run| run.file.clone()).collect(),
        seconds: runs.iter().map(|run| run.seconds).sum(),
        runq_wait: runq_wait(runs, Aggregate::Median),
        environment: runs.first().map(|run| run.environment.clone()).unwrap_or_default(),
    }
}

fn runq_wait(runs: &[Run], aggregate: Aggregate) -> Option<f64> {
    let waits: Vec<f64> = runs.iter().filter_map(|run| run.runq_wait).collect();
    match aggregate {
        Aggregate::Median => median(&waits),
        Aggregate::Optimistic => quantile(&waits, 0.0),
        Aggregate::Pessimistic => quantile(&waits, 1.0),
    }
}

impl Court<'_> {
    fn outcome(&self, budget: &Budget, subject: &Subject, limit: Limit) -> Outcome {
        let outcome = Outcome {
            metric: budget.metric,
            line: budget.line,
            selection: selection_words(budget),
            coroutine: subject.coroutine.clone(),
            test: subject.test.clone(),
            level: budget.level,
            limit,
            verdict: Verdict::Skipped,
            reason: String::new(),
            head: self.figure(budget, subject, self.inputs.head),
            base: self.figure(budget, subject, self.inputs.base),
            effect: None,
            p: None,
            p_adjusted: None,
            floor: None,
            more_runs: None,
            allowed: None,
            guilty: Vec::new(),
        };
        match limit {
            Limit::Max(max) => absolute::judge(outcome, max, self),
            Limit::Increase(tolerance) => relative::judge(outcome, tolerance, budget, self),
        }
    }

    /// About a budget whose pattern fits nothing: most likely a slip in it, and no reason to pass.
    fn nothing(&self, budget: &Budget, limit: Limit) -> Outcome {
        let mut outcome = self.outcome(budget, &Subject::default(), limit);
        (outcome.head, outcome.base, outcome.p) = (None, None, None);
        let named = budget.test.is_some() || budget.coroutine.is_some();
        outcome.verdict = if named { Verdict::Inconclusive } else { Verdict::Skipped };
        outcome.reason = match (&budget.test, &budget.coroutine) {
            (Some(pattern), _) => format!("no test that was seen matches \"{}\"", pattern.text()),
            (_, Some(pattern)) => {
                format!("no coroutine that was seen matches \"{}\"", pattern.text())
            }
            _ => "no coroutine was seen".to_owned(),
        };
        outcome
    }

    fn figure(&self, budget: &Budget, subject: &Subject, runs: &[Run]) -> Option<Figure> {
        let key = subject.coroutine.as_ref().map(super::place::Place::key);
        let selection = Selection {
            coroutine: key.as_deref(),
            cause: budget.cause.as_deref(),
            at: budget.at.as_ref(),
            test: subject.test.as_deref(),
            allowed: &self.allowed,
        };
        let values: Vec<f64> =
            runs.iter().filter_map(|run| value(run, budget.metric, &selection)).collect();
        let median = median(&values)?;
        Some(Figure { median, values })
    }

    /// Why wall-clock figures mean nothing here, if they do not.
    fn too_loaded(&self) -> Option<String> {
        let limit = self.inputs.config.stats.max_runq_wait;
        let wait = self.runq_wait.filter(|&wait| wait > limit)?;
        Some(format!(
            "the loop's thread waited for a CPU {} of the time (limit {}): wall-clock figures mean nothing",
            percent(wait),
            percent(limit)
        ))
    }

    /// Lets pass what an allowance names.
    fn allow(&self, outcome: &mut Outcome) {
        if outcome.verdict != Verdict::Fail {
            return;
        }
        let fits = |allowance: &&Allowance| {
            allowance.metric == Some(outcome.metric)
                && allowance.until >= self.inputs.today
                && allowance.coroutine.as_ref().is_none_or(|pattern| {
                    outcome.coroutine.as_ref().is_some_and(|place| pattern.matches(place))
                })
        };
        if let Some(allowance) = self.inputs.config.allowances.iter().find(fits) {
            let Allowance { until, reason, .. } = allowance;
            outcome.verdict = Verdict::Allowed;
            outcome.reason = format!("{}; allowed until {until}: {reason}", outcome.reason);
            outcome.allowed = Some(Allowed { until: until.to_string(), reason: reason.clone() });
        }
    }

    /// What is let pass, until when and how often, and what no longer is.
    fn allowance_notes(&self) -> Vec<String> {
        let Inputs { config, head, today, .. } = self.inputs;
        let mut notes = Vec::new();
        for allowance in &config.allowances {
            let what =
                allowance.stall.as_ref().map(|pattern| format!("stalls at {}", pattern.text()));
            let what = what.or_else(|| allowance.metric.map(|metric| metric.id.to_owned()));
            let (what, until) = (what.unwrap_or_default(), allowance.until);
            if until < today {
                notes.push(format!(
                    "the allowance for {what} in line {} ended on {until} and is not used any more",
                    allowance.line
                ));
                continue;
            }
            let Some(pattern) = &allowance.stall else { continue };
            let matches = |run: &Run| {
                run.stalls
                    .iter()
                    .filter(|stall| stall.place.as_ref().is_some_and(|at| pattern.matches(at)))
                    .count()
            };
            let number: usize = head.iter().map(matches).sum();
            notes.push(format!(
                "{what} are let pass until {until} ({number} in the runs judged): {}",
                allowance.reason
            ));
        }
        notes
    }

    fn notes(&self) -> Vec<String> {
        let Inputs { config, head, base, noise, .. } = self.inputs;
        let mut notes = self.allowance_notes();
        for run in head.iter().chain(base).filter(|run| run.truncated) {
            let why = run.flaw.unwrap_or(Flaw::Cut);
            notes.push(format!("{why}, judged up to there: {}", run.file));
        }
        for run in head.iter().chain(base) {
            notes.extend(run.blind().map(|why| format!("not used, {why}: {}", run.file)));
        }
        let wall = config
            .budgets
            .iter()
            .any(|budget| budget.metric.is_wall() && budget.level != Level::Off);
        if self.runq_wait.is_none() && wall {
            notes.push(
                "how long the loop's thread waited for a CPU was not recorded: whether the machine \
                 was too busy for wall-clock figures is not known"
                    .to_owned(),
            );
        }
        let elsewhere: Vec<Difference> =
            noise.map_or_else(Vec::new, |(noise, _)| noise.mismatch(head));
        for Difference { what, base, head } in elsewhere {
            notes.push(format!(
                "the noise floor was measured with another {what}: {base}, here {head}"
            ));
        }
        if let Some(other) = noise.and_then(|(noise, _)| noise.stall_threshold)
            && let here = config.run.stall_threshold
            && (other - here).abs() > 1e-9
        {
            let ms = |seconds: f64| format!("{} ms", (seconds * 1e6).round() / 1e3);
            notes.push(format!(
                "the noise floor of stalls is that of stalls from {} on, here they count from {}",
                ms(other),
                ms(here)
            ));
        }
        notes
    }
}

fn selection_words(budget: &Budget) -> String {
    let mut words = Vec::new();
    if let Some(cause) = &budget.cause {
        words.push(format!("cause {cause}"));
    }
    if let Some(at) = &budget.at {
        words.push(format!("at {}", at.text()));
    }
    words.join(", ")
}
