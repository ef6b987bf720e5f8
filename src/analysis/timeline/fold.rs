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
    pub fn fold(&self, from: Timestamp, to: Timestamp, shortest: u64, show: impl FnMut(Fold)) {
        let mut joiner = Joiner { shortest: shortest.max(1), run: None, joined: None, show };
        // Sums are taken whole up to this length, so that a fold ends at most that much too early.
        let piece = joiner.shortest / 2;
        let mut at = self.first_after(from);
        while at < self.len() {
            let (level, sums) = self.sums_at(at, piece);
            let shift = SHIFT * level;
            let first = at >> shift;
            // The end of what the level above sums up.
            let end = ((first >> SHIFT) + 1) << SHIFT;
            for index in first..end.min(sums.end.len()) {
                let (start, end) = (sums.start[index], sums.end[index]);
                if start >= to.as_nanos() {
                    return joiner.finish();
                }
                if level > 0 && end - start > piece {
                    break;
                }
                let next = ((index + 1) << shift).min(self.len());
                let state = sums.worst[index];
                joiner.add(Run { start, end, state, first: at, count: next - at });
                at = next;
            }
        }
        joiner.finish();
    }

    /// The largest sum that begins with the span at `at` and is no longer than `longest`, or that
    /// span: its level, and what there is on that level.
    fn sums_at(&self, at: usize, longest: u64) -> (usize, Sums<'_>) {
        let mut level = self.pyramid.levels.len().min(at.trailing_zeros() as usize / SHIFT);
        loop {
            let sums = self.sums(level);
            let index = at >> (SHIFT * level);
            if level == 0 || sums.end[index] - sums.start[index] <= longest {
                return (level, sums);
            }
            level -= 1;
        }
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
    /// The position of the first.
    first: usize,
    count: usize,
}

impl From<Run> for Fold {
    fn from(run: Run) -> Self {
        Self {
            start: Timestamp::from_nanos(run.start),
            end: Timestamp::from_nanos(run.end),
            state: run.state,
            first: run.first,
            count: run.count,
        }
    }
}

/// Spans, or sums of as many spans each.
#[derive(Debug, Clone, Copy)]
struct Sums<'a> {
    start: &'a [u64],
    end: &'a [u64],
    worst: &'a [SpanState],
}

/// Puts runs together as long as they are too short, and then those that show the same.
struct Joiner<F> {
    shortest: u64,
    /// What is still too short.
    run: Option<Run>,
    /// What is not, and may be followed by more of the same.
    joined: Option<Run>,
    show: F,
}

impl<F: FnMut(Fold)> Joiner<F> {
    fn add(&mut self, next: Run) {
        if let Some(run) = &mut self.run {
            if next.end - run.start <= self.shortest {
                run.end = next.end;
                run.state = run.state.max(next.state);
                run.count += next.count;
                return;
            }
            let run = *run;
            self.join(run);
        }
        if next.end - next.start >= self.shortest {
            self.run = None;
            self.joined.take().into_iter().for_each(|joined| (self.show)(joined.into()));
            (self.show)(next.into());
        } else {
            self.run = Some(next);
        }
    }

    fn join(&mut self, run: Run) {
        match &mut self.joined {
            Some(joined) if joined.state == run.state && run.start - joined.end < self.shortest => {
                joined.end = run.end;
                joined.count += run.count;
            }
            joined => {
                joined.replace(run).into_iter().for_each(|done| (self.show)(done.into()));
            }
        }
    }

    fn finish(mut self) {
        if let Some(run) = self.run.take() {
            self.join(run);
        }
        self.joined.take().into_iter().for_each(|joined| (self.show)(joined.into()));
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
