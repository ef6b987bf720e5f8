//! What stands out in a recording, each with its evidence.

use std::collections::BTreeMap;

use looptrace::analysis::findings::{Finding as Known, Severity};
use looptrace::model::{EvidenceValue, TaskId};

use crate::command::Command;
use crate::snapshot::Snapshot;
use crate::state::Pane;
use crate::{lookup, text};

/// Places of stalls that no finding is about and that are shown all the same.
const MOST_PLACES: usize = 8;

/// What stands out.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// In one sentence.
    pub title: String,
    /// What it rests on.
    pub words: String,
    /// What to do.
    pub remedy: String,
    /// Where its evidence is.
    pub jump: Option<Command>,
    /// The line to look at.
    pub source: Option<(String, u32)>,
}

/// Everything that stands out in a recording, worst first.
#[must_use]
pub fn findings(snapshot: &Snapshot) -> Vec<Finding> {
    let mut found: Vec<Finding> =
        snapshot.analysis.findings.iter().map(|finding| known(snapshot, finding)).collect();
    found.extend(guilty_lines(snapshot));
    found.extend(delayed(snapshot));
    found.extend(quality(snapshot));
    found.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    found
}

/// A well-known mistake.
fn known(snapshot: &Snapshot, finding: &Known) -> Finding {
    let mut evidence = Vec::new();
    for (key, value) in &finding.evidence {
        let name = key.trim_end_matches("_ns").replace('_', " ");
        match value {
            EvidenceValue::Count(nanos) if key.ends_with("_ns") => {
                evidence.push(format!("{name} {}", text::nanos(*nanos)));
            }
            EvidenceValue::Text(words) => evidence.push(format!("{name} {words}")),
            // Numbers of tasks and objects say nothing to people.
            EvidenceValue::Count(_) if matches!(*key, "task" | "object") => {}
            EvidenceValue::Count(count) => evidence.push(format!("{name} {}", text::count(*count))),
            _ => {}
        }
    }
    let source = finding.file.clone().zip(finding.line);
    Finding {
        severity: finding.severity,
        title: finding.text.clone(),
        words: evidence.join(" · "),
        remedy: finding.remedy.clone(),
        jump: evidence_of(snapshot, finding),
        source,
    }
}

/// Where the evidence of a finding can be seen: a stall at its line, its task, else the view that
/// such findings are made from.
fn evidence_of(snapshot: &Snapshot, finding: &Known) -> Option<Command> {
    let stalls = snapshot.stalls();
    let at_line = (0..stalls.len())
        .filter(|&index| stall_line(snapshot, index) == (finding.file.as_deref(), finding.line))
        .filter(|_| finding.line.is_some())
        .max_by_key(|&index| stalls[index].duration);
    if let Some(index) = at_line {
        return Some(Command::JumpToStall(index));
    }
    let named = finding.evidence.iter().find_map(|(key, value)| match (*key, value) {
        ("task", EvidenceValue::Count(number)) => u32::try_from(*number).ok().and_then(TaskId::new),
        ("first_task" | "holder" | "name", EvidenceValue::Text(name)) => {
            let tasks = lookup::tasks_named(snapshot, name, usize::MAX);
            let dictionary = &snapshot.analysis.dictionary;
            tasks.into_iter().find(|&task| text::task(dictionary, task) == *name)
        }
        _ => None,
    });
    let pane = match finding.kind {
        "await_cycle" => Pane::Awaits,
        "bottleneck" | "queue_full" | "executor_saturated" => Pane::Contention,
        "task_growth" | "too_many_tasks" | "orphan_task" | "never_awaited" => Pane::Tasks,
        _ => Pane::Flame,
    };
    match (pane, named) {
        (Pane::Tasks | Pane::Flame, Some(task)) => Some(Command::JumpToTask(task)),
        _ => Some(Command::ShowPane(pane)),
    }
}

fn stall_line(snapshot: &Snapshot, stall: usize) -> (Option<&str>, Option<u32>) {
    let location = snapshot.stalls().get(stall).and_then(|stall| stall.location);
    location.map_or((None, None), |id| {
        let names = lookup::frame(snapshot, id);
        (names.file, names.line)
    })
}

/// Lines that stalled a loop and that no finding is about, by the time they took.
fn guilty_lines(snapshot: &Snapshot) -> Vec<Finding> {
    let mut places: BTreeMap<String, (u64, u64, usize)> = BTreeMap::new();
    for (index, stall) in snapshot.stalls().iter().enumerate() {
        let line = stall_line(snapshot, index);
        let told = snapshot.analysis.findings.iter();
        if told.into_iter().any(|found| (found.file.as_deref(), found.line) == line) {
            continue;
        }
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
        let line = stall_line(snapshot, worst);
        Some(Finding {
            severity: Severity::Warning,
            title: format!(
                "{} stalled the loop {times}, {} in all",
                text::brief(&place),
                text::nanos(nanos)
            ),
            words: format!(
                "cause {}; the longest took {} and delayed {} tasks",
                lookup::stall_cause(stall).replace('_', " "),
                stall.duration,
                stall.victims.len(),
            ),
            remedy: stall.advice.unwrap_or_default().to_owned(),
            jump: Some(Command::JumpToStall(worst)),
            source: line.0.map(str::to_owned).zip(line.1),
        })
    };
    places.into_iter().take(MOST_PLACES).filter_map(finding).collect()
}

/// The task that was ready, and not run, for longest.
fn delayed(snapshot: &Snapshot) -> Option<Finding> {
    const WORTH_TELLING: u64 = 100_000_000;
    let worst = snapshot.analysis.tasks.iter().max_by_key(|time| time.ready)?;
    (worst.ready.as_nanos() >= WORTH_TELLING).then(|| Finding {
        severity: Severity::Info,
        title: format!(
            "{} could run and did not for {}",
            text::task(&snapshot.analysis.dictionary, worst.id),
            worst.ready
        ),
        words: "No task was delayed for longer, as censuses saw it.".to_owned(),
        remedy: String::new(),
        jump: Some(Command::JumpToTask(worst.id)),
        source: None,
    })
}

/// What makes the recording itself less than whole.
fn quality(snapshot: &Snapshot) -> Vec<Finding> {
    let overview = &snapshot.analysis.overview;
    let mut found = Vec::new();
    let mut tell = |title: String, words: &str, jump: Option<Command>| {
        found.push(Finding {
            severity: Severity::Info,
            title,
            words: words.to_owned(),
            remedy: String::new(),
            jump,
            source: None,
        });
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
