//! How long a task that a census found ready is known to have been so.

use crate::model::Timestamp;

use super::loops::Polls;
use super::spans::{Span, SpanState};

/// Spans that may be added by cutting, all in all; beyond, what would need more is unknown.
const MOST_CUTS: usize = 1 << 19;

/// What else is known about the time in which a task lived.
#[derive(Debug, Clone, Copy)]
pub(super) struct Surroundings<'a> {
    /// When each complete census of its process took place.
    pub(super) censuses: &'a [Timestamp],
    /// When its loop was seen polling.
    pub(super) polls: Option<&'a Polls>,
}

/// Cuts the spans in which tasks were ready: a loop runs all that is ready before it polls again, so
/// that a task is ready no longer than that, and not once it has run. What it did from then until the
/// next census is not known.
#[derive(Debug)]
pub(super) struct Cutter {
    left: usize,
}

impl Default for Cutter {
    fn default() -> Self {
        Self { left: MOST_CUTS }
    }
}

impl Cutter {
    /// Cuts the spans of one task.
    pub(super) fn cut(&mut self, spans: &mut Vec<Span>, around: Surroundings<'_>) {
        if !spans.iter().any(|span| span.state == SpanState::Ready) {
            return;
        }
        let mut cut: Vec<Span> = Vec::with_capacity(spans.len());
        for &span in spans.iter() {
            if span.state == SpanState::Ready {
                let has_run = cut
                    .last()
                    .is_some_and(|last| last.state == SpanState::Running && last.end == span.start);
                self.cut_one(span, has_run, around, &mut cut);
            } else {
                cut.push(span);
            }
        }
        *spans = cut;
    }

    /// What is known of one span, which begins with what a census found unless the task `has_run`.
    fn cut_one(
        &mut self,
        span: Span,
        has_run: bool,
        around: Surroundings<'_>,
        into: &mut Vec<Span>,
    ) {
        let mut push = |start, end, state| {
            if start < end {
                into.push(Span { start, end, state, ..span });
            }
        };
        let mut at = if has_run { around.next_census(span.start, span.end) } else { span.start };
        push(span.start, at, SpanState::Unknown);
        while at < span.end {
            let ready = around.next_poll(at, span.end);
            push(at, ready, SpanState::Ready);
            self.left = self.left.saturating_sub(1);
            // Every census until the end of the span found it ready again.
            at = if self.left == 0 { span.end } else { around.next_census(ready, span.end) };
            push(ready, at, SpanState::Unknown);
        }
    }
}

impl Surroundings<'_> {
    /// The first census after `time`, or `end` if that is earlier.
    fn next_census(&self, time: Timestamp, end: Timestamp) -> Timestamp {
        let next = self.censuses.partition_point(|&census| census <= time);
        self.censuses.get(next).map_or(end, |&census| census.min(end))
    }

    /// When the loop was first seen polling after `time`, or `end` if that is earlier.
    fn next_poll(&self, time: Timestamp, end: Timestamp) -> Timestamp {
        self.polls.and_then(|polls| polls.first(time, end)).unwrap_or(end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::timeline::Spans;

    fn at(nanos: u64) -> Timestamp {
        Timestamp::from_nanos(nanos)
    }

    fn span((start, end, state): (u64, u64, SpanState)) -> Span {
        let (start, end) = (at(start), at(end));
        Span { start, end, state, task: None, stack: None, wait: None }
    }

    fn cut(censuses: &[u64], polls: &[(u64, u64)], spans: &[(u64, u64, SpanState)]) -> Vec<Span> {
        let mut lane = Spans::default();
        polls.iter().for_each(|&(start, end)| lane.push(span((start, end, SpanState::Idle))));
        let polls = Polls::new(&lane);
        let censuses: Vec<Timestamp> = censuses.iter().map(|&nanos| at(nanos)).collect();
        let around = Surroundings { censuses: &censuses, polls: Some(&polls) };
        let mut spans = spans.iter().copied().map(span).collect();
        Cutter::default().cut(&mut spans, around);
        spans
    }

    fn all(spans: &[(u64, u64, SpanState)]) -> Vec<Span> {
        spans.iter().copied().map(span).collect()
    }

    use SpanState::{Ready, Running, Unknown, Waiting};

    #[test]
    fn a_task_is_ready_until_its_loop_polls_or_it_runs() {
        assert_eq!(
            cut(&[100, 200], &[(150, 160)], &[(100, 200, Ready), (200, 250, Waiting)]),
            all(&[(100, 150, Ready), (150, 200, Unknown), (200, 250, Waiting)])
        );
        assert_eq!(
            cut(&[100, 200], &[], &[(100, 140, Ready), (140, 150, Running), (150, 200, Ready)]),
            all(&[(100, 140, Ready), (140, 150, Running), (150, 200, Unknown)])
        );
    }

    #[test]
    fn every_census_that_finds_it_ready_says_so_anew() {
        assert_eq!(
            cut(&[100, 200, 300], &[(150, 160), (170, 180), (250, 290)], &[(100, 300, Ready)]),
            all(&[(100, 150, Ready), (150, 200, Unknown), (200, 250, Ready), (250, 300, Unknown)])
        );
    }

    #[test]
    fn a_loop_that_is_held_up_leaves_its_tasks_ready() {
        assert_eq!(cut(&[100, 200, 300], &[], &[(100, 300, Ready)]), all(&[(100, 300, Ready)]));
        assert_eq!(cut(&[], &[(100, 110)], &[(100, 300, Ready)]), all(&[(100, 300, Unknown)]));
    }
}
