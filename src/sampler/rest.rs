//! Resting for as long as all threads sleep.
//!
//! Where the kernel's stream proves that every thread of every process is asleep, nothing can be
//! seen by looking, and the kernel wakes the recorder as soon as one of them wakes.

use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::clock::Clock;
use super::sink::Sink;
use super::target::TargetProcess;
use super::thread::SampledThread;

/// It rests no longer than this, so that a request to stop is noticed.
const LONGEST: Duration = Duration::from_millis(50);
/// With more threads than this, arming all bells takes longer than a few looks.
const MOST_THREADS: usize = 64;

/// Rests until a thread of these processes wakes, but no longer than `limit`. Returns at once where
/// one is awake, or may be.
pub(super) fn rest(targets: &mut [TargetProcess], limit: Duration, clock: Clock, sink: &mut Sink) {
    if !all_asleep(targets, clock, sink) {
        return;
    }
    let armed = threads(targets).all(|thread| thread.edges.arm(thread.native_id));
    // One that woke before its bell was armed has left its trace in the stream.
    if armed && all_asleep(targets, clock, sink) {
        let bells = targets.iter().flat_map(|target| &target.threads);
        let bells = bells.filter_map(|thread| thread.edges.bell());
        let mut bells: Vec<_> = bells.map(|bell| PollFd::new(bell, PollFlags::POLLIN)).collect();
        // However it ends, the next tick looks what has become of the threads.
        let _rung = poll(
            &mut bells,
            PollTimeout::try_from(limit.min(LONGEST)).unwrap_or(PollTimeout::ZERO),
        );
    }
    threads(targets).for_each(|thread| thread.edges.disarm());
}

fn all_asleep(targets: &mut [TargetProcess], clock: Clock, sink: &mut Sink) -> bool {
    let count = threads(targets).count();
    let asleep = |thread: &mut SampledThread| {
        thread.edges.drain(clock, sink);
        let asleep = match thread.event_loop {
            // One that woke and waits for something else by now is no sleeper: a tick must look.
            Some(_) => thread.slept_on(),
            None => thread.asleep().is_some(),
        };
        asleep && !thread.edges.is_mute()
    };
    count > 0 && count <= MOST_THREADS && threads(targets).all(asleep)
}

fn threads(targets: &mut [TargetProcess]) -> impl Iterator<Item = &mut SampledThread> {
    targets.iter_mut().flat_map(|target| &mut target.threads)
}
