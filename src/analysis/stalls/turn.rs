//! One turn of a loop: the callbacks that it runs between two polls.

use crate::model::{Duration, Timestamp};

use super::edges::Edge;
use super::episode::Episode;

/// A turn that goes on, with what is known of its callbacks.
#[derive(Debug)]
pub(super) struct Turn {
    /// When the loop came back from its poll call, by its own account.
    pub(super) began: Timestamp,
    /// The callbacks seen in it, as one; `None` before the first is over.
    sum: Option<Sum>,
}

/// Callbacks of a turn, drawn together.
#[derive(Debug)]
pub(super) struct Sum {
    pub(super) episode: Episode,
    pub(super) start: Edge,
    pub(super) end: Edge,
    pub(super) callbacks: u32,
    /// The longest one.
    pub(super) longest: Duration,
}

impl Turn {
    pub(super) const fn new(began: Timestamp) -> Self {
        Self { began, sum: None }
    }

    /// Takes a callback that ran in it, and is over.
    pub(super) fn take(&mut self, episode: &Episode, start: Edge, end: Edge) {
        let length = end.time.since(start.time);
        match &mut self.sum {
            Some(sum) => {
                sum.episode.append(episode);
                sum.end = end;
                sum.callbacks = sum.callbacks.saturating_add(1);
                sum.longest = sum.longest.max(length);
            }
            None => {
                // Callbacks that were too short to be seen may have run before it.
                let start = Edge { time: self.began.min(start.time), error: Duration::ZERO };
                let episode = episode.clone();
                let longest = length;
                self.sum = Some(Sum { episode, start, end, callbacks: 1, longest });
            }
        }
    }

    /// What is known of it, now that it is over.
    pub(super) fn finish(self) -> Option<Sum> {
        self.sum
    }
}
