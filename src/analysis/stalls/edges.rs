//! Where a stall begins and ends.

use crate::model::{Duration, Timestamp};

use super::offs::Offs;

/// An edge: the middle of where it can be, and how far it can be off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Edge {
    pub(super) time: Timestamp,
    pub(super) error: Duration,
}

/// So long a look takes: what one saw may have begun while it was taken.
const LOOK: Duration = Duration::from_nanos(100_000);

impl Edge {
    /// Somewhere between two points, the later one known from a look or from a switch.
    fn between(low: Timestamp, high: Timestamp, looked: bool) -> Self {
        let half = high.since(low).as_nanos() / 2;
        let error = Duration::from_nanos(high.since(low).as_nanos() - half);
        let look = if looked { LOOK } else { Duration::ZERO };
        Self { time: low + Duration::from_nanos(half), error: error + look }
    }
}

/// A look may come so long after its tick, whose time it bears.
const LATEST: Duration = Duration::from_nanos(1_000_000);

/// By when what a look saw had begun, and whether a switch tells that. A thread that woke soon after the
/// tick may have been looked at only then: that it slept at the tick says nothing of what was seen.
fn begun(look: Timestamp, offs: &Offs) -> (Timestamp, bool) {
    match offs.covering(look) {
        Some(off) if off.end.since(look) >= LATEST => (off.start, true),
        Some(off) => (off.end, false),
        None => (look, false),
    }
}

/// The start of what the look at `first` saw and the one at `before` did not yet see.
///
/// While a thread is off the CPU it does nothing: what `before` saw lasted at least as long as the
/// time off the CPU that it fell into, and what `first` saw began before the one that it fell into.
pub(super) fn start(before: Option<Timestamp>, first: Timestamp, offs: &Offs) -> Edge {
    let Some(before) = before else { return Edge { time: first, error: Duration::ZERO } };
    let low = offs.covering(before).map_or(before, |off| off.end.max(before)).min(first);
    let (high, exact) = begun(first, offs);
    Edge::between(low, high.max(low), !exact)
}

/// The end of what the look at `last` saw and the one at `after` did not see any more.
pub(super) fn end(last: Timestamp, after: Timestamp, offs: &Offs) -> Edge {
    let (high, exact) = begun(after, offs);
    let high = high.max(last);
    let low = offs.covering(last).map_or(last, |off| off.end).clamp(last, high);
    Edge::between(low, high, !exact)
}

#[cfg(test)]
mod tests {
    use super::super::offs::Off;
    use super::*;

    fn at(us: u64) -> Timestamp {
        Timestamp::from_nanos(us * 1_000)
    }

    fn offs(spans: &[(u64, u64)]) -> Offs {
        let mut offs = Offs::default();
        for &(start, end) in spans {
            offs.push(Off { start: at(start), end: at(end), blocked: true });
        }
        offs
    }

    #[test]
    fn from_looks_alone_an_edge_is_their_middle() {
        let edge = start(Some(at(1_000)), at(2_000), &Offs::default());
        assert_eq!((edge.time, edge.error.as_nanos()), (at(1_500), 600_000));
        assert_eq!(start(None, at(7), &Offs::default()).time, at(7));
    }

    #[test]
    fn switches_narrow_an_edge() {
        // Asleep in the poll until 1,700, in the callback's own sleep from 1,740 on.
        let known = offs(&[(500, 1_700), (1_740, 9_400), (9_500, 12_000)]);
        let edge = start(Some(at(1_000)), at(2_000), &known);
        assert_eq!((edge.time, edge.error.as_nanos()), (at(1_720), 20_000));
        let edge = end(at(9_000), at(10_000), &known);
        assert_eq!((edge.time, edge.error.as_nanos()), (at(9_450), 50_000));
    }

    #[test]
    fn a_thread_that_woke_before_it_was_looked_at_was_not_seen_asleep() {
        // What slept until 9,700 was over when the tick of 9,600 was read.
        let known = offs(&[(500, 9_700), (9_800, 20_000)]);
        let edge = end(at(8_600), at(9_600), &known);
        assert_eq!((edge.time, edge.error.as_nanos()), (at(9_700), 100_000));
        // What was seen for the tick of 9,600 began after it.
        let edge = start(Some(at(8_600)), at(9_600), &known);
        assert_eq!((edge.time, edge.error.as_nanos()), (at(9_650), 150_000));
    }

    #[test]
    fn contradictions_do_not_turn_time_around() {
        let known = offs(&[(500, 3_000)]);
        let edge = start(Some(at(1_000)), at(2_000), &known);
        assert_eq!(edge.time, at(2_000));
    }
}
