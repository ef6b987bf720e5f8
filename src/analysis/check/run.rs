//! One recording as one run.

use super::environment::Environment;
use super::growth;
use super::judge::percent;
use super::place::Place;
use super::tests_seen::TestsSeen;
use crate::analysis::contention::Contention;
use crate::analysis::{Analysis, FrameNames, LoopTime, code_place};
use crate::model::{CodeId, Dictionary, Duration, FrameId, Lag, Stall, StringId, WaitKind};
use crate::recording::Flaw;

/// What a run is judged by.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Run {
    /// The recording, for people.
    pub file: String,
    /// How long it is, in seconds.
    pub seconds: f64,
    /// When it began, in nanoseconds since 1970; 0 where unknown.
    pub started: u64,
    /// Where it was recorded.
    pub environment: Environment,
    /// Whether the file is cut short.
    pub truncated: bool,
    /// Why it is, as far as known.
    pub flaw: Option<Flaw>,
    /// Looks at threads.
    pub samples: u64,
    /// Events that the recorder lost.
    pub dropped: u64,
    /// The share of the ticks without a look.
    pub miss_ratio: Option<f64>,
    /// How many loops were seen.
    pub loops: usize,
    /// The share of the run in which a loop's thread waited for a CPU: the worst loop's.
    pub runq_wait: Option<f64>,
    /// The share of its time that the busiest loop spent outside its poll call.
    pub busy_ratio: Option<f64>,
    /// The worst loop's lag in seconds: p50, p90, p99, p99.9, longest.
    pub lag: Option<[f64; 5]>,
    /// The same, less the time in which the loop's thread waited for a CPU.
    pub lag_corrected: Option<[f64; 5]>,
    /// CPU time of all loops' threads, in seconds.
    pub loop_cpu: Option<f64>,
    /// The share of that time in which the recorder did not see them busy.
    pub unseen: Option<f64>,
    /// The share of the recording of which nothing is known.
    pub gaps: f64,
    /// Callbacks that all loops ran.
    pub callbacks: Option<u64>,
    /// Locks and semaphores that were waited for; `None` without a census.
    pub locks: Option<Vec<LockRun>>,
    /// Most jobs that waited for a worker, and the longest that one executor had none free; `None`
    /// without a census.
    pub executors: Option<(u32, f64)>,
    /// Most tasks alive at once.
    pub alive_max: Option<f64>,
    /// The trend of tasks alive, per minute.
    pub growth: Option<f64>,
    /// The share of their life in which tasks could run and did not.
    pub ready_ratio: Option<f64>,
    /// Every coroutine, those that ran longest first.
    pub coroutines: Vec<CoroutineRun>,
    /// The shortest stall that was looked for, in seconds.
    pub stall_threshold: f64,
    /// Every stall, in order.
    pub stalls: Vec<StallRun>,
    /// Every test that was seen.
    pub tests: Vec<String>,
}

/// What the tasks of a coroutine did in a run; times in seconds.
#[derive(Debug, Clone, PartialEq)]
pub struct CoroutineRun {
    /// Where it is defined.
    pub place: Place,
    /// How many tasks.
    pub tasks: u64,
    /// On the loop.
    pub running: f64,
    /// Able to run, and not running.
    pub ready: f64,
    /// Waiting.
    pub waiting: f64,
}

/// A lock or semaphore that was waited for; times in seconds.
#[derive(Debug, Clone, PartialEq)]
pub struct LockRun {
    /// The line that was first seen waiting for it.
    pub place: Option<Place>,
    /// What it is.
    pub kind: &'static str,
    /// How often a task began to wait.
    pub waits: u64,
    /// All waits together.
    pub total: f64,
    /// The longest.
    pub longest: f64,
    /// The most tasks in its line at once.
    pub most_waiters: u32,
}

/// A stall of a run; times in seconds.
#[derive(Debug, Clone, PartialEq)]
pub struct StallRun {
    /// Its length.
    pub wall: f64,
    /// On a CPU.
    pub cpu: Option<f64>,
    /// Off the CPU and not waiting for one.
    pub blocked: Option<f64>,
    /// Its main cause.
    pub cause: &'static str,
    /// The main cause in words.
    pub why: String,
    /// The guilty line.
    pub place: Option<Place>,
    /// The heaviest stack, outermost first.
    pub stack: Vec<Place>,
    /// The test it happened in.
    pub test: Option<String>,
    /// When it began, in seconds after the recording's start.
    pub start: f64,
    /// What to do about it.
    pub advice: Option<&'static str>,
}

impl StallRun {
    /// What of it the program itself is to blame for, as far as it is known: not the time in which
    /// other work had the CPU. Stalls in which this is shorter than the threshold would have been
    /// none on an idle machine, and are left out of figures of CPU and blocked time: else a busy
    /// machine would add stalls of next to no CPU time, and lower the middle one.
    #[must_use]
    pub fn own(&self) -> f64 {
        self.cpu.unwrap_or(0.0) + self.blocked.unwrap_or(0.0)
    }
}

impl Run {
    /// Why the run says nothing about what its loops did, if it does not: the recorder was without a
    /// CPU when they ran, or lost what it had seen. Such a run would look better than it was.
    #[must_use]
    pub fn blind(&self) -> Option<String> {
        /// More than this of a loop's time without a look.
        const UNSEEN: f64 = 0.2;
        /// And more than this of the whole: loops with little to do spend it in short polls.
        const OF_ALL: f64 = 0.05;
        if self.dropped > 0 {
            return Some(format!("the recorder lost {} events", self.dropped));
        }
        let unseen = self.unseen.filter(|&unseen| {
            unseen > UNSEEN && unseen * self.loop_cpu.unwrap_or(0.0) > OF_ALL * self.seconds
        });
        let starved = |share: f64| {
            format!(
                "the recorder got too little CPU: it missed {} of what the loop did",
                percent(share)
            )
        };
        let gaps = Some(self.gaps).filter(|&gaps| self.unseen.is_none() && gaps > UNSEEN);
        unseen.or(gaps).map(starved)
    }

    /// The run in a recording.
    #[must_use]
    pub fn of(analysis: &Analysis) -> Self {
        let Analysis { source, meta, overview, loops, .. } = analysis;
        let tests = TestsSeen::of(analysis);
        let seconds = overview.duration.as_secs_f64();
        let python = overview.targets.first().map(|facts| facts.target.python.as_str());
        let most = |values: &mut dyn Iterator<Item = f64>| values.reduce(f64::max);
        let waits = loops.iter().filter_map(|event_loop| event_loop.runqueue);
        let shares = waits.map(|wait| share(wait.as_secs_f64(), seconds));
        Self {
            file: source.file.clone(),
            seconds,
            started: meta.anchor.wall_start_ns,
            environment: Environment::of(meta, python),
            truncated: source.truncated,
            flaw: source.flaw,
            samples: overview.samples,
            dropped: overview.dropped,
            miss_ratio: miss_ratio(analysis),
            loops: loops.len(),
            runq_wait: most(&mut shares.flatten()),
            busy_ratio: most(&mut loops.iter().filter_map(|event_loop| {
                let seen = event_loop.busy + event_loop.idle;
                share(event_loop.busy.as_secs_f64(), seen.as_secs_f64())
            })),
            lag: lag(analysis, |event_loop| event_loop.lag),
            lag_corrected: lag(analysis, |event_loop| event_loop.lag_corrected),
            loop_cpu: sum(loops, |event_loop| event_loop.on_cpu.map(Duration::as_secs_f64)),
            unseen: unseen(loops),
            gaps: share(overview.gaps.iter().map(|gap| gap.length.as_secs_f64()).sum(), seconds)
                .unwrap_or(0.0),
            callbacks: sum(loops, |event_loop| event_loop.callbacks),
            locks: locks(analysis),
            executors: executors(analysis),
            alive_max: growth::alive_max(analysis),
            growth: growth::per_minute(analysis),
            ready_ratio: ready_ratio(analysis),
            coroutines: coroutines(analysis),
            stall_threshold: analysis.stall_threshold.as_secs_f64(),
            stalls: analysis.stalls.iter().map(|found| stall(analysis, found, &tests)).collect(),
            tests: tests.names(),
        }
    }
}

fn share(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2⁵³")]
fn miss_ratio(analysis: &Analysis) -> Option<f64> {
    let overview = &analysis.overview;
    let missed = overview.misses.total();
    let all = overview.samples.saturating_add(overview.idle_ticks).saturating_add(missed);
    share(missed as f64, all as f64)
}

fn lag(analysis: &Analysis, of: fn(&LoopTime) -> Option<Lag>) -> Option<[f64; 5]> {
    let lags = analysis.loops.iter().filter_map(of);
    let figures =
        lags.map(|lag| [lag.p50, lag.p90, lag.p99, lag.p999, lag.max].map(Duration::as_secs_f64));
    figures.reduce(|one, other| std::array::from_fn(|index| one[index].max(other[index])))
}

/// Of all loops; `None` if one does not tell.
fn sum<T: std::iter::Sum>(loops: &[LoopTime], of: fn(&LoopTime) -> Option<T>) -> Option<T> {
    if loops.is_empty() { None } else { loops.iter().map(of).sum() }
}

fn unseen(loops: &[LoopTime]) -> Option<f64> {
    let used = sum(loops, |event_loop| event_loop.on_cpu.map(Duration::as_secs_f64))?;
    let seen = sum(loops, |event_loop| {
        let on_cpu = event_loop.on_cpu.map(Duration::as_secs_f64)?;
        Some(event_loop.busy.as_secs_f64().min(on_cpu))
    })?;
    share(used - seen, used)
}

fn locks(analysis: &Analysis) -> Option<Vec<LockRun>> {
    let is_lock =
        |contention: &&Contention| matches!(contention.kind, WaitKind::Lock | WaitKind::Semaphore);
    let locks = analysis.contention.iter().filter(is_lock).map(|contention| LockRun {
        place: contention.place.map(|frame| place(&analysis.dictionary, frame)),
        kind: contention.kind.name(),
        waits: contention.waits,
        total: contention.total.as_secs_f64(),
        longest: contention.longest.as_secs_f64(),
        most_waiters: contention.most_waiters,
    });
    (analysis.overview.censuses > 0).then(|| locks.collect())
}

fn executors(analysis: &Analysis) -> Option<(u32, f64)> {
    let all = analysis.executors.iter();
    let queued = all.clone().filter_map(|executor| executor.most_queued).max();
    let saturated = all.map(|executor| executor.saturated.as_secs_f64()).fold(0.0, f64::max);
    (analysis.overview.censuses > 0).then_some((queued.unwrap_or(0), saturated))
}

fn ready_ratio(analysis: &Analysis) -> Option<f64> {
    let sum = |of: fn(&crate::analysis::TaskTime) -> Duration| -> f64 {
        analysis.tasks.iter().map(|task| of(task).as_secs_f64()).sum()
    };
    let ready = sum(|task| task.ready);
    share(ready, ready + sum(|task| task.running) + sum(|task| task.waiting))
}

fn coroutines(analysis: &Analysis) -> Vec<CoroutineRun> {
    let rows = analysis.coroutines.iter();
    rows.map(|row| CoroutineRun {
        place: definition(&analysis.dictionary, row.name, row.code),
        tasks: row.tasks,
        running: row.running.as_secs_f64(),
        ready: row.ready.as_secs_f64(),
        waiting: row.waiting.as_secs_f64(),
    })
    .collect()
}

/// Where a coroutine is defined.
pub(super) fn definition(
    dictionary: &Dictionary,
    name: Option<StringId>,
    code: Option<CodeId>,
) -> Place {
    let code = code.and_then(|code| dictionary.get_code(code));
    let (file, line) = code.map_or((None, None), |code| code_place(dictionary, code));
    Place {
        function: name.map_or("?", |name| dictionary.text(name)).to_owned(),
        file: file.unwrap_or_default().to_owned(),
        line: line.unwrap_or(0),
        ..Place::default()
    }
}

/// Where a frame is.
pub(super) fn place(dictionary: &Dictionary, frame: FrameId) -> Place {
    let names = FrameNames::of(dictionary, frame);
    Place {
        function: names.function_or_unknown().to_owned(),
        file: names.file.unwrap_or_default().to_owned(),
        line: names.line.unwrap_or(0),
        ..Place::default()
    }
}

fn stall(analysis: &Analysis, stall: &Stall, tests: &TestsSeen) -> StallRun {
    let dictionary = &analysis.dictionary;
    let cause = stall.main_cause();
    let seconds = |time: Option<Duration>| time.map(Duration::as_secs_f64);
    let frames = stall.stacks.first().map(|heaviest| dictionary.stack_frames(heaviest.stack));
    let stack: Vec<Place> =
        frames.unwrap_or_default().into_iter().map(|frame| place(dictionary, frame)).collect();
    StallRun {
        wall: stall.duration.as_secs_f64(),
        cpu: seconds(stall.on_cpu),
        blocked: seconds(stall.blocked),
        cause: cause.map_or("unknown", |cause| cause.kind.name()),
        why: cause.map_or_else(String::new, |cause| cause.text.clone()),
        place: stall.location.map(|frame| place(dictionary, frame)),
        test: tests.of_stall(stall, &stack),
        stack,
        start: stall.start.since(crate::model::Timestamp::ZERO).as_secs_f64(),
        advice: stall.advice,
    }
}
