//! Spans that are too short to be drawn one by one, drawn together.

use crate::model::Timestamp;

use super::spans::{SpanState, Spans};

/// Spans summed up in one entry of the level above.
const FAN: usize = 32;

/// Spans summed up, and these sums summed up again: what any number of spans shows together is
/// found without looking at each.
#[derive(Debug, Default, Clone)]
pub(super) struct Pyramid {
    /// Of 32 spans each, of 32 · 32 spans, …
    levels: Vec<Level>,
}

#[derive(Debug, Default, Clone)]
struct Level {
    /// Where the last of the spans ends.
    end: Vec<u64>,
    /// The worst of their states.
    worst: Vec<SpanState>,
}

impl Pyramid {
    pub(super) fn new(end: &[u64], states: &[SpanState]) -> Self {
        let mut levels: Vec<Level> = Vec::new();
        loop {
            let (end, states) =
                levels.last().map_or((end, states), |below| (&below.end, &below.worst));
            if end.len() <= FAN {
                return Self { levels };
            }
            let level = Level {
                end: end.chunks(FAN).filter_map(|chunk| chunk.last().copied()).collect(),
                worst: states.chunks(FAN).map(worst_of).collect(),
            };
            levels.push(level);
        }
    }
}

fn worst_of(states: &[SpanState]) -> SpanState {
    states.iter().copied().max().unwrap_or_default()
}

/// One or more spans, drawn as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fold {
    /// Where the first begins.
    pub start: Timestamp,
    /// Where the last ends.
    pub end: Timestamp,
    /// The worst of their states.
    pub state: SpanState,
    /// The position of the first.
    pub first: usize,
    /// How many.
    pub count: usize,
}

impl Spans {
    /// The spans between `from` and `to`, those shorter than `shortest` nanoseconds folded
    /// together. Neighbouring folds that show the same are joined.
    pub fn fold(&self, from: Timestamp, to: Timestamp, shortest: u64, mut show: impl FnMut(Fold)) {
        let shortest = shortest.max(1);
        let mut pending: Option<Fold> = None;
        let mut at = self.first_after(from);
        while at < self.len() && self.start[at] < to.as_nanos() {
            let start = self.start[at];
            let long = self.end[at] - start >= shortest;
            let (next, state) =
                if long { (at + 1, self.state[at]) } else { self.short_run(at, start, shortest) };
            let fold = Fold {
                start: Timestamp::from_nanos(start),
                end: Timestamp::from_nanos(self.end[next - 1]),
                state,
                first: at,
                count: next - at,
            };
            at = next;
            if long {
                pending.take().into_iter().for_each(&mut show);
                show(fold);
                continue;
            }
            match &mut pending {
                Some(last)
                    if last.state == fold.state
                        && fold.start.since(last.end).as_nanos() < shortest =>
                {
                    last.end = fold.end;
                    last.count += fold.count;
                }
                _ => pending.replace(fold).into_iter().for_each(&mut show),
            }
        }
        pending.into_iter().for_each(&mut show);
    }

    /// The spans from `at` on that lie within `length` nanoseconds behind `start`: where they end,
    /// and the worst of their states. Leaves some of them out where that saves looking at each,
    /// but never more than half of the length.
    fn short_run(&self, at: usize, start: u64, length: u64) -> (usize, SpanState) {
        let limit = start.saturating_add(length);
        let enough = start.saturating_add(length / 2);
        let (mut next, mut worst) = (at + 1, self.state[at]);
        // Up to where sums are known not to be too long.
        let (mut level, mut highest, mut width) = (0, self.pyramid.levels.len(), 1);
        while next < self.len() {
            if level < highest && next.is_multiple_of(width * FAN) {
                (level, width) = (level + 1, width * FAN);
                continue;
            }
            let sums = level.checked_sub(1).and_then(|above| self.pyramid.levels.get(above));
            let (end, states) =
                sums.map_or((&self.end, &self.state), |sums| (&sums.end, &sums.worst));
            let index = next / width;
            match end.get(index) {
                Some(&end) if end <= limit => {
                    worst = worst.max(states[index]);
                    next = (next + width).min(self.len());
                }
                _ if level == 0 || self.end[next - 1] >= enough => break,
                _ => {
                    (level, width) = (level - 1, width / FAN);
                    highest = level;
                }
            }
        }
        (next, worst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::timeline::Span;

    fn spans(all: &[(u64, u64, SpanState)]) -> Spans {
        let mut spans = Spans::default();
        for &(start, end, state) in all {
            let (start, end) = (Timestamp::from_nanos(start), Timestamp::from_nanos(end));
            spans.push(Span { start, end, state, task: None, stack: None, wait: None });
        }
        spans.finish();
        spans
    }

    fn folds(
        spans: &Spans,
        from: u64,
        to: u64,
        shortest: u64,
    ) -> Vec<(u64, u64, SpanState, usize)> {
        let mut found = Vec::new();
        spans.fold(Timestamp::from_nanos(from), Timestamp::from_nanos(to), shortest, |fold| {
            found.push((fold.start.as_nanos(), fold.end.as_nanos(), fold.state, fold.count));
        });
        found
    }

    #[test]
    fn folds_hold_every_span_once_and_the_worst_of_their_states() {
        let state = |n: u64| match n % 997 {
            5 => SpanState::Ready,
            _ => SpanState::ALL[(n * 7 % 3) as usize],
        };
        let all: Vec<_> = (0..40_000).map(|n| (n * 3, n * 3 + 1 + n % 3, state(n))).collect();
        let spans = spans(&all);
        for (from, shortest) in [(0, 7), (1_000, 100), (31, 5_000), (50_000, 40_000)] {
            let mut next = spans.first_after(Timestamp::from_nanos(from));
            spans.fold(Timestamp::from_nanos(from), spans_end(&spans), shortest, |fold| {
                assert_eq!(fold.first, next);
                next += fold.count;
                let members = &all[fold.first..next];
                assert_eq!(fold.start.as_nanos(), members[0].0);
                assert_eq!(fold.end.as_nanos(), members[members.len() - 1].1);
                assert_eq!(Some(fold.state), members.iter().map(|member| member.2).max());
            });
            assert_eq!(next, all.len());
        }
    }

    fn spans_end(spans: &Spans) -> Timestamp {
        spans.get(spans.len() - 1).map_or(Timestamp::ZERO, |last| last.end)
    }

    #[test]
    fn short_spans_fold_and_the_worst_state_wins() {
        use SpanState::{Ready, Running, Waiting};
        let mut all: Vec<_> = (0..100).map(|n| (n, n + 1, Waiting)).collect();
        all[42].2 = Ready;
        all.push((100, 200, Running));
        let spans = spans(&all);
        assert_eq!(
            folds(&spans, 0, 300, 10),
            [
                (0, 40, Waiting, 40),
                (40, 50, Ready, 10),
                (50, 100, Waiting, 50),
                (100, 200, Running, 1),
            ]
        );
        assert_eq!(folds(&spans, 41, 44, 1).len(), 3);
        assert_eq!(folds(&spans, 0, 300, 1_000), [(0, 200, Ready, 101)]);
    }

    #[test]
    fn nothing_lies_outside_of_the_view() {
        let spans = spans(&[(10, 20, SpanState::Running)]);
        assert_eq!(folds(&spans, 20, 30, 1), []);
        assert_eq!(folds(&spans, 0, 10, 1), []);
        assert_eq!(folds(&Spans::default(), 0, 10, 0), []);
    }
}
