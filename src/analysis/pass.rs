//! One pass over the events of a recording.

use rustc_hash::FxHashMap;

use crate::model::{
    Activity, Dictionary, Duration, Event, LoopId, RecordingMeta, Sample, TaskId, ThreadId,
    Timestamp,
};

use super::coroutines;
use super::facts::{Analysis, AnalysisOptions, LoopTime, Overview, Source, TaskTime};
use super::findings::{self, AwaitLines, Collector};
use super::overview::Counter;
use super::pace::{Looks, Pace};
use super::source::{NoSource, SourceLines};
use super::stacks::StackSums;
use super::stalls::{Found, LoopFacts, StallFinder};
use super::task_clock::TaskClock;
use super::task_clocks::TaskClocks;
use super::wait_sums::WaitSums;

/// Turns events into facts; hand it every event, in order.
#[derive(Debug)]
pub struct Analyzer {
    meta: RecordingMeta,
    options: AnalysisOptions,
    dictionary: Dictionary,
    pace: Pace,
    counter: Counter,
    looks: FxHashMap<ThreadId, Looks>,
    loop_of: FxHashMap<ThreadId, LoopId>,
    loops: FxHashMap<LoopId, LoopClock>,
    tasks: TaskClocks,
    stacks: StackSums,
    awaiters: FxHashMap<TaskId, TaskId>,
    waiting: WaitSums,
    stalls: StallFinder,
    collector: Collector,
    awaits: Option<AwaitLines>,
}

#[derive(Debug, Clone, Copy, Default)]
struct LoopClock {
    thread: Option<ThreadId>,
    first: Timestamp,
    last: Timestamp,
    busy: Duration,
    idle: Duration,
}

/// The facts of a whole recording.
pub fn analyze(
    meta: RecordingMeta,
    events: impl IntoIterator<Item = Event>,
    source: Source,
) -> Analysis {
    let mut analyzer = Analyzer::new(meta, AnalysisOptions::default());
    for event in events {
        analyzer.event(event);
    }
    analyzer.finish(source)
}

impl Analyzer {
    /// An analysis of a recording that begins like this.
    #[must_use]
    pub fn new(meta: RecordingMeta, options: AnalysisOptions) -> Self {
        Self {
            options,
            pace: Pace::new(&meta),
            meta,
            dictionary: Dictionary::new(),
            counter: Counter::default(),
            looks: FxHashMap::default(),
            loop_of: FxHashMap::default(),
            loops: FxHashMap::default(),
            tasks: TaskClocks::default(),
            stacks: StackSums::default(),
            awaiters: FxHashMap::default(),
            waiting: WaitSums::default(),
            stalls: StallFinder::new(options.stall_threshold),
            collector: Collector::default(),
            awaits: None,
        }
    }

    /// The same, which also looks for awaits that could run side by side: for
    /// [`Analyzer::finish_reading`].
    #[must_use]
    pub fn with_awaits(self) -> Self {
        Self { awaits: Some(AwaitLines::default()), ..self }
    }

    /// The definitions of all events so far.
    #[must_use]
    pub fn dictionary(&self) -> &Dictionary {
        &self.dictionary
    }

    /// Takes the next event.
    pub fn event(&mut self, event: Event) {
        self.dictionary.apply(&event);
        self.counter.event(&event, self.pace);
        let stretch = self.tasks.event(&event);
        self.waiting.event(&event, stretch, &self.dictionary, self.tasks.census_time());
        if let Some(awaits) = &mut self.awaits {
            awaits.event(&event, stretch, &self.dictionary);
        }
        let tick = Duration::from_nanos(self.pace.tick());
        self.stalls.event(&event, tick, &self.dictionary);
        self.collector.event(&event, self.tasks.census_time());
        match event {
            Event::Sample(sample) => self.sample(&sample),
            Event::Idle { thread, time, ticks } => {
                let length = self.looks.entry(thread).or_default().idle(time, ticks, self.pace);
                self.loop_time(self.loop_of.get(&thread).copied(), time, Duration::ZERO, length);
            }
            Event::Loop { id, event_loop } => {
                let clock = self.loops.entry(id).or_default();
                if let Some(thread) = event_loop.thread {
                    clock.thread = Some(thread);
                    self.loop_of.insert(thread, id);
                }
            }
            Event::AwaitedBy { task, awaiters } => {
                match awaiters.iter().copied().filter(|&awaiter| awaiter != task).min() {
                    Some(awaiter) => self.awaiters.insert(task, awaiter),
                    None => self.awaiters.remove(&task),
                };
            }
            Event::Stats(stats) => self.pace.adapt(&stats),
            _ => {}
        }
    }

    fn sample(&mut self, sample: &Sample) {
        let Sample { time, thread, task, activity, .. } = *sample;
        let looks = self.looks.entry(thread).or_default();
        let weight = match activity {
            Activity::NoLoop => looks.slow_look(time, self.pace),
            Activity::Busy | Activity::Polling => looks.look(time, self.pace),
        };
        self.stacks.add(sample, weight);
        let owner = task.and_then(|task| self.dictionary.get_task(task)?.event_loop);
        let event_loop = owner.or_else(|| self.loop_of.get(&thread).copied());
        match activity {
            Activity::Busy => self.loop_time(event_loop, time, weight, Duration::ZERO),
            Activity::Polling => self.loop_time(event_loop, time, Duration::ZERO, weight),
            Activity::NoLoop => {}
        }
        if let Some(task) = task {
            let from = Timestamp::from_nanos(time.as_nanos().saturating_sub(weight.as_nanos()));
            let back = self.tasks.run(task, from, time);
            self.waiting.take_back(task, back);
        }
    }

    fn loop_time(&mut self, id: Option<LoopId>, time: Timestamp, busy: Duration, idle: Duration) {
        let Some(id) = id else { return };
        let clock = self.loops.entry(id).or_default();
        let start = time.as_nanos().saturating_sub((busy + idle).as_nanos());
        if clock.busy == Duration::ZERO && clock.idle == Duration::ZERO {
            clock.first = Timestamp::from_nanos(start);
        }
        clock.last = clock.last.max(time);
        clock.busy = clock.busy + busy;
        clock.idle = clock.idle + idle;
    }

    /// The facts.
    #[must_use]
    pub fn finish(self, source: Source) -> Analysis {
        self.finish_reading(source, &NoSource)
    }

    /// The facts, and those that only the program's source can tell.
    #[must_use]
    pub fn finish_reading(mut self, source: Source, lines: &dyn SourceLines) -> Analysis {
        let end = self.tasks.census_time();
        let clocks = std::mem::take(&mut self.tasks).finish(&self.dictionary);
        let open = clocks.iter().filter_map(|&(id, _, stretch)| Some((id, stretch?)));
        self.waiting.close(open.clone(), &self.dictionary);
        if let Some(awaits) = &mut self.awaits {
            open.for_each(|(task, stretch)| awaits.stretch(task, stretch, &self.dictionary));
        }
        let waited = self.waiting.finish(&self.dictionary, end);
        let mut tasks: Vec<TaskTime> =
            clocks.into_iter().map(|(id, clock, _)| task_time(id, clock)).collect();
        tasks.sort_unstable_by_key(|task| {
            (std::cmp::Reverse((task.running, task.ready + task.waiting)), task.id)
        });
        let mut loops: Vec<LoopTime> =
            self.loops.iter().map(|(&id, clock)| clock.time(id)).collect();
        loops.sort_unstable_by_key(|time| time.id);
        let watched = loops.iter().map(|time| (time.id, time.busy + time.idle)).collect();
        let Found { stalls, vague, lag, edges, lost_switch_records, loops: facts, sources } =
            self.stalls.finish(&watched, &self.dictionary);
        for time in &mut loops {
            if let Some(facts) = facts.get(&time.id) {
                time.add(facts);
            }
        }
        let overview = Overview {
            edges,
            lost_switch_records,
            vague_stalls: vague,
            switches: sources,
            ..self.counter.finish()
        };
        let mut analysis = Analysis {
            source,
            overview,
            loops,
            coroutines: coroutines::sum(&self.dictionary, &tasks),
            tasks,
            stacks: self.stacks.finish(&self.dictionary),
            stalls,
            stall_threshold: self.options.stall_threshold,
            contention: waited.contention,
            executors: waited.executors,
            population: waited.population,
            waits: waited.waits,
            lag,
            findings: Vec::new(),
            meta: self.meta,
            dictionary: self.dictionary,
            awaiters: self.awaiters,
        };
        let mut collected = self.collector.finish();
        if let Some(awaits) = &self.awaits {
            collected.read(awaits, &analysis.dictionary, lines);
        }
        analysis.findings = findings::find(&analysis, &collected);
        analysis
    }
}

fn task_time(id: TaskId, clock: TaskClock) -> TaskTime {
    let TaskClock { first_seen, last_seen, state, running, ready, waiting, .. } = clock;
    TaskTime { id, first_seen, last_seen, state, running, ready, waiting }
}

impl LoopTime {
    const fn add(&mut self, facts: &LoopFacts) {
        let LoopFacts { lag, lag_corrected, runqueue, on_cpu, callbacks } = *facts;
        self.lag = lag;
        self.lag_corrected = lag_corrected;
        self.runqueue = runqueue;
        self.on_cpu = on_cpu;
        self.callbacks = callbacks;
    }
}

impl LoopClock {
    fn time(&self, id: LoopId) -> LoopTime {
        let Self { thread, first, last, busy, idle } = *self;
        LoopTime {
            id,
            thread,
            busy,
            idle,
            unknown: last.since(first) - (busy + idle),
            lag: None,
            lag_corrected: None,
            runqueue: None,
            on_cpu: None,
            callbacks: None,
        }
    }
}
