//! Events of the kernel's and of the interpreter's own state: any valid one, one of each, and as
//! the description's numbers.

use std::iter::once;

use looptrace::model::{
    BlockedLook, CallObject, Callee, Duration, EdgeSource, Event, GcLook, GcPause, GilLook,
    KernelCall, KernelCallId, KernelState, LockLook, LoopId, LoopQueues, LostSwitches,
    MachineClocks, NativeCode, NativeCodeId, NativeSample, OffCpu, OffCpuRun, OffReason, ProcessId,
    QueueEntry, QueueReason, StringId, Tally, TaskId, ThreadClocks, ThreadId, Timestamp, Turn,
};

use super::anything::pick;

/// Ids that are defined, as far as any is.
#[derive(Clone, Copy)]
pub(crate) struct Ids {
    pub(crate) process: Option<ProcessId>,
    pub(crate) thread: Option<ThreadId>,
    pub(crate) event_loop: Option<LoopId>,
    pub(crate) task: Option<TaskId>,
    pub(crate) text: Option<StringId>,
    /// Used, or to be defined.
    pub(crate) call: Option<KernelCallId>,
    /// As before.
    pub(crate) code: Option<NativeCodeId>,
}

/// The event of this kind (from 0) made of these numbers.
pub(crate) fn event(kind: u8, ids: Ids, n: [u32; 6], nanos: u64) -> Option<Event> {
    let time = Timestamp::from_nanos(nanos);
    let later = time + Duration::from_nanos(n[1].into());
    let thread = ids.thread;
    let length = |number: u32| Duration::from_nanos(number.into());
    let tally = |number: u32| Tally { count: number, time: length(number / 3) };
    let maybe = |number: u32| (number > 1).then(|| length(number));
    Some(match kind {
        0 => Event::Edges { thread: thread?, time, source: pick(EdgeSource::ALL, n[1]) },
        1 => Event::OffCpu(OffCpu {
            thread: thread?,
            start: time,
            end: later,
            reason: pick(OffReason::ALL, n[2]),
            continues: n[3].is_multiple_of(2),
        }),
        2 => Event::OffCpuRun(OffCpuRun {
            thread: thread?,
            start: time,
            end: later,
            blocked: tally(n[2]),
            preempted: tally(n[3]),
        }),
        3 => Event::LostSwitches(LostSwitches {
            thread: thread?,
            start: time,
            end: later,
            count: nanos,
        }),
        4 => Event::ThreadClocks(ThreadClocks {
            thread: thread?,
            time,
            on_cpu: maybe(n[1]),
            run_queue: maybe(n[2]),
            minor_faults: nanos,
            major_faults: n[3].into(),
            state: pick(KernelState::ALL, n[4]),
        }),
        5 => Event::MachineClocks(MachineClocks {
            time,
            busy: Duration::from_nanos(nanos),
            steal: length(n[1]),
            cpus: n[2],
        }),
        6 => {
            let text = |number: u32| if number > 2 { ids.text } else { None };
            let call = KernelCall {
                call: ids.text?,
                object: pick(CallObject::ALL, n[1]),
                name: text(n[2]),
                local: text(n[3]),
                peer: text(n[4]),
            };
            Event::KernelCall { id: ids.call?, call }
        }
        7 => Event::Blocked(BlockedLook {
            thread: thread?,
            time,
            state: pick(KernelState::ALL, n[1]),
            call: ids.call,
            since: (n[2] > 2).then(|| Timestamp::from_nanos(nanos / 2)),
        }),
        8 => {
            let code = NativeCode { module: ids.text, symbol: ids.text };
            Event::NativeCode { id: ids.code?, code }
        }
        9 => Event::NativeSample(NativeSample { thread: thread?, time, code: ids.code? }),
        _ => return state(kind, ids, n, nanos),
    })
}

/// As [`event`], for what the interpreter's own state tells.
fn state(kind: u8, ids: Ids, n: [u32; 6], nanos: u64) -> Option<Event> {
    let time = Timestamp::from_nanos(nanos);
    let later = time + Duration::from_nanos(n[1].into());
    let thread = ids.thread;
    Some(match kind {
        10 => Event::Gil(GilLook {
            process: ids.process?,
            time,
            locked: n[1].is_multiple_of(2),
            holder: thread,
            switches: nanos,
        }),
        11 => Event::Gc(GcLook {
            process: ids.process?,
            time,
            collecting: n[1].is_multiple_of(2),
            collections: (n[2] > 1).then(|| [n[3], n[4], n[5]].map(u64::from)),
        }),
        12 => Event::GcPause(GcPause {
            process: ids.process?,
            start: time,
            end: later,
            generation: u8::try_from(n[2] % 256).ok()?,
            collected: nanos,
        }),
        14 => {
            let began = Timestamp::from_nanos(nanos.min(time.as_nanos()));
            Event::Turn(Turn { thread: thread?, time, began })
        }
        15 => Event::Lock(LockLook { thread: thread?, time, holder: thread? }),
        13 => Event::Callee(Callee { thread: thread?, time, function: ids.text? }),
        _ => {
            let entries = n.iter().map(|&number| QueueEntry {
                task: ids.task.filter(|_| number > 1),
                reason: pick(QueueReason::ALL, number),
                due: (number > 3).then(|| Timestamp::from_nanos(number.into())),
            });
            Event::Queues(LoopQueues {
                event_loop: ids.event_loop?,
                time,
                complete: n[1].is_multiple_of(2),
                entries: entries.take(n[0] as usize % 7).collect(),
            })
        }
    })
}

/// One of each kind.
pub(crate) fn one_of_each() -> Vec<Event> {
    let ids = Ids {
        process: ProcessId::new(1),
        thread: ThreadId::new(1),
        event_loop: LoopId::new(1),
        task: TaskId::new(2),
        text: StringId::new(1),
        call: KernelCallId::new(1),
        code: NativeCodeId::new(1),
    };
    (0..17).filter_map(|kind| event(kind, ids, [6, 4, 5, 4, 3, 2], 9_100_000)).collect()
}

fn code<T: PartialEq + Copy>(choices: &[T], choice: T) -> u64 {
    choices.iter().position(|one| *one == choice).unwrap() as u64
}

fn length_or_0(length: Option<Duration>) -> u64 {
    length.map_or(0, |length| length.as_nanos() + 1)
}

fn text_or_0(text: Option<StringId>) -> u64 {
    text.map_or(0, |text| text.get().into())
}

/// The event's kind and its numbers in the order of the description.
pub(crate) fn numbers(event: &Event) -> Option<(u8, Vec<u64>)> {
    Some(match event {
        Event::Edges { thread, time, source } => {
            (64, vec![thread.get().into(), time.as_nanos(), code(EdgeSource::ALL, *source)])
        }
        Event::OffCpu(off) => {
            let reason = code(OffReason::ALL, off.reason) * 2 + u64::from(off.continues);
            let length = off.end.since(off.start).as_nanos();
            (65, vec![off.thread.get().into(), off.start.as_nanos(), length, reason])
        }
        Event::OffCpuRun(run) => {
            let head = [run.start.as_nanos(), run.end.since(run.start).as_nanos()];
            let tallies = [run.blocked, run.preempted];
            let tallies = tallies.iter().flat_map(|sum| [sum.count.into(), sum.time.as_nanos()]);
            (66, once(run.thread.get().into()).chain(head).chain(tallies).collect())
        }
        Event::LostSwitches(lost) => {
            let length = lost.end.since(lost.start).as_nanos();
            (67, vec![lost.thread.get().into(), lost.start.as_nanos(), length, lost.count])
        }
        Event::ThreadClocks(clocks) => {
            let lengths = [clocks.on_cpu, clocks.run_queue].map(length_or_0);
            let faults = [clocks.minor_faults, clocks.major_faults];
            let head = [clocks.thread.get().into(), clocks.time.as_nanos()];
            (68, [&head[..], &lengths, &faults, &[code(KernelState::ALL, clocks.state)]].concat())
        }
        Event::MachineClocks(clocks) => {
            let (busy, steal) = (clocks.busy.as_nanos(), clocks.steal.as_nanos());
            (69, vec![clocks.time.as_nanos(), busy, steal, clocks.cpus.into()])
        }
        Event::KernelCall { id, call } => {
            let texts = [call.name, call.local, call.peer].map(text_or_0);
            let head = [id.get(), call.call.get()].map(u64::from);
            (70, [&head[..], &[code(CallObject::ALL, call.object)], &texts].concat())
        }
        Event::Blocked(look) => {
            let call = look.call.map_or(0, |id| id.get().into());
            let length = length_or_0(look.since.map(|since| look.time.since(since)));
            let head = [look.thread.get().into(), look.time.as_nanos()];
            (71, [&head[..], &[code(KernelState::ALL, look.state), call, length]].concat())
        }
        Event::NativeCode { id, code } => {
            (72, vec![id.get().into(), text_or_0(code.module), text_or_0(code.symbol)])
        }
        Event::NativeSample(sample) => {
            let (thread, code) = (sample.thread.get().into(), sample.code.get().into());
            (73, vec![thread, sample.time.as_nanos(), code])
        }
        other => return interpreter(other),
    })
}

fn interpreter(event: &Event) -> Option<(u8, Vec<u64>)> {
    Some(match event {
        Event::Gil(look) => {
            let holder = look.holder.map_or(0, |id| id.get().into());
            let head = [look.process.get().into(), look.time.as_nanos()];
            (74, [&head[..], &[look.locked.into(), holder, look.switches]].concat())
        }
        Event::Gc(look) => {
            let counts = look.collections.into_iter().flatten();
            let flags = [look.collecting, look.collections.is_some()].map(u64::from);
            let head = [look.process.get().into(), look.time.as_nanos()];
            (75, head.into_iter().chain(flags).chain(counts).collect())
        }
        Event::GcPause(pause) => {
            let times = [pause.start.as_nanos(), pause.end.since(pause.start).as_nanos()];
            let last = [pause.generation.into(), pause.collected];
            (76, [&[pause.process.get().into()], &times[..], &last].concat())
        }
        Event::Callee(callee) => {
            let (thread, function) = (callee.thread.get().into(), callee.function.get().into());
            (77, vec![thread, callee.time.as_nanos(), function])
        }
        Event::Turn(turn) => {
            let ago = turn.time.since(turn.began).as_nanos();
            (83, vec![turn.thread.get().into(), turn.time.as_nanos(), ago])
        }
        Event::Lock(look) => {
            let (thread, holder) = (look.thread.get().into(), look.holder.get().into());
            (84, vec![thread, look.time.as_nanos(), holder])
        }
        Event::Queues(queues) => {
            let count = queues.entries.len() as u64;
            let head = [queues.event_loop.get().into(), queues.time.as_nanos()];
            let mut numbers = [&head[..], &[queues.complete.into(), count]].concat();
            for entry in &queues.entries {
                let reason = code(QueueReason::ALL, entry.reason) * 2;
                numbers.push(entry.task.map_or(0, |id| id.get().into()));
                numbers.push(reason + u64::from(entry.due.is_some()));
                numbers.extend(entry.due.map(Timestamp::as_nanos));
            }
            (78, numbers)
        }
        _ => return None,
    })
}
