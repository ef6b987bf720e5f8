//! Stalls that the recorder came too late for: what nothing tells is not said.

use looptrace::analysis::Analysis;
use looptrace::model::{
    BlockedLook, Callee, CauseKind, Duration, EdgeSource, Event, EvidenceValue, KernelState, Stall,
    ThreadClocks,
};

use crate::facts::analysis;
use crate::world::{MS, World, ms};

/// What the thread's clock tells of the time from 145 to 260 ms: on a CPU, and waiting for one.
type Clocks = Option<(u64, u64)>;

/// A callback computes, or would if it had a CPU: the loop was seen to poll at 0, then nobody looked
/// until `first`; every look up to 250 ms finds the thread able to run in the same native function.
fn held_up(first: u64, clocks: Clocks) -> Analysis {
    let mut world = World::new();
    let (thread, poll, work) = world.loop_that_calls("work");
    let function = world.dictionary.string("zlib.compress").unwrap();
    let clock = |world: &mut World, at, told: (u64, u64)| {
        world.push(Event::ThreadClocks(ThreadClocks {
            thread,
            time: ms(at),
            on_cpu: Some(Duration::from_nanos(told.0 * MS)),
            run_queue: Some(Duration::from_nanos(told.1 * MS)),
            minor_faults: 0,
            major_faults: 0,
            state: KernelState::Running,
        }));
    };
    world.push(Event::Edges { thread, time: ms(0), source: EdgeSource::NotAsked });
    world.polling(ms(0), thread, poll);
    world.context_ver = Some(8);
    for at in (first..=250).step_by(5) {
        let (time, state) = (ms(at), KernelState::Running);
        if at == 145 && clocks.is_some() {
            clock(&mut world, at, (10, 10));
        }
        world.sample(time, thread, work, None);
        world.push(Event::Blocked(BlockedLook { thread, time, state, call: None, since: None }));
        world.push(Event::Callee(Callee { thread, time, function }));
    }
    for at in 251..260 {
        world.polling(ms(at), thread, poll);
    }
    if let Some((on_cpu, run_queue)) = clocks {
        clock(&mut world, 260, (10 + on_cpu, 10 + run_queue));
    }
    world.end(ms(900));
    analysis(world)
}

fn only(facts: &Analysis) -> &Stall {
    let [stall] = facts.stalls.as_slice() else { panic!("{:?}", facts.stalls) };
    stall
}

fn main_cause(facts: &Analysis) -> CauseKind {
    only(facts).main_cause().unwrap().kind
}

#[test]
fn what_may_have_had_no_cpu_is_unknown_and_says_what_was_seen() {
    let facts = held_up(140, None);
    let stall = only(&facts);
    assert_eq!(stall.start_error.as_nanos() / MS, 70);
    assert_eq!(main_cause(&facts), CauseKind::Unknown, "{stall:?}");
    let [cause] = stall.causes.as_slice() else { panic!("{:?}", stall.causes) };
    let seen = cause.evidence.iter().find(|(key, _)| *key == "seen").unwrap();
    let text = "able to run, with a CPU or without, in a call from work (app.py:7)";
    assert_eq!(seen.1, EvidenceValue::Text(text.to_owned()));
    assert_eq!((stall.on_cpu, stall.runqueue, stall.blocked), (None, None, None));
    assert_eq!(stall.advice, None);
}

#[test]
fn a_clock_tells_whether_it_had_one() {
    assert_eq!(main_cause(&held_up(140, Some((112, 3)))), CauseKind::CpuNative);
    let starved = held_up(140, Some((10, 105)));
    assert_eq!(main_cause(&starved), CauseKind::Starved, "{:?}", starved.stalls);
}

#[test]
fn what_was_looked_at_from_the_start_is_told_without_clocks() {
    assert_eq!(main_cause(&held_up(5, None)), CauseKind::CpuNative);
}
