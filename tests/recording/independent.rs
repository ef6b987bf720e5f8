//! A reader in another language, written from the description alone, reads the same.

use std::process::Command;

use looptrace::model::{
    Activity, EndReason, Event, FrameKind, LoopKind, MissReason, StackId, StringId, TaskId,
    TaskNote, TaskState,
};
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;

use super::anything::events;
use super::kernel::numbers;
use super::support::{temporary, write};

/// The place of `choice` among all choices, which is its code.
fn code<T: PartialEq>(choices: &[T], choice: &T) -> u64 {
    choices.iter().position(|one| one == choice).unwrap() as u64
}

fn plus_one(number: Option<u32>) -> u64 {
    number.map_or(0, |number| u64::from(number) + 1)
}

fn task_or_0(id: Option<TaskId>) -> u64 {
    id.map_or(0, |id| id.get().into())
}

fn stack_or_0(id: Option<StackId>) -> u64 {
    id.map_or(0, |id| id.get().into())
}

fn text_or_0(id: Option<StringId>) -> u64 {
    id.map_or(0, |id| id.get().into())
}

fn hex(text: &str) -> String {
    if text.is_empty() {
        return "-".to_owned();
    }
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

/// One line of numbers, the event's kind first, in the order of the description.
fn line(event: &Event) -> String {
    let (kind, numbers) = match event {
        Event::String { id, text } => return format!("0 {id} {}", hex(text)),
        Event::Target { id, target } => {
            let head = format!("1 {id} {} {}", target.pid, target.attached.as_nanos());
            let texts = std::iter::once(&target.python).chain(&target.command);
            let texts: Vec<_> = texts.map(|text| hex(text)).collect();
            return format!("{head} {} {}", target.command.len(), texts.join(" "));
        }
        Event::AwaitedBy { task, awaiters } => {
            let all = std::iter::once(task).chain(awaiters);
            (16, all.map(|id| id.get().into()).collect())
        }
        Event::Sample(_) | Event::Idle { .. } | Event::Miss(_) => sampled(event),
        Event::TargetEnded { id, time } => (2, vec![id.get().into(), time.as_nanos()]),
        Event::CensusBegin { process, time } => (14, vec![process.get().into(), time.as_nanos()]),
        Event::TaskRow(row) => {
            let states =
                [TaskState::Running, TaskState::Ready, TaskState::Waiting, TaskState::Done];
            let wait = row.wait.map_or(0, |id| id.get().into());
            let cancel = plus_one(row.cancel_requests);
            let (task, chain) = (row.task.get().into(), stack_or_0(row.chain));
            (15, vec![task, code(&states, &row.state), chain, wait, cancel])
        }
        Event::ObjectState { object, state } => {
            let known = [state.value, state.size, state.capacity, state.waiters].map(plus_one);
            let mut numbers = vec![object.get().into()];
            numbers.extend(known);
            numbers.push(state.holders.len() as u64);
            numbers.extend(state.holders.iter().map(|id| u64::from(id.get())));
            (80, numbers)
        }
        Event::TaskNote { task, note } => {
            let notes = [TaskNote::Orphan, TaskNote::Unretrieved, TaskNote::Nothing];
            (81, vec![task.get().into(), code(&notes, note)])
        }
        Event::Warned { process, text, file, line } => {
            let ids = [process.get(), text.get(), file.get(), *line];
            (82, ids.map(u64::from).to_vec())
        }
        Event::TaskGone { task } => (17, vec![task.get().into()]),
        Event::CensusEnd { process, end } => {
            let counts = [u32::from(end.complete), end.tasks, end.torn, end.unreadable];
            let mut numbers = vec![process.get().into(), end.time.as_nanos()];
            numbers.extend(counts.map(u64::from));
            (18, numbers)
        }
        Event::Gap { start, length } => (19, vec![start.as_nanos(), length.as_nanos()]),
        Event::Stats(stats) => {
            let rates = [stats.rate_hz.into(), stats.census_rate_hz.into(), stats.partial_stacks];
            let head = [stats.time.as_nanos(), stats.cpu.as_nanos(), stats.dropped];
            (20, [&head[..], &rates].concat())
        }
        Event::End { time, reason } => {
            let reasons = [
                EndReason::Interrupted,
                EndReason::Duration,
                EndReason::TargetExited,
                EndReason::Failed,
            ];
            (21, vec![time.as_nanos(), code(&reasons, reason)])
        }
        other => numbers(other).unwrap_or_else(|| defined(other)),
    };
    let numbers: Vec<_> = numbers.iter().map(u64::to_string).collect();
    format!("{kind} {}", numbers.join(" "))
}

fn sampled(event: &Event) -> (u8, Vec<u64>) {
    match event {
        Event::Sample(sample) => {
            let activities = [Activity::Busy, Activity::Polling, Activity::NoLoop];
            let activity = code(&activities, &sample.activity);
            let (stack, task) = (stack_or_0(sample.stack), task_or_0(sample.task));
            let (time, thread) = (sample.time.as_nanos(), sample.thread.get().into());
            let version = sample.context_ver.map_or(0, |version| version + 1);
            let callback = sample.callback.map_or(0, |number| number.get().into());
            let depth = plus_one(sample.task_depth);
            (11, vec![time, thread, stack, task, depth, activity, version, callback])
        }
        Event::Idle { thread, time, ticks } => {
            (12, vec![thread.get().into(), time.as_nanos(), (*ticks).into()])
        }
        Event::Miss(miss) => {
            let reason = code(&MissReason::ALL, &miss.reason);
            (13, vec![miss.thread.get().into(), miss.time.as_nanos(), reason, miss.count.into()])
        }
        other => unreachable!("not a look at a thread: {other:?}"),
    }
}

fn defined(event: &Event) -> (u8, Vec<u64>) {
    let (kind, numbers): (u8, Vec<u64>) = match event {
        Event::Thread { id, thread } => {
            let (process, native) = (thread.process.get().into(), thread.native_id.into());
            (3, vec![id.get().into(), process, native, text_or_0(thread.name)])
        }
        Event::Loop { id, event_loop } => {
            let kinds = [LoopKind::Selector, LoopKind::Uvloop, LoopKind::Other];
            let thread = event_loop.thread.map_or(0, |id| id.get().into());
            let process = event_loop.process.get().into();
            (4, vec![id.get().into(), process, thread, code(&kinds, &event_loop.kind)])
        }
        Event::Code { id, code: at } => {
            let kinds = [
                FrameKind::Function,
                FrameKind::Coroutine,
                FrameKind::AsyncGenerator,
                FrameKind::Generator,
                FrameKind::Native,
            ];
            let numbers = [id.get(), at.file.get(), at.function.get(), at.first_line];
            let mut numbers = numbers.map(u64::from).to_vec();
            numbers.push(code(&kinds, &at.kind));
            (5, numbers)
        }
        Event::Frame { id, frame } => {
            (6, [id.get(), frame.code.get(), frame.line].map(u64::from).to_vec())
        }
        Event::Stack { id, node } => {
            (7, vec![id.get().into(), stack_or_0(node.parent), node.frame.get().into()])
        }
        Event::Task { id, task } => {
            let code = task.code.map_or(0, |id| id.get().into());
            let event_loop = task.event_loop.map_or(0, |id| id.get().into());
            let texts = [task.name, task.coroutine].map(text_or_0);
            let head = [id.get().into(), task.process.get().into()];
            (8, [&head[..], &texts, &[code, event_loop]].concat())
        }
        Event::Object { id, type_name } => (9, vec![id.get().into(), type_name.get().into()]),
        Event::Wait { id, reason } => {
            let object = reason.object.map_or(0, |id| id.get().into());
            let kind = code(looptrace::model::WaitKind::ALL, &reason.kind);
            (
                10,
                vec![
                    id.get().into(),
                    kind,
                    object,
                    text_or_0(reason.type_name),
                    text_or_0(reason.detail),
                ],
            )
        }
        other => unreachable!("not a definition: {other:?}"),
    };
    (kind, numbers)
}

#[test]
fn a_reader_made_from_the_description_reads_the_same() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/recording/read.py");
    if Command::new("python3").arg("--version").output().is_err() {
        eprintln!("SKIPPED: no python3 here: reading a recording by its description alone");
        return;
    }
    let mut runner = TestRunner::deterministic();
    for block in [7, 200, 5000] {
        let events = events(4000).new_tree(&mut runner).unwrap().current();
        let (_folder, path) = temporary("run.looptrace");
        write(&path, &events, block);
        let output = Command::new("python3").arg(script).arg(&path).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let lines = String::from_utf8(output.stdout).unwrap();
        let expected: Vec<_> = events.iter().map(line).collect();
        assert!(expected.len() > 20);
        assert_eq!(lines.lines().collect::<Vec<_>>(), expected);
    }
}
