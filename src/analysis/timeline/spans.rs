//! Many spans of one lane, in columns.

use crate::model::{Duration, StackId, TaskId, Timestamp, WaitId};

use super::fold::Pyramid;

/// What a span shows, from the least to the most worth seeing: where spans are too short to be
/// drawn one by one, the worst is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[repr(u8)]
pub enum SpanState {
    /// No look and no census tells.
    #[default]
    Unknown,
    /// A loop asleep in its poll call; a thread that waits for work.
    Idle,
    /// A task that waits for something.
    Waiting,
    /// Something that runs.
    Running,
    /// A task that could run and does not.
    Ready,
}

impl SpanState {
    /// Every state, in order.
    pub const ALL: [Self; 5] =
        [Self::Unknown, Self::Idle, Self::Waiting, Self::Running, Self::Ready];

    /// The word used in every output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Idle => "idle",
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Ready => "ready",
        }
    }
}

/// A stretch of time in which one thing did the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Where it begins.
    pub start: Timestamp,
    /// Where it ends.
    pub end: Timestamp,
    /// What was done.
    pub state: SpanState,
    /// The task, where one is known.
    pub task: Option<TaskId>,
    /// The stack at its first look, or the await chain while it waited.
    pub stack: Option<StackId>,
    /// What it waited for.
    pub wait: Option<WaitId>,
}

impl Span {
    /// How long it is.
    #[must_use]
    pub fn length(&self) -> Duration {
        self.end.since(self.start)
    }
}

/// Spans in order, without overlap.
#[derive(Debug, Default, Clone)]
pub struct Spans {
    pub(super) start: Vec<u64>,
    pub(super) end: Vec<u64>,
    pub(super) state: Vec<SpanState>,
    task: Vec<u32>,
    stack: Vec<u32>,
    wait: Vec<u32>,
    pub(super) pyramid: Pyramid,
}

impl Spans {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.start.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.start.is_empty()
    }

    /// Makes room for so many more.
    pub(super) fn reserve(&mut self, more: usize) {
        self.start.reserve_exact(more);
        self.end.reserve_exact(more);
        self.state.reserve_exact(more);
        self.task.reserve_exact(more);
        self.stack.reserve_exact(more);
        self.wait.reserve_exact(more);
    }

    /// Appends a span; what overlaps those before is cut off, and an empty rest is left out.
    pub fn push(&mut self, span: Span) {
        let start = span.start.as_nanos().max(self.end.last().copied().unwrap_or(0));
        let end = span.end.as_nanos();
        if start >= end {
            return;
        }
        self.start.push(start);
        self.end.push(end);
        self.state.push(span.state);
        self.task.push(span.task.map_or(0, TaskId::get));
        self.stack.push(span.stack.map_or(0, StackId::get));
        self.wait.push(span.wait.map_or(0, WaitId::get));
    }

    /// Appends a span, or makes the last one longer if it is of the same kind and ends where this
    /// one begins.
    pub fn extend_or_push(&mut self, span: Span) {
        if let Some(last) = self.len().checked_sub(1)
            && self.end[last] >= span.start.as_nanos()
            && self.state[last] == span.state
            && self.task[last] == span.task.map_or(0, TaskId::get)
        {
            self.end[last] = self.end[last].max(span.end.as_nanos());
        } else {
            self.push(span);
        }
    }

    /// Must be called after the last span was pushed.
    pub fn finish(&mut self) {
        self.pyramid = Pyramid::new(&self.start, &self.end, &self.state);
    }

    /// The span at a position.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<Span> {
        Some(Span {
            start: Timestamp::from_nanos(*self.start.get(index)?),
            end: Timestamp::from_nanos(*self.end.get(index)?),
            state: *self.state.get(index)?,
            task: TaskId::new(*self.task.get(index)?),
            stack: StackId::new(*self.stack.get(index)?),
            wait: WaitId::new(*self.wait.get(index)?),
        })
    }

    /// The position of the first span that ends after `time`.
    #[must_use]
    pub fn first_after(&self, time: Timestamp) -> usize {
        self.end.partition_point(|&end| end <= time.as_nanos())
    }

    /// The span that covers `time`.
    #[must_use]
    pub fn at(&self, time: Timestamp) -> Option<Span> {
        self.get(self.first_after(time)).filter(|span| span.start <= time)
    }

    /// All spans, in order.
    pub fn iter(&self) -> impl Iterator<Item = Span> + '_ {
        (0..self.len()).filter_map(|index| self.get(index))
    }

    /// The spans that overlap a stretch of time, in order and whole.
    pub fn between(&self, from: Timestamp, to: Timestamp) -> impl Iterator<Item = Span> + '_ {
        (self.first_after(from)..self.len())
            .filter_map(|index| self.get(index))
            .take_while(move |span| span.start < to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(start: u64, end: u64, state: SpanState) -> Span {
        let (start, end) = (Timestamp::from_nanos(start), Timestamp::from_nanos(end));
        Span { start, end, state, task: None, stack: None, wait: None }
    }

    #[test]
    fn overlaps_are_cut_and_neighbours_joined() {
        let mut spans = Spans::default();
        spans.extend_or_push(span(0, 10, SpanState::Running));
        spans.extend_or_push(span(10, 20, SpanState::Running));
        spans.extend_or_push(span(15, 30, SpanState::Idle));
        spans.push(span(5, 30, SpanState::Idle));
        let found: Vec<_> = spans.iter().map(|s| (s.start.as_nanos(), s.end.as_nanos())).collect();
        assert_eq!(found, [(0, 20), (20, 30)]);
    }

    #[test]
    fn a_span_is_found_by_time() {
        let mut spans = Spans::default();
        spans.push(span(10, 20, SpanState::Running));
        spans.push(span(30, 40, SpanState::Idle));
        let at = |nanos| spans.at(Timestamp::from_nanos(nanos)).map(|span| span.state);
        assert_eq!(
            [at(9), at(10), at(19)],
            [None, Some(SpanState::Running), Some(SpanState::Running)]
        );
        assert_eq!([at(20), at(30), at(40)], [None, Some(SpanState::Idle), None]);
        let between = |from, to| {
            spans.between(Timestamp::from_nanos(from), Timestamp::from_nanos(to)).count()
        };
        assert_eq!(
            [between(0, 10), between(0, 11), between(19, 31), between(20, 30)],
            [0, 1, 2, 0]
        );
    }
}
