//! From text to a configuration.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::super::cause::causes;
use super::super::metric::{METRICS, Metric, Scope};
use super::super::place::Pattern;
use super::super::suggest::suggestion;
use super::budget::{Allowance, Budget, Level, Limit};
use super::error::{ConfigError, Mistake, position};
use super::table::{Entry, Table};
use super::values::{date, figure, seconds, share};
use super::{Aggregate, Config, Mismatch, RunOptions, StatsOptions};

const ROOT: &[&str] = &["schema", "run", "stats", "budget", "allow"];
const RUN: &[&str] = &["min_runs", "min_duration", "stall_threshold", "aggregate"];
const STATS: &[&str] = &["alpha", "noise", "max_runq_wait", "env_mismatch"];
const BUDGET: &[&str] = &[
    "metric",
    "level",
    "max",
    "max_increase",
    "coroutine",
    "top",
    "min_value",
    "cause",
    "at",
    "test",
];
const ALLOW: &[&str] = &["stall", "metric", "coroutine", "until", "reason"];

/// More budgets than anyone writes.
const MOST: usize = 10_000;

pub(super) fn config(text: &str, file: &str) -> Result<Config, ConfigError> {
    read(text, file).map_err(|mistake| mistake.locate(text, file))
}

fn read(text: &str, file: &str) -> Result<Config, Mistake> {
    let document = DeTable::parse(text).map_err(|error| {
        let span = error.span().unwrap_or(0..0);
        Mistake::new(span, format!("this is no TOML: {}", error.message().trim()))
            .hint("the format is described at https://toml.io; texts need quotes")
    })?;
    let root = Table::new(document.get_ref(), 0..0, "the file", ROOT)?;
    if let Some(schema) = root.get("schema")
        && schema.number() != Some(1.0)
    {
        return Err(schema.wrong(&schema.shown()).hint("this looptrace reads schema = 1"));
    }
    let mut config = Config {
        file: file.to_owned(),
        run: RunOptions::default(),
        stats: StatsOptions::default(),
        budgets: Vec::new(),
        allowances: Vec::new(),
    };
    if let Some(entry) = root.get("run") {
        config.run = run(&Table::new(table(&entry)?, entry.span.clone(), "[run]", RUN)?)?;
    }
    if let Some(entry) = root.get("stats") {
        config.stats = stats(&Table::new(table(&entry)?, entry.span.clone(), "[stats]", STATS)?)?;
    }
    for (entry, span) in tables(root.get("budget"))? {
        let line = line(text, &span);
        let entry = Table::new(entry, span, "[[budget]]", BUDGET)?;
        config.budgets.push(budget(&entry, line)?);
    }
    for (entry, span) in tables(root.get("allow"))? {
        let line = line(text, &span);
        let entry = Table::new(entry, span, "[[allow]]", ALLOW)?;
        config.allowances.push(allowance(&entry, line)?);
    }
    Ok(config)
}

fn line(text: &str, span: &Range<usize>) -> u32 {
    u32::try_from(position(text, span.start).0).unwrap_or(u32::MAX)
}

fn table<'a, 'i>(entry: &Entry<'a, 'i>) -> Result<&'a DeTable<'i>, Mistake> {
    entry
        .value
        .as_table()
        .ok_or_else(|| entry.wrong(&entry.shown()).hint(format!("write a table: [{}]", entry.key)))
}

type SpannedTable<'a, 'i> = (&'a DeTable<'i>, Range<usize>);

/// The tables of `[[key]]`.
fn tables<'a, 'i>(entry: Option<Entry<'a, 'i>>) -> Result<Vec<SpannedTable<'a, 'i>>, Mistake> {
    let Some(entry) = entry else { return Ok(Vec::new()) };
    let wrong = || {
        entry
            .wrong(&entry.shown())
            .hint(format!("each begins with its own line: [[{}]]", entry.key))
    };
    let array = entry.value.as_array().ok_or_else(wrong)?;
    array
        .iter()
        .take(MOST)
        .map(|item: &Spanned<DeValue<'i>>| {
            item.get_ref().as_table().map(|table| (table, item.span())).ok_or_else(wrong)
        })
        .collect()
}

fn run(table: &Table<'_, '_>) -> Result<RunOptions, Mistake> {
    let mut options = RunOptions::default();
    if let Some(entry) = table.get("min_runs") {
        options.min_runs = entry.whole(1)?;
    }
    if let Some(entry) = table.get("min_duration") {
        options.min_duration = seconds(&entry)?;
    }
    if let Some(entry) = table.get("stall_threshold") {
        options.stall_threshold = seconds(&entry)?;
        if options.stall_threshold <= 0.0 {
            return Err(entry.wrong(&entry.shown()).hint("stall_threshold = \"50ms\""));
        }
    }
    let words = [
        ("median", Aggregate::Median),
        ("optimistic", Aggregate::Optimistic),
        ("pessimistic", Aggregate::Pessimistic),
    ];
    options.aggregate = table.word("aggregate", &words)?.unwrap_or_default();
    Ok(options)
}

fn stats(table: &Table<'_, '_>) -> Result<StatsOptions, Mistake> {
    let mut options = StatsOptions::default();
    if let Some(entry) = table.get("alpha") {
        options.alpha = share(&entry)?;
        if !(options.alpha > 0.0 && options.alpha <= 0.5) {
            return Err(entry
                .wrong(&entry.shown())
                .hint("it lies above 0 and up to 0.5: alpha = 0.05"));
        }
    }
    options.noise = table.text("noise")?.map(|(text, _)| text.to_owned());
    if let Some(entry) = table.get("max_runq_wait") {
        options.max_runq_wait = share(&entry)?;
    }
    let words = [("warn", Mismatch::Warn), ("fail", Mismatch::Fail), ("ignore", Mismatch::Ignore)];
    options.env_mismatch = table.word("env_mismatch", &words)?.unwrap_or_default();
    Ok(options)
}

fn metric(text: &str, span: Range<usize>) -> Result<&'static Metric, Mistake> {
    Metric::named(text).ok_or_else(|| {
        let hint = suggestion(text, METRICS.iter().map(|metric| metric.id)).map_or_else(
            || "`looptrace check --list-metrics` names all of them".to_owned(),
            |near| format!("did you mean \"{near}\"? `looptrace check --list-metrics` names all"),
        );
        Mistake::new(span, format!("unknown metric \"{text}\"")).hint(hint)
    })
}

fn budget(table: &Table<'_, '_>, line: u32) -> Result<Budget, Mistake> {
    let entry = table.required("metric", "name what it limits: metric = \"stall.max\"")?;
    let metric = metric(entry.text()?, entry.span.clone())?;
    let mut limits = Vec::new();
    if let Some(entry) = table.get("max") {
        limits.push(Limit::Max(figure(&entry, metric.unit)?));
    }
    if let Some(entry) = table.get("max_increase") {
        limits.push(Limit::Increase(share(&entry)?));
    }
    if limits.is_empty() {
        return Err(Mistake::new(table.span.clone(), "[[budget]] limits nothing").hint(
            "add max = … for the figure itself, or max_increase = \"10%\" against a baseline",
        ));
    }
    let levels = [("off", Level::Off), ("warn", Level::Warn), ("error", Level::Error)];
    let budget = Budget {
        metric,
        level: table.word("level", &levels)?.unwrap_or_default(),
        limits,
        coroutine: pattern(table, "coroutine")?,
        top: table.get("top").map(|entry| entry.whole(1)).transpose()?,
        min_value: table.get("min_value").map(|entry| figure(&entry, metric.unit)).transpose()?,
        cause: cause(table)?,
        at: pattern(table, "at")?,
        test: pattern(table, "test")?,
        line,
    };
    fits(table, metric)?;
    Ok(budget)
}

/// Selections that the metric has nothing of.
fn fits(table: &Table<'_, '_>, metric: &Metric) -> Result<(), Mistake> {
    let selections: [(&'static str, &[Scope], &str); 5] = [
        ("coroutine", &[Scope::Coroutine], "coroutine.running.per_task"),
        ("top", &[Scope::Coroutine], "coroutine.running.per_task"),
        ("cause", &[Scope::Stalls], "stall.max"),
        ("at", &[Scope::Stalls, Scope::Locks], "stall.max"),
        ("test", &[Scope::Stalls], "stall.max"),
    ];
    for (key, scopes, example) in selections {
        if let Some(entry) = table.get(key).filter(|_| !scopes.contains(&metric.scope)) {
            let message = format!("\"{key}\" says nothing about {}", metric.id);
            return Err(Mistake::new(entry.span, message)
                .hint(format!("it selects for metrics such as {example}")));
        }
    }
    Ok(())
}

fn pattern(table: &Table<'_, '_>, key: &'static str) -> Result<Option<Pattern>, Mistake> {
    match table.text(key)? {
        Some((text, span)) if text.is_empty() || text.len() > 1000 => {
            Err(Mistake::new(span, format!("\"{key}\" is empty or too long"))
                .hint("* stands for any text: \"app.api.*\""))
        }
        text => Ok(text.map(|(text, _)| Pattern::new(text))),
    }
}

fn cause(table: &Table<'_, '_>) -> Result<Option<String>, Mistake> {
    let Some((text, span)) = table.text("cause")? else { return Ok(None) };
    let known = causes();
    if known.contains(&text) {
        return Ok(Some(text.to_owned()));
    }
    let hint = suggestion(text, known.iter().copied()).map_or_else(
        || format!("it is one of: {}", known.join(", ")),
        |near| format!("did you mean \"{near}\"?"),
    );
    Err(Mistake::new(span, format!("unknown cause \"{text}\"")).hint(hint))
}

fn allowance(table: &Table<'_, '_>, line: u32) -> Result<Allowance, Mistake> {
    let until = table.required("until", "an allowance ends some day: until = \"2027-01-31\"")?;
    let reason = table.required("reason", "say why, for those who come later: reason = \"…\"")?;
    let text = reason.text()?.trim();
    if text.is_empty() {
        return Err(reason.wrong("empty").hint("say why, for those who come later"));
    }
    let stall = pattern(table, "stall")?;
    let about = table.text("metric")?.map(|(text, span)| metric(text, span)).transpose()?;
    if stall.is_some() == about.is_some() {
        return Err(Mistake::new(
            table.span.clone(),
            "[[allow]] needs either \"stall\" or \"metric\"",
        )
        .hint("stall = \"app.startup:load_model\" lets one place pass; metric = … a budget"));
    }
    Ok(Allowance {
        stall,
        metric: about,
        coroutine: pattern(table, "coroutine")?,
        until: date(&until)?,
        reason: text.to_owned(),
        line,
    })
}
