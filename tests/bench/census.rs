//! How long a census takes: `cargo bench --bench census -- [TASKS…]`, on the newest Python there is.
//!
//! Prints, per number of tasks, median and spread of first censuses (nothing known yet) and of
//! later ones on a target at rest, with the bytes copied and the system calls of one. CPU time is
//! this process's own, which other programs on the machine change less than wall time.
#![expect(
    clippy::print_stdout,
    clippy::panic,
    reason = "a benchmark talks, and stops when it cannot go on"
)]

#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "the live tests use the rest")]
mod support;

use std::time::{Duration, Instant};

use looptrace::asyncio::{AsyncioReader, CensusSummary, CensusTarget};
use looptrace::memory::{LiveMemory, PagedMemory};
use looptrace::model::{Dictionary, Event, ProcessId, Timestamp};
use looptrace::python::code::Codes;
use looptrace::python::{AttachOptions, Target as Attached};

const COLD_ROUNDS: usize = 7;
const WARM_ROUNDS: usize = 101;

fn main() {
    let mut sizes: Vec<String> =
        std::env::args().skip(1).filter(|argument| argument.parse::<u32>().is_ok()).collect();
    if sizes.is_empty() {
        sizes = ["1000", "10000", "100000"].map(str::to_owned).to_vec();
    }
    let Some(python) = support::interpreters().iter().rfind(|python| !python.free_threaded) else {
        return;
    };
    for size in sizes {
        measure(python, &size);
    }
}

/// CPU time of this process, which other programs on the machine change little.
fn cpu_time() -> Duration {
    let clock = nix::time::ClockId::CLOCK_PROCESS_CPUTIME_ID;
    clock.now().map(Duration::from).unwrap_or_default()
}

fn measure(python: &support::interpreter::Interpreter, size: &str) {
    let samples = support::samples();
    let Some(sample) = samples.iter().find(|sample| sample.name == "sleepers") else { return };
    let target = support::Target::start_with(python, sample, &[size]);
    target.wait_until_idle();
    let options = AttachOptions { force_unverified: true };
    let attached = Attached::attach(target.pid(), options).expect("it can be attached to");
    let census = CensusTarget { interpreter: &attached.interpreter, threads: &[] };
    let mut reader = Reader::new(target.pid());
    let mut cold: Vec<Look> = (0..COLD_ROUNDS)
        .map(|_| {
            reader = Reader::new(target.pid());
            reader.look(&census)
        })
        .collect();
    report(python, "cold", &mut cold);
    reader.look(&census);
    let mut warm: Vec<Look> = (0..WARM_ROUNDS).map(|_| reader.look(&census)).collect();
    report(python, "warm", &mut warm);
}

struct Reader {
    memory: PagedMemory<LiveMemory>,
    codes: Codes,
    dictionary: Dictionary,
    asyncio: AsyncioReader,
    events: Vec<Event>,
}

struct Look {
    wall: Duration,
    cpu: Duration,
    summary: CensusSummary,
    bytes: usize,
    calls: u64,
}

impl Reader {
    fn new(pid: u32) -> Self {
        Self {
            memory: PagedMemory::new(LiveMemory::new(pid)),
            codes: Codes::new(),
            dictionary: Dictionary::new(),
            asyncio: AsyncioReader::new(ProcessId::new(1).expect("1 is not 0")),
            events: Vec::new(),
        }
    }

    fn look(&mut self, target: &CensusTarget<'_>) -> Look {
        let Self { memory, codes, dictionary, asyncio, events } = self;
        events.clear();
        dictionary.drain_pending();
        let (start, cpu, calls) = (Instant::now(), cpu_time(), memory.source().calls());
        let summary = asyncio
            .census(memory, target, codes, dictionary, || Timestamp::ZERO, events)
            .expect("the target can be read");
        Look {
            wall: start.elapsed(),
            cpu: cpu_time().saturating_sub(cpu),
            summary,
            bytes: memory.pass_bytes(),
            calls: memory.source().calls() - calls,
        }
    }
}

fn report(python: &support::interpreter::Interpreter, what: &str, looks: &mut [Look]) {
    let mut cpu: Vec<Duration> = looks.iter().map(|look| look.cpu).collect();
    cpu.sort();
    looks.sort_by_key(|look| look.wall);
    let at = |share: usize| looks.get((looks.len() - 1) * share / 100);
    let (Some(low), Some(look), Some(high)) = (at(10), at(50), at(90)) else { return };
    let CensusSummary { complete, tasks, torn, rebuilt, .. } = look.summary;
    println!(
        "{python}, {tasks} tasks, {what}: {:.2?} (10 % {:.2?}, 90 % {:.2?}; CPU {:.2?}); {} KiB in \
         {} calls; {rebuilt} rebuilt, {torn} torn, complete: {complete}",
        look.wall,
        low.wall,
        high.wall,
        cpu.get(cpu.len() / 2).copied().unwrap_or_default(),
        look.bytes >> 10,
        look.calls,
    );
}
