//! Locks, queues, pools and the like over time: who waited, how long, behind whom.

mod grouping;
mod lines;
mod place;
mod pools;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::model::{
    Dictionary, Duration, Event, FrameId, ObjectId, ObjectState, StringId, TaskId, Timestamp,
    WaitKind,
};

use self::lines::{Line, Lines};
use self::place::Spot;
use super::series::Series;
use super::waits::Waited;

/// Holders that are named.
const MOST_HOLDERS: usize = 16;

/// One synchronisation object over time; or one line of code, where all who wait there have an
/// object of their own (a future for each that waits for a pool's connection).
#[derive(Debug, Clone, PartialEq)]
pub struct Contention {
    /// The object; `None` for a line of code.
    pub object: Option<ObjectId>,
    /// How many objects these facts are of; 0 for futures, which are not counted.
    pub objects: u64,
    /// The library's connection pool that is waited for.
    pub pool: Option<&'static str>,
    /// Its type.
    pub type_name: Option<StringId>,
    /// What the first task to be seen waited for.
    pub kind: WaitKind,
    /// The line of code that was first seen using it: the innermost frame outside the standard
    /// library and of what only wraps it, of the task or of the one that awaits it.
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

impl Contention {
    /// `Lock #3`; `Event ×12` for a line of code; `asyncpg pool #2` for a pool.
    #[must_use]
    pub fn label(&self, dictionary: &Dictionary) -> String {
        let of = self.type_name.map(|name| dictionary.text(name)).filter(|name| !name.is_empty());
        let what = self.pool.or(of).unwrap_or("?");
        match self.object {
            Some(object) => format!("{what} #{object}"),
            None if self.pool.is_none() => format!("{what} ×{}", self.objects),
            None => what.to_owned(),
        }
    }
}

#[derive(Debug)]
struct Sum {
    facts: Contention,
    /// The line it counts in, should each who waits there have one of these.
    line: Option<Line>,
    tasks: FxHashSet<TaskId>,
    held: FxHashMap<TaskId, Duration>,
    state: Option<(Timestamp, ObjectState)>,
    last_wait: FxHashMap<TaskId, Timestamp>,
}

/// Sums up what was waited for.
#[derive(Debug, Default)]
pub(super) struct Contentions {
    sums: FxHashMap<ObjectId, Sum>,
    /// Waits for bare futures, by the line of the pool that waits.
    futures: FxHashMap<FrameId, Sum>,
    lines: Lines,
}

impl Contentions {
    /// Takes an event of a census, after what it ended was given to [`Self::waited`].
    pub(super) fn event(&mut self, event: &Event, dictionary: &Dictionary, time: Timestamp) {
        self.lines.event(event, dictionary, time);
        if let Event::ObjectState { object, state } = event {
            self.stands(dictionary, time, *object, state);
        }
    }

    /// A task waited.
    pub(super) fn waited(&mut self, dictionary: &Dictionary, waited: &Waited) {
        let Some(wait) = waited.waiting.wait else { return };
        let Some(reason) = dictionary.get_wait(wait) else { return };
        let spot = self.lines.spot_of(waited.task);
        let nowhere = Spot { place: None, own: false, owner: waited.task, pool: None };
        let spot = spot.unwrap_or(nowhere);
        if let Some(object) = reason.object.filter(|_| is_contended(reason.kind)) {
            let sum = self.sums.entry(object);
            sum.or_insert_with(|| Sum::new(dictionary, Some(object))).add(
                waited,
                reason.kind,
                spot,
            );
        } else if reason.kind == WaitKind::Future
            && let Some((place, kind)) = lines::line(&spot, reason.kind)
        {
            let sum = self.futures.entry(place).or_insert_with(|| Sum::new(dictionary, None));
            sum.add(waited, kind, spot);
        }
    }

    /// An object stands like this from `time` on.
    fn stands(
        &mut self,
        dictionary: &Dictionary,
        time: Timestamp,
        object: ObjectId,
        state: &ObjectState,
    ) {
        // Where nobody was seen to wait for it until now, the rows come first.
        let sum = self.sums.entry(object).or_insert_with(|| Sum::new(dictionary, Some(object)));
        sum.account(time);
        let before = sum.state.as_ref().map(|(_, old)| old.holders.as_slice()).unwrap_or_default();
        let moved = !before.is_empty() && !state.holders.is_empty();
        if moved && state.holders.iter().any(|holder| !before.contains(holder)) {
            sum.facts.hand_overs += 1;
        }
        sum.note(time, state);
        sum.state = Some((time, state.clone()));
    }

    /// What was waited for, by total wait.
    pub(super) fn finish(self, end: Timestamp) -> Vec<Contention> {
        let lengths = self.lines.finish();
        let objects = self.sums.into_values().filter_map(|mut sum| {
            sum.account(end);
            (sum.facts.waits > 0).then_some(sum)
        });
        let mut all = grouping::by_line(objects, &lengths);
        all.extend(self.futures.into_iter().map(|(place, sum)| {
            let length = lengths.get(&(place, WaitKind::Future));
            grouping::of_line(sum.finish(), length)
        }));
        all.sort_unstable_by_key(|facts| {
            (std::cmp::Reverse(facts.total), facts.object, facts.place)
        });
        all
    }
}

impl Sum {
    fn new(dictionary: &Dictionary, object: Option<ObjectId>) -> Self {
        Self {
            facts: Contention {
                object,
                objects: u64::from(object.is_some()),
                pool: None,
                type_name: object.and_then(|object| dictionary.get_object(object)),
                kind: WaitKind::Unknown,
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
            line: None,
            tasks: FxHashSet::default(),
            held: FxHashMap::default(),
            state: None,
            last_wait: FxHashMap::default(),
        }
    }

    /// A task waited at `spot`.
    fn add(&mut self, waited: &Waited, kind: WaitKind, spot: Spot) {
        let facts = &mut self.facts;
        if facts.place.is_none() {
            facts.kind = kind;
            facts.place = spot.place;
            facts.pool = spot.pool;
            self.line = lines::line(&spot, kind);
        }
        facts.total = facts.total + waited.counted;
        if kind == WaitKind::QueuePut {
            facts.puts = facts.puts + waited.counted;
        }
        self.tasks.insert(spot.owner);
        let since = waited.waiting.since;
        if self.last_wait.insert(waited.task, since) != Some(since) {
            facts.waits += 1;
        }
        facts.longest = facts.longest.max(waited.until.since(since));
    }

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
