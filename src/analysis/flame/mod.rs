//! Where time was spent, as paths: thread, tasks with their await chains, synchronous stack.

mod glob;
mod paths;
mod tree;

use rustc_hash::FxHashMap;

use crate::model::{
    Activity, Dictionary, Duration, Event, RecordingMeta, Sample, TaskId, TaskState, ThreadId,
    Timestamp,
};

pub use glob::Glob;
pub use tree::{Label, LabelId, LabelKind, PathId, Tree};

use super::facts::{Overview, Source};
use super::names::{is_parked, task_coroutine, task_name};
use super::overview::Counter;
use super::pace::{Looks, Pace};
use super::task_clock::Stretch;
use super::task_clocks::TaskClocks;
use paths::Paths;

/// Which states of tasks a flame graph shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FlameStates {
    /// What ran, from samples: tasks, callbacks, threads without a loop.
    #[default]
    Running,
    /// What tasks waited for, from censuses.
    Waiting,
    /// Tasks that could run and did not, from censuses.
    Ready,
    /// All of these, and idle loops.
    All,
}

impl FlameStates {
    fn running(self) -> bool {
        matches!(self, Self::Running | Self::All)
    }

    fn shows(self, state: TaskState) -> bool {
        match state {
            TaskState::Ready => matches!(self, Self::Ready | Self::All),
            TaskState::Waiting => matches!(self, Self::Waiting | Self::All),
            TaskState::Running | TaskState::Done => false,
        }
    }
}

/// What a flame graph shows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FlameOptions {
    /// Which states.
    pub states: FlameStates,
    /// Only tasks whose name, or whose coroutine's name, matches.
    pub task: Option<Glob>,
    /// Only from here on.
    pub from: Option<Timestamp>,
    /// Only up to here.
    pub to: Option<Timestamp>,
    /// Keep the order of samples, too, for [`Flame::threads`] and [`Flame::running`].
    pub in_order: bool,
}

/// Paths and the time spent in them.
#[derive(Debug)]
pub struct Flame {
    /// Where it was read from.
    pub source: Source,
    /// The recording as a whole.
    pub overview: Overview,
    /// The paths. Where there are several processes, each begins with one.
    pub tree: Tree,
    /// For each thread: its whole stacks in the order of its samples.
    pub threads: Vec<ThreadRuns>,
    /// What tasks ran, in the order of samples, as in `tree`.
    pub running: Vec<Run>,
}

/// The samples of one thread, in order.
#[derive(Debug)]
pub struct ThreadRuns {
    /// The thread's name.
    pub name: String,
    /// What it did.
    pub runs: Vec<Run>,
}

/// A path and how long it was seen without a break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// The path.
    pub path: PathId,
    /// The time, in nanoseconds.
    pub nanos: u64,
}

/// Turns events into a [`Flame`]; hand it every event, in order.
#[derive(Debug)]
pub struct FlameBuilder {
    options: FlameOptions,
    dictionary: Dictionary,
    pace: Pace,
    counter: Counter,
    looks: FxHashMap<ThreadId, Looks>,
    clocks: TaskClocks,
    paths: Paths,
    matches: FxHashMap<TaskId, bool>,
    /// Where the last stretch of each task went, as far as it is shown.
    last_stretches: FxHashMap<TaskId, PathId>,
    threads: FxHashMap<ThreadId, Vec<Run>>,
    running: Vec<Run>,
}

impl FlameBuilder {
    /// A flame graph of a recording that begins like this.
    #[must_use]
    pub fn new(meta: &RecordingMeta, options: FlameOptions) -> Self {
        Self {
            options,
            dictionary: Dictionary::new(),
            pace: Pace::new(meta),
            counter: Counter::default(),
            looks: FxHashMap::default(),
            clocks: TaskClocks::default(),
            paths: Paths::default(),
            matches: FxHashMap::default(),
            last_stretches: FxHashMap::default(),
            threads: FxHashMap::default(),
            running: Vec::new(),
        }
    }

    /// Takes the next event.
    pub fn event(&mut self, event: &Event) {
        let renamed = match event {
            Event::Task { id, .. } if self.dictionary.get_task(*id).is_some() => Some(*id),
            _ => None,
        };
        self.dictionary.apply(event);
        self.counter.event(event, self.pace);
        if let Some(task) = renamed {
            self.matches.remove(&task);
            self.paths.changed();
        }
        // What a task did until now ended before the event says anything new about it.
        if let Some((task, stretch)) = self.clocks.event(event) {
            self.stretch(task, &stretch);
        }
        match event {
            Event::Sample(sample) => self.sample(sample),
            Event::Idle { thread, time, ticks } => {
                let length = self.looks.entry(*thread).or_default().idle(*time, *ticks, self.pace);
                self.idle(*thread, *time, length);
            }
            Event::TaskRow(row) => self.paths.found(row),
            Event::AwaitedBy { task, awaiters } => self.paths.awaited(*task, awaiters),
            Event::TaskGone { task } => self.paths.gone(*task),
            Event::Thread { .. } | Event::Loop { .. } | Event::Target { .. } => {
                self.paths.changed();
                match event {
                    Event::Target { id, target } => self.paths.target(*id, target.pid),
                    Event::Loop { id, event_loop } => {
                        if let Some(thread) = event_loop.thread {
                            self.paths.ran_in(*id, thread);
                        }
                    }
                    _ => {}
                }
            }
            Event::Stats(stats) => self.pace.adapt(stats),
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
        let from = before(time, weight);
        if let Some(task) = task {
            let taken_back = self.clocks.run(task, from, time);
            if taken_back > Duration::ZERO
                && let Some(&path) = self.last_stretches.get(&task)
            {
                self.paths.tree.take(path, taken_back.as_nanos());
            }
        }
        if activity == Activity::Polling {
            self.idle(thread, time, weight);
            return;
        }
        let parked = activity == Activity::NoLoop
            && sample.stack.is_none_or(|stack| is_parked(&self.dictionary, stack));
        let wanted = self.options.states.running()
            && (!parked || self.options.states == FlameStates::All)
            && self.wants(task);
        let nanos = self.inside(from, time).as_nanos();
        if !wanted || nanos == 0 {
            return;
        }
        let path = self.paths.running(&self.dictionary, sample);
        self.paths.tree.add(path, nanos);
        if self.options.in_order {
            if task.is_some() {
                push(&mut self.running, path, nanos);
            }
            let whole = self.paths.whole(&self.dictionary, sample.stack);
            push(self.threads.entry(thread).or_default(), whole, nanos);
        }
    }

    fn idle(&mut self, thread: ThreadId, time: Timestamp, length: Duration) {
        let nanos = self.inside(before(time, length), time).as_nanos();
        if self.options.states != FlameStates::All || self.options.task.is_some() || nanos == 0 {
            return;
        }
        let path = self.paths.idle(&self.dictionary, thread);
        self.paths.tree.add(path, nanos);
        if self.options.in_order {
            let whole = self.paths.idle_note();
            push(self.threads.entry(thread).or_default(), whole, nanos);
        }
    }

    /// What a census told about the time before it.
    fn stretch(&mut self, task: TaskId, stretch: &Stretch) {
        let nanos = self.inside(stretch.since, stretch.until).min(stretch.counted).as_nanos();
        if nanos > 0 && self.options.states.shows(stretch.state) && self.wants(Some(task)) {
            let path = self.paths.suspended(&self.dictionary, task, stretch.state);
            self.paths.tree.add(path, nanos);
            self.last_stretches.insert(task, path);
        } else {
            self.last_stretches.remove(&task);
        }
    }

    /// The part of a stretch that lies between `--from` and `--to`.
    fn inside(&self, from: Timestamp, to: Timestamp) -> Duration {
        let from = self.options.from.map_or(from, |start| start.max(from));
        let to = self.options.to.map_or(to, |end| end.min(to));
        to.since(from)
    }

    /// Whether a task's time is asked for; `None` is what runs outside of any.
    fn wants(&mut self, task: Option<TaskId>) -> bool {
        let Some(glob) = &self.options.task else { return true };
        let Some(task) = task else { return false };
        let dictionary = &self.dictionary;
        *self.matches.entry(task).or_insert_with(|| {
            [task_name(dictionary, task), task_coroutine(dictionary, task)]
                .into_iter()
                .flatten()
                .any(|name| glob.matches(name))
        })
    }

    /// The flame graph.
    #[must_use]
    pub fn finish(mut self, source: Source) -> Flame {
        let clocks = std::mem::take(&mut self.clocks);
        for (task, _, stretch) in clocks.finish(&self.dictionary) {
            if let Some(stretch) = stretch {
                self.stretch(task, &stretch);
            }
        }
        let mut threads: Vec<(ThreadId, Vec<Run>)> = self.threads.into_iter().collect();
        threads.sort_unstable_by_key(|(id, _)| *id);
        let names: Vec<String> =
            threads.iter().map(|(id, _)| self.paths.thread_title(&self.dictionary, *id)).collect();
        let overview = self.counter.finish();
        let (tree, moved) = self.paths.finish(&self.dictionary, overview.targets.len() > 1);
        let follow = |runs: Vec<Run>| -> Vec<Run> {
            runs.into_iter().map(|run| Run { path: moved[run.path as usize], ..run }).collect()
        };
        let threads = threads
            .into_iter()
            .zip(names)
            .map(|((_, runs), name)| ThreadRuns { name, runs: follow(runs) })
            .collect();
        Flame { source, overview, tree, threads, running: follow(self.running) }
    }
}

fn before(time: Timestamp, length: Duration) -> Timestamp {
    Timestamp::from_nanos(time.as_nanos().saturating_sub(length.as_nanos()))
}

/// Appends to runs; what goes on unchanged stays one run.
fn push(runs: &mut Vec<Run>, path: PathId, nanos: u64) {
    match runs.last_mut() {
        Some(last) if last.path == path => last.nanos = last.nanos.saturating_add(nanos),
        _ => runs.push(Run { path, nanos }),
    }
}

/// The same as handing every event to a [`FlameBuilder`].
pub fn flame(
    meta: &RecordingMeta,
    events: impl IntoIterator<Item = Event>,
    options: FlameOptions,
    source: Source,
) -> Flame {
    let mut builder = FlameBuilder::new(meta, options);
    for event in events {
        builder.event(&event);
    }
    builder.finish(source)
}
