//! Cuts a stall into pieces of which one thing is true each, and sums up what is alike.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::model::{
    CodeId, Dictionary, Duration, KernelCallId, KernelState, MachineClocks, StackId, StringId,
    ThreadClocks, Timestamp,
};

use super::episode::{Episode, Run};
use super::scene::{Log, ProcessLogs, ThreadLogs};

/// What the thread was doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Doing {
    OnCpu,
    /// It could run and got no CPU.
    Preempted,
    /// Off the CPU, waiting.
    Blocked,
    /// On the CPU or off it: nothing tells.
    Unclear,
    /// On the CPU, collecting garbage.
    Collecting,
}

/// All that a verdict rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Clue {
    pub(super) doing: Doing,
    pub(super) stack: Option<StackId>,
    pub(super) task_depth: Option<u32>,
    pub(super) state: Option<KernelState>,
    pub(super) call: Option<KernelCallId>,
    pub(super) callee: Option<StringId>,
    /// Another thread was seen to hold the GIL.
    pub(super) gil: bool,
    /// The stack was the same at many looks in a row.
    pub(super) steady: bool,
}

/// A stall under examination.
#[derive(Clone, Copy)]
pub(super) struct Case<'a> {
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
    /// How far both edges together may be off.
    pub(super) error: Duration,
    pub(super) episode: &'a Episode,
    pub(super) thread: &'a ThreadLogs,
    pub(super) process: &'a ProcessLogs,
    pub(super) machine: &'a Log<MachineClocks>,
    /// One tick of the sampler.
    pub(super) tick: Duration,
}

/// What called a function, and the function.
type Caller = (Option<StackId>, Option<CodeId>);

fn caller(dictionary: &Dictionary, stack: StackId) -> Caller {
    let node = dictionary.get_stack(stack);
    let code = node.and_then(|node| dictionary.get_frame(node.frame)).map(|frame| frame.code);
    (node.and_then(|node| node.parent), code)
}

fn is_awake(state: KernelState) -> bool {
    state == KernelState::Running
}

/// What a look at a thread off the CPU found.
type Found = (KernelState, Option<KernelCallId>);

/// So many looks in a row with the same stack make it steady.
const STEADY: u32 = 4;

/// Errors of one in so many of a stall's length make it one of which much is guessed.
const MUCH: u64 = 4;

/// The recorder looks for one once a callback has gone on for so long: at every tick from then on.
const LOOKED_FOR: Duration = Duration::from_nanos(2_000_000);

/// A collection is seen at the latest after it has gone on for so long.
const REACH: Duration = Duration::from_nanos(8_000_000);

impl Case<'_> {
    /// What was seen, with the time that each stands for.
    pub(super) fn clues(&self, dictionary: &Dictionary) -> Vec<(Clue, Duration)> {
        let moving = self.moving(dictionary);
        let mut clues = self.sums();
        for (clue, _) in &mut clues {
            clue.steady &=
                !clue.stack.is_some_and(|stack| moving.contains(&caller(dictionary, stack)));
        }
        self.ask_neighbours(&mut clues, dictionary);
        clues
    }

    /// Times off the CPU that were not looked at are taken for what most of those were that the same
    /// code brought about.
    fn ask_neighbours(&self, clues: &mut [(Clue, Duration)], dictionary: &Dictionary) {
        let alone = |clue: &Clue| clue.doing == Doing::Blocked && clue.state.is_none();
        if !clues.iter().any(|(clue, _)| alone(clue)) {
            return;
        }
        let mut seen: FxHashMap<Caller, FxHashMap<Found, u32>> = FxHashMap::default();
        let looks = self.thread.blocked.within(self.from, self.to);
        for look in looks.filter(|look| !is_awake(look.state)) {
            let Some(stack) = self.stack_at(look.time) else { continue };
            let found = (look.state, look.call);
            *seen.entry(caller(dictionary, stack)).or_default().entry(found).or_default() += 1;
        }
        let most = |found: &FxHashMap<Found, u32>| {
            found.iter().max_by_key(|(found, count)| (**count, **found)).map(|(found, _)| *found)
        };
        for (clue, _) in clues.iter_mut().filter(|(clue, _)| alone(clue)) {
            let found = clue.stack.and_then(|stack| seen.get(&caller(dictionary, stack)));
            if let Some((state, call)) = found.and_then(most) {
                clue.state = Some(state);
                clue.call = call;
            }
        }
    }

    /// Functions whose line was seen to change often: they run, whatever a single look says.
    fn moving(&self, dictionary: &Dictionary) -> FxHashSet<Caller> {
        let mut seen: FxHashMap<Caller, (u32, u32)> = FxHashMap::default();
        for run in &self.episode.runs {
            let Some(stack) = run.stack else { continue };
            let counts = seen.entry(caller(dictionary, stack)).or_default();
            *counts = (counts.0 + 1, counts.1 + run.looks);
        }
        let often = seen.into_iter().filter(|(_, (runs, looks))| *runs >= 4 && runs * 5 >= *looks);
        often.map(|(caller, _)| caller).collect()
    }

    fn sums(&self) -> Vec<(Clue, Duration)> {
        let mut sums: FxHashMap<Clue, Duration> = FxHashMap::default();
        let mut order: Vec<Clue> = Vec::new();
        let exact = self.thread.exact(self.from, self.to);
        let awake = if exact { Doing::OnCpu } else { Doing::Unclear };
        let mut add = |clue: Clue, weight: Duration| {
            let sum = sums.entry(clue).or_insert_with(|| {
                order.push(clue);
                Duration::ZERO
            });
            *sum = *sum + weight;
        };
        let mut at = self.from;
        for off in self.thread.offs.within(self.from, self.to) {
            self.awake(at, off.start, awake, &mut add);
            let blocked = off.blocked && !self.woken(off.start);
            let doing = if blocked { Doing::Blocked } else { Doing::Preempted };
            add(self.clue(doing, off.start, off.end), off.end.since(off.start));
            at = off.end;
        }
        self.awake(at, self.to, awake, &mut add);
        order.iter().map(|clue| (*clue, sums.get(clue).copied().unwrap_or_default())).collect()
    }

    /// A stretch without a long time off the CPU, cut where the stack changed.
    fn awake(
        &self,
        from: Timestamp,
        to: Timestamp,
        doing: Doing,
        add: &mut impl FnMut(Clue, Duration),
    ) {
        let mut at = from;
        let first = self.run_at(from);
        for index in first..self.episode.runs.len() {
            if at >= to {
                return;
            }
            let end = match self.border(index + 1) {
                Some(border) => border.clamp(at, to),
                None => to,
            };
            if end > at {
                self.awake_piece(at, end, doing, add);
            }
            at = end;
        }
    }

    fn awake_piece(
        &self,
        from: Timestamp,
        to: Timestamp,
        doing: Doing,
        add: &mut impl FnMut(Clue, Duration),
    ) {
        let length = to.since(from);
        let (blocked, preempted) = self.thread.offs.summed(from, to);
        let collecting = self.collecting(from, to).min(length);
        let clue = self.clue(doing, from, to);
        let rest = length - blocked - preempted - collecting;
        if doing == Doing::Unclear {
            if collecting > Duration::ZERO {
                add(Clue { doing: Doing::Collecting, ..clue }, collecting);
            }
            self.by_looks(clue, from, to, rest, add);
            return;
        }
        for (doing, weight) in [
            (Doing::Blocked, blocked),
            (Doing::Preempted, preempted),
            (Doing::Collecting, collecting),
            (doing, rest),
        ] {
            if weight > Duration::ZERO {
                add(Clue { doing, ..clue }, weight);
            }
        }
    }

    /// Without switch records: each look at the thread stands for its part of the time.
    fn by_looks(
        &self,
        clue: Clue,
        from: Timestamp,
        to: Timestamp,
        length: Duration,
        add: &mut impl FnMut(Clue, Duration),
    ) {
        let early = from.as_nanos().saturating_sub(self.tick.as_nanos() * 2);
        let mut looks: Vec<Found> =
            self.thread.blocked.within(from, to).map(|look| (look.state, look.call)).collect();
        if looks.is_empty() {
            let around = self.thread.blocked.within(Timestamp::from_nanos(early), to + self.tick);
            looks.extend(around.last().map(|look| (look.state, look.call)));
        }
        if looks.is_empty() {
            add(self.by_clocks(clue, from, to), length);
            return;
        }
        let gil = self.gil_held(from, to);
        let part = length.as_nanos() / looks.len() as u64;
        let mut left = length;
        for (index, &(state, call)) in looks.iter().enumerate() {
            let last = index + 1 == looks.len();
            let weight = if last { left } else { Duration::from_nanos(part) };
            left = left - weight;
            let clue = match state {
                KernelState::Running => Clue { doing: Doing::OnCpu, ..clue },
                _ => Clue { doing: Doing::Blocked, state: Some(state), call, gil, ..clue },
            };
            add(clue, weight);
        }
    }

    /// Without any look: whom the GIL was held by, and the thread's clocks.
    fn by_clocks(&self, mut clue: Clue, from: Timestamp, to: Timestamp) -> Clue {
        if self.gil_held(from, to) {
            clue.doing = Doing::Blocked;
            clue.gil = true;
        } else if let Some(on_cpu) = self.mostly_on_cpu() {
            clue.doing = if on_cpu { Doing::OnCpu } else { Doing::Blocked };
        }
        clue
    }

    /// What is known of a piece.
    fn clue(&self, doing: Doing, from: Timestamp, to: Timestamp) -> Clue {
        let middle = from + Duration::from_nanos(to.since(from).as_nanos() / 2);
        let run = self.run_in(from, to).or_else(|| self.run(self.run_at(middle)));
        let mut clue = Clue {
            doing,
            stack: run.and_then(|run| run.stack),
            task_depth: run.and_then(|run| run.task_depth),
            state: None,
            call: None,
            callee: None,
            gil: false,
            steady: run.is_some_and(|run| run.looks >= STEADY),
        };
        let (first, last) = run.map_or((from, to), |run| (run.first.min(from), run.last.max(to)));
        clue.callee = self.thread.callees.within(first, last).next().map(|callee| callee.function);
        match doing {
            Doing::Blocked => {
                let look = self.thread.blocked.within(from, to).next();
                let look = look.or_else(|| self.thread.blocked.within(first, last).next());
                // One that came as the thread was woken found what it called, but not how it waited.
                clue.state = look.map(|look| look.state).filter(|state| !is_awake(*state));
                clue.call = look.and_then(|look| look.call);
                clue.gil = self.gil_held(from, to);
            }
            Doing::Unclear | Doing::OnCpu | Doing::Preempted | Doing::Collecting => {}
        }
        clue
    }

    /// Whether a time off the CPU at the very start is the rest of the poll: the looks say that the
    /// thread was awake by then, so it waited for a CPU.
    fn woken(&self, start: Timestamp) -> bool {
        let earlier = self.thread.offs.covering(start).is_some_and(|off| off.start < self.from);
        !self.episode.inside && start == self.from && earlier
    }

    /// Whether the thread's own clocks say that it used the CPU, or waited for one, for most of
    /// the stall.
    fn mostly_on_cpu(&self) -> Option<bool> {
        let (on_cpu, span) = self.cpu_around()?;
        let awake = on_cpu + self.run_queue().unwrap_or_default();
        Some(awake.as_nanos().saturating_mul(2) > span.as_nanos())
    }

    /// Whether looks that found the thread able to run do not tell if it had a CPU: much of the stall
    /// is guessed, and neither switches nor clocks say what it was.
    pub(super) fn is_doubtful(&self) -> bool {
        let length = self.to.since(self.from).as_nanos();
        let guessed = self.error.as_nanos().saturating_mul(MUCH) >= length;
        let told = self.thread.exact(self.from, self.to) || self.run_queue().is_some();
        guessed && !told && self.mostly_on_cpu() != Some(true)
    }

    /// Time in the run queue between the readings around the stall, where they are close to it; else
    /// from the first reading in it on. A wait is counted when it is over: one that was going on at
    /// the first reading counts in full.
    pub(super) fn run_queue(&self) -> Option<Duration> {
        let clocks = &self.thread.clocks;
        let last = clocks.after(self.to)?;
        let length = self.to.since(self.from);
        let slack = Duration::from_nanos(length.as_nanos() / 4 + 10_000_000);
        let close = |first: &&ThreadClocks| last.time.since(first.time) <= length + slack;
        let inside = || clocks.within(self.from, self.to).find(close);
        let first = clocks.before(self.from).filter(close).or_else(inside)?;
        let elsewhere = self.waited_elsewhere(first.time, last.time);
        Some((last.run_queue? - first.run_queue? - elsewhere).min(length))
    }

    /// What of the waits for a CPU between two readings may not have been in the stall, as far as the
    /// switches tell.
    fn waited_elsewhere(&self, first: Timestamp, last: Timestamp) -> Duration {
        let offs = &self.thread.offs;
        let going_on = offs.covering(first).filter(|off| off.end <= self.from);
        let (before, after) = (offs.within(first, self.from), offs.within(self.to, last));
        let preempted = before.chain(after).filter(|off| !off.blocked);
        let sum = preempted.fold(Duration::ZERO, |sum, off| sum + off.end.since(off.start));
        going_on.filter(|off| off.blocked).map_or(sum, |off| sum + off.end.since(off.start))
    }

    /// Time in which the thread could have run on, by its switches.
    pub(super) fn preempted(&self) -> Duration {
        let offs = self.thread.offs.within(self.from, self.to).filter(|off| !off.blocked);
        let long = offs.fold(Duration::ZERO, |sum, off| sum + off.end.since(off.start));
        long + self.thread.offs.summed(self.from, self.to).1
    }

    /// Time in the run queue that the switches do not show: after having been woken.
    pub(super) fn woken_late(&self) -> Duration {
        let waited = self.run_queue().unwrap_or_default();
        let exact = self.thread.exact(self.from, self.to);
        let late = if exact { waited - self.preempted() } else { waited };
        // Readings are not taken at the edges: little may belong to what was before or after.
        let least = self.to.since(self.from).as_nanos() / 20;
        if late.as_nanos() > least.max(1_000_000) { late } else { Duration::ZERO }
    }

    /// How many pages were read from the disk.
    pub(super) fn major_faults(&self) -> u64 {
        let clocks = &self.thread.clocks;
        let faults = clocks.before(self.from).zip(clocks.after(self.to));
        faults.map_or(0, |(before, after)| after.major_faults.saturating_sub(before.major_faults))
    }

    /// Whether pages were read from the disk for most of the times that the thread waited.
    pub(super) fn mostly_faults(&self) -> bool {
        let long = self.thread.offs.within(self.from, self.to).filter(|off| off.blocked).count();
        let short = self.thread.offs.waits(self.from, self.to);
        self.major_faults() > (short + long as u64) / 2
    }

    /// The stack at a time.
    pub(super) fn stack_at(&self, time: Timestamp) -> Option<StackId> {
        self.run(self.run_at(time))?.stack
    }

    /// CPU time between the readings next to the stall's edges, and the time between them.
    pub(super) fn cpu_around(&self) -> Option<(Duration, Duration)> {
        let slack = Duration::from_nanos(self.to.since(self.from).as_nanos() / 4);
        let clocks = &self.thread.clocks;
        let first = clocks.within(self.from, self.from + slack).next();
        let first = first.or_else(|| clocks.before(self.from))?;
        let earlier = Timestamp::from_nanos(self.to.as_nanos().saturating_sub(slack.as_nanos()));
        let last = clocks.within(earlier, self.to).last();
        let last = last.or_else(|| clocks.after(self.to))?;
        let span = last.time.since(first.time);
        let stall = self.to.since(self.from).as_nanos();
        if span.as_nanos() * 2 < stall || span.as_nanos() > stall.saturating_mul(2) {
            return None;
        }
        Some((last.on_cpu? - first.on_cpu?, span))
    }

    /// Time on the CPU by the thread's clock, whose readings lie a little apart from the edges.
    pub(super) fn on_cpu(&self) -> Option<Duration> {
        let (on_cpu, span) = self.cpu_around()?;
        let length = self.to.since(self.from);
        Some(on_cpu.scaled(length, span).min(length))
    }

    fn gil_held(&self, from: Timestamp, to: Timestamp) -> bool {
        let reach = Duration::from_nanos(3_000_000);
        let early = Timestamp::from_nanos(from.as_nanos().saturating_sub(reach.as_nanos()));
        self.process.gil.within(early, to + reach).any(|seen| seen.holder.is_some())
    }

    /// How much of a stretch the collector ran.
    pub(super) fn collecting(&self, from: Timestamp, to: Timestamp) -> Duration {
        let mut sum = Duration::ZERO;
        let early = Timestamp::from_nanos(from.as_nanos().saturating_sub(60_000_000_000));
        for pause in self.process.pauses.within(early, to) {
            sum = sum + pause.end.min(to).since(pause.start.max(from));
        }
        if sum > Duration::ZERO {
            return sum;
        }
        // From looks: each stands for the time since the one before. They may have come while the thread
        // was put aside, for the look itself.
        let early = Timestamp::from_nanos(from.as_nanos().saturating_sub(REACH.as_nanos()));
        let mut last: Option<Timestamp> = None;
        for look in self.process.gc.within(early, to + REACH) {
            let near = last.filter(|&last| look.time.since(last) <= REACH);
            if look.collecting {
                let since = near.unwrap_or_else(|| self.begun(look.time));
                sum = sum + look.time.min(to).since(since.max(from));
            } else if let Some(last) = near {
                sum = sum + self.over(last).min(look.time).min(to).since(last.max(from));
            }
            last = look.collecting.then_some(look.time);
        }
        last.map_or(sum, |last| sum + self.over(last).min(to).since(last.max(from)))
    }

    /// Until when a collection went on that was last seen at this time: the middle before the next tick.
    fn over(&self, last: Timestamp) -> Timestamp {
        last + Duration::from_nanos(self.tick.as_nanos() / 2)
    }

    /// Since when a collection has gone on that was first seen at this time. The stack stays the same
    /// meanwhile; where the tick before was one to look for it, it began between the two.
    fn begun(&self, seen: Timestamp) -> Timestamp {
        let run = self.border(self.run_at(seen)).unwrap_or(seen);
        let tick = self.tick.as_nanos();
        let before = Timestamp::from_nanos(seen.as_nanos().saturating_sub(tick));
        let unseen = if before >= self.from + LOOKED_FOR { tick / 2 } else { REACH.as_nanos() };
        run.max(Timestamp::from_nanos(seen.as_nanos().saturating_sub(unseen)))
    }

    fn run(&self, index: usize) -> Option<&Run> {
        self.episode.runs.get(index)
    }

    /// A run that has a look in this stretch.
    fn run_in(&self, from: Timestamp, to: Timestamp) -> Option<&Run> {
        let index = self.episode.runs.partition_point(|run| run.last < from);
        self.run(index).filter(|run| run.first <= to)
    }

    /// The run whose time this is.
    fn run_at(&self, time: Timestamp) -> usize {
        let runs = &self.episode.runs;
        let index = runs.partition_point(|run| run.first <= time);
        match self.border(index) {
            Some(border) if border <= time => index,
            _ => index.saturating_sub(1),
        }
    }

    /// Where a run begins: in the middle between its first look and the last one before.
    fn border(&self, index: usize) -> Option<Timestamp> {
        let run = self.run(index)?;
        let Some(before) = index.checked_sub(1).and_then(|index| self.run(index)) else {
            return Some(self.from);
        };
        let half = run.first.since(before.last).as_nanos() / 2;
        Some(before.last + Duration::from_nanos(half))
    }

    /// Every stack with the time it stands for.
    pub(super) fn stacks(&self) -> Vec<(Run, Duration)> {
        let mut weights: Vec<(Run, Duration)> = Vec::new();
        let mut places: FxHashMap<(Option<StackId>, Option<u32>), usize> = FxHashMap::default();
        for (index, run) in self.episode.runs.iter().enumerate() {
            let begin = self.border(index).unwrap_or(self.from).clamp(self.from, self.to);
            let end = self.border(index + 1).unwrap_or(self.to).clamp(begin, self.to);
            let place = *places.entry((run.stack, run.task_depth)).or_insert(weights.len());
            match weights.get_mut(place) {
                Some((_, weight)) => *weight = *weight + end.since(begin),
                None => weights.push((*run, end.since(begin))),
            }
        }
        weights.sort_by_key(|(_, weight)| std::cmp::Reverse(*weight));
        weights
    }
}
