//! Locks, queues and the like over time: who waited, how long, behind whom.

use rustc_hash::FxHashMap;

use crate::model::{
    Dictionary, Duration, FrameId, ObjectId, ObjectState, StringId, TaskId, Timestamp, WaitKind,
};

use super::names::waiting_frame;
use super::series::Series;
use super::waits::Waited;

/// Holders that are named.
const MOST_HOLDERS: usize = 16;

/// One synchronisation object over time.
#[derive(Debug, Clone, PartialEq)]
pub struct Contention {
    /// The object.
    pub object: ObjectId,
    /// Its type.
    pub type_name: Option<StringId>,
    /// What the first task to be seen waited for.
    pub kind: WaitKind,
    /// The line of code that was first seen using it: the innermost frame outside the standard
    /// library and of what only wraps it.
    pub place: Option<FrameId>,
    /// How often a task was seen to begin to wait.
    pub waits: u64,
    /// How many different tasks waited.
    pub tasks: u64,
    /// How long they waited, all in all.
    pub total: Duration,
    /// How much of that was for room in a queue.
    pub puts: Duration,
    /// The longest stretch in which every look found one task waiting for it, and in the same wait
    /// as far as could be told.
    pub longest: Duration,
    /// The most tasks in its line at once.
    pub most_waiters: u32,
    /// Tasks in its line over time.
    pub waiters: Series,
    /// Its size over time (queues).
    pub size: Series,
    /// Its capacity when last seen.
    pub capacity: Option<u32>,
    /// How often it went from one holder to another.
    pub hand_overs: u64,
    /// Who held it, and how long of the time in which somebody waited; longest first.
    pub holders: Vec<(TaskId, Duration)>,
    /// The time in which somebody waited and who held it is not known.
    pub holder_unknown: Duration,
}

#[derive(Debug)]
struct Sum {
    facts: Contention,
    tasks: rustc_hash::FxHashSet<TaskId>,
    held: FxHashMap<TaskId, Duration>,
    state: Option<(Timestamp, ObjectState)>,
    last_wait: FxHashMap<TaskId, Timestamp>,
}

/// Sums up what was waited for.
#[derive(Debug, Default)]
pub(super) struct Contentions {
    sums: FxHashMap<ObjectId, Sum>,
}

impl Contentions {
    /// A task waited.
    pub(super) fn waited(&mut self, dictionary: &Dictionary, waited: &Waited) {
        let Some(wait) = waited.waiting.wait else { return };
        let Some(reason) = dictionary.get_wait(wait) else { return };
        let Some(object) = reason.object.filter(|_| is_contended(reason.kind)) else { return };
        let sum = self.sum(dictionary, object, reason.kind);
        if sum.facts.place.is_none() {
            sum.facts.kind = reason.kind;
            sum.facts.place =
                waited.waiting.chain.and_then(|chain| waiting_frame(dictionary, chain));
        }
        sum.facts.total = sum.facts.total + waited.counted;
        if reason.kind == WaitKind::QueuePut {
            sum.facts.puts = sum.facts.puts + waited.counted;
        }
        sum.tasks.insert(waited.task);
        let since = waited.waiting.since;
        if sum.last_wait.insert(waited.task, since) != Some(since) {
            sum.facts.waits += 1;
        }
        sum.facts.longest = sum.facts.longest.max(waited.until.since(since));
    }

    /// An object stands like this from `time` on.
    pub(super) fn stands(
        &mut self,
        dictionary: &Dictionary,
        time: Timestamp,
        object: ObjectId,
        state: &ObjectState,
    ) {
        let Some(sum) = self.sums.get_mut(&object) else {
            // Nobody was seen to wait for it until now: the rows come first.
            let kind = WaitKind::Unknown;
            let sum = self.sum(dictionary, object, kind);
            sum.state = Some((time, state.clone()));
            sum.note(time, state);
            return;
        };
        sum.account(time);
        let before = sum.state.as_ref().map(|(_, old)| old.holders.clone()).unwrap_or_default();
        let moved = !before.is_empty() && !state.holders.is_empty();
        if moved && state.holders.iter().any(|holder| !before.contains(holder)) {
            sum.facts.hand_overs += 1;
        }
        sum.note(time, state);
        sum.state = Some((time, state.clone()));
    }

    fn sum(&mut self, dictionary: &Dictionary, object: ObjectId, kind: WaitKind) -> &mut Sum {
        self.sums.entry(object).or_insert_with(|| Sum {
            facts: Contention {
                object,
                type_name: dictionary.get_object(object),
                kind,
                place: None,
                waits: 0,
                tasks: 0,
                total: Duration::ZERO,
                puts: Duration::ZERO,
                longest: Duration::ZERO,
                most_waiters: 0,
                waiters: Series::default(),
                size: Series::default(),
                capacity: None,
                hand_overs: 0,
                holders: Vec::new(),
                holder_unknown: Duration::ZERO,
            },
            tasks: rustc_hash::FxHashSet::default(),
            held: FxHashMap::default(),
            state: None,
            last_wait: FxHashMap::default(),
        })
    }

    /// The objects that were waited for, by total wait.
    pub(super) fn finish(self, end: Timestamp) -> Vec<Contention> {
        let mut all: Vec<Contention> = self
            .sums
            .into_values()
            .filter_map(|mut sum| {
                sum.account(end);
                (sum.facts.waits > 0).then(|| sum.finish())
            })
            .collect();
        all.sort_unstable_by_key(|facts| (std::cmp::Reverse(facts.total), facts.object));
        all
    }
}

impl Sum {
    /// Accounts the time since the last state to its holders, as long as somebody waited.
    fn account(&mut self, time: Timestamp) {
        let Some((since, state)) = &self.state else { return };
        if state.waiters.unwrap_or(0) == 0 {
            return;
        }
        let length = time.since(*since);
        for &holder in &state.holders {
            let held = self.held.entry(holder).or_default();
            *held = *held + length;
        }
        if state.holders.is_empty() {
            self.facts.holder_unknown = self.facts.holder_unknown + length;
        }
    }

    fn note(&mut self, time: Timestamp, state: &ObjectState) {
        if let Some(waiters) = state.waiters {
            self.facts.most_waiters = self.facts.most_waiters.max(waiters);
            self.facts.waiters.push(time, waiters);
        }
        if let Some(size) = state.size {
            self.facts.size.push(time, size);
        }
        self.facts.capacity = state.capacity.or(self.facts.capacity);
    }

    fn finish(self) -> Contention {
        let mut facts = self.facts;
        facts.tasks = self.tasks.len() as u64;
        let mut holders: Vec<(TaskId, Duration)> = self.held.into_iter().collect();
        holders.sort_unstable_by_key(|&(task, held)| (std::cmp::Reverse(held), task));
        holders.truncate(MOST_HOLDERS);
        facts.holders = holders;
        facts
    }
}

const fn is_contended(kind: WaitKind) -> bool {
    matches!(
        kind,
        WaitKind::Lock
            | WaitKind::Semaphore
            | WaitKind::Condition
            | WaitKind::Event
            | WaitKind::Barrier
            | WaitKind::QueueGet
            | WaitKind::QueuePut
            | WaitKind::QueueJoin
    )
}
