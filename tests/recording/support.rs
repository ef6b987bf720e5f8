//! Recordings to test with.

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use looptrace::model::{
    Activity, CensusEnd, CodeLocation, Dictionary, Duration, EndReason, Event, EventLoop, Frame,
    FrameKind, LoopKind, Miss, MissReason, ObjectState, ProcessId, RecorderStats, RecordingMeta,
    Sample, StackId, Target, Task, TaskId, TaskRow, TaskState, Thread, TimeAnchor, Timestamp,
    WaitKind, WaitReason,
};
use looptrace::recording::{Reader, RecordingError, Writer};

use super::kernel::one_of_each;

pub(crate) fn meta() -> RecordingMeta {
    RecordingMeta {
        looptrace_version: "0.1.0".to_owned(),
        anchor: TimeAnchor { monotonic_start_ns: 5_000, wall_start_ns: 1_800_000_000_000_000_000 },
        rate_hz: 1000,
        census_rate_hz: 20,
        blocking: false,
        redacted: false,
        host: "Linux".to_owned(),
        stall_threshold: Duration::from_nanos(50_000_000),
    }
}

/// One event of every kind, in an order a recorder could produce.
pub(crate) fn every_kind() -> Vec<Event> {
    let process = ProcessId::new(1).unwrap();
    let at = |micros: u64| Timestamp::from_nanos(micros * 1_000);
    let target = Target {
        pid: 4321,
        command: vec!["python".to_owned(), "app.py".to_owned()],
        python: "3.14.2".to_owned(),
        attached: at(3),
    };
    let mut events = vec![Event::Target { id: process, target }];
    let mut names = Dictionary::new();
    let file = names.string("app.py").unwrap();
    let function = names.string("main").unwrap();
    let name = names.string("Tâche-1").unwrap();
    let lock = names.string("Lock").unwrap();
    let kind = FrameKind::Coroutine;
    let code = names.code(CodeLocation { file, function, first_line: 10, kind }).unwrap();
    let frame = names.frame(Frame { code, line: 12 }).unwrap();
    let root = names.stack(None, frame).unwrap();
    let stack = names.stack(Some(root), frame).unwrap();
    let thread = names.add_thread(Thread { process, native_id: 4321, name: None }).unwrap();
    let kind = LoopKind::Uvloop;
    let event_loop = names.add_loop(EventLoop { process, thread: Some(thread), kind }).unwrap();
    let mut task = Task {
        process,
        name: Some(name),
        coroutine: Some(function),
        code: Some(code),
        event_loop: Some(event_loop),
    };
    let first = names.add_task(task).unwrap();
    task.name = None;
    let second = names.add_task(task).unwrap();
    let object = names.add_object(lock);
    let wait = names.wait(WaitReason {
        kind: WaitKind::Lock,
        object,
        type_name: Some(lock),
        detail: Some(name),
    });
    events.extend(names.drain_pending());
    let sample = Sample {
        time: at(1_000),
        thread,
        stack: Some(stack),
        task: Some(first),
        task_depth: Some(0),
        activity: Activity::Busy,
        context_ver: Some(7),
        callback: NonZeroU32::new(3),
    };
    let row = TaskRow {
        task: second,
        state: TaskState::Waiting,
        chain: Some(root),
        wait,
        cancel_requests: Some(0),
    };
    let end = CensusEnd { time: at(2_300), complete: true, tasks: 2, torn: 0, unreadable: 1 };
    events.extend([
        Event::Sample(sample),
        Event::Sample(Sample { time: at(2_001), ..sample }),
        Event::CensusBegin { process, time: at(2_100) },
        Event::TaskRow(row),
        Event::AwaitedBy { task: second, awaiters: vec![first] },
        Event::ObjectState {
            object: object.unwrap(),
            state: ObjectState {
                value: Some(1),
                capacity: Some(300),
                holders: vec![second, first],
                ..ObjectState::default()
            },
        },
        Event::TaskGone { task: first },
        Event::CensusEnd { process, end },
        Event::Miss(Miss { time: at(3_000), thread, reason: MissReason::Torn, count: 1 }),
        Event::Idle { thread, time: at(9_000), ticks: 6 },
        Event::Gap { start: at(9_500), length: Duration::from_nanos(77) },
        Event::Stats(RecorderStats {
            time: at(9_900),
            cpu: Duration::from_nanos(123_456),
            dropped: 3,
            partial_stacks: 5,
            rate_hz: 500,
            census_rate_hz: 10,
        }),
    ]);
    events.extend(one_of_each());
    events.extend([
        Event::TargetEnded { id: process, time: at(9_950) },
        Event::End { time: at(9_999), reason: EndReason::TargetExited },
    ]);
    events
}

/// A program, as a recorder would see it: `tasks` tasks of 20 kinds, stacks of `depth` frames.
pub(crate) struct Program {
    pub(crate) definitions: Vec<Event>,
    pub(crate) stacks: Vec<StackId>,
    pub(crate) tasks: Vec<TaskId>,
    pub(crate) waits: Vec<looptrace::model::WaitId>,
    pub(crate) thread: looptrace::model::ThreadId,
    pub(crate) process: ProcessId,
}

impl Program {
    pub(crate) fn new(tasks: u32, stacks: u32, depth: u32) -> Self {
        let mut names = Dictionary::new();
        let process = ProcessId::new(1).unwrap();
        let thread = names.add_thread(Thread { process, native_id: 7, name: None }).unwrap();
        let kind = LoopKind::Selector;
        names.add_loop(EventLoop { process, thread: Some(thread), kind });
        let file = names.string("/srv/app/service.py").unwrap();
        let stacks = (0..stacks).map(|nth| {
            let mut stack = None;
            for level in 0..depth {
                let function = names.string(&format!("function_{}", (nth * level) % 97)).unwrap();
                let kind = FrameKind::Coroutine;
                let code = CodeLocation { file, function, first_line: level, kind };
                let code = names.code(code).unwrap();
                let frame = names.frame(Frame { code, line: level + nth % 7 }).unwrap();
                stack = names.stack(stack, frame);
            }
            stack.unwrap()
        });
        let stacks = stacks.collect();
        let waits = WaitKind::ALL.iter().map(|&kind| names.wait(WaitReason::plain(kind)).unwrap());
        let waits = waits.collect();
        let tasks = (0..tasks).map(|nth| {
            let name = names.string(&format!("Task-{nth}"));
            let coroutine = names.string(&format!("worker_{}", nth % 20));
            let task = Task { process, name, coroutine, code: None, event_loop: None };
            names.add_task(task).unwrap()
        });
        let tasks = tasks.collect();
        let target = Target {
            pid: 7,
            command: vec!["python".to_owned()],
            python: "3.14.2".to_owned(),
            attached: Timestamp::ZERO,
        };
        let mut definitions = vec![Event::Target { id: process, target }];
        definitions.extend(names.drain_pending());
        Self { definitions, stacks, tasks, waits, thread, process }
    }
}

/// A small random number generator, so that tests repeat.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap() % sides
    }
}

pub(crate) fn temporary(name: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    (folder, path)
}

/// Writes a whole recording; a block for each `block` events.
pub(crate) fn write(path: &Path, events: &[Event], block: usize) -> u64 {
    let mut writer = Writer::create(path, &meta(), false).unwrap();
    for chunk in events.chunks(block) {
        chunk.iter().for_each(|event| writer.push(event).unwrap());
        writer.flush().unwrap();
    }
    writer.finish().unwrap()
}

/// The bytes of a whole recording.
pub(crate) fn bytes_of(events: &[Event], block: usize) -> Vec<u8> {
    let (_folder, path) = temporary("run.looptrace");
    write(&path, events, block);
    std::fs::read(path).unwrap()
}

/// Every event a reader gives.
pub(crate) fn drain(reader: &mut Reader) -> Result<Vec<Event>, RecordingError> {
    let mut events = Vec::new();
    while let Some(event) = reader.next_event()? {
        events.push(event);
    }
    Ok(events)
}

/// A block with the right checksum; `raw` is the length it claims to have when decompressed.
pub(crate) fn block(kind: u8, flags: u8, raw: Option<u32>, payload: &[u8]) -> Vec<u8> {
    let stored = u32::try_from(payload.len()).unwrap();
    let raw = raw.unwrap_or(stored).to_le_bytes();
    let mut bytes = [stored.to_le_bytes(), raw, [kind, flags, 0, 0]].concat();
    let mut crc = crc32fast::Hasher::new();
    crc.update(&bytes);
    crc.update(payload);
    bytes.extend(crc.finalize().to_le_bytes());
    bytes.extend(payload);
    bytes
}
