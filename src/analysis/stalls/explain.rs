//! Why a stall happened, and where.

use rustc_hash::FxHashMap;

use crate::model::{
    Cause, CauseKind, CodeId, Dictionary, Duration, FrameId, StackId, StallStack, TaskId,
    innermost_own, place_to_look,
};

use super::clue::{Case, Clue, Doing};
use super::evidence::{self, NativeStacks};
use super::place;
use super::verdict::{FAULTS, Judge, Verdict};
use super::words;

/// What is listed at most; the rest is drawn together as unknown.
const MOST_CAUSES: usize = 8;
/// Smaller parts are not worth a line.
const SMALLEST_SHARE: f64 = 0.005;
const MOST_STACKS: usize = 32;
/// A page that is read from the disk takes no longer, on the average.
const LONGEST_FAULT: Duration = Duration::from_nanos(10_000_000);

/// All that explains a stall.
pub(super) struct Explained {
    pub(super) causes: Vec<Cause>,
    pub(super) advice: Option<&'static str>,
    pub(super) on_cpu: Option<Duration>,
    pub(super) runqueue: Option<Duration>,
    pub(super) blocked: Option<Duration>,
    pub(super) stacks: Vec<StallStack>,
    pub(super) task: Option<TaskId>,
    pub(super) await_chain: Vec<FrameId>,
    pub(super) location: Option<FrameId>,
    pub(super) call: Option<FrameId>,
}

/// A cause in the making: its verdict, its weight and what speaks for it.
struct Part {
    verdict: Verdict,
    weight: Duration,
    clues: Vec<(Clue, Duration)>,
}

pub(super) fn explain(
    case: &Case<'_>,
    dictionary: &Dictionary,
    poll: Option<StackId>,
) -> Explained {
    let judge = Judge {
        dictionary,
        poll,
        major_faults: case.major_faults() > 0,
        mostly_faults: case.mostly_faults(),
        doubtful: case.is_doubtful(),
    };
    let native = NativeStacks::of(case, dictionary);
    let clues = case.clues(dictionary);
    let exact = case.thread.exact(case.from, case.to);
    let mut parts = parts(&clues, &judge, &native);
    let late = woken_late(case, &clues, exact);
    if late > Duration::ZERO {
        charge_starvation(&mut parts, late, exact);
    }
    if !exact {
        charge_faults(&mut parts, case, late);
    }
    let advice = parts.first().and_then(|part| part.verdict.advice);
    let seen = case.stacks();
    let (location, call) = locate(&seen, dictionary, poll);
    let heaviest = seen.first().map(|(run, _)| *run);
    let times = times(case, &clues, exact, late);
    Explained {
        causes: causes(parts, case, dictionary),
        advice,
        on_cpu: times.0,
        runqueue: times.1,
        blocked: times.2,
        task: seen.iter().find_map(|(run, _)| run.task),
        await_chain: heaviest
            .and_then(|run| Some(place::await_chain(dictionary, run.stack?, run.task_depth)))
            .unwrap_or_default(),
        stacks: seen
            .iter()
            .filter_map(|(run, weight)| {
                let (stack, task_depth) = (run.stack?, run.task_depth);
                let depth = place::callback_depth(dictionary, stack, task_depth, poll);
                let callback_depth = u32::try_from(depth).unwrap_or(u32::MAX);
                Some(StallStack { stack, task_depth, callback_depth, weight: *weight })
            })
            .take(MOST_STACKS)
            .collect(),
        location,
        call,
    }
}

/// Clues summed up by what they say, heaviest first.
fn parts(clues: &[(Clue, Duration)], judge: &Judge<'_>, native: &NativeStacks<'_>) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    let mut places: FxHashMap<(CauseKind, String), usize> = FxHashMap::default();
    for &(clue, weight) in clues {
        let verdict = judge.verdict(&clue, native);
        let place = *places.entry((verdict.kind, verdict.text.clone())).or_insert(parts.len());
        if place == parts.len() {
            parts.push(Part { verdict, weight: Duration::ZERO, clues: Vec::new() });
        }
        if let Some(part) = parts.get_mut(place) {
            part.weight = part.weight + weight;
            part.clues.push((clue, weight));
        }
    }
    sort(&mut parts);
    parts
}

/// Heaviest first; what is unknown last among equals.
fn sort(parts: &mut [Part]) {
    parts.sort_by_key(|part| (std::cmp::Reverse(part.weight), part.verdict.kind));
}

/// The thread was woken and waited for a CPU: the kernel counts that apart, but not the stream of
/// switches, where it looks like a longer wait. Without the stream, it looks like running. Each part
/// gives in proportion.
fn charge_starvation(parts: &mut Vec<Part>, late: Duration, exact: bool) {
    let mut charged = charge(parts, late, |clue| exact == (clue.doing == Doing::Blocked));
    if !exact {
        charged = charged + charge(parts, late - charged, |clue| clue.doing == Doing::Blocked);
    }
    add(parts, CauseKind::Starved, "no CPU: other work took it", charged);
    parts.retain(|part| part.weight > Duration::ZERO);
    sort(parts);
}

/// One wait per page is a time off the CPU that no look may hit. Without the stream, the thread's clock
/// tells how much of what looks like running was none.
fn charge_faults(parts: &mut Vec<Part>, case: &Case<'_>, late: Duration) {
    let Some(on_cpu) = case.on_cpu() else { return };
    let length = case.to.since(case.from);
    let clues = parts.iter().flat_map(|part| &part.clues);
    let blocked = clues.filter(|(clue, _)| clue.doing == Doing::Blocked);
    let explained = blocked.fold(on_cpu + late, |sum, (_, weight)| sum + *weight);
    let missing = length - explained;
    let most = LONGEST_FAULT.as_nanos().saturating_mul(case.major_faults());
    if missing.as_nanos() * 8 < length.as_nanos() || missing.as_nanos() > most {
        return;
    }
    let charged = charge(parts, missing, |clue| clue.doing != Doing::Blocked);
    add(parts, CauseKind::PageFault, FAULTS, charged);
    sort(parts);
}

fn add(parts: &mut Vec<Part>, kind: CauseKind, text: &str, weight: Duration) {
    match parts.iter_mut().find(|part| part.verdict.kind == kind) {
        Some(part) => part.weight = part.weight + weight,
        None => {
            parts.push(Part { verdict: Verdict::new(kind, text), weight, clues: Vec::new() });
        }
    }
}

/// Takes time from what fits, in proportion, and gives what was taken.
fn charge(parts: &mut [Part], late: Duration, fits: impl Fn(&Clue) -> bool) -> Duration {
    let able = |part: &Part| {
        let fitting = part.clues.iter().filter(|(clue, _)| fits(clue));
        let sum = fitting.fold(Duration::ZERO, |sum, (_, weight)| sum + *weight);
        if part.verdict.kind == CauseKind::Starved { Duration::ZERO } else { sum }
    };
    let all = parts.iter().fold(Duration::ZERO, |sum, part| sum + able(part));
    let late = late.min(all);
    let mut charged = Duration::ZERO;
    for part in parts {
        let taken = able(part).scaled(late, all).min(part.weight);
        part.weight = part.weight - taken;
        charged = charged + taken;
    }
    charged
}

fn causes(parts: Vec<Part>, case: &Case<'_>, dictionary: &Dictionary) -> Vec<Cause> {
    let total = parts.iter().fold(Duration::ZERO, |sum, part| sum + part.weight);
    let share = |weight: Duration| weight.as_secs_f64() / total.as_secs_f64();
    let mut causes = Vec::new();
    let mut given = 0.0;
    for mut part in parts {
        let share = if total == Duration::ZERO { 0.0 } else { share(part.weight) };
        if share < SMALLEST_SHARE || causes.len() == MOST_CAUSES {
            continue;
        }
        evidence::complete(&mut part.verdict, &part.clues, part.weight, case, dictionary);
        let Verdict { kind, text, evidence, .. } = part.verdict;
        given += share;
        causes.push(Cause { kind, share, text, evidence });
    }
    let rest: f64 = 1.0 - given;
    if rest > 1e-9 {
        let seen = if causes.is_empty() { "nothing was seen" } else { "many short parts" };
        let Verdict { kind, text, evidence, .. } = words::unknown(dictionary, &[], seen);
        causes.push(Cause { kind, share: rest, text, evidence });
    }
    causes
}

/// The line to look at, and what it called.
fn locate(
    seen: &[(super::episode::Run, Duration)],
    dictionary: &Dictionary,
    poll: Option<StackId>,
) -> (Option<FrameId>, Option<FrameId>) {
    struct Place {
        frame: FrameId,
        code: Option<CodeId>,
        leaf: Option<FrameId>,
        weight: Duration,
    }
    let mut places: Vec<Place> = Vec::new();
    for (run, weight) in seen {
        let Some(stack) = run.stack else { continue };
        let frames = place::callback_frames(dictionary, stack, run.task_depth, poll);
        let Some(user) = innermost_own(dictionary, &frames) else { continue };
        let Some(&frame) = frames.get(user) else { continue };
        let code = dictionary.get_frame(frame).map(|frame| frame.code);
        places.push(Place { frame, code, leaf: frames.last().copied(), weight: *weight });
    }
    let heaviest = |codes: &[Place], key: &dyn Fn(&Place) -> u32| -> Option<u32> {
        let mut sums: FxHashMap<u32, Duration> = FxHashMap::default();
        for place in codes {
            let sum = sums.entry(key(place)).or_default();
            *sum = *sum + place.weight;
        }
        sums.into_iter()
            .max_by_key(|(key, weight)| (*weight, std::cmp::Reverse(*key)))
            .map(|it| it.0)
    };
    let code_of = |place: &Place| place.code.map_or(0, CodeId::get);
    let code = heaviest(&places, &code_of);
    places.retain(|place| Some(code_of(place)) == code);
    let line = heaviest(&places, &|place| place.frame.get());
    if let Some(place) = places.iter().find(|place| Some(place.frame.get()) == line) {
        return (Some(place.frame), place.leaf);
    }
    // None of the user's own code: what the loop called in the heaviest stack.
    let heaviest = seen.iter().find_map(|(run, _)| run.stack.zip(Some(run.task_depth)));
    let Some((stack, task_depth)) = heaviest else { return (None, None) };
    let depth = place::callback_depth(dictionary, stack, task_depth, poll);
    let frames = dictionary.stack_frames(stack);
    (place_to_look(dictionary, &frames, depth), frames.last().copied())
}

type Times = (Option<Duration>, Option<Duration>, Option<Duration>);

fn sum_of(clues: &[(Clue, Duration)], wanted: &[Doing]) -> Duration {
    let fitting = clues.iter().filter(|(clue, _)| wanted.contains(&clue.doing));
    fitting.fold(Duration::ZERO, |sum, (_, weight)| sum + *weight)
}

/// Time in which the thread had been woken and waited for a CPU: no more than the time in which it
/// may have.
fn woken_late(case: &Case<'_>, clues: &[(Clue, Duration)], exact: bool) -> Duration {
    let most = if exact {
        sum_of(clues, &[Doing::Blocked])
    } else {
        case.to.since(case.from) - case.on_cpu().unwrap_or_default()
    };
    case.woken_late().min(most)
}

/// On the CPU, waiting for one, and off it for other reasons.
fn times(case: &Case<'_>, clues: &[(Clue, Duration)], exact: bool, late: Duration) -> Times {
    if exact {
        let on_cpu = sum_of(clues, &[Doing::OnCpu, Doing::Collecting]);
        let runqueue = sum_of(clues, &[Doing::Preempted]) + late;
        return (Some(on_cpu), Some(runqueue), Some(sum_of(clues, &[Doing::Blocked]) - late));
    }
    let Some(on_cpu) = case.on_cpu() else { return (None, None, None) };
    let length = case.to.since(case.from);
    let runqueue = case.run_queue().map(|time| time.min(length - on_cpu));
    (Some(on_cpu), runqueue, runqueue.map(|runqueue| length - on_cpu - runqueue))
}
