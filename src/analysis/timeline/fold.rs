//! Spans that are too short to be drawn one by one, drawn together.

use crate::model::Timestamp;

use super::spans::{SpanState, Spans};

/// Spans summed up in one entry of the level above: a power of two, for speed.
const FAN: usize = 1 << SHIFT;
/// See [`FAN`].
const SHIFT: usize = 3;

/// Spans summed up, and these sums summed up again: what any number of spans shows together is
/// found without looking at each.
#[derive(Debug, Default, Clone)]
pub(super) struct Pyramid {
    /// Of 8 spans each, of 8 · 8 spans, …
    levels: Vec<Level>,
}

#[derive(Debug, Default, Clone)]
struct Level {
    /// Where the first of the spans begins.
    start: Vec<u64>,
    /// Where the last of them ends.
    end: Vec<u64>,
    /// The worst of their states.
    worst: Vec<SpanState>,
}

impl Pyramid {
    pub(super) fn new(start: &[u64], end: &[u64], states: &[SpanState]) -> Self {
        let mut levels: Vec<Level> = Vec::new();
        loop {
            let (start, end, states) = levels
                .last()
                .map_or((start, end, states), |below| (&below.start, &below.end, &below.worst));
            if end.len() <= FAN {
                return Self { levels };
            }
            let level = Level {
                start: start.iter().step_by(FAN).copied().collect(),
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
        while at < self.len() {
            let run = self.run(at, shortest);
            if run.start >= to.as_nanos() {
                break;
            }
            let (next, long) = (run.next, run.end - run.start >= shortest && run.next == at + 1);
            let fold = Fold {
                start: Timestamp::from_nanos(run.start),
                end: Timestamp::from_nanos(run.end),
                state: run.state,
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

    /// The spans from `at` on that lie within `length` nanoseconds, or the one that is longer.
    /// Leaves some of them out where that saves looking at each, but never more than half of the
    /// length.
    fn run(&self, at: usize, length: u64) -> Run {
        let mut highest = self.pyramid.levels.len();
        let mut level = highest.min(at.trailing_zeros() as usize / SHIFT);
        let mut sums = self.sums(level);
        let mut run = sums.entry(at, level);
        while level > 0 && run.end - run.start > length {
            level -= 1;
            highest = level;
            sums = self.sums(level);
            run = sums.entry(at, level);
        }
        let (limit, enough) =
            (run.start.saturating_add(length), run.start.saturating_add(length / 2));
        while run.next < self.len() {
            if level < highest && run.next.trailing_zeros() as usize >= SHIFT * (level + 1) {
                level += 1;
                sums = self.sums(level);
                continue;
            }
            let index = run.next >> (SHIFT * level);
            match sums.end.get(index) {
                Some(&end) if end <= limit => {
                    run.end = end;
                    run.state = run.state.max(sums.worst[index]);
                    run.next = (index + 1) << (SHIFT * level);
                }
                _ if level == 0 || run.end >= enough => break,
                _ => {
                    level -= 1;
                    highest = level;
                    sums = self.sums(level);
                }
            }
        }
        run.next = run.next.min(self.len());
        run
    }

    /// The spans, or their sums.
    fn sums(&self, level: usize) -> Sums<'_> {
        match level.checked_sub(1).and_then(|above| self.pyramid.levels.get(above)) {
            Some(Level { start, end, worst }) => Sums { start, end, worst },
            None => Sums { start: &self.start, end: &self.end, worst: &self.state },
        }
    }
}

/// Spans that follow each other.
#[derive(Debug, Clone, Copy)]
struct Run {
    start: u64,
    end: u64,
    state: SpanState,
    /// The position behind the last.
    next: usize,
}

/// Spans, or sums of as many spans each.
#[derive(Debug, Clone, Copy)]
struct Sums<'a> {
    start: &'a [u64],
    end: &'a [u64],
    worst: &'a [SpanState],
}

impl Sums<'_> {
    /// What begins with the span at a position.
    fn entry(&self, at: usize, level: usize) -> Run {
        let index = at >> (SHIFT * level);
        let next = (index + 1) << (SHIFT * level);
        Run { start: self.start[index], end: self.end[index], state: self.worst[index], next }
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
                // Not as long as it could be: sums of eight spans are not taken apart for so little.
                (40, 48, Ready, 8),
                (48, 100, Waiting, 52),
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
