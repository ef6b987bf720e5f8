//! What was recorded, and how well.

use std::collections::BTreeMap;
use std::io::{self, Write};

use crate::analysis::{Analysis, Overview};
use crate::model::{Duration, EdgeSource, EndReason, ThreadId};
use crate::recording::Flaw;

use super::super::style::{Paint, Style, clean};
use super::super::words::{counted, grouped, percent, share, thread_words, why_not};

type Line = (&'static str, String);

pub(super) fn write(analysis: &Analysis, style: Style, out: &mut impl Write) -> io::Result<()> {
    let title = format!("Recording {}", clean(&analysis.source.file));
    writeln!(out, "{}", style.paint(Paint::Title, title.trim_end()))?;
    let mut lines = targets(analysis);
    lines.push(("duration", duration(analysis)));
    lines.push(("samples", samples(&analysis.overview)));
    lines.push(("missed", missed(&analysis.overview)));
    lines.push(("censuses", censuses(&analysis.overview)));
    lines.push(("gaps", gaps(&analysis.overview)));
    lines.extend(switches(analysis));
    lines.extend(recorder(&analysis.overview));
    for (name, text) in lines {
        let name = format!("{name:<9}");
        writeln!(out, "  {}  {text}", style.paint(Paint::Dim, &name))?;
    }
    for note in notes(analysis) {
        writeln!(out, "  {}", style.paint(Paint::Ready, &format!("! {note}")))?;
    }
    Ok(())
}

fn targets(analysis: &Analysis) -> Vec<Line> {
    let line = |facts: &crate::analysis::TargetFacts| {
        let target = &facts.target;
        let mut text = format!("pid {}  Python {}", target.pid, clean(&target.python));
        if !target.command.is_empty() {
            text.push_str(&format!("  {}", clean(&target.command.join(" "))));
        }
        if let Some(ended) = facts.ended {
            text.push_str(&format!("  (ended at {})", ended.since(Default::default())));
        }
        ("target", text)
    };
    analysis.overview.targets.iter().map(line).collect()
}

fn duration(analysis: &Analysis) -> String {
    let Analysis { meta, overview, .. } = analysis;
    let paused = if meta.blocking { ", target paused for each sample" } else { "" };
    format!(
        "{} at {} Hz, censuses at {} Hz{paused}",
        overview.duration, meta.rate_hz, meta.census_rate_hz
    )
}

fn samples(overview: &Overview) -> String {
    let idle = if overview.idle_ticks > 0 {
        format!(" and {} ticks skipped in idle loops", grouped(overview.idle_ticks))
    } else {
        String::new()
    };
    format!("{}{idle}", grouped(overview.samples))
}

fn missed(overview: &Overview) -> String {
    let misses = overview.misses;
    let total = misses.total();
    if total == 0 {
        return "none".to_owned();
    }
    let ticks = overview.samples.saturating_add(overview.idle_ticks).saturating_add(total);
    let reasons: Vec<String> = [
        (misses.late, "late"),
        (misses.torn, "torn"),
        (misses.unreadable, "unreadable"),
        (misses.exited, "exited"),
    ]
    .iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, reason)| format!("{} {reason}", grouped(*count)))
    .collect();
    format!("{} ({}): {}", grouped(total), percent(share(total, ticks)), reasons.join(", "))
}

fn censuses(overview: &Overview) -> String {
    let partial = match overview.partial_censuses {
        0 => String::new(),
        count => format!(" ({} incomplete)", grouped(count)),
    };
    format!("{}{partial}", grouped(overview.censuses))
}

fn gaps(overview: &Overview) -> String {
    let total = overview.gaps.iter().fold(Duration::ZERO, |sum, gap| sum + gap.length);
    let longest = overview.gaps.iter().map(|gap| gap.length).max();
    match longest {
        None => "none".to_owned(),
        Some(longest) => format!(
            "{}, {total} in all ({}), longest {longest}",
            counted(overview.gaps.len() as u64, "gap", "gaps"),
            percent(share(total.as_nanos(), overview.duration.as_nanos())),
        ),
    }
}

/// Which threads the kernel's stream of switches told of, and why it did not tell of the others.
fn switches(analysis: &Analysis) -> Option<Line> {
    const MOST: usize = 4;
    let known = &analysis.overview.switches;
    if known.is_empty() {
        return None;
    }
    let mut others: BTreeMap<EdgeSource, Vec<ThreadId>> = BTreeMap::new();
    for &(thread, source) in known.iter().filter(|(_, source)| *source != EdgeSource::Kernel) {
        others.entry(source).or_default().push(thread);
    }
    let without: usize = others.values().map(Vec::len).sum();
    let told = (known.len() - without) as u64;
    let mut text = format!("of {} from the kernel", counted(told, "thread", "threads"));
    for (source, threads) in others {
        let shown = threads.iter().take(MOST);
        let names: Vec<String> = shown.map(|&id| thread_words(&analysis.dictionary, id)).collect();
        let more = match threads.len() - names.len() {
            0 => String::new(),
            count => format!(" and {count} more"),
        };
        text.push_str(&format!("; {}: {}{more}", why_not(source), names.join(", ")));
    }
    if analysis.overview.lost_switch_records > 0 {
        let lost = counted(analysis.overview.lost_switch_records, "record", "records");
        text.push_str(&format!("; {lost} lost"));
    }
    Some(("switches", text))
}

fn recorder(overview: &Overview) -> Option<Line> {
    let cpu = overview.recorder_cpu?;
    let of_core = percent(share(cpu.as_nanos(), overview.duration.as_nanos()));
    Some(("recorder", format!("{cpu} CPU ({of_core} of a core)")))
}

/// What a reader must know before trusting the rest.
fn notes(analysis: &Analysis) -> Vec<String> {
    let Analysis { source, meta, overview, .. } = analysis;
    let mut notes = Vec::new();
    if source.truncated {
        let lost = match source.lost_bytes {
            0 => String::new(),
            bytes => format!("; {} at its end could not be used", counted(bytes, "byte", "bytes")),
        };
        let why = source.flaw.unwrap_or(Flaw::Cut);
        notes.push(format!("{why}; everything before is here{lost}"));
    } else if overview.end.is_none() {
        notes.push("the recording has no end: it may still be growing".to_owned());
    }
    if overview.end == Some(EndReason::Failed) {
        notes.push("the recorder could not go on; the recording ends early".to_owned());
    }
    if overview.dropped > 0 {
        let events = counted(overview.dropped, "event was", "events were");
        notes.push(format!("{events} dropped because writing was too slow; times are too low"));
    }
    if overview.partial_stacks > 0 {
        let samples = counted(overview.partial_stacks, "sample shows", "samples show");
        notes.push(format!(
            "{samples} only the outer frames: the inner ones moved while they were read"
        ));
    }
    if let Some(rate) = overview.lowest_rate_hz.filter(|&rate| rate < meta.rate_hz) {
        notes.push(format!("to save CPU, sampling went down to {rate} Hz"));
    }
    let census = overview.lowest_census_rate_hz.filter(|&rate| rate < meta.census_rate_hz);
    if let Some(rate) = census {
        notes.push(format!("to save CPU, censuses went down to {rate} Hz"));
    }
    if meta.redacted {
        notes.push("redacted: command lines, peers and task names were not recorded".to_owned());
    }
    notes
}
