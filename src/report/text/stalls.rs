//! Stalls for people: what causes them, where, and the worst ones in full.

use std::collections::BTreeMap;
use std::io::{self, Write};

use crate::analysis::{Analysis, FrameNames, SourceLines};
use crate::model::{
    Cause, CauseKind, Duration, FrameId, Stall, StallEdges, StallKind, VictimReason,
};

use super::super::bar::bar;
use super::super::columns::{Align, Columns};
use super::super::style::{Paint, Style, clean, cut, width};
use super::super::words::{self, percent, share};
use super::{TextOptions, hot, title};

const BAR: usize = 10;
/// So many stalls are shown in full.
const WORST: usize = 8;
const INDENT: &str = "      ";

/// Several stalls with something in common.
#[derive(Debug, Default, Clone, Copy)]
struct Sum {
    count: u64,
    time: Duration,
    longest: Duration,
}

impl Sum {
    fn add(&mut self, time: Duration) {
        self.count += 1;
        self.time = self.time + time;
        self.longest = self.longest.max(time);
    }
}

/// By cause and by place.
pub(super) fn summary(
    analysis: &Analysis,
    options: TextOptions,
    style: Style,
    out: &mut impl Write,
) -> io::Result<()> {
    let stalls = &analysis.stalls;
    title("Stalls", stalls.len(), stalls.len(), style, out)?;
    let threshold = analysis.stall_threshold;
    let vague = analysis.overview.vague_stalls;
    if stalls.is_empty() {
        writeln!(out, "  none of {threshold} or longer {}", edges(analysis))?;
        return vague_ones(vague, out);
    }
    let total = stalls.iter().fold(Duration::ZERO, |sum, stall| sum + stall.duration);
    let of = share(total.as_nanos(), analysis.overview.duration.as_nanos());
    writeln!(
        out,
        "  {} of {threshold} or longer, {total} in all ({} of the time) {}",
        words::counted(stalls.len() as u64, "stall", "stalls"),
        percent(of),
        edges(analysis)
    )?;
    vague_ones(vague, out)?;
    by_cause(stalls, total, style, out)?;
    by_place(analysis, options, style, out)
}

/// Not to be sure of is not to be shown, but not to be kept back either.
fn vague_ones(count: u64, out: &mut impl Write) -> io::Result<()> {
    if count == 0 {
        return Ok(());
    }
    let may = words::counted(count, "more may have been one", "more may have been some");
    writeln!(out, "  {may}: the recorder looked too rarely to tell")
}

fn edges(analysis: &Analysis) -> &'static str {
    match analysis.overview.edges {
        StallEdges::Kernel => "· edges from the kernel's switch records",
        StallEdges::Mixed => "· edges partly from the kernel's switch records",
        StallEdges::Sampled => "· edges from samples",
    }
}

fn by_cause(
    stalls: &[Stall],
    total: Duration,
    style: Style,
    out: &mut impl Write,
) -> io::Result<()> {
    let mut sums: BTreeMap<CauseKind, Sum> = BTreeMap::new();
    for stall in stalls {
        let mut parts: BTreeMap<CauseKind, f64> = BTreeMap::new();
        for cause in &stall.causes {
            *parts.entry(cause.kind).or_default() += cause.share;
        }
        for (kind, share) in parts {
            sums.entry(kind).or_default().add(part(stall.duration, share));
        }
    }
    let mut rows: Vec<(CauseKind, Sum)> = sums.into_iter().collect();
    rows.sort_by_key(|(kind, sum)| (std::cmp::Reverse(sum.time), *kind));
    let mut columns = Columns::new(&[
        ("CAUSE", Align::Text),
        ("STALLS", Align::Right),
        ("TIME", Align::Right),
        ("", Align::Right),
        ("", Align::Text),
        ("LONGEST", Align::Right),
    ]);
    for (kind, sum) in rows {
        let part = share(sum.time.as_nanos(), total.as_nanos());
        columns.row(vec![
            (Paint::Warning, kind.name().to_owned()),
            (Paint::Plain, words::grouped(sum.count)),
            (Paint::Plain, sum.time.to_string()),
            (Paint::Plain, percent(part)),
            (Paint::Warning, bar(part, BAR)),
            (Paint::Plain, sum.longest.to_string()),
        ]);
    }
    columns.write(2, style, out)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "the share is between 0 and 1"
)]
fn part(length: Duration, share: f64) -> Duration {
    Duration::from_nanos((length.as_nanos() as f64 * share.clamp(0.0, 1.0)) as u64)
}

fn by_place(
    analysis: &Analysis,
    options: TextOptions,
    style: Style,
    out: &mut impl Write,
) -> io::Result<()> {
    let mut sums: BTreeMap<(Option<FrameId>, Option<CauseKind>), Sum> = BTreeMap::new();
    for stall in &analysis.stalls {
        let cause = stall.main_cause().map(|cause| cause.kind);
        sums.entry((stall.location, cause)).or_default().add(stall.duration);
    }
    let mut rows: Vec<_> = sums.into_iter().collect();
    rows.sort_by_key(|(key, sum)| (std::cmp::Reverse(sum.time), *key));
    let mut columns = Columns::new(&[
        ("WHERE", Align::Text),
        ("AT", Align::Path),
        ("STALLS", Align::Right),
        ("TIME", Align::Right),
        ("LONGEST", Align::Right),
        ("MAIN CAUSE", Align::Text),
    ]);
    writeln!(out)?;
    for ((location, cause), sum) in rows.into_iter().take(options.limit) {
        let names = location.map(|id| FrameNames::of(&analysis.dictionary, id));
        let function = names.map_or("?", |names| names.function_or_unknown());
        let place = names.map_or_else(String::new, |names| names.place());
        columns.row(vec![
            (Paint::Task, clean(function).into_owned()),
            (Paint::Dim, clean(&place).into_owned()),
            (Paint::Plain, words::grouped(sum.count)),
            (Paint::Plain, sum.time.to_string()),
            (Paint::Plain, sum.longest.to_string()),
            (Paint::Warning, cause.map_or("", CauseKind::name).to_owned()),
        ]);
    }
    columns.write(2, style, out)
}

/// The longest stalls, each with all that is known.
pub(super) fn worst(
    analysis: &Analysis,
    options: TextOptions,
    style: Style,
    source: &impl SourceLines,
    out: &mut impl Write,
) -> io::Result<()> {
    let mut worst: Vec<&Stall> = analysis.stalls.iter().collect();
    worst.sort_by_key(|stall| (std::cmp::Reverse(stall.duration), stall.id));
    let shown = worst.len().min(WORST).min(options.limit);
    if shown == 0 {
        return Ok(());
    }
    title("Worst stalls", shown, worst.len(), style, out)?;
    for stall in worst.into_iter().take(shown) {
        head(analysis, stall, style, out)?;
        place(analysis, stall, style, source, out)?;
        for cause in stall.causes.iter().filter(|cause| cause.share >= 0.02).take(4) {
            one_cause(analysis, cause, style, out)?;
        }
        stack(analysis, stall, style, out)?;
        victims(analysis, stall, style, out)?;
        if let Some(advice) = stall.advice {
            writeln!(out, "{INDENT}{} {advice}", style.paint(Paint::Running, "→"))?;
        }
    }
    Ok(())
}

fn head(analysis: &Analysis, stall: &Stall, style: Style, out: &mut impl Write) -> io::Result<()> {
    let error = stall.start_error + stall.end_error;
    let at = stall.start.since(Default::default());
    let length = style.paint(Paint::Warning, &stall.duration.to_string()).into_owned();
    let who = match (stall.kind, stall.task) {
        (StallKind::Iteration, _) => "many callbacks between two polls".to_owned(),
        (_, Some(task)) => {
            let name = words::name_of(&analysis.dictionary, task);
            let call = words::call_of(&analysis.dictionary, task);
            format!("{} {call}", style.paint(Paint::Task, &name))
        }
        (StallKind::Callback, None) => "a callback without a task".to_owned(),
        (StallKind::Outside, None) => "outside any callback".to_owned(),
    };
    let ongoing = if stall.ongoing { ", still going on at the end" } else { "" };
    let thread = words::thread_words(&analysis.dictionary, stall.thread);
    let several = if analysis.loops.len() > 1 { format!(" on {thread}") } else { String::new() };
    let about = format!("#{} ±{error} at {at}{several}{ongoing}", stall.id);
    writeln!(out, "  {length}  {}  {}", who.trim_end(), style.paint(Paint::Dim, &about))
}

/// The line to look at, with its code.
fn place(
    analysis: &Analysis,
    stall: &Stall,
    style: Style,
    source: &impl SourceLines,
    out: &mut impl Write,
) -> io::Result<()> {
    let Some(location) = stall.location else { return Ok(()) };
    let names = FrameNames::of(&analysis.dictionary, location);
    let place = names.place();
    let code = names.file.zip(names.line).and_then(|(file, line)| source.line(file, line));
    let code = code.map(|code| clean(code.trim()).into_owned()).filter(|code| !code.is_empty());
    let room = style.width.saturating_sub(INDENT.len() + width(&place) + 4).max(20);
    let code = code.map_or_else(String::new, |code| format!("  {}", cut(&code, room)));
    writeln!(out, "{INDENT}{}{code}", style.paint(Paint::Title, &clean(&place)))
}

fn one_cause(
    analysis: &Analysis,
    cause: &Cause,
    style: Style,
    out: &mut impl Write,
) -> io::Result<()> {
    let kind = style.paint(Paint::Warning, cause.kind.name()).into_owned();
    let part =
        if cause.share >= 0.995 { String::new() } else { format!(" {}", percent(cause.share)) };
    writeln!(out, "{INDENT}{kind}{part}: {}", clean(&cause.text))?;
    let lines = cause.evidence.iter().find_map(|(key, value)| match value {
        crate::model::EvidenceValue::Lines(lines) if *key == "lines" => Some(lines),
        _ => None,
    });
    let Some(lines) = lines.filter(|lines| lines.len() > 1) else { return Ok(()) };
    let words: Vec<String> = lines
        .iter()
        .take(3)
        .map(|&(frame, weight)| {
            let place = FrameNames::of(&analysis.dictionary, frame).place();
            format!("{} {weight}", clean(&place))
        })
        .collect();
    writeln!(out, "{INDENT}  {}", style.paint(Paint::Dim, &words.join(" · ")))
}

/// The heaviest stack, without the loop's own frames.
fn stack(analysis: &Analysis, stall: &Stall, style: Style, out: &mut impl Write) -> io::Result<()> {
    let Some(heaviest) = stall.stacks.first() else { return Ok(()) };
    let dictionary = &analysis.dictionary;
    let all = dictionary.stack_frames(heaviest.stack);
    let depth = (heaviest.callback_depth as usize).min(all.len().saturating_sub(1));
    let frames: Vec<FrameNames<'_>> =
        all.iter().skip(depth).map(|&id| FrameNames::of(dictionary, id)).collect();
    let lines = hot::abridged(&frames);
    let column = lines.iter().map(|(name, ..)| width(name)).max().unwrap_or(0).min(40);
    for (name, place, paint) in &lines {
        let gap = " ".repeat(column.saturating_sub(width(name)));
        let place = style.paint(Paint::Dim, &clean(place)).into_owned();
        writeln!(out, "{INDENT}  {}{gap}  {place}", style.paint(*paint, name))?;
    }
    Ok(())
}

fn victims(
    analysis: &Analysis,
    stall: &Stall,
    style: Style,
    out: &mut impl Write,
) -> io::Result<()> {
    if stall.victims.is_empty() {
        return Ok(());
    }
    let shown = stall.victims.iter().take(3).map(|victim| {
        let name = words::name_of(&analysis.dictionary, victim.task);
        let (how, most) = match victim.reason {
            VictimReason::Ready => ("ready", ""),
            VictimReason::Timer => ("timer due", ""),
            VictimReason::Io => ("ran right after", "≤ "),
        };
        format!("{name} {most}{} ({how})", victim.delay)
    });
    let shown: Vec<String> = shown.collect();
    let more = stall.victims.len().saturating_sub(shown.len());
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let tasks = words::counted(stall.victims.len() as u64, "task", "tasks");
    let least = if stall.victims_complete { "" } else { "at least " };
    let line = format!("held up {least}{tasks}: {}{more}", shown.join(", "));
    writeln!(out, "{INDENT}{}", style.paint(Paint::Ready, &line))
}
