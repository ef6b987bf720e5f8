//! When garbage was collected.

use std::collections::BTreeMap;

use crate::model::{GcLook, GcPause, ProcessId, Timestamp};

use super::spans::{Span, SpanState, Spans};

/// Collections, process by process.
#[derive(Debug, Default)]
pub(super) struct Collections(BTreeMap<ProcessId, Collector>);

#[derive(Debug, Default)]
struct Collector {
    /// By the collector's own clock.
    pauses: Vec<(Timestamp, Timestamp)>,
    /// From a look that saw it collect to the next one.
    seen: Vec<(Timestamp, Timestamp)>,
    since: Option<Timestamp>,
}

impl Collections {
    pub(super) fn look(&mut self, look: &GcLook) {
        let collector = self.0.entry(look.process).or_default();
        if let Some(since) = collector.since.take() {
            collector.seen.push((since, look.time));
        }
        collector.since = look.collecting.then_some(look.time);
    }

    pub(super) fn pause(&mut self, pause: &GcPause) {
        let collector = self.0.entry(pause.process).or_default();
        collector.pauses.push((pause.start, pause.end));
    }

    /// The spans of every process that collected; exact ones where there are any.
    pub(super) fn finish(self) -> impl Iterator<Item = (ProcessId, Spans)> {
        self.0.into_iter().filter_map(|(process, Collector { pauses, seen, .. })| {
            let mut times = if pauses.is_empty() { seen } else { pauses };
            times.sort_unstable();
            let mut spans = Spans::default();
            for (start, end) in times {
                let (task, stack, wait) = (None, None, None);
                spans.extend_or_push(Span {
                    start,
                    end,
                    state: SpanState::Running,
                    task,
                    stack,
                    wait,
                });
            }
            spans.finish();
            (!spans.is_empty()).then_some((process, spans))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(nanos: u64) -> Timestamp {
        Timestamp::from_nanos(nanos)
    }

    fn look(time: u64, collecting: bool) -> GcLook {
        let process = ProcessId::new(1).unwrap();
        GcLook { process, time: at(time), collecting, collections: None }
    }

    fn times(collections: Collections) -> Vec<(u64, u64)> {
        let spans: Vec<Spans> = collections.finish().map(|(_, spans)| spans).collect();
        let spans = spans.iter().flat_map(Spans::iter);
        spans.map(|span| (span.start.as_nanos(), span.end.as_nanos())).collect()
    }

    #[test]
    fn a_collection_lasts_from_the_look_that_saw_it_to_the_next() {
        let mut collections = Collections::default();
        for (time, collecting) in [(10, false), (20, true), (30, true), (45, false), (60, true)] {
            collections.look(&look(time, collecting));
        }
        assert_eq!(times(collections), [(20, 45)]);
    }

    #[test]
    fn the_collectors_own_clock_is_trusted_more() {
        let mut collections = Collections::default();
        collections.look(&look(20, true));
        collections.look(&look(30, false));
        let process = ProcessId::new(1).unwrap();
        let (start, end) = (at(18), at(26));
        collections.pause(&GcPause { process, start, end, generation: 2, collected: 5 });
        assert_eq!(times(collections), [(18, 26)]);
    }

    #[test]
    fn who_never_collected_has_no_lane() {
        let mut collections = Collections::default();
        collections.look(&look(20, false));
        assert_eq!(collections.finish().count(), 0);
    }
}
