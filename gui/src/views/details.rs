//! Everything about what is selected.

use eframe::egui::{Label, RichText, ScrollArea, Sense, Ui, vec2};
use looptrace::analysis::timeline::{Span, SpanState};
use looptrace::model::{TaskId, Timestamp};

use super::{Show, fact, fact_name, heading, recording, stall};
use crate::command::Command;
use crate::snapshot::Snapshot;
use crate::state::{Selection, State};
use crate::{apply, copy, lookup, text};

/// The panel.
pub fn show(ui: &mut Ui, show: &mut Show<'_>) {
    ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
        let snapshot = show.snapshot;
        match show.state.selection {
            Selection::Stall(index) => {
                if let Some(found) = snapshot.stalls().get(index) {
                    stall::show(ui, show, found);
                }
            }
            Selection::Task(task) => of_task(ui, show, task),
            Selection::Span(lane, span) => {
                let found = snapshot.timeline.lanes.get(lane).and_then(|lane| lane.spans.get(span));
                match found {
                    Some(span) => of_span(ui, show, &span, lane),
                    None => recording::show(ui, show),
                }
            }
            Selection::Group(group) => of_group(ui, show, group),
            Selection::None => recording::show(ui, show),
        }
    });
}

fn of_task(ui: &mut Ui, show: &mut Show<'_>, task: TaskId) {
    let snapshot = show.snapshot;
    let (dictionary, theme) = (&snapshot.analysis.dictionary, show.theme);
    ui.add(Label::new(RichText::new(text::task(dictionary, task)).heading()).wrap());
    fact(ui, theme, "coroutine", text::coroutine(dictionary, task));
    let Some(time) = snapshot.task_time(task).copied() else { return };
    fact(ui, theme, "state", time.state.name());
    fact(ui, theme, "seen from", text::instant(time.first_seen.as_nanos(), 1_000_000));
    fact(ui, theme, "seen until", text::instant(time.last_seen.as_nanos(), 1_000_000));
    fact(ui, theme, "longest step", snapshot.longest_step(task).to_string());
    heading(ui, theme, "Where its time went");
    let whole = time.last_seen.since(time.first_seen).as_nanos().max(1) as f32;
    for (name, part, state) in [
        ("running", time.running, SpanState::Running),
        ("ready, not run", time.ready, SpanState::Ready),
        ("waiting", time.waiting, SpanState::Waiting),
    ] {
        share(ui, show, part.as_nanos() as f32 / whole, &format!("{name} {part}"), state);
    }
    super::path::show(ui, show, task);
    waits(ui, show, task);
    delays(ui, show, task);
    let at = Timestamp::from_nanos(show.state.cursor.unwrap_or(time.last_seen.as_nanos()));
    awaits(ui, show, task, at);
    let span =
        snapshot.timeline.task_at(task, at).or_else(|| snapshot.timeline.task_spans(task).last());
    if let Some(span) = span {
        heading(ui, theme, "Its stack then, innermost first");
        stack(ui, show, &span);
    }
}

/// What it waited for, longest first.
fn waits(ui: &mut Ui, show: &mut Show<'_>, task: TaskId) {
    let snapshot = show.snapshot;
    let mut sums: std::collections::BTreeMap<_, (u64, u64)> = std::collections::BTreeMap::new();
    for span in snapshot.timeline.task_spans(task) {
        if span.state == SpanState::Waiting {
            let sum = sums.entry(span.wait).or_default();
            *sum = (sum.0 + span.length().as_nanos(), sum.1 + 1);
        }
    }
    if sums.is_empty() {
        return;
    }
    let mut sums: Vec<_> = sums.into_iter().collect();
    sums.sort_by_key(|(_, (nanos, _))| std::cmp::Reverse(*nanos));
    heading(ui, show.theme, "What it waited for");
    for (wait, (nanos, count)) in sums.into_iter().take(8) {
        let what = text::wait(&snapshot.analysis.dictionary, wait);
        fact(ui, show.theme, &text::nanos(nanos), format!("{what} × {}", text::count(count)));
    }
}

/// The stalls that delayed it.
fn delays(ui: &mut Ui, show: &mut Show<'_>, task: TaskId) {
    let snapshot = show.snapshot;
    let mut by_stall: Vec<(u64, usize)> = snapshot
        .stalls()
        .iter()
        .enumerate()
        .filter_map(|(index, stall)| {
            let victim = stall.victims.iter().find(|victim| victim.task == task)?;
            Some((victim.delay.as_nanos(), index))
        })
        .collect();
    if by_stall.is_empty() {
        return;
    }
    by_stall.sort_unstable_by(|a, b| b.cmp(a));
    heading(ui, show.theme, &format!("Delayed by {}", text::many(by_stall.len() as u64, "stall")));
    for (delay, index) in by_stall.into_iter().take(8) {
        let Some(stall) = snapshot.stalls().get(index) else { continue };
        ui.horizontal(|ui| {
            fact_name(ui, show.theme, &text::nanos(delay));
            let words = format!(
                "stall {}: {}",
                stall.id,
                text::brief(&lookup::stall_place(snapshot, stall))
            );
            if ui.link(words).clicked() {
                show.out.push(Command::JumpToStall(index));
            }
        });
    }
}

fn awaits(ui: &mut Ui, show: &mut Show<'_>, task: TaskId, at: Timestamp) {
    let awaiters = show.snapshot.timeline.awaits.awaiters(task, at).to_vec();
    if awaiters.is_empty() {
        return;
    }
    heading(ui, show.theme, "Awaited by");
    for awaiter in awaiters.into_iter().take(20) {
        stall::task_link(ui, show, "", awaiter);
    }
}

fn of_span(ui: &mut Ui, show: &mut Show<'_>, span: &Span, lane: usize) {
    let snapshot = show.snapshot;
    let theme = show.theme;
    ui.horizontal(|ui| {
        let (rect, _) = ui.allocate_exact_size(vec2(14.0, 14.0), Sense::hover());
        crate::paint::swatch(ui.painter(), rect, span.state, theme);
        ui.heading(format!("{} · {}", span.state.name(), span.length()));
    });
    if let Some(lane) = snapshot.timeline.lanes.get(lane) {
        fact(ui, theme, "lane", lookup::lane_name(snapshot, lane));
    }
    fact(ui, theme, "from", text::instant(span.start.as_nanos(), 1_000));
    fact(ui, theme, "to", text::instant(span.end.as_nanos(), 1_000));
    if span.state == SpanState::Waiting {
        fact(ui, theme, "waits for", text::wait(&snapshot.analysis.dictionary, span.wait));
    }
    if let Some(task) = span.task {
        stall::task_link(ui, show, "task", task);
        awaits(ui, show, task, span.start);
    }
    if span.stack.is_some() {
        let title = match span.state {
            SpanState::Waiting | SpanState::Ready => "Its coroutines, innermost first",
            _ => "The stack at its first sample, innermost first",
        };
        heading(ui, theme, title);
        stack(ui, show, span);
    }
}

fn stack(ui: &mut Ui, show: &mut Show<'_>, span: &Span) {
    let Some(stack) = span.stack else { return };
    let frames = show.snapshot.analysis.dictionary.stack_frames(stack);
    stall::changed_files(ui, show, &frames);
    for frame in frames.into_iter().rev() {
        stall::frame_line(ui, show, frame, false);
    }
}

fn of_group(ui: &mut Ui, show: &mut Show<'_>, group: usize) {
    let snapshot = show.snapshot;
    let theme = show.theme;
    ui.add(Label::new(RichText::new(lookup::group_name(snapshot, group)).heading()).wrap());
    let Some(found) = snapshot.timeline.groups.get(group) else { return };
    fact(ui, theme, "tasks", text::count(found.tasks as u64));
    fact(ui, theme, "first seen", text::instant(found.first.as_nanos(), 1_000_000));
    let time = snapshot
        .analysis
        .coroutines
        .iter()
        .find(|time| (time.name, time.code) == (found.name, found.code));
    let Some(time) = time.copied() else { return };
    let whole = (time.running + time.ready + time.waiting).as_nanos().max(1) as f32;
    for (name, part, state) in [
        ("running", time.running, SpanState::Running),
        ("ready, not run", time.ready, SpanState::Ready),
        ("waiting", time.waiting, SpanState::Waiting),
    ] {
        share(ui, show, part.as_nanos() as f32 / whole, &format!("{name} {part}"), state);
    }
}

fn share(ui: &mut Ui, show: &Show<'_>, share: f32, words: &str, state: SpanState) {
    let colour = show.theme.state(state).gamma_multiply(0.6);
    let words = format!("{}  {words}", text::percent(f64::from(share), 1.0));
    super::share_bar(ui, show.theme, share, colour, &words);
}

/// What is selected, as text.
#[must_use]
pub fn as_text(state: &State, snapshot: &Snapshot) -> Option<String> {
    match state.selection {
        Selection::Stall(index) => Some(copy::stall(snapshot, snapshot.stalls().get(index)?)),
        Selection::Group(group) => copy::group(snapshot, group),
        _ => Some(copy::task(snapshot, apply::selected_task(state, snapshot)?)),
    }
}

/// The command that opens the selected line in an editor.
#[must_use]
pub fn source(state: &State, snapshot: &Snapshot) -> Option<Command> {
    let frame = match state.selection {
        Selection::Stall(index) => snapshot.stalls().get(index)?.location?,
        Selection::Span(lane, span) => {
            let stack = snapshot.timeline.lanes.get(lane)?.spans.get(span)?.stack?;
            snapshot.analysis.dictionary.get_stack(stack)?.frame
        }
        Selection::Task(task) => {
            let stack = snapshot.timeline.task_spans(task).last()?.stack?;
            snapshot.analysis.dictionary.get_stack(stack)?.frame
        }
        Selection::None | Selection::Group(_) => return None,
    };
    let names = lookup::frame(snapshot, frame);
    Some(Command::OpenInEditor { file: names.file?.to_owned(), line: names.line? })
}
