//! Counts and gaps.

use rustc_hash::FxHashMap;

use crate::model::{Activity, Duration, Event, RecorderStats, Target, ThreadId, Timestamp};

use super::facts::{Gap, Overview, TargetFacts};
use super::pace::Pace;

/// Counts what a recording holds.
#[derive(Debug, Default)]
pub(super) struct Counter {
    overview: Overview,
    latest: Timestamp,
    ended: Option<Timestamp>,
    /// When each thread with a loop was last heard of.
    heard: FxHashMap<ThreadId, Timestamp>,
}

impl Counter {
    pub(super) fn event(&mut self, event: &Event, pace: Pace) {
        let overview = &mut self.overview;
        match event {
            Event::Sample(sample) => {
                overview.samples += 1;
                self.at(sample.time);
                if sample.activity == Activity::NoLoop {
                    self.heard.remove(&sample.thread);
                } else {
                    self.hear(sample.thread, sample.time, sample.time, pace);
                }
            }
            Event::Idle { thread, time, ticks } => {
                overview.idle_ticks = overview.idle_ticks.saturating_add(u64::from(*ticks));
                let length = pace.tick().saturating_mul(u64::from(*ticks));
                let start = Timestamp::from_nanos(time.as_nanos().saturating_sub(length));
                self.at(*time);
                self.hear(*thread, start, *time, pace);
            }
            Event::Miss(miss) => {
                overview.misses.add(miss.reason, u64::from(miss.count));
                self.at(miss.time);
                if self.heard.contains_key(&miss.thread) {
                    self.hear(miss.thread, miss.time, miss.time, pace);
                }
            }
            Event::CensusBegin { time, .. } => self.at(*time),
            Event::CensusEnd { end, .. } => {
                overview.censuses += 1;
                overview.partial_censuses += u64::from(!end.complete);
                self.at(end.time);
            }
            Event::Gap { start, length } => {
                overview.gaps.push(Gap { start: *start, length: *length });
                self.at(*start + *length);
            }
            Event::Stats(stats) => self.stats(stats),
            Event::Target { id, target } => self.target(*id, target),
            Event::TargetEnded { id, time } => {
                if let Some(facts) = overview.targets.iter_mut().find(|facts| facts.id == *id) {
                    facts.ended = Some(*time);
                }
                self.at(*time);
            }
            Event::End { time, reason } => {
                overview.end = Some(*reason);
                self.ended = Some(*time);
                self.at(*time);
            }
            _ => {}
        }
    }

    fn at(&mut self, time: Timestamp) {
        self.latest = self.latest.max(time);
    }

    /// A thread with a loop was seen from `start` to `end`.
    fn hear(&mut self, thread: ThreadId, start: Timestamp, end: Timestamp, pace: Pace) {
        let Some(last) = self.heard.insert(thread, end) else { return };
        let length = start.since(last);
        if length > pace.gap() {
            self.overview.gaps.push(Gap { start: last, length });
        }
    }

    fn stats(&mut self, stats: &RecorderStats) {
        let overview = &mut self.overview;
        overview.dropped = overview.dropped.max(stats.dropped);
        overview.partial_stacks = overview.partial_stacks.max(stats.partial_stacks);
        overview.recorder_cpu = overview.recorder_cpu.max(Some(stats.cpu));
        lower(&mut overview.lowest_rate_hz, stats.rate_hz);
        lower(&mut overview.lowest_census_rate_hz, stats.census_rate_hz);
        self.at(stats.time);
    }

    fn target(&mut self, id: crate::model::ProcessId, target: &Target) {
        let targets = &mut self.overview.targets;
        let facts = TargetFacts { id, target: target.clone(), ended: None };
        match targets.iter_mut().find(|facts| facts.id == id) {
            Some(slot) => *slot = facts,
            None => targets.push(facts),
        }
    }

    pub(super) fn finish(mut self) -> Overview {
        let end = self.ended.map_or(self.latest, |ended| ended.max(self.latest));
        self.overview.duration = end.since(Timestamp::ZERO);
        self.overview.gaps = merged(std::mem::take(&mut self.overview.gaps));
        self.overview.targets.sort_by_key(|facts| facts.id);
        self.overview
    }
}

fn lower(slot: &mut Option<u32>, rate_hz: u32) {
    *slot = Some(slot.map_or(rate_hz, |lowest| lowest.min(rate_hz)));
}

/// Gaps in order, with those that touch as one.
fn merged(mut gaps: Vec<Gap>) -> Vec<Gap> {
    gaps.sort_unstable();
    let mut merged: Vec<Gap> = Vec::with_capacity(gaps.len());
    for gap in gaps.into_iter().filter(|gap| gap.length > Duration::ZERO) {
        match merged.last_mut() {
            Some(last) if gap.start <= last.start + last.length => {
                let end = (last.start + last.length).max(gap.start + gap.length);
                last.length = end.since(last.start);
            }
            _ => merged.push(gap),
        }
    }
    merged
}
