//! A check as `looptrace.check/1`.

use std::io::{self, Write};

use serde::Serialize;

use crate::analysis::check::{
    CheckReport, Environment, Figure, Guilty, Limit, Outcome, Place, Side,
};

use super::sources::Sources;

#[derive(Serialize)]
struct CheckJson<'a> {
    schema: &'static str,
    verdict: &'static str,
    config: &'a str,
    head: SideJson<'a>,
    baseline: Option<SideJson<'a>>,
    interleaved: bool,
    alpha: f64,
    min_runs: usize,
    noise: Option<&'a str>,
    differences: Vec<DifferenceJson<'a>>,
    results: Vec<ResultJson<'a>>,
    notes: &'a [String],
}

#[derive(Serialize)]
struct SideJson<'a> {
    runs: &'a [String],
    seconds: f64,
    runq_wait: Option<f64>,
    environment: EnvironmentJson<'a>,
}

#[derive(Serialize)]
struct EnvironmentJson<'a> {
    kernel: Option<&'a str>,
    machine: Option<&'a str>,
    cpu: Option<&'a str>,
    cores: Option<&'a str>,
    python: Option<&'a str>,
    looptrace: Option<&'a str>,
}

#[derive(Serialize)]
struct DifferenceJson<'a> {
    what: &'a str,
    baseline: &'a str,
    head: &'a str,
}

#[derive(Serialize)]
struct ResultJson<'a> {
    metric: &'static str,
    unit: &'static str,
    clock: &'static str,
    line: u32,
    selection: &'a str,
    coroutine: Option<PlaceJson<'a>>,
    test: Option<&'a str>,
    level: &'static str,
    max: Option<f64>,
    max_increase: Option<f64>,
    verdict: &'static str,
    reason: &'a str,
    head: Option<FigureJson<'a>>,
    baseline: Option<FigureJson<'a>>,
    effect: Option<EffectJson>,
    p: Option<f64>,
    p_adjusted: Option<f64>,
    noise_floor: Option<f64>,
    more_runs: Option<u32>,
    allowed: Option<AllowedJson<'a>>,
    stalls: Vec<StallJson<'a>>,
}

#[derive(Serialize)]
struct FigureJson<'a> {
    median: f64,
    values: &'a [f64],
}

/// Ends of intervals that are infinite are null.
#[derive(Serialize)]
struct EffectJson {
    estimate: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
}

#[derive(Serialize)]
struct AllowedJson<'a> {
    until: &'a str,
    reason: &'a str,
}

#[derive(Serialize)]
struct PlaceJson<'a> {
    function: &'a str,
    file: Option<&'a str>,
    line: Option<u32>,
    code: Option<&'a str>,
}

#[derive(Serialize)]
struct StallJson<'a> {
    location: PlaceJson<'a>,
    per_run: f64,
    seconds_per_run: f64,
    baseline_seconds_per_run: Option<f64>,
    worst_seconds: f64,
    worst_on_cpu_seconds: Option<f64>,
    worst_blocked_seconds: Option<f64>,
    cause: &'static str,
    why: &'a str,
    test: Option<&'a str>,
    advice: Option<&'static str>,
    stack: Vec<PlaceJson<'a>>,
}

/// Writes a check as `looptrace.check/1`.
///
/// # Errors
/// What the writer gives.
pub fn json(report: &CheckReport, sources: &Sources, out: &mut impl Write) -> io::Result<()> {
    let check = CheckJson {
        schema: "looptrace.check/1",
        verdict: report.verdict.name(),
        config: &report.config,
        head: side(&report.head),
        baseline: report.base.as_ref().map(side),
        interleaved: report.interleaved,
        alpha: report.alpha,
        min_runs: report.min_runs,
        noise: report.noise.as_deref(),
        differences: report
            .differences
            .iter()
            .map(|one| DifferenceJson { what: one.what, baseline: &one.base, head: &one.head })
            .collect(),
        results: report.outcomes.iter().map(|outcome| result(outcome, sources)).collect(),
        notes: &report.notes,
    };
    serde_json::to_writer_pretty(&mut *out, &check)?;
    writeln!(out)
}

fn side(side: &Side) -> SideJson<'_> {
    let Environment { kernel, machine, cpu, cores, python, looptrace, .. } = &side.environment;
    SideJson {
        runs: &side.files,
        seconds: side.seconds,
        runq_wait: side.runq_wait,
        environment: EnvironmentJson {
            kernel: kernel.as_deref(),
            machine: machine.as_deref(),
            cpu: cpu.as_deref(),
            cores: cores.as_deref(),
            python: python.as_deref(),
            looptrace: looptrace.as_deref(),
        },
    }
}

fn result<'a>(outcome: &'a Outcome, sources: &'a Sources) -> ResultJson<'a> {
    let (max, max_increase) = match outcome.limit {
        Limit::Max(max) => (Some(max), None),
        Limit::Increase(share) => (None, Some(share)),
    };
    let finite = |value: f64| Some(value).filter(|value| value.is_finite());
    ResultJson {
        metric: outcome.metric.id,
        unit: outcome.metric.unit.name(),
        clock: outcome.metric.clock.name(),
        line: outcome.line,
        selection: &outcome.selection,
        coroutine: outcome.coroutine.as_ref().map(|at| place(at, sources)),
        test: outcome.test.as_deref(),
        level: outcome.level.name(),
        max,
        max_increase,
        verdict: outcome.verdict.name(),
        reason: &outcome.reason,
        head: outcome.head.as_ref().map(figure),
        baseline: outcome.base.as_ref().map(figure),
        effect: outcome.effect.map(|effect| EffectJson {
            estimate: finite(effect.estimate),
            low: finite(effect.low),
            high: finite(effect.high),
        }),
        p: outcome.p,
        p_adjusted: outcome.p_adjusted,
        noise_floor: outcome.floor,
        more_runs: outcome.more_runs,
        allowed: outcome
            .allowed
            .as_ref()
            .map(|allowed| AllowedJson { until: &allowed.until, reason: &allowed.reason }),
        stalls: outcome.guilty.iter().map(|guilty| stall(guilty, sources)).collect(),
    }
}

fn figure(figure: &Figure) -> FigureJson<'_> {
    FigureJson { median: figure.median, values: &figure.values }
}

fn place<'a>(place: &'a Place, sources: &'a Sources) -> PlaceJson<'a> {
    PlaceJson {
        function: &place.function,
        file: Some(place.file.as_str()).filter(|file| !file.is_empty()),
        line: Some(place.line).filter(|&line| line > 0),
        code: sources.code(place),
    }
}

fn stall<'a>(guilty: &'a Guilty, sources: &'a Sources) -> StallJson<'a> {
    let worst = &guilty.worst;
    StallJson {
        location: place(&guilty.place, sources),
        per_run: guilty.per_run,
        seconds_per_run: guilty.seconds,
        baseline_seconds_per_run: guilty.base_seconds,
        worst_seconds: worst.wall,
        worst_on_cpu_seconds: worst.cpu,
        worst_blocked_seconds: worst.blocked,
        cause: worst.cause,
        why: &worst.why,
        test: worst.test.as_deref(),
        advice: worst.advice,
        stack: worst.stack.iter().map(|at| place(at, sources)).collect(),
    }
}
