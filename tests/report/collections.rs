//! How long the garbage collector ran, from looks that found it at work.

use looptrace::model::{
    CauseKind, Duration, EdgeSource, Event, GcLook, OffCpu, OffReason, Timestamp,
};

use crate::facts::analysis;
use crate::world::{World, ms, process};

/// A callback calls the same function from 1 to 100 ms; from the tick at `first` to the one at `last`,
/// the collector is at work. Gives its share. It leaves its CPU for looks at most: `aside`.
fn share(first: u64, last: u64, aside: bool) -> f64 {
    let mut world = World::new();
    let (thread, poll, work) = world.loop_that_calls("parse");
    world.push(Event::Edges { thread, time: ms(0), source: EdgeSource::Kernel });
    world.polling(ms(0), thread, poll);
    world.context_ver = Some(8);
    for at in 1..=100 {
        world.sample(ms(at), thread, work, None);
        // The first look that finds none ends it.
        if (first..=last + 1).contains(&at) {
            let collecting = at <= last;
            let (process, collections) = (process(), None);
            let look = GcLook { process, time: ms(at), collecting, collections };
            world.push(Event::Gc(look));
        }
        if aside {
            let apart = Duration::from_nanos(20_000);
            let start = Timestamp::from_nanos(ms(at).as_nanos() - apart.as_nanos());
            let (end, reason) = (ms(at) + apart, OffReason::Preempted);
            world.push(Event::OffCpu(OffCpu { thread, start, end, reason, continues: false }));
        }
    }
    for at in 101..110 {
        world.polling(ms(at), thread, poll);
    }
    world.end(ms(900));
    let facts = analysis(world);
    let [stall] = facts.stalls.as_slice() else { panic!("{:?}", facts.stalls) };
    let collecting = stall.causes.iter().filter(|cause| cause.kind == CauseKind::Gc);
    collecting.map(|cause| cause.share).sum()
}

#[test]
fn a_collection_in_a_long_call_counts_from_between_two_looks() {
    let share = share(60, 69, false);
    assert!((0.09..=0.11).contains(&share), "{share}");
}

#[test]
fn a_collection_that_was_there_at_the_first_look_counts_from_the_start() {
    // Nobody looks for one in the first two milliseconds.
    let share = share(3, 49, false);
    assert!((0.48..=0.51).contains(&share), "{share}");
}

#[test]
fn looks_for_which_the_thread_is_put_aside_tell_of_the_time_between_them() {
    let share = share(60, 69, true);
    assert!((0.08..=0.11).contains(&share), "{share}");
}
