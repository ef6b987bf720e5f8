//! Everything about a recording as a whole.

use eframe::egui::{RichText, Ui};
use looptrace::analysis::timeline::{LaneKind, SpanState};

use super::{Show, fact, heading, stall};
use crate::snapshot::Snapshot;
use crate::{lookup, text};

/// The details where nothing is selected.
pub fn show(ui: &mut Ui, show: &mut Show<'_>) {
    let (analysis, theme) = (&show.snapshot.analysis, show.theme);
    now(ui, show);
    ui.heading("Recording");
    let overview = &analysis.overview;
    fact(ui, theme, "length", overview.duration.to_string());
    for facts in &overview.targets {
        let target = &facts.target;
        fact(ui, theme, "process", format!("{} · Python {}", target.pid, target.python));
        fact(ui, theme, "command", target.command.join(" "));
    }
    fact(ui, theme, "tasks", text::count(analysis.tasks.len() as u64));
    fact(ui, theme, "stalls", text::count(analysis.stalls.len() as u64));
    fact(ui, theme, "spans", text::count(show.snapshot.timeline.span_count() as u64));
    loops(ui, show);
    how(ui, show);
}

/// Of a recording that still grows: what was seen last.
fn now(ui: &mut Ui, show: &mut Show<'_>) {
    let (snapshot, theme) = (show.snapshot, show.theme);
    if snapshot.is_finished() {
        return;
    }
    let timeline = &snapshot.timeline;
    ui.heading(if show.state.follow { "Now" } else { "At its end" });
    fact(ui, theme, "at", text::instant(timeline.end.as_nanos(), 1_000_000));
    if let Some(count) = timeline.counts.last() {
        let [tasks, ready, waiting] =
            [count.tasks, count.ready, count.waiting].map(|count| text::count(u64::from(count)));
        fact(ui, theme, "tasks", format!("{tasks}: {ready} ready, {waiting} waiting"));
    }
    for lane in &timeline.lanes {
        let LaneKind::Loop(id) = lane.kind else { continue };
        let last = lane.spans.len().checked_sub(1).and_then(|last| lane.spans.get(last));
        let Some(last) = last else { continue };
        let what = match last.state {
            SpanState::Idle => "polling".to_owned(),
            state => format!("{} for {}", state.name(), last.length()),
        };
        fact(ui, theme, &lookup::loop_name(snapshot, id), what);
        if let Some(task) = last.task {
            stall::task_link(ui, show, "in", task);
        }
    }
    ui.add_space(8.0);
}

fn loops(ui: &mut Ui, show: &Show<'_>) {
    let (analysis, theme) = (&show.snapshot.analysis, show.theme);
    heading(ui, theme, "Event loops");
    for time in &analysis.loops {
        ui.label(RichText::new(lookup::loop_name(show.snapshot, time.id)).strong());
        let whole = (time.busy + time.idle).as_nanos() as f64;
        let busy = text::percent(time.busy.as_nanos() as f64, whole);
        fact(ui, theme, "busy", format!("{} ({busy})", time.busy));
        fact(ui, theme, "polling", time.idle.to_string());
        fact(ui, theme, "not seen", time.unknown.to_string());
        if let Some(lag) = &time.lag {
            fact(ui, theme, "lag p50 · p99", format!("{} · {}", lag.p50, lag.p99));
            fact(ui, theme, "longest lag", lag.max.to_string());
        }
    }
}

fn how(ui: &mut Ui, show: &Show<'_>) {
    let (analysis, theme) = (&show.snapshot.analysis, show.theme);
    let overview = &analysis.overview;
    heading(ui, theme, "How it was recorded");
    fact(
        ui,
        theme,
        "samples",
        format!("{} at {} Hz", text::count(overview.samples), analysis.meta.rate_hz),
    );
    fact(ui, theme, "idle ticks", text::count(overview.idle_ticks));
    let misses = &overview.misses;
    fact(
        ui,
        theme,
        "missed",
        format!("{} late, {} torn, {} unreadable", misses.late, misses.torn, misses.unreadable),
    );
    fact(
        ui,
        theme,
        "censuses",
        format!("{} ({} partial)", text::count(overview.censuses), overview.partial_censuses),
    );
    fact(ui, theme, "gaps", text::count(overview.gaps.len() as u64));
    fact(ui, theme, "dropped", text::count(overview.dropped));
    let cpu = overview.recorder_cpu.map_or_else(|| "unknown".to_owned(), |cpu| cpu.to_string());
    fact(ui, theme, "recorder's CPU", cpu);
    fact(ui, theme, "recorder", analysis.meta.looptrace_version.clone());
    fact(
        ui,
        theme,
        "file",
        format!("{}, read in {}", text::bytes(show.snapshot.bytes), read_in(show.snapshot)),
    );
}

fn read_in(snapshot: &Snapshot) -> String {
    text::nanos(u64::try_from(snapshot.took.as_nanos()).unwrap_or(u64::MAX))
}
