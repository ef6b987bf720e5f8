//! Follows one loop's thread from look to look.

use rustc_hash::FxHashMap;

use crate::model::{Activity, Dictionary, Duration, LoopKind, Sample, StackId, TaskId, Timestamp};

use super::edges::{self, Edge};
use super::episode::Episode;
use super::heartbeat::{Heartbeat, Series};
use super::place;
use super::scene::ThreadLogs;

/// An episode that is over (or was not, when the recording ended).
#[derive(Debug)]
pub(super) struct Draft {
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
}

/// A loop's thread.
#[derive(Debug, Default)]
pub(super) struct Track {
    pub(super) logs: ThreadLogs,
    pub(super) heartbeat: Heartbeat,
    pub(super) corrected: Heartbeat,
    pub(super) series: Series,
    pub(super) drafts: Vec<Draft>,
    open: Option<Episode>,
    /// The last look or the end of the last run of idle ticks.
    last: Option<Timestamp>,
    poll: Option<StackId>,
    places: FxHashMap<StackId, Place>,
    /// For counting callbacks.
    context_ver: Option<u64>,
    contexts: Option<u64>,
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
        let near = inside || apart.as_nanos() <= tick.as_nanos().saturating_mul(MOST_TICKS_APART);
        let before = self.last.replace(look.time);
        if near && self.open.as_mut().is_some_and(|open| open.take(look, inside)) {
            return false;
        }
        let ended = self.close(look.time);
        self.open = Some(Episode::new(before, look, inside));
        ended
    }

    /// The loop was seen asleep in its poll call, or not running, at this time.
    pub(super) fn asleep(&mut self, time: Timestamp) -> bool {
        let ended = self.close(time);
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
        true
    }

    fn finish_episode(&mut self, episode: Episode, end: Edge, ongoing: bool) {
        let start = edges::start(episode.before, episode.first(), &self.logs.offs);
        let length = end.time.since(start.time);
        let offs = self.logs.offs.within(start.time, end.time).filter(|off| !off.blocked);
        let preempted = offs.fold(Duration::ZERO, |sum, off| sum + off.end.since(off.start));
        let preempted = preempted + self.logs.offs.summed(start.time, end.time).1;
        let corrected = length - preempted;
        self.heartbeat.add(length);
        self.corrected.add(corrected);
        self.series.add(start.time, length, corrected);
        self.drafts.push(Draft {
            episode,
            start,
            end,
            ongoing,
            followers: Vec::new(),
            ready: Vec::new(),
            poll: self.poll,
        });
    }

    /// Forgets the last draft: it was too short.
    pub(super) fn drop_draft(&mut self) {
        self.drafts.pop();
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
        drafts.chain(open).min()
    }

    fn count(&mut self, context_ver: Option<u64>) {
        let Some(now) = context_ver else { return };
        if let Some(before) = self.context_ver.replace(now) {
            let more = now.saturating_sub(before);
            self.contexts = Some(self.contexts.unwrap_or(0).saturating_add(more));
        }
    }

    /// Callbacks run, at most: every one enters a context and leaves it.
    pub(super) fn callbacks(&self) -> Option<u64> {
        self.contexts.map(|contexts| contexts.div_ceil(2))
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
