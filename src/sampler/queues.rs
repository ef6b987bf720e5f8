//! What a loop has queued, looked at when it has become clear that it is held up.

use crate::model::{Dictionary, Event, LoopKind, LoopQueues, QueueEntry, QueueReason, Timestamp};

use super::clock::Clock;
use super::sink::Sink;
use super::target::TargetProcess;

impl TargetProcess {
    /// Records the queues of the loops that are held up, right after a census.
    pub(super) fn record_queues(
        &mut self,
        dictionary: &mut Dictionary,
        clock: Clock,
        sink: &mut Sink,
    ) {
        let stalled: Vec<_> = self
            .threads
            .iter_mut()
            .filter_map(|thread| {
                let held_up = std::mem::take(&mut thread.held_up);
                thread.event_loop.filter(|_| held_up)
            })
            .collect();
        for running in stalled {
            let found = self.asyncio().loops().iter().find(|known| known.id == running.id);
            let Some(addr) = found.map(|known| known.addr) else { continue };
            let (event_loop, time) = (running.id, clock.now());
            let offset = self.clock_offset;
            let mut queues = LoopQueues { event_loop, time, complete: false, entries: Vec::new() };
            // Others keep their queues where Python cannot see them.
            if running.kind == LoopKind::Selector {
                let (_, shared) = self.parts(dictionary);
                let loop_now = crate::os::clock::now().saturating_add_signed(offset);
                let now = std::time::Duration::from_nanos(loop_now).as_secs_f64();
                let found = shared.asyncio.queued(shared.code_memory, shared.layout, addr, now);
                let Ok((found, complete)) = found else { continue };
                queues.complete = complete;
                queues.entries.extend(found.iter().map(|queued| QueueEntry {
                    task: queued.task,
                    reason: queued.due.map_or(QueueReason::Ready, |_| QueueReason::Timer),
                    due: queued.due.map(|due| on_our_clock(due, offset, clock)),
                }));
            }
            sink.push(Event::Queues(queues));
        }
    }
}

/// A time on a loop's clock, in seconds, as a time of the recording.
fn on_our_clock(due: f64, offset: i64, clock: Clock) -> Timestamp {
    let due = std::time::Duration::try_from_secs_f64(due).unwrap_or_default();
    let nanos = u64::try_from(due.as_nanos()).unwrap_or(u64::MAX);
    clock.at(nanos.saturating_add_signed(offset.saturating_neg()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_is_moved_to_the_recordings_clock() {
        let clock = Clock::start();
        let now = crate::os::clock::now();
        let due = std::time::Duration::from_nanos(now + 2_000_000_000).as_secs_f64();
        let shifted = due + 100.0;
        let at = |due, offset| on_our_clock(due, offset, clock).as_nanos() / 1_000_000;
        assert_eq!(at(due, 0), at(shifted, 100_000_000_000));
        assert!((1_990..2_100).contains(&at(due, 0)));
        assert_eq!(at(-1.0, 0), 0);
        assert_eq!(at(f64::NAN, 0), 0);
    }
}
