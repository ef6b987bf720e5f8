//! What tasks queued for: the facts of the report, and who waited longest for each.

use looptrace::analysis::contention::Contention;
use looptrace::analysis::executors::Executor;
use looptrace::analysis::timeline::{SpanState, Timeline};
use looptrace::analysis::{Analysis, FrameNames};
use looptrace::model::{Dictionary, FrameId, ObjectId, StackId, TaskId, WaitId, WaitKind};
use rustc_hash::FxHashMap;

use crate::text;

/// Holders that are named.
const MOST_HOLDERS: usize = 2;
/// Frames of a chain that are looked at.
const DEEPEST: usize = 4096;

/// Something that tasks queued for: an object, a pool of connections, or the line of code at which
/// each had an object of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contended {
    /// What it is called.
    pub what: String,
    /// The line of code that was first seen waiting for it.
    pub place: Option<FrameId>,
    /// How often a wait for it was seen.
    pub waits: u64,
    /// How many tasks waited, where that is counted.
    pub tasks: Option<u64>,
    /// The most that were in line at once, where that is known.
    pub most: Option<u32>,
    /// All waiting time together, in nanoseconds.
    pub total: u64,
    /// The longest wait, where that is known.
    pub longest: Option<u64>,
    /// Who held it, in words.
    pub held: String,
    /// Who waited longest, and when that began.
    pub longest_by: Option<(TaskId, u64)>,
}

/// What tasks queued for, longest waits first.
#[must_use]
pub fn contention(analysis: &Analysis, timeline: &Timeline) -> Vec<Contended> {
    let dictionary = &analysis.dictionary;
    let mut found: Vec<Contended> =
        analysis.contention.iter().map(|facts| of_object(dictionary, facts)).collect();
    found.extend(analysis.executors.iter().map(|facts| of_executor(dictionary, facts)));
    let longest = longest(analysis, timeline);
    for (row, contended) in found.iter_mut().enumerate() {
        let Some(&(span, task, since)) = longest.get(&row) else { continue };
        contended.longest_by = Some((task, since));
        contended.longest = contended.longest.or(Some(span));
    }
    found.sort_by_key(|row| std::cmp::Reverse(row.total));
    found
}

fn of_object(dictionary: &Dictionary, facts: &Contention) -> Contended {
    Contended {
        what: facts.label(dictionary),
        place: facts.place,
        waits: facts.waits,
        tasks: Some(facts.tasks),
        most: Some(facts.most_waiters),
        total: facts.total.as_nanos(),
        longest: Some(facts.longest.as_nanos()),
        held: held_by(dictionary, facts),
        longest_by: None,
    }
}

/// `writer 80 %, reader 12 %`: of the time in which somebody waited.
fn held_by(dictionary: &Dictionary, facts: &Contention) -> String {
    let held = facts.holders.iter().map(|(_, held)| *held);
    let all = held.fold(facts.holder_unknown, |sum, held| sum + held).as_nanos();
    let named = facts.holders.iter().take(MOST_HOLDERS).map(|&(task, held)| {
        let share = text::percent(held.as_nanos() as f64, all as f64);
        format!("{} {share}", text::task(dictionary, task))
    });
    named.collect::<Vec<_>>().join(", ")
}

fn of_executor(dictionary: &Dictionary, facts: &Executor) -> Contended {
    let name = facts.type_name.map(|name| dictionary.text(name)).filter(|name| !name.is_empty());
    let name = name.unwrap_or("executor");
    let what = facts.object.map_or_else(|| name.to_owned(), |object| format!("{name} #{object}"));
    let total = facts.jobs.iter().fold(0_u64, |sum, job| sum.saturating_add(job.total.as_nanos()));
    let held = match (facts.most_busy, facts.workers) {
        (Some(busy), Some(workers)) => format!("up to {busy} of {workers} workers"),
        _ => String::new(),
    };
    Contended {
        what,
        place: facts.place,
        waits: facts.jobs.iter().map(|job| job.waits).sum(),
        tasks: None,
        most: facts.most_queued,
        total,
        longest: None,
        held,
        longest_by: None,
    }
}

/// Which row a wait belongs to.
#[derive(Debug, Clone, Copy)]
enum Belongs {
    /// To this one.
    Row(usize),
    /// To the row of a line of code that is in the chain of the task.
    ByPlace(WaitKind),
}

/// A wait: how long, whose, since when.
type Wait = (u64, TaskId, u64);

/// The longest wait of each row.
fn longest(analysis: &Analysis, timeline: &Timeline) -> FxHashMap<usize, Wait> {
    let rows = Rows::of(analysis);
    let mut waits: FxHashMap<WaitId, Option<Belongs>> = FxHashMap::default();
    let mut chains: FxHashMap<(StackId, WaitKind), Option<usize>> = FxHashMap::default();
    let mut found: FxHashMap<usize, Wait> = FxHashMap::default();
    for span in timeline.task_lanes().flat_map(|lane| lane.spans.iter()) {
        let (SpanState::Waiting, Some(wait), Some(task)) = (span.state, span.wait, span.task)
        else {
            continue;
        };
        let belongs = *waits.entry(wait).or_insert_with(|| rows.belongs(analysis, wait));
        let row = match (belongs, span.stack) {
            (Some(Belongs::Row(row)), _) => Some(row),
            (Some(Belongs::ByPlace(kind)), Some(chain)) => *chains
                .entry((chain, kind))
                .or_insert_with(|| rows.by_chain(&analysis.dictionary, chain, kind)),
            _ => None,
        };
        let Some(row) = row else { continue };
        let wait = (span.length().as_nanos(), task, span.start.as_nanos());
        let longest = found.entry(row).or_insert(wait);
        if wait.0 > longest.0 {
            *longest = wait;
        }
    }
    found
}

/// The rows by what waits name.
#[derive(Debug, Default)]
struct Rows {
    by_object: FxHashMap<ObjectId, usize>,
    by_place: FxHashMap<(FrameId, WaitKind), usize>,
}

impl Rows {
    fn of(analysis: &Analysis) -> Self {
        let mut rows = Self::default();
        for (row, facts) in analysis.contention.iter().enumerate() {
            match (facts.object, facts.place) {
                (Some(object), _) => rows.by_object.insert(object, row),
                (None, Some(place)) => rows.by_place.insert((place, facts.kind), row),
                (None, None) => None,
            };
        }
        for (nth, facts) in analysis.executors.iter().enumerate() {
            if let Some(object) = facts.object {
                rows.by_object.insert(object, analysis.contention.len() + nth);
            }
        }
        rows
    }

    fn belongs(&self, analysis: &Analysis, wait: WaitId) -> Option<Belongs> {
        let reason = analysis.dictionary.get_wait(wait)?;
        let row = reason.object.and_then(|object| self.by_object.get(&object));
        let is_placed = self.by_place.keys().any(|(_, kind)| *kind == reason.kind);
        row.map(|&row| Belongs::Row(row)).or(is_placed.then_some(Belongs::ByPlace(reason.kind)))
    }

    fn by_chain(&self, dictionary: &Dictionary, chain: StackId, kind: WaitKind) -> Option<usize> {
        let mut next = Some(chain);
        for _ in 0..DEEPEST {
            let node = dictionary.get_stack(next?)?;
            if let Some(&row) = self.by_place.get(&(node.frame, kind)) {
                return Some(row);
            }
            next = node.parent;
        }
        None
    }
}

/// The line of code of a row, for people.
#[must_use]
pub fn place(dictionary: &Dictionary, row: &Contended) -> String {
    row.place.map_or_else(String::new, |frame| FrameNames::of(dictionary, frame).place())
}
