//! Follows one loop's thread from look to look.

use rustc_hash::FxHashMap;

use crate::model::{
    Activity, CallObject, Dictionary, Duration, LoopId, LoopKind, Sample, StackId, StallKind,
    TaskId, Timestamp,
};

use super::edges::{self, Edge};
use super::episode::Episode;
use super::place;
use super::pulse::Pulse;
use super::scene::ThreadLogs;
use super::turn::{Sum, Turn};

/// An episode that is over (or was not, when the recording ended).
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) kind: StallKind,
    pub(super) episode: Episode,
    pub(super) start: Edge,
    pub(super) end: Edge,
    pub(super) ongoing: bool,
    /// Tasks that ran right after it.
    pub(super) followers: Vec<TaskId>,
    /// Ready tasks of its loop, with the census that found them.
    pub(super) ready: Vec<(TaskId, Timestamp)>,
    /// The stack in which the loop last polled.
    pub(super) poll: Option<StackId>,
    /// Of an iteration: its longest callback.
    pub(super) longest: Duration,
    /// The loop that the thread ran then.
    pub(super) event_loop: Option<LoopId>,
    /// Whether it was not yet held against the threshold.
    pub(super) is_new: bool,
}

impl Draft {
    /// Whether it is a stall at this threshold. An iteration with a callback that is one by itself is
    /// none.
    pub(super) fn is_stall(&self, threshold: Duration) -> bool {
        self.may_be_stall(threshold) && !self.is_guessed(threshold)
    }

    /// Whether it may be one, but was seen too rarely to tell.
    pub(super) fn is_vague(&self, threshold: Duration) -> bool {
        self.may_be_stall(threshold) && self.is_guessed(threshold)
    }

    fn may_be_stall(&self, threshold: Duration) -> bool {
        self.length() >= threshold && self.longest < threshold
    }

    /// Whether it may have been shorter than the threshold, and half of it is guessed. Outside of
    /// callbacks looks say less: the loop may have polled between them.
    fn is_guessed(&self, threshold: Duration) -> bool {
        let error = self.start.error + self.end.error;
        let sure = self.length() - error;
        let half = error.as_nanos().saturating_mul(2) > self.length().as_nanos();
        match self.kind {
            StallKind::Outside => sure < threshold || half,
            StallKind::Callback | StallKind::Iteration => sure < threshold && half,
        }
    }

    const fn length(&self) -> Duration {
        self.end.time.since(self.start.time)
    }
}

/// A loop's thread.
#[derive(Debug, Default)]
pub(super) struct Track {
    pub(super) logs: ThreadLogs,
    pub(super) pulse: Pulse,
    pub(super) drafts: Vec<Draft>,
    open: Option<Episode>,
    /// The turn of the loop that goes on, where it is known.
    turn: Option<Turn>,
    /// What was told of the next look: when its turn began.
    told: Option<(Timestamp, Timestamp)>,
    /// The last look or the end of the last run of idle ticks.
    last: Option<Timestamp>,
    poll: Option<StackId>,
    places: FxHashMap<StackId, Place>,
    /// For counting callbacks.
    context_ver: Option<u64>,
}

/// Where in the loop's turn a stack is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// The loop does not run at all.
    Elsewhere,
    /// In the loop's own code.
    Loop,
    Callback,
}

/// Stacks of which the place is remembered.
const MOST_PLACES: usize = 50_000;
/// Outside of callbacks, looks further apart than this many ticks may have a poll between them.
const MOST_TICKS_APART: u64 = 5;
/// Tasks that run this soon after a stall were held up by it, at most so many.
const SOON: Duration = Duration::from_nanos(20_000_000);
const MOST_FOLLOWERS: usize = 64;

impl Track {
    /// A look at the thread. Gives whether an episode ended.
    pub(super) fn look(
        &mut self,
        look: &Sample,
        kind: LoopKind,
        tick: Duration,
        dictionary: &Dictionary,
    ) -> bool {
        self.count(look.context_ver);
        if look.activity != Activity::Busy {
            if look.activity == Activity::Polling && look.stack != self.poll {
                self.poll = look.stack;
                self.places.clear();
            }
            return self.asleep(look.time);
        }
        let place = self.place(look, kind, dictionary);
        if place == Place::Elsewhere {
            return self.asleep(look.time);
        }
        let inside = place == Place::Callback;
        self.follow(look);
        let apart = self.last.map_or(Duration::ZERO, |last| look.time.since(last));
        let told = self.told.take().filter(|(time, _)| *time == look.time).map(|(_, began)| began);
        let near = inside || apart.as_nanos() <= tick.as_nanos().saturating_mul(MOST_TICKS_APART);
        let near = near || self.slept_since_last(look.time) || self.goes_on(look, dictionary);
        let near = near || self.waited_for_gil(dictionary);
        let before = self.last.replace(look.time);
        if near && self.open.as_mut().is_some_and(|open| open.take(look, inside)) {
            if self.turn.is_none() {
                self.turn = told.map(Turn::new);
            }
            return false;
        }
        let mut ended = self.close(look.time);
        let goes_on = !inside || told.is_some() && told == self.turn.as_ref().map(|it| it.began);
        if !goes_on {
            ended |= self.finish_turn(false);
            self.turn = told.map(Turn::new);
        }
        self.open = Some(Episode::new(before, look, inside));
        ended
    }

    /// Whether the thread has not run since the last look.
    fn slept_since_last(&self, now: Timestamp) -> bool {
        let off = self.last.and_then(|last| self.logs.offs.covering(last));
        off.is_some_and(|off| off.end >= now)
    }

    /// Whether a look far from the last one shows the same code above the loop's own: a signal
    /// handler, say.
    fn goes_on(&self, look: &Sample, dictionary: &Dictionary) -> bool {
        let last = self.open.as_ref().and_then(|open| open.runs.last()?.stack);
        look.stack
            .zip(last)
            .is_some_and(|(one, other)| place::share_more(dictionary, one, other, self.poll))
    }

    /// Whether the last look found the loop back from its poll call and waiting for the GIL. It goes on
    /// with a callback then: until one has run, it does not poll again.
    fn waited_for_gil(&self, dictionary: &Dictionary) -> bool {
        let Some(last) = self.open.as_ref().and_then(|open| open.runs.last()) else { return false };
        // Each time off the CPU is looked into once.
        let since = self.logs.offs.covering(last.last).map_or(last.last, |off| off.start);
        let found = self.logs.blocked.before(last.last).filter(|look| look.time >= since);
        let call = found.and_then(|look| dictionary.get_kernel_call(look.call?));
        let waited = call.is_some_and(|call| call.object == CallObject::Gil);
        waited && last.stack.is_some() && last.stack == self.poll
    }

    /// The loop was seen asleep in its poll call, or not running, at this time.
    pub(super) fn asleep(&mut self, time: Timestamp) -> bool {
        let mut ended = self.close(time);
        ended |= self.finish_turn(false);
        self.last = Some(self.last.map_or(time, |last| last.max(time)));
        ended
    }

    fn close(&mut self, after: Timestamp) -> bool {
        let Some(episode) = self.open.take() else { return false };
        let end = edges::end(episode.last(), after, &self.logs.offs);
        self.finish_episode(episode, end, false);
        true
    }

    /// The recording or the process ended. Gives whether an episode went on then.
    pub(super) fn end(&mut self) -> bool {
        let Some(episode) = self.open.take() else { return false };
        let end = Edge { time: episode.last(), error: Duration::ZERO };
        self.finish_episode(episode, end, true);
        self.finish_turn(true);
        true
    }

    fn finish_episode(&mut self, episode: Episode, end: Edge, ongoing: bool) {
        let began = self.turn.as_ref().map(|turn| turn.began).filter(|_| episode.inside);
        // It began after its turn did, however long ago the loop was last seen.
        let before = match (episode.before, began) {
            (Some(before), Some(began)) => Some(before.max(began).min(episode.first())),
            (before, began) => before.or(began.map(|began| began.min(episode.first()))),
        };
        let start = edges::start(before, episode.first(), &self.logs.offs);
        match self.turn.as_mut().filter(|_| episode.inside) {
            Some(turn) => turn.take(&episode, start, end),
            None => self.beat(start, end),
        }
        let kind = if episode.inside { StallKind::Callback } else { StallKind::Outside };
        self.draft(kind, episode, (start, end), ongoing);
    }

    /// The turn is over: the loop polls, or the next one was seen.
    fn finish_turn(&mut self, ongoing: bool) -> bool {
        let Some(sum) = self.turn.take().and_then(Turn::finish) else { return false };
        let Sum { episode, start, end, callbacks, longest } = sum;
        self.beat(start, end);
        if callbacks < 2 {
            return false;
        }
        self.draft(StallKind::Iteration, episode, (start, end), ongoing);
        if let Some(draft) = self.drafts.last_mut() {
            draft.longest = longest;
        }
        true
    }

    fn draft(
        &mut self,
        kind: StallKind,
        episode: Episode,
        (start, end): (Edge, Edge),
        ongoing: bool,
    ) {
        self.drafts.push(Draft {
            kind,
            episode,
            start,
            end,
            ongoing,
            followers: Vec::new(),
            ready: Vec::new(),
            poll: self.poll,
            longest: Duration::ZERO,
            event_loop: None,
            is_new: true,
        });
    }

    /// A stretch in which the loop did not poll.
    fn beat(&mut self, start: Edge, end: Edge) {
        let length = end.time.since(start.time);
        let offs = self.logs.offs.within(start.time, end.time).filter(|off| !off.blocked);
        let preempted = offs.fold(Duration::ZERO, |sum, off| sum + off.end.since(off.start));
        let preempted = preempted + self.logs.offs.summed(start.time, end.time).1;
        let corrected = length - preempted;
        self.pulse.beat(start.time, length, corrected);
    }

    /// When the loop came back from its poll call last, as told of the look at `time`.
    pub(super) const fn turn(&mut self, time: Timestamp, began: Timestamp) {
        self.told = Some((time, began));
    }

    /// A task that runs soon after a stall.
    fn follow(&mut self, look: &Sample) {
        let Some(task) = look.task else { return };
        for draft in &mut self.drafts {
            let soon = look.time.since(draft.end.time) <= SOON && look.time > draft.end.time;
            if soon && draft.followers.len() < MOST_FOLLOWERS && !draft.followers.contains(&task) {
                draft.followers.push(task);
            }
        }
    }

    /// What must still be known: from the oldest draft or open episode on.
    pub(super) fn horizon(&self) -> Option<Timestamp> {
        let open = self.open.as_ref().map(|open| open.before.unwrap_or_else(|| open.first()));
        let drafts = self.drafts.iter().map(|draft| draft.start.time);
        let turn = self.turn.as_ref().map(|turn| turn.began);
        drafts.chain(open).chain(turn).min()
    }

    fn count(&mut self, context_ver: Option<u64>) {
        let Some(now) = context_ver else { return };
        if let Some(before) = self.context_ver.replace(now) {
            self.pulse.count(now.saturating_sub(before));
        }
    }

    fn place(&mut self, look: &Sample, kind: LoopKind, dictionary: &Dictionary) -> Place {
        if look.task.is_some() || look.callback.is_some() {
            return Place::Callback;
        }
        let Some(stack) = look.stack else { return Place::Elsewhere };
        if let Some(&place) = self.places.get(&stack) {
            return place;
        }
        if self.places.len() == MOST_PLACES {
            self.places.clear();
        }
        let layers = place::Layers::of(dictionary, stack, self.poll);
        let place = if !layers.in_loop {
            Place::Elsewhere
        } else if layers.in_handle || (kind != LoopKind::Selector && layers.above > 0) {
            Place::Callback
        } else {
            Place::Loop
        };
        self.places.insert(stack, place);
        place
    }
}
