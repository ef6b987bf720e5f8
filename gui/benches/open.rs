//! How long it takes from a file to its first picture, and how much memory that needs: a recording
//! of an hour with ten thousand tasks.
//!
//! `cargo bench -p looptrace-gui --bench open` prints the time to read and analyse it, the time of
//! the first frame, and the most memory the process has held; then how long further frames of the
//! whole window take, at zooms from all of it down to a second, and how long the table of tasks
//! takes to be sorted and drawn. `-- --tasks 1000000` has another number of tasks, and
//! `-- --keep FILE` leaves the recording there.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "it is a program that prints")]

use std::path::{Path, PathBuf};
use std::time::Instant;

use eframe::egui::{
    Context, Event as UiEvent, Modifiers, MouseWheelSource, MouseWheelUnit, RawInput, Rect,
    TouchPhase, pos2, vec2,
};
use looptrace::model::{
    Activity, CensusEnd, CodeLocation, Dictionary, Duration, EndReason, Event, EventLoop, Frame,
    FrameKind, LoopKind, ProcessId, RecorderStats, RecordingMeta, Sample, StackId, Target, Task,
    TaskId, TaskRow, TaskState, Thread, ThreadId, TimeAnchor, Timestamp, WaitId, WaitKind,
    WaitReason,
};
use looptrace::recording::Writer;
use looptrace_gui::app::App;
use looptrace_gui::axis::Range;
use looptrace_gui::dock;
use looptrace_gui::load::read_file;
use looptrace_gui::state::{Pane, Sort, State, TableId};

const SECONDS: u64 = 3_600;
const MS: u64 = 1_000_000;

#[derive(clap::Parser)]
struct Options {
    /// How many tasks there are in all
    #[arg(long, default_value_t = 10_000)]
    tasks: u64,
    /// Leave the recording here
    #[arg(long)]
    keep: Option<PathBuf>,
    /// What cargo says.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() {
    looptrace_gui::memory::keep_freed();
    let Options { tasks, keep, bench: _ } = clap::Parser::parse();
    let directory = tempfile::tempdir().unwrap();
    let path = keep.unwrap_or_else(|| directory.path().join("hour.looptrace"));
    let events = write(&path, tasks);
    let bytes = std::fs::metadata(&path).unwrap().len();
    println!("{events} events, {tasks} tasks, {SECONDS} s, {:.1} MB", bytes as f64 / 1e6);
    let before = peak();
    let begun = Instant::now();
    let snapshot = read_file(&path).map_err(|error| error.message).unwrap();
    let read = begun.elapsed();
    let spans = snapshot.timeline.span_count();
    let ctx = Context::default();
    let mut app = App::showing(&ctx, snapshot);
    frame(&ctx, &mut app);
    println!(
        "read and analysed in {read:.2?}, first frame after {:.2?}; {spans} spans; \
         at most {} MiB ({before} MiB before)",
        begun.elapsed(),
        peak()
    );
    for part in [1, 10, 100, 3_600] {
        println!("a frame of the whole window, 1/{part}: {:.2?}", frames(&ctx, &mut app, part));
    }
    table(&ctx, &mut app);
    scroll(&ctx, &mut app);
}

/// Scrolls the table of tasks from its first row to its last, as fast as a scroll bar is dragged.
fn scroll(ctx: &Context, app: &mut App) {
    const FRAMES: u32 = 300;
    app.state.search.clear();
    while {
        frame(ctx, app);
        app.is_working()
    } {}
    let over_rows = pos2(400.0, 800.0);
    let rows = app.snapshot.as_ref().unwrap().analysis.tasks.len();
    let step = rows as f32 * 24.0 / FRAMES as f32;
    let mut times: Vec<std::time::Duration> = (0..FRAMES)
        .map(|_| {
            let wheel = UiEvent::MouseWheel {
                unit: MouseWheelUnit::Point,
                delta: vec2(0.0, -step),
                phase: TouchPhase::Move,
                source: MouseWheelSource::Wheel,
                modifiers: Modifiers::NONE,
            };
            let begun = Instant::now();
            frame_of(ctx, app, vec![UiEvent::PointerMoved(over_rows), wheel]);
            begun.elapsed()
        })
        .collect();
    times.sort_unstable();
    println!(
        "scrolling through {rows} rows: {:.2?} a frame, {:.2?} at most",
        times[times.len() / 2],
        times[times.len() - 1]
    );
}

/// Sorts the table of tasks by each of its columns, and searches it: how long until the rows are
/// there, and the dearest frame meanwhile.
fn table(ctx: &Context, app: &mut App) {
    dock::show(&mut app.dock, Pane::Tasks);
    app.state.view = app.snapshot.as_ref().unwrap().whole();
    app.state.settle();
    let mut waits: Vec<(&str, State)> = Vec::new();
    for (column, name) in ["name", "coroutine", "state", "life", "running"].into_iter().enumerate()
    {
        let mut state = app.state.clone();
        state.sorts.insert(TableId::Tasks, Sort { column, descending: column % 2 == 0 });
        waits.push((name, state));
    }
    waits.push(("search", State { search: "task-99".to_owned(), ..app.state.clone() }));
    for (name, state) in waits {
        app.state = state;
        let (begun, mut dearest) = (Instant::now(), std::time::Duration::ZERO);
        loop {
            let frame_begun = Instant::now();
            frame(ctx, app);
            dearest = dearest.max(frame_begun.elapsed());
            if !app.is_working() {
                break;
            }
        }
        println!("tasks by {name}: {:.2?}, no frame above {dearest:.2?}", begun.elapsed());
    }
}

/// Draws the window, and cuts it into triangles.
fn frame(ctx: &Context, app: &mut App) {
    frame_of(ctx, app, Vec::new());
}

/// Does so with what the user did.
fn frame_of(ctx: &Context, app: &mut App, events: Vec<UiEvent>) {
    let screen = Rect::from_min_size(pos2(0.0, 0.0), vec2(1440.0, 900.0));
    let input = RawInput { screen_rect: Some(screen), events, ..RawInput::default() };
    let mut output = ctx.run_ui(input, |ui| app.show(ui));
    // Nothing takes them; in a build for development, that would count as a mistake.
    output.textures_delta.clear();
    let triangles = ctx.tessellate(output.shapes, output.pixels_per_point);
    assert!(!triangles.is_empty());
}

/// The median time of frames that each show another part of the recording, all tasks unfolded.
fn frames(ctx: &Context, app: &mut App, part: u64) -> std::time::Duration {
    const FRAMES: u64 = 25;
    let length = SECONDS * 1_000 * MS / part;
    app.state.lanes.fold_all = Some(false);
    let mut times: Vec<std::time::Duration> = (0..FRAMES)
        .map(|nth| {
            let start = (SECONDS * 1_000 * MS - length) / FRAMES * nth;
            app.state.view = Range { start, end: start + length };
            app.state.settle();
            let begun = Instant::now();
            frame(ctx, app);
            begun.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[times.len() / 2]
}

/// The most memory held so far, in MiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0) / 1024
}

/// What a recorder at its default rates writes of a service: a look at each millisecond in which
/// the loop was busy, a fifth of all; twenty censuses a second with the rows that changed.
fn write(path: &Path, tasks: u64) -> u64 {
    let meta = RecordingMeta {
        rate_hz: 1000,
        census_rate_hz: 20,
        anchor: TimeAnchor { monotonic_start_ns: 1, wall_start_ns: 1_800_000_000_000_000_000 },
        ..RecordingMeta::default()
    };
    let mut writer = Writer::create(path, &meta, true).unwrap();
    let mut program = Program::new(tasks);
    let mut count = 0;
    let mut push = |events: &mut Vec<Event>| {
        for event in events.drain(..) {
            writer.push(&event).unwrap();
            count += 1;
        }
    };
    push(&mut program.definitions());
    let mut dice = Dice(0x2545_f491_4f6c_dd1d);
    let mut events = Vec::new();
    for second in 0..SECONDS {
        for part in 0..20 {
            let start = (second * 1_000 + part * 50) * MS;
            let alive = ((second * 20 + part) * tasks / (SECONDS * 20)).max(1);
            for tick in 0..10 {
                let task = program.tasks[(alive - 1 - dice.below(alive.min(60))) as usize];
                let stack = program.stacks[dice.below(400) as usize];
                events.push(program.sample(start + tick * MS, task, stack));
            }
            let thread = program.thread;
            let time = Timestamp::from_nanos(start + 49 * MS);
            events.push(Event::Idle { thread, time, ticks: 39 });
            program.census(start + 49 * MS, alive, &mut dice, &mut events);
            push(&mut events);
        }
    }
    let end = Timestamp::from_nanos(SECONDS * 1_000 * MS);
    events.push(Event::Stats(RecorderStats {
        time: end,
        cpu: Duration::from_nanos(MS),
        dropped: 0,
        partial_stacks: 0,
        rate_hz: 1000,
        census_rate_hz: 20,
    }));
    events.push(Event::End { time: end, reason: EndReason::TargetExited });
    push(&mut events);
    writer.finish().unwrap();
    count
}

struct Program {
    names: Dictionary,
    process: ProcessId,
    thread: ThreadId,
    stacks: Vec<StackId>,
    waits: Vec<WaitId>,
    tasks: Vec<TaskId>,
    /// How many of them have ended.
    gone: u64,
}

impl Program {
    fn new(count: u64) -> Self {
        let mut names = Dictionary::new();
        let process = ProcessId::new(1).unwrap();
        let thread = names.add_thread(Thread { process, native_id: 7, name: None }).unwrap();
        let kind = LoopKind::Selector;
        let event_loop = names.add_loop(EventLoop { process, thread: Some(thread), kind });
        let file = names.string("/srv/app/service.py").unwrap();
        let mut stacks = Vec::new();
        for nth in 0..400 {
            let mut stack = None;
            for level in 0..16 {
                let function = names.string(&format!("function_{}", nth * level % 97)).unwrap();
                let kind = FrameKind::Coroutine;
                let code =
                    names.code(CodeLocation { file, function, first_line: level, kind }).unwrap();
                let frame = names.frame(Frame { code, line: level + nth % 7 }).unwrap();
                stack = names.stack(stack, frame);
            }
            stacks.push(stack.unwrap());
        }
        let kinds = [WaitKind::Sleep, WaitKind::Lock, WaitKind::Future, WaitKind::QueueGet];
        let waits = kinds.map(|kind| names.wait(WaitReason::plain(kind)).unwrap()).to_vec();
        let mut tasks = Vec::new();
        for nth in 0..count {
            let name = names.string(&format!("Task-{nth}"));
            let coroutine = names.string(&format!("worker_{}", nth % 20));
            let task = Task { process, name, coroutine, code: None, event_loop };
            tasks.push(names.add_task(task).unwrap());
        }
        Self { names, process, thread, stacks, waits, tasks, gone: 0 }
    }

    fn definitions(&mut self) -> Vec<Event> {
        let target = Target {
            pid: 7,
            command: vec!["python".to_owned()],
            python: "3.14.2".to_owned(),
            attached: Timestamp::ZERO,
        };
        let mut all = vec![Event::Target { id: self.process, target }];
        all.extend(self.names.drain_pending());
        all
    }

    fn sample(&self, at: u64, task: TaskId, stack: StackId) -> Event {
        Event::Sample(Sample {
            time: Timestamp::from_nanos(at),
            thread: self.thread,
            stack: Some(stack),
            task: Some(task),
            task_depth: Some(4),
            activity: Activity::Busy,
            context_ver: None,
            callback: None,
        })
    }

    /// A census that finds a few of sixty living tasks changed.
    fn census(&mut self, at: u64, alive: u64, dice: &mut Dice, events: &mut Vec<Event>) {
        let (process, time) = (self.process, Timestamp::from_nanos(at));
        events.push(Event::CensusBegin { process, time });
        let started = (self.tasks.len() as u64 / (SECONDS * 20)).min(alive);
        let changed = (0..12).map(|_| dice.below(alive.min(60)));
        for back in (0..started).chain(changed.collect::<Vec<_>>()) {
            let task = self.tasks[(alive - 1 - back) as usize];
            let ready = dice.below(10) == 0;
            events.push(Event::TaskRow(TaskRow {
                task,
                state: if ready { TaskState::Ready } else { TaskState::Waiting },
                chain: Some(self.stacks[dice.below(400) as usize]),
                wait: (!ready).then(|| self.waits[dice.below(4) as usize]),
                cancel_requests: Some(0),
            }));
        }
        for gone in std::mem::replace(&mut self.gone, alive.saturating_sub(60))..self.gone {
            events.push(Event::TaskGone { task: self.tasks[gone as usize] });
        }
        let end = CensusEnd { time, complete: true, tasks: 60, torn: 0, unreadable: 0 };
        events.push(Event::CensusEnd { process, end });
    }
}

/// A small random number generator, so that runs repeat.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % sides
    }
}
