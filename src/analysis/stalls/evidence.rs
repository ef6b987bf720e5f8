//! What a cause wants told beside its name.

use rustc_hash::FxHashMap;

use crate::analysis::FrameNames;
use crate::model::{
    CauseKind, Dictionary, Duration, EvidenceValue, FrameId, KernelState, StackId, StringId,
    ThreadId,
};

use super::clue::{Case, Clue};
use super::scene::Held;
use super::verdict::{NativeCode, Verdict};

/// Lines that are listed at most.
const LINES: usize = 5;

/// Completes the evidence of a cause: every key of its kind is there afterwards, those first.
pub(super) fn complete(
    verdict: &mut Verdict,
    clues: &[(Clue, Duration)],
    weight: Duration,
    case: &Case<'_>,
    dictionary: &Dictionary,
) {
    let mut known = std::mem::take(&mut verdict.evidence);
    match verdict.kind {
        CauseKind::CpuPython => known.push(("lines", lines(&leaves(clues, dictionary)))),
        CauseKind::CpuNative => native(&mut known, case, dictionary),
        CauseKind::GilWait => gil(verdict, &mut known, case, dictionary),
        CauseKind::LockWait => lock(verdict, &mut known, clues, case, dictionary),
        CauseKind::Gc => {
            known.push(("generation", generation(case)));
            known.push(("collecting_ns", nanos(Some(case.collecting(case.from, case.to)))));
        }
        CauseKind::PageFault => faults(&mut known, case),
        CauseKind::Starved => starved(&mut known, case),
        CauseKind::Stopped => known.retain(|(key, _)| *key != "stopped_ns"),
        _ => {}
    }
    if verdict.kind == CauseKind::Stopped {
        known.push(("stopped_ns", nanos(Some(weight))));
    }
    if clues.iter().any(|(clue, _)| clue.state == Some(KernelState::DiskSleep)) {
        known.push(("uninterruptible", EvidenceValue::Flag(true)));
    }
    for &key in verdict.kind.evidence_keys() {
        let at = known.iter().position(|(name, _)| *name == key);
        let value = at.map_or(EvidenceValue::Unknown, |at| known.remove(at).1);
        verdict.evidence.push((key, value));
    }
    verdict.evidence.append(&mut known);
}

type Entries = Vec<(&'static str, EvidenceValue)>;

fn nanos(length: Option<Duration>) -> EvidenceValue {
    length.map_or(EvidenceValue::Unknown, |length| EvidenceValue::Count(length.as_nanos()))
}

/// The innermost frames with the time they stand for.
fn leaves(clues: &[(Clue, Duration)], dictionary: &Dictionary) -> Vec<(FrameId, Duration)> {
    let leaf = |stack: Option<StackId>| dictionary.get_stack(stack?).map(|node| node.frame);
    summed(clues.iter().filter_map(|(clue, weight)| Some((leaf(clue.stack)?, *weight))))
}

/// Sums by key, heaviest first.
fn summed<K: Copy + Eq + std::hash::Hash + Ord>(
    entries: impl Iterator<Item = (K, Duration)>,
) -> Vec<(K, Duration)> {
    let mut sums: FxHashMap<K, Duration> = FxHashMap::default();
    for (key, weight) in entries {
        let sum = sums.entry(key).or_default();
        *sum = *sum + weight;
    }
    let mut sums: Vec<(K, Duration)> = sums.into_iter().collect();
    sums.sort_unstable_by_key(|(key, weight)| (std::cmp::Reverse(*weight), *key));
    sums
}

fn lines(lines: &[(FrameId, Duration)]) -> EvidenceValue {
    if lines.is_empty() {
        return EvidenceValue::Unknown;
    }
    EvidenceValue::Lines(lines.iter().copied().take(LINES).collect())
}

fn native(known: &mut Entries, case: &Case<'_>, dictionary: &Dictionary) {
    let samples = case.thread.native.within(case.from, case.to);
    let one = Duration::from_nanos(1);
    let Some(&(code, _)) = summed(samples.map(|sample| (sample.code, one))).first() else { return };
    let Some(code) = dictionary.get_native_code(code) else { return };
    let text = |id| EvidenceValue::Text(dictionary.text(id).to_owned());
    if let Some(module) = code.module {
        known.retain(|(key, _)| *key != "module");
        known.push(("module", text(module)));
    }
    known.push(("symbol", code.symbol.map_or(EvidenceValue::Unknown, text)));
}

/// Who held the GIL, and where: the looks at the lock, each with its holder's stack.
fn gil(verdict: &mut Verdict, known: &mut Entries, case: &Case<'_>, dictionary: &Dictionary) {
    let looks: Vec<Held> = case.process.gil.within(case.from, case.to).copied().collect();
    let Some(holding) = Holding::of(&looks) else { return };
    known.push(("holder", EvidenceValue::Thread(holding.holder)));
    let mut text = format!("{} held the GIL", thread_name(dictionary, holding.holder));
    let leaves = holding.leaves(case, dictionary);
    if let Some(stack) = holding.stack() {
        known.push(("holder_stack", EvidenceValue::Stack(stack)));
        known.push(("holder_lines", lines(&leaves)));
    }
    let callee = holding.callee.map(|callee| dictionary.text(callee).to_owned());
    text.push_str(&place_of(&leaves, callee.as_deref(), dictionary));
    if let Some(callee) = callee {
        known.push(("holder_callee", EvidenceValue::Text(callee)));
    }
    verdict.text = text;
}

/// The call that waits for a thread's end, not for what it holds.
const JOIN: &str = "Thread.join";

/// Who held the lock, where the lock itself told: only looks at waits that this cause is made of.
fn lock(
    verdict: &mut Verdict,
    known: &mut Entries,
    clues: &[(Clue, Duration)],
    case: &Case<'_>,
    dictionary: &Dictionary,
) {
    let ours = |seen: &&Held| {
        let stack = case.stack_at(seen.time);
        stack.is_some() && clues.iter().any(|(clue, _)| clue.stack == stack)
    };
    let looks = case.thread.locks.within(case.from, case.to).filter(ours);
    let looks: Vec<Held> = looks.copied().collect();
    let Some(holding) = Holding::of(&looks) else { return };
    known.retain(|(key, _)| !key.starts_with("holder"));
    known.push(("holder", EvidenceValue::Thread(holding.holder)));
    if let Some(stack) = holding.stack() {
        known.push(("holder_stack", EvidenceValue::Stack(stack)));
    }
    let leaves = holding.leaves(case, dictionary);
    let callee = holding.callee.map(|callee| dictionary.text(callee));
    let place = place_of(&leaves, callee, dictionary);
    let name = thread_name(dictionary, holding.holder);
    let joins = |(_, value): &(_, EvidenceValue)| *value == EvidenceValue::Text(JOIN.to_owned());
    verdict.text = if known.iter().any(joins) {
        format!("{JOIN}() waits for {name}{place}")
    } else {
        format!("{}: {name} held it{place}", verdict.text)
    };
}

/// ` in crunch (app.py:12)`, with the native function that was called there.
fn place_of(
    leaves: &[(FrameId, Duration)],
    callee: Option<&str>,
    dictionary: &Dictionary,
) -> String {
    let called = callee.map(|callee| format!(" in {callee}(), called from"));
    let called = called.unwrap_or_else(|| " in".to_owned());
    let Some(&(frame, _)) = leaves.first() else { return String::new() };
    let names = FrameNames::of(dictionary, frame);
    format!("{called} {} ({})", names.function_or_unknown(), names.place())
}

/// The thread that held a lock at most looks, and where it was then.
struct Holding {
    holder: ThreadId,
    /// With how often each was seen, most often first.
    stacks: Vec<(StackId, Duration)>,
    callee: Option<StringId>,
}

impl Holding {
    fn of(looks: &[Held]) -> Option<Self> {
        let one = Duration::from_nanos(1);
        let holders = summed(looks.iter().filter_map(|seen| Some((seen.holder?, one))));
        let &(holder, _) = holders.first()?;
        let held = || looks.iter().filter(|seen| seen.holder == Some(holder));
        let callees = summed(held().filter_map(|seen| Some((seen.callee?, one))));
        Some(Self {
            holder,
            stacks: summed(held().filter_map(|seen| Some((seen.stack?, one)))),
            callee: callees.first().map(|&(callee, _)| callee),
        })
    }

    fn stack(&self) -> Option<StackId> {
        self.stacks.first().map(|&(stack, _)| stack)
    }

    /// The innermost frames, with their share of the stall.
    fn leaves(&self, case: &Case<'_>, dictionary: &Dictionary) -> Vec<(FrameId, Duration)> {
        let looks: u64 = self.stacks.iter().map(|(_, weight)| weight.as_nanos()).sum();
        let share = |weight: Duration| {
            let length = u128::from(case.to.since(case.from).as_nanos());
            let part = length * u128::from(weight.as_nanos()) / u128::from(looks.max(1));
            Duration::from_nanos(u64::try_from(part).unwrap_or(u64::MAX))
        };
        let leaf = |stack| dictionary.get_stack(stack).map(|node| node.frame);
        let leaves = self.stacks.iter();
        summed(leaves.filter_map(|&(stack, weight)| Some((leaf(stack)?, share(weight)))))
    }
}

fn thread_name(dictionary: &Dictionary, id: ThreadId) -> String {
    let thread = dictionary.get_thread(id);
    let name = thread.and_then(|thread| thread.name).map(|name| dictionary.text(name));
    match (name.filter(|name| !name.is_empty()), thread.map(|thread| thread.native_id)) {
        (Some(name), _) => format!("thread {name}"),
        (None, Some(native_id)) if native_id > 0 => format!("thread {native_id}"),
        _ => "another thread".to_owned(),
    }
}

/// The oldest generation that was collected: by the collector's own account, else by its counts
/// before and after.
fn generation(case: &Case<'_>) -> EvidenceValue {
    let pauses = case.process.pauses.within(case.from, case.to);
    if let Some(generation) = pauses.map(|pause| pause.generation).max() {
        return EvidenceValue::Count(u64::from(generation));
    }
    let counts = |look: Option<&crate::model::GcLook>| look.and_then(|look| look.collections);
    let before = counts(case.process.gc.before(case.from));
    let after = counts(case.process.gc.after(case.to));
    let (Some(before), Some(after)) = (before, after) else { return EvidenceValue::Unknown };
    let grown = before.iter().zip(&after).rposition(|(before, after)| after > before);
    grown.map_or(EvidenceValue::Unknown, |generation| EvidenceValue::Count(generation as u64))
}

fn faults(known: &mut Entries, case: &Case<'_>) {
    let clocks = &case.thread.clocks;
    let (Some(before), Some(after)) = (clocks.before(case.from), clocks.after(case.to)) else {
        return;
    };
    let grown = |count: u64, before: u64| EvidenceValue::Count(count.saturating_sub(before));
    known.push(("major_faults", grown(after.major_faults, before.major_faults)));
    known.push(("minor_faults", grown(after.minor_faults, before.minor_faults)));
}

fn starved(known: &mut Entries, case: &Case<'_>) {
    known.push(("runqueue_ns", nanos(case.run_queue())));
    let exact = case.thread.exact(case.from, case.to);
    known.push(("preempted_ns", nanos(exact.then(|| case.preempted()))));
    let steal = case.machine.before(case.from).zip(case.machine.after(case.to));
    known.push(("steal_ns", nanos(steal.map(|(before, after)| after.steal - before.steal))));
}

/// The extensions that ran under each stack, by the kernel's samples.
pub(super) struct NativeStacks<'a> {
    /// Per stack: samples, those in the interpreter's loop, and the heaviest extension.
    rows: FxHashMap<StackId, (u32, u32, FxHashMap<&'a str, u32>)>,
}

impl<'a> NativeStacks<'a> {
    pub(super) fn of(case: &Case<'_>, dictionary: &'a Dictionary) -> Self {
        let mut this = Self { rows: FxHashMap::default() };
        for sample in case.thread.native.within(case.from, case.to) {
            let Some(stack) = case.stack_at(sample.time) else { continue };
            let Some(code) = dictionary.get_native_code(sample.code) else { continue };
            let row = this.rows.entry(stack).or_default();
            row.0 += 1;
            let symbol = code.symbol.map_or("", |symbol| dictionary.text(symbol));
            row.1 += u32::from(symbol.contains("PyEval_EvalFrame"));
            let module = code.module.map_or("", |module| dictionary.text(module));
            let module = module.rsplit('/').next().unwrap_or(module);
            if !module.is_empty() {
                *row.2.entry(module).or_default() += 1;
            }
        }
        this
    }
}

impl NativeCode for NativeStacks<'_> {
    fn extension(&self, stack: Option<StackId>) -> Option<String> {
        const FEWEST: u32 = 3;
        let (samples, interpreter, modules) = self.rows.get(&stack?)?;
        if *samples < FEWEST || interpreter * 20 > *samples {
            return None;
        }
        let heaviest = modules.iter().max_by_key(|(name, count)| (**count, **name));
        let (module, count) = heaviest?;
        let nobody = ["python", "libpython", "libc.", "libc-", "ld-", "[", "libpthread"];
        let names_someone = !nobody.iter().any(|start| module.starts_with(start));
        (names_someone && count * 2 > *samples).then(|| (*module).to_owned())
    }
}
