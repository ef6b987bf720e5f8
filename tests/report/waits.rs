//! Waits for the interpreter's lock, as the kernel's switches and rare looks tell of them.

use looptrace::analysis::Analysis;
use looptrace::model::{
    BlockedLook, CallObject, Duration, EdgeSource, Event, GilLook, KernelCall, KernelState, OffCpu,
    OffReason, StallKind,
};

use crate::facts::analysis;
use crate::world::{FUNCTION, MS, World, ms, process};

/// A loop comes back from its poll call at 5 ms and waits for the lock until 60 ms, in two times off
/// the CPU; nobody looks from 7 to 35 ms.
fn rarely_seen() -> Analysis {
    let mut world = World::new();
    let thread = world.thread("MainThread", 1);
    world.event_loop(thread);
    let poll = world.stack(&[
        ("run", "/lib/asyncio/runners.py", 1, FUNCTION),
        ("select", "/lib/selectors.py", 3, FUNCTION),
    ]);
    let call = world.dictionary.string("futex").unwrap();
    let futex = KernelCall { call, object: CallObject::Gil, name: None, local: None, peer: None };
    let call = world.dictionary.kernel_call(futex);
    world.push(Event::Edges { thread, time: ms(0), source: EdgeSource::Kernel });
    world.polling(ms(3), thread, poll);
    for (start, end) in [(2, 5), (5, 40), (40, 60)] {
        let start = ms(start) + Duration::from_nanos(MS / 100);
        let (end, reason) = (ms(end), OffReason::Blocked);
        world.push(Event::OffCpu(OffCpu { thread, start, end, reason, continues: false }));
    }
    world.context_ver = Some(8);
    for at in [6, 7, 35, 45] {
        let (time, state) = (ms(at), KernelState::Sleeping);
        world.sample(time, thread, poll, None);
        let since = match at {
            6 => 5,
            45 => 40,
            // It was looked into before.
            _ => continue,
        };
        let since = Some(ms(since));
        world.push(Event::Blocked(BlockedLook { thread, time, state, call, since }));
        let (process, holder) = (process(), None);
        world.push(Event::Gil(GilLook { process, time, locked: true, holder, switches: 3 }));
    }
    for at in 61..80 {
        world.polling(ms(at), thread, poll);
    }
    world.end(ms(80));
    analysis(world)
}

#[test]
fn a_wait_for_the_lock_is_one_however_rarely_it_is_seen() {
    let facts = rarely_seen();
    let [stall] = facts.stalls.as_slice() else { panic!("{:?}", facts.stalls) };
    assert_eq!(stall.kind, StallKind::Outside);
    assert_eq!((stall.start.as_nanos() / MS, stall.end().as_nanos() / MS), (5, 60));
    assert_eq!(stall.main_cause().unwrap().kind.name(), "gil_wait");
}
