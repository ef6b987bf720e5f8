//! One pass over the events of a recording.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use crate::analysis::names::is_parked;
use crate::analysis::pace::{Looks, Pace};
use crate::model::{
    Activity, Dictionary, Duration, Event, LoopId, ProcessId, RecordingMeta, Sample, ThreadId,
    Timestamp,
};

use super::gc::Collections;
use super::lane::{Lane, LaneKind};
use super::loops::{Polls, ThreadTracks, Weighted, busy_stretches};
use super::queues::QueueTracks;
use super::ready::Surroundings;
use super::samples::LookAt;
use super::spans::SpanState;
use super::tasks::TaskTracks;
use super::{Timeline, lanes};

/// Turns events into a [`Timeline`]; hand it every event, in order.
#[derive(Debug)]
pub struct TimelineBuilder {
    pace: Pace,
    looks: FxHashMap<ThreadId, Watched>,
    threads: ThreadTracks,
    tasks: TaskTracks,
    collections: Collections,
    queues: QueueTracks,
    /// When the census took place that is being read.
    census: Option<Timestamp>,
    /// When each complete census of a process took place.
    censuses: FxHashMap<ProcessId, Vec<Timestamp>>,
    latest: Timestamp,
    timeline: Timeline,
}

impl TimelineBuilder {
    /// The timeline of a recording that begins like this.
    #[must_use]
    pub fn new(meta: &RecordingMeta) -> Self {
        Self {
            pace: Pace::new(meta),
            looks: FxHashMap::default(),
            threads: ThreadTracks::default(),
            tasks: TaskTracks::default(),
            collections: Collections::default(),
            queues: QueueTracks::default(),
            census: None,
            censuses: FxHashMap::default(),
            latest: Timestamp::ZERO,
            timeline: Timeline::default(),
        }
    }

    /// Takes the next event; `dictionary` holds every definition up to here.
    pub fn event(&mut self, event: &Event, dictionary: &Dictionary) {
        match event {
            Event::Sample(sample) => self.sample(sample, dictionary),
            Event::Idle { thread, time, ticks } => {
                let watched = self.looks.entry(*thread).or_default();
                watched.step = None;
                let length = watched.looks.idle(*time, *ticks, self.pace);
                self.look(*thread, *time, length);
            }
            Event::Loop { id, event_loop } => self.threads.runs(*id, event_loop.thread),
            Event::Miss(miss) => self.heard(miss.time),
            Event::CensusBegin { time, .. } => {
                self.census = Some(*time);
                self.heard(*time);
            }
            Event::TaskRow(row) => {
                let event_loop = dictionary.get_task(row.task).and_then(|task| task.event_loop);
                self.tasks.found(row, event_loop, self.census_time());
            }
            Event::TaskGone { task } => self.tasks.gone(*task, self.census_time()),
            Event::AwaitedBy { task, awaiters } => {
                let time = self.census_time();
                self.timeline.awaits.found(*task, time, awaiters);
            }
            Event::CensusEnd { process, end } => {
                let begun = self.census.take().unwrap_or(end.time);
                self.heard(end.time);
                if end.complete {
                    self.censuses.entry(*process).or_default().push(begun);
                }
                self.timeline.counts.push(self.tasks.count(begun));
                for (id, ready) in self.tasks.ready_by_loop() {
                    if dictionary.get_loop(id).is_some_and(|known| known.process == *process) {
                        self.queues.census(id, begun, ready);
                    }
                }
            }
            Event::Queues(queues) => self.queues.look(queues),
            Event::Gc(look) => self.collections.look(look),
            Event::GcPause(pause) => self.collections.pause(pause),
            Event::Stats(stats) => {
                self.heard(stats.time);
                self.pace.adapt(stats);
            }
            Event::End { time, .. } | Event::TargetEnded { time, .. } => self.heard(*time),
            Event::Gap { start, length } => self.heard(*start + *length),
            _ => {}
        }
    }

    fn heard(&mut self, time: Timestamp) {
        self.latest = self.latest.max(time);
    }

    fn census_time(&self) -> Timestamp {
        self.census.unwrap_or(self.latest)
    }

    fn sample(&mut self, sample: &Sample, dictionary: &Dictionary) {
        let Sample { time, thread, stack, task, activity, .. } = *sample;
        self.heard(time);
        let watched = self.looks.entry(thread).or_default();
        let length = match activity {
            Activity::NoLoop => watched.looks.slow_look(time, self.pace),
            Activity::Busy | Activity::Polling => watched.looks.look(time, self.pace),
        };
        let whole = watched.goes_on(sample).map_or(length, |since| length.max(time.since(since)));
        let idle = match activity {
            Activity::Busy => false,
            Activity::Polling => true,
            Activity::NoLoop => stack.is_none_or(|stack| is_parked(dictionary, stack)),
        };
        let event_loop = task.and_then(|task| dictionary.get_task(task)?.event_loop);
        let state = if idle { SpanState::Idle } else { SpanState::Running };
        let look = Weighted { thread, event_loop, time, length: whole, state, task, stack };
        self.threads.look(&look);
        if let Some(task) = task {
            self.tasks.ran(task, time, whole, stack);
        }
        if !idle && length > Duration::ZERO {
            let nanos = u32::try_from(length.as_nanos()).unwrap_or(u32::MAX);
            self.timeline.samples.push(LookAt { time, nanos, thread, stack, task, activity });
        }
    }

    fn look(&mut self, thread: ThreadId, time: Timestamp, length: Duration) {
        self.heard(time);
        self.threads.look(&Weighted {
            thread,
            event_loop: None,
            time,
            length,
            state: SpanState::Idle,
            task: None,
            stack: None,
        });
    }

    /// The timeline.
    #[must_use]
    pub fn finish(self, dictionary: &Dictionary) -> Timeline {
        let Self { threads, tasks, collections, queues, censuses, latest, mut timeline, .. } = self;
        timeline.end = latest;
        timeline.samples.finish();
        timeline.counts.sort_by_key(|count| count.time);
        let (loops, threads) = threads.finish();
        let polls: BTreeMap<LoopId, Polls> =
            loops.iter().map(|(&id, spans)| (id, Polls::new(spans))).collect();
        timeline.queues = queues.finish(&polls, latest);
        let tasks = tasks.finish(|task| {
            let task = dictionary.get_task(task);
            Surroundings {
                censuses: task.and_then(|task| censuses.get(&task.process)).map_or(&[], |all| all),
                polls: task.and_then(|task| polls.get(&task.event_loop?)),
            }
        });
        for (id, spans) in loops {
            busy_stretches(id, &spans, &mut timeline.busy);
            timeline.lanes.push(Lane { kind: LaneKind::Loop(id), spans });
        }
        timeline.busy.sort_by_key(|stretch| stretch.start);
        lanes::add_tasks(&mut timeline, dictionary, tasks);
        for (id, spans) in threads {
            timeline.lanes.push(Lane { kind: LaneKind::Thread(id), spans });
        }
        for (id, spans) in collections.finish() {
            timeline.lanes.push(Lane { kind: LaneKind::Gc(id), spans });
        }
        timeline
    }
}

/// The looks at one thread.
#[derive(Debug, Default)]
struct Watched {
    looks: Looks,
    /// The last look, where it found the thread in a callback.
    step: Option<Sample>,
}

impl Watched {
    /// When the look before found the same callback running: it ran all the while, though the looks
    /// may be far from each other.
    fn goes_on(&mut self, sample: &Sample) -> Option<Timestamp> {
        let is_inside = sample.activity == Activity::Busy
            && (sample.callback.is_some() || sample.task.is_some());
        let before = std::mem::replace(&mut self.step, is_inside.then_some(*sample))?;
        let context = before.context_ver.is_some() && before.context_ver == sample.context_ver;
        let callback = before.callback.is_some() && before.callback == sample.callback;
        (is_inside && before.task == sample.task && (context || callback)).then_some(before.time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::timeline::Span;
    use crate::model::{CensusEnd, EventLoop, LoopKind, Task, TaskId, TaskRow, TaskState, Thread};

    const MS: u64 = 1_000_000;

    fn at(ms: u64) -> Timestamp {
        Timestamp::from_nanos(ms * MS)
    }

    fn process() -> ProcessId {
        ProcessId::new(1).unwrap()
    }

    fn task() -> TaskId {
        TaskId::new(1).unwrap()
    }

    fn thread() -> ThreadId {
        ThreadId::new(1).unwrap()
    }

    fn build(events: Vec<Event>) -> Timeline {
        let meta = RecordingMeta { rate_hz: 1000, census_rate_hz: 20, ..RecordingMeta::default() };
        let event_loop = LoopId::new(1);
        let definitions = vec![
            Event::Thread {
                id: thread(),
                thread: Thread { process: process(), native_id: 1, name: None },
            },
            Event::Loop {
                id: event_loop.unwrap(),
                event_loop: EventLoop {
                    process: process(),
                    thread: Some(thread()),
                    kind: LoopKind::Selector,
                },
            },
            Event::Task {
                id: task(),
                task: Task {
                    process: process(),
                    name: None,
                    coroutine: None,
                    code: None,
                    event_loop,
                },
            },
        ];
        let mut dictionary = Dictionary::new();
        let mut builder = TimelineBuilder::new(&meta);
        for event in definitions.into_iter().chain(events) {
            dictionary.apply(&event);
            builder.event(&event, &dictionary);
        }
        builder.finish(&dictionary)
    }

    fn census(ms: u64, state: Option<TaskState>) -> Vec<Event> {
        let row = match state {
            Some(state) => Event::TaskRow(TaskRow {
                task: task(),
                state,
                chain: None,
                wait: None,
                cancel_requests: None,
            }),
            None => Event::TaskGone { task: task() },
        };
        let end = CensusEnd { time: at(ms), complete: true, tasks: 1, torn: 0, unreadable: 0 };
        vec![
            Event::CensusBegin { process: process(), time: at(ms) },
            row,
            Event::CensusEnd { process: process(), end },
        ]
    }

    fn busy(ms: u64) -> Event {
        Event::Sample(Sample {
            time: at(ms),
            thread: thread(),
            stack: None,
            task: Some(task()),
            task_depth: None,
            activity: Activity::Busy,
            context_ver: None,
            callback: None,
        })
    }

    /// A look that found callback `callback` running.
    fn in_callback(ms: u64, callback: u32) -> Event {
        let Event::Sample(sample) = busy(ms) else { unreachable!() };
        Event::Sample(Sample { callback: std::num::NonZeroU32::new(callback), ..sample })
    }

    #[test]
    fn a_callback_seen_before_and_after_a_pause_ran_all_the_while() {
        let shown_of = |last| {
            let mut events = census(10, Some(TaskState::Waiting));
            events.push(Event::Idle { thread: thread(), time: at(20), ticks: 20 });
            events.extend([in_callback(21, 1), in_callback(22, 1)]);
            // The census takes the recorder's time, and the looks are late.
            events.extend(census(24, Some(TaskState::Running)));
            events.push(in_callback(40, last));
            events.push(Event::Idle { thread: thread(), time: at(50), ticks: 10 });
            build(events)
        };
        use SpanState::{Idle, Running, Unknown, Waiting};
        let same = shown_of(1);
        assert_eq!(shown(same.task_spans(task())), [(10, 20, Waiting), (20, 40, Running)]);
        assert_eq!(
            shown(same.lanes[0].spans.iter()),
            [(0, 20, Idle), (20, 40, Running), (40, 50, Idle)]
        );
        // Another callback may have begun at any time between the looks.
        let other = shown_of(2);
        assert_eq!(
            shown(other.task_spans(task())),
            [
                (10, 20, Waiting),
                (20, 22, Running),
                (22, 24, Waiting),
                (24, 35, Unknown),
                (35, 40, Running)
            ]
        );
    }

    fn shown(spans: impl Iterator<Item = Span>) -> Vec<(u64, u64, SpanState)> {
        spans.map(|s| (s.start.as_nanos() / MS, s.end.as_nanos() / MS, s.state)).collect()
    }

    #[test]
    fn a_task_waits_runs_and_waits_on() {
        let mut events = census(10, Some(TaskState::Waiting));
        events.push(Event::Idle { thread: thread(), time: at(20), ticks: 20 });
        events.extend([busy(21), busy(22), busy(23)]);
        events.push(Event::Idle { thread: thread(), time: at(40), ticks: 17 });
        events.extend(census(60, Some(TaskState::Ready)));
        events.extend(census(80, None));
        let timeline = build(events);
        use SpanState::{Idle, Ready, Running, Waiting};
        assert_eq!(
            shown(timeline.task_spans(task())),
            [(10, 20, Waiting), (20, 23, Running), (23, 60, Waiting), (60, 80, Ready),]
        );
        assert_eq!(
            shown(timeline.lanes[0].spans.iter()),
            [(0, 20, Idle), (20, 23, Running), (23, 40, Idle),]
        );
        assert_eq!(timeline.busy.len(), 1);
        assert_eq!((timeline.busy[0].start, timeline.busy[0].end), (at(20), at(23)));
        let counts: Vec<_> =
            timeline.counts.iter().map(|c| (c.tasks, c.ready, c.waiting)).collect();
        assert_eq!(counts, [(1, 0, 1), (1, 1, 0), (0, 0, 0)]);
        assert_eq!(timeline.samples.between(at(20), at(22)).len(), 2);
        assert_eq!(timeline.end, at(80));
        assert_eq!(timeline.task_at(task(), at(21)).map(|span| span.state), Some(Running));
    }
}
