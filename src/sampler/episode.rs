//! How long a loop's thread has been in the same callback, while it is: what looks at the loop's
//! queues are triggered by, and what is told of a stall as it happens. The stalls of a recording
//! are found afterwards, from all that was recorded.

use std::num::NonZeroU32;

use crate::model::{Duration, KernelCallId, StackId, TaskId, Timestamp};

use super::heaviest::Heaviest;

/// What was seen at one look at a loop's thread that was not in its poll call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) time: Timestamp,
    pub(super) callback: Option<NonZeroU32>,
    pub(super) context_ver: u64,
    pub(super) stack: Option<StackId>,
    /// How many of its frames are the loop's own, where that is known.
    pub(super) loop_depth: Option<u32>,
    pub(super) task: Option<TaskId>,
    pub(super) doing: Doing,
}

/// What the thread did at that moment, as far as the kernel tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doing {
    /// It ran, or could.
    Runs,
    /// It could have run, but had no CPU.
    Starves,
    /// It was blocked in this call, if any.
    Blocked(Option<KernelCallId>),
    /// It waited for the interpreter's lock.
    WaitsForLock,
    /// It was stopped.
    Stopped,
}

/// A stack, and how many of its frames are the loop's own where that is known.
pub(super) type Place = (Option<StackId>, Option<u32>);

/// A time in which a loop did not come back to its poll call, or not out of one callback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Episode {
    pub(super) start: Timestamp,
    pub(super) end: Timestamp,
    pub(super) task: Option<TaskId>,
    /// Where it was, and for how long.
    pub(super) places: Heaviest<Place, 16>,
    doings: Heaviest<Doing, 8>,
    /// What was seen last.
    last: (Place, Doing),
    callback: Option<NonZeroU32>,
    context_ver: u64,
    crossed: bool,
    /// When it is told that it goes on.
    announced: Duration,
    long: bool,
}

/// That an episode goes on is told when it is this long, and each time it is ten times as long.
const ANNOUNCED: Duration = Duration::from_nanos(1_000_000_000);

impl Episode {
    pub(super) const fn length(&self) -> Duration {
        self.end.since(self.start)
    }

    /// What the thread did most of the time.
    pub(super) fn doing(&self) -> Doing {
        self.doings.most().unwrap_or(self.last.1)
    }

    /// Time passed from what was seen last to a moment: half of it goes to either.
    fn passed(&mut self, until: Timestamp, next: Option<(Place, Doing)>) {
        let half = Duration::from_nanos(until.since(self.end).as_nanos() / 2);
        for (place, doing) in [Some(self.last), next].into_iter().flatten() {
            self.places.add(place, half);
            self.doings.add(doing, half);
        }
        self.last = next.unwrap_or(self.last);
    }
}

/// The episodes of one thread.
#[derive(Debug, Default)]
pub(super) struct Episodes {
    current: Option<Episode>,
    /// When the thread was last seen, whatever it did.
    last: Timestamp,
    /// An episode has become long, or a long one has ended.
    pub(super) at_edge: bool,
}

/// From this length on an episode is long.
const LONG: Duration = Duration::from_nanos(5_000_000);

/// What a moment brought to an end, and what it began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Turn {
    /// An episode at least as long as the threshold is over.
    pub(super) over: Option<Episode>,
    /// The current one has just become as long as the threshold.
    pub(super) crossed: bool,
}

impl Episodes {
    /// The thread was seen outside its poll call.
    pub(super) fn busy(&mut self, moment: Moment, threshold: Duration) -> Turn {
        let same = |episode: &Episode| {
            episode.callback == moment.callback
                && (moment.callback.is_some() || episode.context_ver == moment.context_ver)
        };
        let over =
            if self.current.as_ref().is_some_and(same) { None } else { self.end(moment.time) };
        let seen = ((moment.stack, moment.loop_depth), moment.doing);
        let start = middle(self.last, moment.time);
        let episode = self.current.get_or_insert(Episode {
            start,
            end: start,
            task: moment.task,
            places: Heaviest::new(),
            doings: Heaviest::new(),
            last: seen,
            callback: moment.callback,
            context_ver: moment.context_ver,
            crossed: false,
            announced: ANNOUNCED,
            long: false,
        });
        episode.passed(moment.time, Some(seen));
        episode.end = moment.time;
        episode.context_ver = moment.context_ver;
        let crossed = !episode.crossed && episode.length() >= threshold;
        episode.crossed |= crossed;
        let long = !episode.long && episode.length() >= LONG;
        episode.long |= long;
        self.at_edge |= long;
        self.last = moment.time;
        Turn { over: over.filter(|over| over.length() >= threshold), crossed }
    }

    /// The thread was seen in its poll call.
    pub(super) fn polls(&mut self, now: Timestamp, threshold: Duration) -> Option<Episode> {
        let over = self.end(now);
        self.last = now;
        over.filter(|over| over.length() >= threshold)
    }

    /// The episode that goes on, when it is time to tell that it does. Shorter ones than the
    /// threshold are not told.
    pub(super) fn announce(&mut self, threshold: Duration) -> Option<Episode> {
        let episode = self.current.as_mut()?;
        if episode.length() < episode.announced.max(threshold) {
            return None;
        }
        let next = episode.length().max(episode.announced).as_nanos();
        episode.announced = Duration::from_nanos(next.saturating_mul(10));
        Some(*episode)
    }

    /// Whether the thread is in an episode at least as long as this.
    pub(super) fn lasts(&self, least: Duration) -> Option<&Episode> {
        self.current.as_ref().filter(|episode| episode.length() >= least)
    }

    fn end(&mut self, now: Timestamp) -> Option<Episode> {
        let mut over = self.current.take()?;
        over.passed(now, None);
        over.end = middle(over.end, now);
        self.at_edge |= over.long;
        Some(over)
    }
}

fn middle(first: Timestamp, second: Timestamp) -> Timestamp {
    first + Duration::from_nanos(second.since(first).as_nanos() / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;
    const THRESHOLD: Duration = Duration::from_nanos(50 * MS);

    fn moment(ms: u64, callback: u32, doing: Doing) -> Moment {
        Moment {
            time: Timestamp::from_nanos(ms * MS),
            callback: NonZeroU32::new(callback),
            context_ver: callback.into(),
            stack: StackId::new(callback),
            loop_depth: None,
            task: None,
            doing,
        }
    }

    #[test]
    fn a_long_callback_is_told_once_when_it_crosses_and_once_when_it_is_over() {
        let mut episodes = Episodes::default();
        assert_eq!(episodes.polls(Timestamp::from_nanos(8 * MS), THRESHOLD), None);
        let mut crossings = Vec::new();
        for ms in 10..100 {
            let doing = if ms % 3 == 0 { Doing::Runs } else { Doing::Blocked(None) };
            let turn = episodes.busy(moment(ms, 7, doing), THRESHOLD);
            assert_eq!(turn.over, None);
            crossings.extend(turn.crossed.then_some(ms));
        }
        assert_eq!(crossings, [59]);
        let turn = episodes.busy(moment(101, 8, Doing::Runs), THRESHOLD);
        let over = turn.over.unwrap();
        assert_eq!((over.start.as_nanos(), over.end.as_nanos()), (9 * MS, 100 * MS));
        assert_eq!(over.doing(), Doing::Blocked(None));
        assert_eq!(episodes.polls(Timestamp::from_nanos(140 * MS), THRESHOLD), None);
    }

    #[test]
    fn a_callback_is_told_by_what_took_longest_not_by_what_came_last() {
        let mut episodes = Episodes::default();
        episodes.polls(Timestamp::from_nanos(8 * MS), THRESHOLD);
        for ms in 10..100 {
            let doing = if ms < 70 { Doing::Blocked(None) } else { Doing::Runs };
            let stack = StackId::new(if ms < 70 { 5 } else { 6 });
            episodes.busy(Moment { stack, ..moment(ms, 7, doing) }, THRESHOLD);
        }
        let over = episodes.polls(Timestamp::from_nanos(100 * MS), THRESHOLD).unwrap();
        assert_eq!(over.doing(), Doing::Blocked(None));
        assert_eq!(over.places.most(), Some((StackId::new(5), None)));
        let sum: u64 = over.places.iter().map(|(_, weight)| weight.as_nanos()).sum();
        assert_eq!(sum, over.length().as_nanos());
    }

    #[test]
    fn both_edges_of_a_long_callback_are_seen() {
        let mut episodes = Episodes::default();
        let mut edges = Vec::new();
        for ms in 0..30 {
            // A callback of 20 ms, then short ones.
            let callback = if ms < 20 { 1 } else { ms };
            let number = u32::try_from(callback).unwrap();
            episodes.busy(moment(ms, number, Doing::Runs), THRESHOLD);
            edges.extend(std::mem::take(&mut episodes.at_edge).then_some(ms));
        }
        assert_eq!(edges, [5, 20]);
        episodes.polls(Timestamp::from_nanos(31 * MS), THRESHOLD);
        assert!(!episodes.at_edge);
    }

    #[test]
    fn an_episode_that_goes_on_is_told_more_and_more_rarely() {
        let mut episodes = Episodes::default();
        let mut told = Vec::new();
        for ms in (0..25_000).step_by(10) {
            episodes.busy(moment(ms, 7, Doing::Runs), THRESHOLD);
            told.extend(episodes.announce(THRESHOLD).map(|_| ms));
        }
        assert_eq!(told, [1_000, 10_000]);
        let threshold = Duration::from_nanos(30_000 * MS);
        assert_eq!(episodes.announce(threshold), None);
    }

    #[test]
    fn between_callbacks_only_the_same_context_goes_on() {
        let mut episodes = Episodes::default();
        let outside =
            |ms, context_ver| Moment { context_ver, ..moment(ms, 0, Doing::WaitsForLock) };
        episodes.busy(outside(10, 4), THRESHOLD);
        assert!(episodes.busy(outside(80, 4), THRESHOLD).crossed);
        assert!(episodes.lasts(THRESHOLD).is_some());
        assert!(episodes.busy(outside(90, 6), THRESHOLD).over.is_some());
        assert!(episodes.lasts(THRESHOLD).is_none());
    }
}
