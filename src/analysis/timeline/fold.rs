//! Spans that are too short to be drawn one by one, drawn together.

use crate::model::Timestamp;

use super::spans::{SpanState, Spans};

/// Spans summed up in one entry of the level above.
const FAN: usize = 32;

/// The worst state of any run of spans, at a cost that grows with the logarithm of its length.
#[derive(Debug, Default, Clone)]
pub(super) struct Worst {
    /// The worst of 32 spans, of 32 · 32 spans, …
    levels: Vec<Vec<SpanState>>,
}

impl Worst {
    pub(super) fn new(states: &[SpanState]) -> Self {
        let above =
            |states: &[SpanState]| -> Vec<SpanState> { states.chunks(FAN).map(worst_of).collect() };
        let mut levels: Vec<Vec<SpanState>> = Vec::new();
        loop {
            let below = levels.last().map_or(states, Vec::as_slice);
            if below.len() <= FAN {
                return Self { levels };
            }
            let level = above(below);
            levels.push(level);
        }
    }

    /// The worst of `states[from..to]`, of which this was made.
    fn among(&self, states: &[SpanState], from: usize, to: usize) -> SpanState {
        let mut worst = SpanState::Unknown;
        let (mut from, mut to, mut below) = (from, to, states);
        for level in &self.levels {
            let (first, last) = (from.div_ceil(FAN), to / FAN);
            if first >= last {
                break;
            }
            worst = worst.max(worst_of(&below[from..first * FAN]));
            worst = worst.max(worst_of(&below[last * FAN..to]));
            (from, to, below) = (first, last, level);
        }
        worst.max(worst_of(&below[from..to]))
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
            let next =
                if long { at + 1 } else { self.end_of_fold(at, start.saturating_add(shortest)) };
            let fold = Fold {
                start: Timestamp::from_nanos(start),
                end: Timestamp::from_nanos(self.end[next - 1]),
                state: self.worst.among(&self.state, at, next),
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

    /// The first position after `at` whose span ends behind `limit`, found by leaps.
    fn end_of_fold(&self, at: usize, limit: u64) -> usize {
        let mut step = 1;
        let mut known = at + 1;
        while known + step < self.len() && self.end[known + step - 1] <= limit {
            known += step;
            step *= 2;
        }
        let most = (known + step).min(self.len());
        known + self.end[known..most].partition_point(|&end| end <= limit)
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
    fn the_worst_of_any_range_is_what_a_scan_finds() {
        let states: Vec<SpanState> = (0..3_000_usize)
            .map(|n| if n % 997 == 5 { SpanState::Ready } else { SpanState::ALL[n * 7 % 3] })
            .collect();
        let worst = Worst::new(&states);
        for from in (0..3_000).step_by(61) {
            for to in (from + 1..=3_000).step_by(83) {
                assert_eq!(
                    worst.among(&states, from, to),
                    worst_of(&states[from..to]),
                    "{from}..{to}"
                );
            }
        }
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
