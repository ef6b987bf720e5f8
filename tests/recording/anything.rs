//! Any valid sequence of events, made from numbers.

use std::num::NonZeroU32;

use looptrace::model::{
    Activity, CensusEnd, CodeId, CodeLocation, Duration, EndReason, Event, EventLoop, Frame,
    FrameId, FrameKind, KernelCallId, LoopId, LoopKind, Miss, MissReason, NativeCodeId, ObjectId,
    ObjectState, ProcessId, RecorderStats, Sample, StackId, StackNode, StringId, Target, Task,
    TaskId, TaskNote, TaskRow, TaskState, Thread, ThreadId, Timestamp, WaitId, WaitKind,
    WaitReason,
};
use proptest::prelude::*;

use super::kernel::{self, Ids};

/// Numbers to make one event of.
type Seed = (u8, [u32; 6], u64, String);

/// Valid sequences of up to `most` events. All of a kind's ids are defined before they are used;
/// nothing else is assumed, times least of all.
pub(crate) fn events(most: usize) -> impl Strategy<Value = Vec<Event>> {
    let small_or_any = prop_oneof![3 => 0_u32..6, 1 => any::<u32>()];
    let numbers = proptest::array::uniform6(small_or_any);
    let time = prop_oneof![3 => 0_u64..5_000_000_000, 1 => any::<u64>()];
    let seed = (0_u8..KINDS * 2, numbers, time, "\\PC{0,12}");
    proptest::collection::vec(seed, 0..most).prop_map(|seeds| {
        let mut maker = Maker::default();
        seeds.into_iter().filter_map(|seed| maker.event(seed)).collect()
    })
}

/// How many rows of each kind are defined.
#[derive(Default)]
struct Maker {
    rows: [u32; 12],
}

const PROCESS: usize = 0;
const STRING: usize = 1;
const THREAD: usize = 2;
const LOOP: usize = 3;
const CODE: usize = 4;
const FRAME: usize = 5;
const STACK: usize = 6;
const TASK: usize = 7;
const OBJECT: usize = 8;
const WAIT: usize = 9;
const CALL: usize = 10;
const NATIVE: usize = 11;

/// The first kind of event that readers may skip, less all kinds before.
const OPTIONAL: u8 = 22;
const KINDS: u8 = 37;

pub(crate) fn pick<T: Copy>(choices: &[T], number: u32) -> T {
    choices[number as usize % choices.len()]
}

impl Maker {
    /// One of the ids defined, if any.
    fn used<Id>(&self, kind: usize, number: u32, new: fn(u32) -> Option<Id>) -> Option<Id> {
        new(number.checked_rem(self.rows[kind])? + 1)
    }

    /// As [`Self::used`], or none.
    fn maybe<Id>(&self, kind: usize, number: u32, new: fn(u32) -> Option<Id>) -> Option<Id> {
        if number.is_multiple_of(3) { None } else { self.used(kind, number / 3, new) }
    }

    /// The next id.
    fn new_row<Id>(&mut self, kind: usize, new: fn(u32) -> Option<Id>) -> Option<Id> {
        self.rows[kind] += 1;
        new(self.rows[kind])
    }

    /// An id to define again, or the next one.
    fn row<Id>(&mut self, kind: usize, number: u32, new: fn(u32) -> Option<Id>) -> Option<Id> {
        match self.maybe(kind, number, new) {
            Some(id) if number.is_multiple_of(2) => Some(id),
            _ => self.new_row(kind, new),
        }
    }

    fn event(&mut self, (kind, n, time, text): Seed) -> Option<Event> {
        match kind % KINDS {
            kind @ 0..=10 => self.definition(kind, n, time, text),
            kind @ 11..OPTIONAL => self.look(kind, n, time),
            kind => self.optional(kind - OPTIONAL, n, time),
        }
    }

    fn optional(&mut self, kind: u8, n: [u32; 6], time: u64) -> Option<Event> {
        let text = self.used(STRING, n[0], StringId::new);
        let ids = Ids {
            process: self.used(PROCESS, n[0], ProcessId::new),
            thread: self.used(THREAD, n[0], ThreadId::new),
            event_loop: self.used(LOOP, n[0], LoopId::new),
            task: self.used(TASK, n[0], TaskId::new),
            text,
            call: match kind {
                6 if text.is_some() => self.new_row(CALL, KernelCallId::new),
                6 => None,
                _ => self.maybe(CALL, n[0], KernelCallId::new),
            },
            code: match kind {
                8 => self.new_row(NATIVE, NativeCodeId::new),
                _ => self.used(NATIVE, n[0], NativeCodeId::new),
            },
        };
        kernel::event(kind, ids, n, time)
    }

    fn definition(&mut self, kind: u8, n: [u32; 6], time: u64, text: String) -> Option<Event> {
        let process = self.used(PROCESS, n[1], ProcessId::new);
        let name = self.maybe(STRING, n[2], StringId::new);
        Some(match kind {
            0 => Event::String { id: self.new_row(STRING, StringId::new)?, text },
            1 => {
                let id = self.row(PROCESS, n[0], ProcessId::new)?;
                let command = vec![text.clone(); n[1] as usize % 4];
                let attached = Timestamp::from_nanos(time);
                Event::Target { id, target: Target { pid: n[2], command, python: text, attached } }
            }
            2 => {
                let thread = Thread { process: process?, native_id: n[3], name };
                Event::Thread { id: self.row(THREAD, n[0], ThreadId::new)?, thread }
            }
            3 => {
                let kind = pick(&[LoopKind::Selector, LoopKind::Uvloop, LoopKind::Other], n[3]);
                let thread = self.maybe(THREAD, n[2], ThreadId::new);
                let event_loop = EventLoop { process: process?, thread, kind };
                Event::Loop { id: self.row(LOOP, n[0], LoopId::new)?, event_loop }
            }
            4 => {
                let file = self.used(STRING, n[0], StringId::new)?;
                let function = self.used(STRING, n[1], StringId::new)?;
                let kinds = [
                    FrameKind::Function,
                    FrameKind::Coroutine,
                    FrameKind::AsyncGenerator,
                    FrameKind::Generator,
                    FrameKind::Native,
                ];
                let code =
                    CodeLocation { file, function, first_line: n[2], kind: pick(&kinds, n[3]) };
                Event::Code { id: self.new_row(CODE, CodeId::new)?, code }
            }
            5 => {
                let code = self.used(CODE, n[0], CodeId::new)?;
                let id = self.new_row(FRAME, FrameId::new)?;
                Event::Frame { id, frame: Frame { code, line: n[1] } }
            }
            6 => {
                let parent = self.maybe(STACK, n[0], StackId::new);
                let frame = self.used(FRAME, n[1], FrameId::new)?;
                let id = self.new_row(STACK, StackId::new)?;
                Event::Stack { id, node: StackNode { parent, frame } }
            }
            7 | 8 => {
                let coroutine = self.maybe(STRING, n[3], StringId::new);
                let code = self.maybe(CODE, n[4], CodeId::new);
                let event_loop = self.maybe(LOOP, n[5], LoopId::new);
                let task = Task { process: process?, name, coroutine, code, event_loop };
                Event::Task { id: self.row(TASK, n[0], TaskId::new)?, task }
            }
            9 => {
                let type_name = self.used(STRING, n[0], StringId::new)?;
                Event::Object { id: self.new_row(OBJECT, ObjectId::new)?, type_name }
            }
            _ => {
                let object = self.maybe(OBJECT, n[1], ObjectId::new);
                let reason = WaitReason {
                    kind: pick(WaitKind::ALL, n[0]),
                    object,
                    type_name: name,
                    detail: name,
                };
                Event::Wait { id: self.new_row(WAIT, WaitId::new)?, reason }
            }
        })
    }

    fn look(&mut self, kind: u8, n: [u32; 6], time: u64) -> Option<Event> {
        let process = self.used(PROCESS, n[0], ProcessId::new);
        let thread = self.used(THREAD, n[0], ThreadId::new);
        let task = self.used(TASK, n[0], TaskId::new);
        let nanos = time;
        let time = Timestamp::from_nanos(nanos);
        let optional = |number: u32| (number > 0).then(|| number - 1);
        Some(match kind {
            11 => Event::Sample(Sample {
                time,
                thread: thread?,
                stack: self.maybe(STACK, n[1], StackId::new),
                task: self.maybe(TASK, n[2], TaskId::new),
                task_depth: optional(n[3]),
                activity: pick(&[Activity::Busy, Activity::Polling, Activity::NoLoop], n[4]),
                context_ver: (n[5] > 1).then_some(nanos / 2),
                callback: NonZeroU32::new(n[5] / 2),
            }),
            12 => Event::Idle { thread: thread?, time, ticks: n[1] },
            13 => Event::Miss(Miss {
                time,
                thread: thread?,
                reason: pick(&MissReason::ALL, n[1]),
                count: n[2],
            }),
            14 => Event::CensusBegin { process: process?, time },
            15 => {
                let states =
                    [TaskState::Running, TaskState::Ready, TaskState::Waiting, TaskState::Done];
                Event::TaskRow(TaskRow {
                    task: task?,
                    state: pick(&states, n[1]),
                    chain: self.maybe(STACK, n[2], StackId::new),
                    wait: self.maybe(WAIT, n[3], WaitId::new),
                    cancel_requests: optional(n[4]),
                })
            }
            16 => {
                let awaiters = n.iter().filter_map(|&n| self.maybe(TASK, n, TaskId::new));
                Event::AwaitedBy { task: task?, awaiters: awaiters.collect() }
            }
            17 if n[5].is_multiple_of(5) => Event::TaskNote {
                task: task?,
                note: pick(&[TaskNote::Orphan, TaskNote::Unretrieved, TaskNote::Nothing], n[1]),
            },
            17 if n[5].is_multiple_of(7) => {
                let text = self.used(STRING, n[1], StringId::new)?;
                Event::Warned { process: process?, text, file: text, line: n[2] }
            }
            17 if n[4].is_multiple_of(2) => Event::ObjectState {
                object: self.used(OBJECT, n[0], ObjectId::new)?,
                state: ObjectState {
                    value: optional(n[1]),
                    size: optional(n[2]),
                    capacity: optional(n[3]),
                    waiters: None,
                    holders: self.maybe(TASK, n[5], TaskId::new).into_iter().collect(),
                },
            },
            17 => Event::TaskGone { task: task? },
            18 => {
                let complete = n[1].is_multiple_of(2);
                let end = CensusEnd { time, complete, tasks: n[2], torn: n[3], unreadable: n[4] };
                Event::CensusEnd { process: process?, end }
            }
            19 => Event::Gap { start: time, length: Duration::from_nanos(nanos / 3) },
            20 => Event::Stats(RecorderStats {
                time,
                cpu: Duration::from_nanos(nanos),
                dropped: nanos,
                partial_stacks: nanos,
                rate_hz: n[0],
                census_rate_hz: n[1],
            }),
            _ if n[5].is_multiple_of(2) => Event::TargetEnded { id: process?, time },
            _ => {
                let reasons = [
                    EndReason::Interrupted,
                    EndReason::Duration,
                    EndReason::TargetExited,
                    EndReason::Failed,
                ];
                Event::End { time, reason: pick(&reasons, n[0]) }
            }
        })
    }
}
