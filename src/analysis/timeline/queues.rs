//! How much each loop had queued, and from when to when that is known.

use std::collections::BTreeMap;

use crate::model::{LoopId, LoopQueues, QueueReason, Timestamp};

use super::loops::Polls;

/// What one loop had queued for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueDepth {
    /// When it was looked at.
    pub start: Timestamp,
    /// When it was looked at again, or the loop was seen in its poll call: what it has queued after
    /// that is not known.
    pub end: Timestamp,
    /// Callbacks that could run and timers that were due.
    pub depth: u32,
    /// Whether this is all that was queued. A census sees the tasks among it alone.
    pub complete: bool,
}

/// The queues of all loops, look by look.
#[derive(Debug, Default)]
pub(super) struct QueueTracks(BTreeMap<LoopId, Vec<QueueDepth>>);

impl QueueTracks {
    /// A loop that was held up was asked for its queues.
    pub(super) fn look(&mut self, queues: &LoopQueues) {
        let is_due = |reason, due: Option<Timestamp>| match reason {
            QueueReason::Ready => true,
            QueueReason::Timer => due.is_some_and(|due| due <= queues.time),
        };
        let due = queues.entries.iter().filter(|entry| is_due(entry.reason, entry.due)).count();
        // A loop that hides its queues has an empty list, which says nothing.
        if due > 0 || queues.complete {
            let depth = u32::try_from(due).unwrap_or(u32::MAX);
            self.push(queues.event_loop, queues.time, depth, queues.complete);
        }
    }

    /// A census found so many tasks of a loop ready.
    pub(super) fn census(&mut self, event_loop: LoopId, time: Timestamp, ready: u32) {
        let known = self.0.get(&event_loop).and_then(|looks| looks.last());
        if ready > 0 || known.is_some_and(|last| last.depth > 0) {
            self.push(event_loop, time, ready, false);
        }
    }

    fn push(&mut self, event_loop: LoopId, start: Timestamp, depth: u32, complete: bool) {
        let looks = self.0.entry(event_loop).or_default();
        looks.push(QueueDepth { start, end: start, depth, complete });
    }

    /// The depths of each loop in order, given when the loops polled and when the recording ended.
    pub(super) fn finish(
        self,
        polls: &BTreeMap<LoopId, Polls>,
        end: Timestamp,
    ) -> BTreeMap<LoopId, Vec<QueueDepth>> {
        let mut all = self.0;
        for (id, looks) in &mut all {
            looks.sort_by_key(|look| look.start);
            let ends = looks.iter().skip(1).map(|look| look.start).chain([end]);
            let ends: Vec<Timestamp> = ends.collect();
            for (look, next) in looks.iter_mut().zip(ends) {
                let poll = polls.get(id).and_then(|polls| polls.first(look.start, next));
                look.end = poll.unwrap_or(next);
            }
            looks.retain(|look| look.depth > 0 && look.end > look.start);
        }
        all.retain(|_, looks| !looks.is_empty());
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::timeline::{Span, SpanState, Spans};
    use crate::model::QueueEntry;

    fn at(nanos: u64) -> Timestamp {
        Timestamp::from_nanos(nanos)
    }

    fn event_loop() -> LoopId {
        LoopId::new(1).unwrap()
    }

    fn queues(time: u64, entries: &[(QueueReason, Option<u64>)], complete: bool) -> LoopQueues {
        let entries = entries
            .iter()
            .map(|&(reason, due)| QueueEntry { task: None, reason, due: due.map(at) })
            .collect();
        LoopQueues { event_loop: event_loop(), time: at(time), complete, entries }
    }

    fn shown(tracks: QueueTracks, spans: &[(u64, u64, SpanState)]) -> Vec<(u64, u64, u32, bool)> {
        let mut lane = Spans::default();
        for &(start, end, state) in spans {
            let (task, stack, wait) = (None, None, None);
            lane.push(Span { start: at(start), end: at(end), state, task, stack, wait });
        }
        let polls = BTreeMap::from([(event_loop(), Polls::new(&lane))]);
        let all = tracks.finish(&polls, at(1_000)).remove(&event_loop()).unwrap_or_default();
        let plain = |d: &QueueDepth| (d.start.as_nanos(), d.end.as_nanos(), d.depth, d.complete);
        all.iter().map(plain).collect()
    }

    #[test]
    fn a_depth_holds_until_the_next_look_or_until_the_loop_polls() {
        use QueueReason::{Ready, Timer};
        let mut tracks = QueueTracks::default();
        tracks.census(event_loop(), at(100), 0);
        tracks.look(&queues(200, &[(Ready, None), (Timer, Some(150)), (Timer, Some(900))], true));
        tracks.census(event_loop(), at(300), 5);
        tracks.census(event_loop(), at(600), 0);
        tracks.look(&queues(700, &[(Ready, None)], false));
        let spans = [
            (0, 150, SpanState::Idle),
            (150, 400, SpanState::Running),
            (400, 650, SpanState::Idle),
            (650, 1_000, SpanState::Running),
        ];
        assert_eq!(
            shown(tracks, &spans),
            [(200, 300, 2, true), (300, 400, 5, false), (700, 1_000, 1, false)]
        );
    }

    #[test]
    fn a_hidden_queue_is_not_an_empty_one() {
        let mut tracks = QueueTracks::default();
        tracks.census(event_loop(), at(10), 3);
        tracks.look(&queues(20, &[], false));
        assert_eq!(shown(tracks, &[(0, 50, SpanState::Running)]), [(10, 1_000, 3, false)]);
    }
}
