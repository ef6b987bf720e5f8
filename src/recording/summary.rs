//! The summary pyramid: what each loop thread did per stretch of time, small enough to draw a
//! recording of any length at once.

use super::limits::{SUMMARY_BUCKETS, SUMMARY_LANES};
use super::varint::{self, Malformed};
use crate::model::{Activity, Event, ThreadId, Timestamp};

/// Ticks of one lane within one stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Bucket {
    /// Samples outside the poll call.
    pub busy: u32,
    /// Samples in the poll call, and ticks that were skipped because the thread slept there.
    pub idle: u32,
    /// Ticks without a sample.
    pub missed: u32,
}

impl Bucket {
    fn merge(&mut self, other: Self) {
        self.busy = self.busy.saturating_add(other.busy);
        self.idle = self.idle.saturating_add(other.idle);
        self.missed = self.missed.saturating_add(other.missed);
    }
}

/// One loop thread over the whole recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lane {
    /// The thread.
    pub thread: ThreadId,
    /// Its buckets from the start of the recording on, up to the last with a tick.
    pub buckets: Vec<Bucket>,
}

/// The lanes of a recording's loop threads, up to 16 of them, in the order of their appearance.
///
/// A bucket is 2^[`Self::width_log2`] nanoseconds wide; the width grows with the recording, so
/// that a lane has at most 2048 buckets. Coarser levels come from [`Self::level`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    width_log2: u32,
    lanes: Vec<Lane>,
}

/// 2²⁰ ns are about a millisecond.
const FINEST_LOG2: u32 = 20;
/// Columns of a lane.
const FIELDS: u64 = 3;

impl Default for Summary {
    fn default() -> Self {
        Self::new()
    }
}

impl Summary {
    /// The summary of a recording without events.
    #[must_use]
    pub fn new() -> Self {
        Self { width_log2: FINEST_LOG2, lanes: Vec::new() }
    }

    /// The binary logarithm of a bucket's width in nanoseconds.
    #[must_use]
    pub fn width_log2(&self) -> u32 {
        self.width_log2
    }

    /// The lanes, in the order of their appearance.
    #[must_use]
    pub fn lanes(&self) -> &[Lane] {
        &self.lanes
    }

    /// The same with buckets of 2^`width_log2` ns, or as it is if they are that wide already.
    #[must_use]
    pub fn level(&self, width_log2: u32) -> Self {
        let mut level = self.clone();
        while level.width_log2 < width_log2.min(u64::BITS - 1) {
            level.widen();
        }
        level
    }

    /// Counts one event of the recording.
    pub fn add(&mut self, event: &Event) {
        match event {
            Event::Sample(sample) => {
                let ticks = match sample.activity {
                    Activity::Busy => Bucket { busy: 1, ..Bucket::default() },
                    Activity::Polling => Bucket { idle: 1, ..Bucket::default() },
                    Activity::NoLoop => return,
                };
                if let Some(lane) = self.lane(sample.thread) {
                    self.count(lane, sample.time, ticks);
                }
            }
            Event::Idle { thread, time, ticks } => {
                if let Some(lane) = self.lane(*thread) {
                    self.spread_idle(lane, *time, *ticks);
                }
            }
            Event::Miss(miss) => {
                let known = self.lanes.iter().position(|lane| lane.thread == miss.thread);
                if let Some(lane) = known {
                    let ticks = Bucket { missed: miss.count, ..Bucket::default() };
                    self.count(lane, miss.time, ticks);
                }
            }
            _ => {}
        }
    }

    fn lane(&mut self, thread: ThreadId) -> Option<usize> {
        if let Some(lane) = self.lanes.iter().position(|lane| lane.thread == thread) {
            return Some(lane);
        }
        if self.lanes.len() == SUMMARY_LANES {
            return None;
        }
        self.lanes.push(Lane { thread, buckets: Vec::new() });
        Some(self.lanes.len() - 1)
    }

    fn count(&mut self, lane: usize, time: Timestamp, ticks: Bucket) {
        let index = self.index(time);
        if let Some(lane) = self.lanes.get_mut(lane) {
            if lane.buckets.len() <= index {
                lane.buckets.resize(index + 1, Bucket::default());
            }
            lane.buckets[index].merge(ticks);
        }
    }

    /// Spreads skipped ticks evenly over the time since the thread was last heard of.
    fn spread_idle(&mut self, lane: usize, time: Timestamp, ticks: u32) {
        let end = self.index(time);
        let last = self.lanes.get(lane).and_then(|lane| lane.buckets.len().checked_sub(1));
        let start = last.unwrap_or(end).min(end);
        let buckets = (end - start + 1) as u64;
        let share = |count: u64| u64::from(ticks) * count / buckets;
        for (nth, index) in (start..=end).enumerate() {
            let nth = nth as u64;
            let idle = u32::try_from(share(nth + 1) - share(nth)).unwrap_or(u32::MAX);
            let at = if index == end { time } else { self.start_of(index) };
            self.count(lane, at, Bucket { idle, ..Bucket::default() });
        }
    }

    fn start_of(&self, index: usize) -> Timestamp {
        Timestamp::from_nanos((index as u64) << self.width_log2)
    }

    /// The bucket of a point in time, after making buckets wide enough to have one for it.
    fn index(&mut self, time: Timestamp) -> usize {
        loop {
            let index = usize::try_from(time.as_nanos() >> self.width_log2);
            match index {
                Ok(index) if index < SUMMARY_BUCKETS => return index,
                _ => self.widen(),
            }
        }
    }

    fn widen(&mut self) {
        self.width_log2 += 1;
        for lane in &mut self.lanes {
            lane.buckets = lane
                .buckets
                .chunks(2)
                .map(|pair| {
                    let mut sum = Bucket::default();
                    pair.iter().for_each(|&bucket| sum.merge(bucket));
                    sum
                })
                .collect();
        }
    }

    /// The payload of a summary block.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        varint::put(&mut out, u64::from(self.width_log2));
        varint::put(&mut out, self.lanes.len() as u64);
        for Lane { thread, buckets } in &self.lanes {
            varint::put(&mut out, u64::from(thread.get()));
            varint::put(&mut out, buckets.len() as u64);
            varint::put(&mut out, FIELDS);
            for field in [|b: &Bucket| b.busy, |b: &Bucket| b.idle, |b: &Bucket| b.missed] {
                let mut column = Vec::new();
                buckets.iter().for_each(|bucket| varint::put(&mut column, field(bucket).into()));
                varint::put(&mut out, column.len() as u64);
                out.extend_from_slice(&column);
            }
        }
        out
    }

    /// Undoes [`Self::encode`]. Fields that a later version appended to a lane are skipped.
    pub(crate) fn decode(mut payload: &[u8]) -> Result<Self, Malformed> {
        let width_log2 = number(&mut payload, u64::from(u64::BITS - 1))?;
        let lane_count = number(&mut payload, SUMMARY_LANES as u64)?;
        let mut summary = Self { width_log2, lanes: Vec::new() };
        for _ in 0..lane_count {
            let thread = number(&mut payload, u32::MAX.into())?;
            let thread = ThreadId::new(thread).ok_or(Malformed)?;
            let count = number(&mut payload, SUMMARY_BUCKETS as u64)?;
            let fields = number(&mut payload, 64)?;
            let mut buckets = vec![Bucket::default(); count as usize];
            for field in 0..fields {
                let length = varint::take(&mut payload)?;
                let mut column = varint::take_bytes(&mut payload, length)?;
                for bucket in &mut buckets {
                    let slot = match field {
                        0 => &mut bucket.busy,
                        1 => &mut bucket.idle,
                        2 => &mut bucket.missed,
                        _ => break,
                    };
                    *slot = number(&mut column, u32::MAX.into())?;
                }
            }
            summary.lanes.push(Lane { thread, buckets });
        }
        Ok(summary)
    }
}

fn number(bytes: &mut &[u8], most: u64) -> Result<u32, Malformed> {
    let value = varint::take(bytes)?;
    u32::try_from(value).ok().filter(|_| value <= most).ok_or(Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Miss, MissReason, Sample};

    fn thread(number: u32) -> ThreadId {
        ThreadId::new(number).unwrap()
    }

    fn sample(number: u32, nanos: u64) -> Event {
        Event::Sample(Sample {
            time: Timestamp::from_nanos(nanos),
            thread: thread(number),
            stack: None,
            task: None,
            task_depth: None,
            activity: Activity::Busy,
            context_ver: None,
            callback: None,
        })
    }

    fn idle(nanos: u64, ticks: u32) -> Event {
        Event::Idle { thread: thread(1), time: Timestamp::from_nanos(nanos), ticks }
    }

    #[test]
    fn buckets_widen_and_no_tick_is_lost() {
        let mut summary = Summary::new();
        for millis in 0..5_000 {
            summary.add(&sample(1, millis * 1_000_000));
        }
        assert_eq!(summary.width_log2(), 22);
        let busy = |summary: &Summary| -> u32 {
            summary.lanes()[0].buckets.iter().map(|bucket| bucket.busy).sum()
        };
        assert_eq!(busy(&summary), 5_000);
        let coarse = summary.level(30);
        assert_eq!((coarse.lanes()[0].buckets.len(), busy(&coarse)), (5, 5_000));
        summary.add(&sample(1, u64::MAX));
        assert_eq!(busy(&summary), 5_001);
        assert!(summary.lanes()[0].buckets.len() <= SUMMARY_BUCKETS);
    }

    #[test]
    fn skipped_ticks_are_spread_from_where_the_lane_ended() {
        let bucket = 1 << FINEST_LOG2;
        let mut summary = Summary::new();
        summary.add(&idle(2 * bucket, 3));
        summary.add(&idle(4 * bucket, 7));
        let idle: Vec<_> = summary.lanes()[0].buckets.iter().map(|bucket| bucket.idle).collect();
        assert_eq!(idle, [0, 0, 3 + 2, 2, 3]);
    }

    #[test]
    fn only_loop_threads_have_lanes_and_not_without_end() {
        let mut summary = Summary::new();
        for number in 1..100 {
            summary.add(&Event::Miss(Miss {
                time: Timestamp::ZERO,
                thread: thread(number + 100),
                reason: MissReason::Torn,
                count: 1,
            }));
            summary.add(&sample(number, 5));
        }
        assert_eq!(summary.lanes().len(), SUMMARY_LANES);
        assert_eq!(Summary::decode(&summary.encode()), Ok(summary));
    }
}
