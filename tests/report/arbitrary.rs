//! Any sequence of events, however senseless, gives facts that hold together.

use looptrace::analysis::NoSource;
use looptrace::analysis::{Source, analyze};
use looptrace::model::{
    Activity, CensusEnd, CodeLocation, Duration, EndReason, Event, EventLoop, Frame, LoopId,
    LoopKind, Miss, MissReason, ProcessId, RecorderStats, Sample, StackId, StackNode, StringId,
    Task, TaskId, TaskRow, TaskState, Thread, ThreadId, Timestamp, WaitId, WaitKind, WaitReason,
};
use looptrace::report::{Style, TextOptions, json, text};
use proptest::prelude::*;

use crate::world::{COROUTINE, MS, meta, target};

/// Mostly small, so that events meet; sometimes beyond anything sensible.
fn number() -> impl Strategy<Value = u32> {
    prop_oneof![9 => 1..5_u32, 1 => 1..=u32::MAX]
}

fn time() -> impl Strategy<Value = Timestamp> {
    prop_oneof![9 => (0..400_u64).prop_map(|n| n * MS / 2), 1 => any::<u64>()]
        .prop_map(Timestamp::from_nanos)
}

fn some<T>(make: impl Fn(u32) -> Option<T>) -> impl Strategy<Value = T>
where
    T: std::fmt::Debug,
{
    number().prop_map(move |number| make(number).unwrap())
}

fn maybe<T>(make: impl Fn(u32) -> Option<T>) -> impl Strategy<Value = Option<T>>
where
    T: std::fmt::Debug + Clone,
{
    proptest::option::of(some(make))
}

fn state() -> impl Strategy<Value = TaskState> {
    prop_oneof![
        Just(TaskState::Running),
        Just(TaskState::Ready),
        Just(TaskState::Waiting),
        Just(TaskState::Done)
    ]
}

fn definition() -> impl Strategy<Value = Event> {
    let text = prop_oneof![Just("a;b\nc\x1b".to_owned()), ".{0,6}"];
    prop_oneof![
        (some(StringId::new), text).prop_map(|(id, text)| Event::String { id, text }),
        (some(looptrace::model::CodeId::new), some(StringId::new), some(StringId::new)).prop_map(
            |(id, file, function)| {
                let code = CodeLocation { file, function, first_line: 1, kind: COROUTINE };
                Event::Code { id, code }
            }
        ),
        (some(looptrace::model::FrameId::new), some(looptrace::model::CodeId::new), number())
            .prop_map(|(id, code, line)| Event::Frame { id, frame: Frame { code, line } }),
        (some(StackId::new), maybe(StackId::new), some(looptrace::model::FrameId::new))
            .prop_map(|(id, parent, frame)| Event::Stack { id, node: StackNode { parent, frame } }),
        (some(ThreadId::new), maybe(StringId::new), number()).prop_map(|(id, name, native_id)| {
            let process = ProcessId::new(1).unwrap();
            Event::Thread { id, thread: Thread { process, native_id, name } }
        }),
        (some(LoopId::new), maybe(ThreadId::new)).prop_map(|(id, thread)| {
            let (process, kind) = (ProcessId::new(1).unwrap(), LoopKind::Other);
            Event::Loop { id, event_loop: EventLoop { process, thread, kind } }
        }),
        (some(TaskId::new), maybe(StringId::new), maybe(LoopId::new)).prop_map(
            |(id, name, event_loop)| {
                let process = ProcessId::new(1).unwrap();
                let task = Task { process, name, coroutine: name, code: None, event_loop };
                Event::Task { id, task }
            }
        ),
        some(WaitId::new).prop_map(|id| {
            let reason = WaitReason::plain(WaitKind::Lock);
            Event::Wait { id, reason }
        }),
        some(ProcessId::new).prop_map(|id| Event::Target { id, target: target() }),
    ]
}

fn sample() -> impl Strategy<Value = Event> {
    let activity =
        prop_oneof![Just(Activity::Busy), Just(Activity::Polling), Just(Activity::NoLoop)];
    let depth = proptest::option::of(number());
    (time(), some(ThreadId::new), maybe(StackId::new), maybe(TaskId::new), depth, activity)
        .prop_map(|(time, thread, stack, task, task_depth, activity)| {
            Event::Sample(Sample {
                time,
                thread,
                stack,
                task,
                task_depth,
                activity,
                context_ver: None,
                callback: None,
            })
        })
}

fn happening() -> impl Strategy<Value = Event> {
    let process = || some(ProcessId::new);
    let task = || some(TaskId::new);
    prop_oneof![
        6 => sample(),
        1 => (some(ThreadId::new), time(), number())
            .prop_map(|(thread, time, ticks)| Event::Idle { thread, time, ticks }),
        1 => (some(ThreadId::new), time(), number()).prop_map(|(thread, time, count)| {
            Event::Miss(Miss { time, thread, reason: MissReason::Torn, count })
        }),
        2 => (process(), time()).prop_map(|(process, time)| Event::CensusBegin { process, time }),
        3 => (task(), state(), maybe(StackId::new), maybe(WaitId::new)).prop_map(
            |(task, state, chain, wait)| {
                Event::TaskRow(TaskRow { task, state, chain, wait, cancel_requests: None })
            }
        ),
        1 => (task(), proptest::collection::vec(task(), 0..4))
            .prop_map(|(task, awaiters)| Event::AwaitedBy { task, awaiters }),
        1 => task().prop_map(|task| Event::TaskGone { task }),
        2 => (process(), time(), any::<bool>()).prop_map(|(process, time, complete)| {
            let end = CensusEnd { time, complete, tasks: 1, torn: 0, unreadable: 0 };
            Event::CensusEnd { process, end }
        }),
        1 => (time(), number()).prop_map(|(start, length)| {
            Event::Gap { start, length: Duration::from_nanos(u64::from(length)) }
        }),
        1 => (time(), any::<u32>()).prop_map(|(time, rate_hz)| {
            let cpu = Duration::ZERO;
            Event::Stats(RecorderStats { time, cpu, dropped: 0, partial_stacks: 0, rate_hz, census_rate_hz: 0 })
        }),
        1 => time().prop_map(|time| Event::End { time, reason: EndReason::Failed }),
    ]
}

pub(crate) fn events() -> impl Strategy<Value = Vec<Event>> {
    proptest::collection::vec(prop_oneof![1 => definition(), 2 => happening()], 0..120)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn facts_hold_together(events in events()) {
        let samples = events.iter().filter(|event| matches!(event, Event::Sample(_))).count() as u64;
        let facts = analyze(meta(), events, Source::default());
        for task in &facts.tasks {
            let life = task.last_seen.since(task.first_seen);
            let parts = task.running + task.ready + task.waiting;
            prop_assert!(parts <= life, "{task:?}");
            prop_assert!(facts.awaiters(task.id).len() <= 64);
        }
        let seen: u64 = facts.stacks.iter().map(|hot| hot.samples).sum();
        prop_assert_eq!(seen, samples);
        prop_assert!(facts.overview.gaps.is_sorted());
        let mut out = Vec::new();
        json(&facts, None, &mut out).unwrap();
        serde_json::from_slice::<serde_json::Value>(&out).unwrap();
        text(&facts, TextOptions::default(), Style::PLAIN, &NoSource, &mut Vec::new()).unwrap();
    }

    #[test]
    fn facts_do_not_depend_on_hashing(events in events()) {
        let shown = || {
            let mut out = Vec::new();
            json(&analyze(meta(), events.clone(), Source::default()), None, &mut out).unwrap();
            out
        };
        prop_assert_eq!(shown(), shown());
    }
}
