//! Words that the formats share.

use crate::analysis::check::{
    CheckReport, Effect, Figure, Guilty, Level, Outcome, Place, Side, Verdict, percent,
};

use super::super::style::clean;

/// `PASS`, `FAIL`, ….
pub(super) fn shout(verdict: Verdict) -> String {
    verdict.name().to_uppercase()
}

/// One line about the whole.
pub(super) fn headline(report: &CheckReport) -> String {
    let errors = report.outcomes.iter().filter(|outcome| outcome.is_error()).count();
    let warnings = report.count(Verdict::Fail) - errors;
    let mut parts = Vec::new();
    let mut part = |count: usize, words: &str| {
        if count > 0 {
            parts.push(format!("{count} {words}"));
        }
    };
    part(errors, "broken");
    part(warnings, "broken as a warning");
    part(report.count(Verdict::Inconclusive), "inconclusive");
    part(report.count(Verdict::Allowed), "allowed");
    part(report.count(Verdict::Skipped), "skipped");
    part(report.count(Verdict::Pass), "kept");
    if parts.is_empty() {
        parts.push("no budgets".to_owned());
    }
    parts.join(", ")
}

/// The word for an outcome: `FAIL`, `warn`, ….
pub(super) fn mark(outcome: &Outcome) -> &'static str {
    match (outcome.verdict, outcome.level) {
        (Verdict::Fail, Level::Error) => "✗",
        (Verdict::Fail, _) => "!",
        (Verdict::Inconclusive, _) => "?",
        (Verdict::Allowed, _) => "a",
        (Verdict::Skipped, _) => "-",
        (Verdict::Pass, _) => "✓",
    }
}

/// A figure with the spread of its runs: `12.3 ms (11.9 ms to 13.0 ms)`.
pub(super) fn figure(outcome: &Outcome, figure: Option<&Figure>) -> String {
    let Some(figure) = figure else { return "–".to_owned() };
    let metric = outcome.metric;
    let middle = metric.show(figure.median);
    let low = figure.values.iter().copied().reduce(f64::min);
    let high = figure.values.iter().copied().reduce(f64::max);
    match (low, high) {
        (Some(low), Some(high)) if figure.values.len() > 1 => {
            format!("{middle} ({} to {})", metric.show(low), metric.show(high))
        }
        _ => middle,
    }
}

/// `+34 % (+28 % to +40 %)`; empty without a comparison.
pub(super) fn change(effect: Option<Effect>) -> String {
    let Some(Effect { estimate, low, high }) = effect else { return String::new() };
    let signed = |share: f64| {
        let sign = if share < 0.0 { "−" } else { "+" };
        format!("{sign}{}", percent(share.abs()))
    };
    if low.is_infinite() && high.is_infinite() {
        return signed(estimate);
    }
    format!("{} ({} to {})", signed(estimate), signed(low), signed(high))
}

/// `app/views.py:42 in render: 14.0 ms, 12.3 ms of it on a CPU (cpu_python)`.
pub(super) fn guilty(guilty: &Guilty, sources: &super::Sources) -> String {
    let Guilty { place, worst, per_run, base_seconds, seconds } = guilty;
    let unit = crate::analysis::check::Unit::Seconds;
    let mut words = format!("{} in {}", clean(&sources.short(place)), clean(&place.function));
    words.push_str(&format!(": worst {}", unit.show(worst.wall)));
    if let Some(cpu) = worst.cpu {
        words.push_str(&format!(", {} of it on a CPU", unit.show(cpu)));
    }
    let why = if worst.why.is_empty() { worst.cause } else { worst.why.as_str() };
    words.push_str(&format!(", {} ({})", worst.cause, clean(why)));
    words.push_str(&format!("; {per_run:.1} stalls and {} per run", unit.show(*seconds)));
    if let Some(base) = base_seconds {
        words.push_str(&format!(", {} in the baseline", unit.show(*base)));
    }
    words
}

/// Why the result can be believed, as sentences.
pub(super) fn trust(report: &CheckReport) -> Vec<String> {
    let mut lines = Vec::new();
    lines.push(match &report.base {
        Some(base) => format!(
            "{} against {} of the baseline, {}",
            runs(&report.head),
            runs(base),
            if report.interleaved {
                "recorded in turns"
            } else {
                "not recorded in turns: wall-clock figures are not compared"
            }
        ),
        None => format!("{}, no baseline", runs(&report.head)),
    });
    if report.base.is_some() {
        lines.push(format!(
            "a comparison fails if the rank test over runs finds it above the tolerance (p < {} after \
             Holm's correction for all comparisons), its whole 95 % interval lies above it, and it \
             exceeds the noise floor",
            report.alpha
        ));
        lines.push(match &report.noise {
            Some(file) => format!("noise floor: {file}"),
            None => "noise floor: not measured (`looptrace calibrate` does)".to_owned(),
        });
    }
    let wait = |side: &Side| side.runq_wait.map_or("unknown".to_owned(), percent);
    lines.push(match &report.base {
        Some(base) => format!(
            "waiting for a CPU: {} of the time, {} in the baseline",
            wait(&report.head),
            wait(base)
        ),
        None => format!("waiting for a CPU: {} of the time", wait(&report.head)),
    });
    lines.push(format!("environment: {}", clean(&report.head.environment.line())));
    for difference in &report.differences {
        lines.push(format!(
            "different {}: {} in the baseline, {} here",
            difference.what,
            clean(&difference.base),
            clean(&difference.head)
        ));
    }
    lines
}

fn runs(side: &Side) -> String {
    let count = side.files.len();
    let noun = if count == 1 { "run" } else { "runs" };
    format!("{count} {noun} of {:.1} s together", side.seconds)
}

/// Commands that show more.
pub(super) fn commands(report: &CheckReport) -> Vec<String> {
    let quoted = |side: &Side| side.files.first().map(|file| shell(file));
    let mut commands = Vec::new();
    let head = quoted(&report.head);
    if let Some(head) = &head {
        commands.push(format!("looptrace report {head}"));
    }
    if let (Some(base), Some(head)) = (report.base.as_ref().and_then(quoted), head) {
        commands.push(format!("looptrace diff {base} {head} --flamegraph diff.svg"));
    }
    commands
}

/// A file name for a shell.
fn shell(file: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:,@".contains(c);
    if !file.is_empty() && file.chars().all(plain) {
        return file.to_owned();
    }
    format!("'{}'", clean(file).replace('\'', r"'\''"))
}

/// The user's own frames of a stack, innermost first: those below the root, else all.
pub(super) fn own_frames<'a>(
    stack: &'a [Place],
    sources: &super::Sources,
    most: usize,
) -> Vec<&'a Place> {
    let own: Vec<&Place> = stack
        .iter()
        .rev()
        .filter(|place| sources.inside(&place.file).is_some())
        .take(most)
        .collect();
    if own.is_empty() { stack.iter().rev().take(most).collect() } else { own }
}

/// A number for FNV-1a, 64 bits: the same on every machine and in every version.
pub(super) fn fingerprint(parts: &[&str]) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in parts.join("\u{1f}").bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_are_quoted_for_shells() {
        assert_eq!(shell("a/b-1.looptrace"), "a/b-1.looptrace");
        assert_eq!(shell("it's here"), r"'it'\''s here'");
    }

    #[test]
    fn fingerprints_stay() {
        assert_eq!(fingerprint(&["a", "b"]), fingerprint(&["a", "b"]));
        assert_ne!(fingerprint(&["a", "b"]), fingerprint(&["ab"]));
        assert_eq!(fingerprint(&[""]), "cbf29ce484222325");
    }
}
