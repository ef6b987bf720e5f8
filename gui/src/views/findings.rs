//! What stands out, each with a jump to its evidence.

use std::collections::BTreeMap;

use eframe::egui::{Label, RichText, ScrollArea, Ui};

use super::{Show, nothing};
use crate::command::Command;
use crate::snapshot::Snapshot;
use crate::state::Pane;
use crate::{lookup, text};

/// Findings of one kind that are shown.
const MOST_PER_KIND: usize = 8;

/// What stands out.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// Whether it is about the program, rather than about the recording.
    pub is_about_program: bool,
    /// In one line.
    pub title: String,
    /// What it rests on.
    pub words: String,
    /// Where its evidence is.
    pub jump: Option<Command>,
}

/// How many there are.
#[must_use]
pub fn count(show: &Show<'_>) -> usize {
    findings(show.snapshot).len()
}

/// The view.
pub fn show(ui: &mut Ui, show: &mut Show<'_>) {
    let found = findings(show.snapshot);
    if found.is_empty() {
        nothing(
            ui,
            show.theme,
            "Nothing stands out",
            "No stall, no queue, no gap in what was seen.",
        );
        return;
    }
    ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
        for finding in found {
            let (sign, colour) = if finding.is_about_program {
                ("■", show.theme.stall)
            } else {
                ("⚠", show.theme.warning)
            };
            ui.horizontal(|ui| {
                ui.label(RichText::new(sign).color(colour));
                ui.add(Label::new(RichText::new(&finding.title).strong()).truncate());
                if let Some(jump) = finding.jump
                    && ui.link("Show").accessible_name(format!("Show {}", finding.title)).clicked()
                {
                    show.out.push(jump);
                }
            });
            ui.indent(&finding.title, |ui| {
                ui.add(Label::new(RichText::new(&finding.words).color(show.theme.weak)).wrap());
            });
            ui.add_space(4.0);
        }
    });
}

/// Everything that stands out in a recording, worst first.
#[must_use]
pub fn findings(snapshot: &Snapshot) -> Vec<Finding> {
    let mut found = guilty_lines(snapshot);
    found.extend(delayed(snapshot));
    found.extend(queues(snapshot));
    found.extend(quality(snapshot));
    found
}

/// Lines that stalled a loop, by the time they took.
fn guilty_lines(snapshot: &Snapshot) -> Vec<Finding> {
    let mut places: BTreeMap<String, (u64, u64, usize)> = BTreeMap::new();
    for (index, stall) in snapshot.stalls().iter().enumerate() {
        let length = stall.duration.as_nanos();
        let place = places.entry(lookup::stall_place(snapshot, stall)).or_insert((0, 0, index));
        place.0 += length;
        place.1 += 1;
        if snapshot.stalls().get(place.2).is_some_and(|worst| stall.duration > worst.duration) {
            place.2 = index;
        }
    }
    let mut places: Vec<_> = places.into_iter().collect();
    places.sort_by_key(|(_, (nanos, ..))| std::cmp::Reverse(*nanos));
    let finding = |(place, (nanos, count, worst)): (String, (u64, u64, usize))| {
        let stall = snapshot.stalls().get(worst)?;
        let times =
            if count == 1 { "once".to_owned() } else { format!("{} times", text::count(count)) };
        Some(Finding {
            is_about_program: true,
            title: format!(
                "{} stalled the loop {times}, {} in all",
                text::brief(&place),
                text::nanos(nanos)
            ),
            words: format!(
                "{}; the longest took {} and delayed {} tasks. {}",
                lookup::stall_cause(stall).replace('_', " "),
                stall.duration,
                stall.victims.len(),
                stall.advice.unwrap_or_default(),
            ),
            jump: Some(Command::JumpToStall(worst)),
        })
    };
    places.into_iter().take(MOST_PER_KIND).filter_map(finding).collect()
}

/// The task that was ready, and not run, for longest.
fn delayed(snapshot: &Snapshot) -> Option<Finding> {
    const WORTH_TELLING: u64 = 100_000_000;
    let worst = snapshot.analysis.tasks.iter().max_by_key(|time| time.ready)?;
    (worst.ready.as_nanos() >= WORTH_TELLING).then(|| Finding {
        is_about_program: true,
        title: format!(
            "{} could run and did not for {}",
            text::task(&snapshot.analysis.dictionary, worst.id),
            worst.ready
        ),
        words: "No task was delayed for longer, as censuses saw it.".to_owned(),
        jump: Some(Command::JumpToTask(worst.id)),
    })
}

/// What most time was spent queueing for.
fn queues(snapshot: &Snapshot) -> Option<Finding> {
    const WORTH_TELLING: u64 = 100_000_000;
    use looptrace::model::WaitKind::{Lock, Semaphore};
    let worst = snapshot.contended.iter().find(|row| {
        matches!(row.kind, Lock | Semaphore) && row.tasks > 1 && row.p99 >= WORTH_TELLING
    })?;
    let name = text::wait(&snapshot.analysis.dictionary, Some(worst.wait));
    Some(Finding {
        is_about_program: true,
        title: format!("{} tasks queued for {name}", text::count(worst.tasks)),
        words: format!(
            "{} waits, p99 {}, longest {}.",
            text::count(worst.waits),
            text::nanos(worst.p99),
            text::nanos(worst.longest)
        ),
        jump: Some(Command::ShowPane(Pane::Contention)),
    })
}

/// What makes the recording itself less than whole.
fn quality(snapshot: &Snapshot) -> Vec<Finding> {
    let overview = &snapshot.analysis.overview;
    let mut found = Vec::new();
    let mut tell = |title: String, words: &str, jump: Option<Command>| {
        found.push(Finding { is_about_program: false, title, words: words.to_owned(), jump });
    };
    let missed = overview.misses.total();
    let all = overview.samples + overview.idle_ticks + missed;
    if missed * 20 > all {
        let share = text::percent(missed as f64, all as f64);
        tell(
            format!("{share} of all looks failed"),
            "Shares of time are less exact than usual.",
            None,
        );
    }
    if let Some(gap) = overview.gaps.iter().max_by_key(|gap| gap.length) {
        let at = gap.start.as_nanos();
        tell(
            format!("{} gaps, the longest {}", text::count(overview.gaps.len() as u64), gap.length),
            "Nothing is known of what happened in them.",
            Some(Command::View(
                crate::axis::Range { start: at, end: at + gap.length.as_nanos() }
                    .padded(1.0, snapshot.whole()),
            )),
        );
    }
    if overview.dropped > 0 {
        let dropped = text::count(overview.dropped);
        tell(
            format!("{dropped} records were dropped"),
            "The recorder could not keep up with writing.",
            None,
        );
    }
    if snapshot.analysis.source.truncated {
        tell(
            "The recording was not ended".to_owned(),
            "It was cut short, or still grows: what came later is not here.",
            None,
        );
    }
    found
}
