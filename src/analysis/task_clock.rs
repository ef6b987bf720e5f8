//! Running, ready and waiting time of one task.
//!
//! Running time comes from samples, the rest from censuses: the state that a census finds holds
//! until the next one, less the time in which samples saw the task run. No instant is counted
//! twice.

use crate::model::{Duration, TaskState, Timestamp};

/// The account of one task.
#[derive(Debug, Clone, Copy)]
pub(super) struct TaskClock {
    pub(super) first_seen: Timestamp,
    pub(super) last_seen: Timestamp,
    pub(super) state: TaskState,
    pub(super) running: Duration,
    pub(super) ready: Duration,
    pub(super) waiting: Duration,
    open: Option<Open>,
    closed: Option<Closed>,
    /// The last stretch in which it ran.
    ran: (Timestamp, Timestamp),
}

/// The state that the last census found, not accounted yet.
#[derive(Debug, Clone, Copy)]
struct Open {
    state: TaskState,
    since: Timestamp,
    gaps: Duration,
    ran: Duration,
}

/// The state before that, as it was accounted.
#[derive(Debug, Clone, Copy)]
struct Closed {
    state: TaskState,
    since: Timestamp,
    counted: Duration,
}

/// A stretch of a task's time between two censuses.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stretch {
    pub(super) state: TaskState,
    pub(super) since: Timestamp,
    pub(super) until: Timestamp,
    /// What of it was not spent running, and is in no gap.
    pub(super) counted: Duration,
}

impl TaskClock {
    pub(super) fn new(time: Timestamp) -> Self {
        Self {
            first_seen: time,
            last_seen: time,
            state: TaskState::Running,
            running: Duration::ZERO,
            ready: Duration::ZERO,
            waiting: Duration::ZERO,
            open: None,
            closed: None,
            ran: (time, time),
        }
    }

    /// A sample saw it run; it stands for `from` to `to`. Gives what of this had been counted as
    /// another state: as the last [`Stretch`] that was given.
    pub(super) fn run(&mut self, from: Timestamp, to: Timestamp) -> Duration {
        if to >= self.last_seen {
            self.state = TaskState::Running;
        }
        // A thread's looks do not overlap; one task on two threads cannot be.
        let from = from.max(if self.ran.0 < self.ran.1 { self.ran.1 } else { Timestamp::ZERO });
        if from >= to {
            return Duration::ZERO;
        }
        self.first_seen = self.first_seen.min(from);
        self.last_seen = self.last_seen.max(to);
        self.ran = (from, to);
        let Some(open) = &mut self.open else {
            self.running = self.running + to.since(from);
            return Duration::ZERO;
        };
        let inside = to.since(from.max(open.since));
        open.ran = open.ran + inside;
        let border = open.since.min(to);
        let (before, reclaimed) = match self.closed {
            Some(_) => (Duration::ZERO, self.reclaim(from, border)),
            None => (border.since(from), Duration::ZERO),
        };
        self.running = self.running + inside + before + reclaimed;
        reclaimed
    }

    /// Takes time before the last census back from the state it was counted as.
    fn reclaim(&mut self, from: Timestamp, to: Timestamp) -> Duration {
        let Some(closed) = &mut self.closed else { return Duration::ZERO };
        let part = to.since(from.max(closed.since)).min(closed.counted);
        closed.counted = closed.counted - part;
        match closed.state {
            TaskState::Ready => self.ready = self.ready - part,
            TaskState::Waiting => self.waiting = self.waiting - part,
            TaskState::Running | TaskState::Done => {}
        }
        part
    }

    /// A census found it in `state`; `gaps` is the length of all gaps so far. Gives what the
    /// state before turned out to have lasted.
    pub(super) fn found(
        &mut self,
        state: TaskState,
        time: Timestamp,
        gaps: Duration,
    ) -> Option<Stretch> {
        let time = time.max(self.open.map_or(Timestamp::ZERO, |open| open.since));
        if self.open.is_none() {
            self.first_seen = self.first_seen.min(time);
        }
        let lasted = self.account(time, gaps);
        let beyond = self.ran.1.since(time.max(self.ran.0));
        self.open = Some(Open { state, since: time, gaps, ran: beyond });
        if time >= self.last_seen {
            self.state = state;
        }
        self.last_seen = self.last_seen.max(time);
        lasted
    }

    /// A census no longer found it.
    pub(super) fn gone(&mut self, time: Timestamp, gaps: Duration) -> Option<Stretch> {
        let lasted = self.close(time, gaps);
        self.state = TaskState::Done;
        lasted
    }

    /// Nothing more is known after `time`.
    pub(super) fn close(&mut self, time: Timestamp, gaps: Duration) -> Option<Stretch> {
        let lasted = self.account(time, gaps);
        if self.open.take().is_some() {
            self.last_seen = self.last_seen.max(time);
        }
        lasted
    }

    fn account(&mut self, time: Timestamp, gaps: Duration) -> Option<Stretch> {
        let open = self.open.filter(|open| open.since <= time)?;
        let beyond = self.ran.1.since(time.max(self.ran.0));
        let ran = open.ran - beyond;
        let counted = time.since(open.since) - (gaps - open.gaps) - ran;
        match open.state {
            TaskState::Ready => self.ready = self.ready + counted,
            TaskState::Waiting => self.waiting = self.waiting + counted,
            // Seen running by the census, but not by samples: what it did is not known.
            TaskState::Running | TaskState::Done => {}
        }
        self.closed = Some(Closed { state: open.state, since: open.since, counted });
        Some(Stretch { state: open.state, since: open.since, until: time, counted })
    }

    /// Makes sure, whatever the recording said, that no more time is counted than has passed.
    pub(super) fn finish(&mut self) {
        let mut rest = self.last_seen.since(self.first_seen);
        for part in [&mut self.running, &mut self.ready, &mut self.waiting] {
            *part = rest.min(*part);
            rest = rest - *part;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(nanos: u64) -> Timestamp {
        Timestamp::from_nanos(nanos)
    }

    fn times(clock: &TaskClock) -> (u64, u64, u64) {
        (clock.running.as_nanos(), clock.ready.as_nanos(), clock.waiting.as_nanos())
    }

    #[test]
    fn running_is_taken_from_what_the_census_found() {
        let mut clock = TaskClock::new(at(100));
        clock.found(TaskState::Waiting, at(100), Duration::ZERO);
        clock.run(at(110), at(120));
        clock.found(TaskState::Ready, at(200), Duration::ZERO);
        clock.close(at(250), Duration::ZERO);
        assert_eq!(times(&clock), (10, 50, 90));
        assert_eq!((clock.first_seen, clock.last_seen), (at(100), at(250)));
    }

    #[test]
    fn a_run_across_a_census_is_counted_once() {
        let mut clock = TaskClock::new(at(100));
        clock.found(TaskState::Waiting, at(100), Duration::ZERO);
        clock.found(TaskState::Waiting, at(200), Duration::ZERO);
        clock.run(at(190), at(210));
        clock.close(at(300), Duration::ZERO);
        assert_eq!(times(&clock), (20, 0, 180));
    }

    #[test]
    fn a_census_that_comes_after_a_later_sample_counts_once() {
        let mut clock = TaskClock::new(at(100));
        clock.found(TaskState::Waiting, at(100), Duration::ZERO);
        clock.run(at(190), at(210));
        clock.found(TaskState::Waiting, at(200), Duration::ZERO);
        clock.close(at(300), Duration::ZERO);
        assert_eq!(times(&clock), (20, 0, 180));
    }

    #[test]
    fn gaps_are_nobodys_time() {
        let mut clock = TaskClock::new(at(100));
        clock.found(TaskState::Waiting, at(100), Duration::ZERO);
        clock.close(at(300), Duration::from_nanos(150));
        assert_eq!(times(&clock), (0, 0, 50));
    }
}
