//! What the library does without a recorder around it, on a process that runs already.
//!
//! `looks sync PID SECONDS` and `looks running PID SECONDS`: looks at the main thread per second,
//! without and with the running task. `looks census PID SECONDS`: how long the first census of all
//! tasks takes and how long later ones do, wall and CPU time. `looks first FILE`: when a recording's first sample was
//! taken, on CLOCK_MONOTONIC. Prints one JSON object. Run by `tests/bench/compare`.
#![expect(clippy::print_stdout, reason = "its output is the result")]

use std::error::Error;
use std::path::Path;
use std::time::{Duration, Instant};

use looptrace::asyncio::{AsyncioReader, CensusTarget};
use looptrace::memory::{LiveMemory, PagedMemory};
use looptrace::model::{Dictionary, Event, ProcessId, Timestamp};
use looptrace::python::code::Codes;
use looptrace::python::frames::{FrameReader, Refusal, TaskSource};
use looptrace::python::{AttachOptions, Target, threads};
use looptrace::recording::Reader;
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> =
        std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match words.as_slice() {
        ["sync", pid, seconds] => looks(pid.parse()?, seconds.parse()?, TaskSource::None)?,
        ["running", pid, seconds] => {
            looks(pid.parse()?, seconds.parse()?, TaskSource::ThreadState)?
        }
        ["census", pid, seconds] => censuses(pid.parse()?, seconds.parse()?)?,
        ["first", file] => first_sample(Path::new(file))?,
        // `cargo test --all-targets` starts benches without arguments.
        _ => return Ok(()),
    };
    println!("{result}");
    Ok(())
}

/// As many looks at the main thread as fit into the time. Frames are read and checked, not named.
fn looks(pid: u32, seconds: f64, source: TaskSource) -> Result<Value, Box<dyn Error>> {
    let target = Target::attach(pid, AttachOptions::default())?;
    let mut paged = PagedMemory::new(LiveMemory::new(pid));
    paged.begin();
    let threads = threads::list(&mut paged, &target.interpreter)?;
    let main = threads
        .iter()
        .find(|thread| thread.native_id == Some(pid))
        .ok_or("the main thread is not among the interpreter's")?;
    let live = LiveMemory::new(pid);
    let mut reader = FrameReader::new();
    let (mut kept, mut with_task, mut torn, mut unreadable, mut frames) =
        (0_u64, 0_u64, 0_u64, 0_u64, 0);
    let duration = Duration::from_secs_f64(seconds);
    let begun = Instant::now();
    while begun.elapsed() < duration {
        match reader.look(&live, &target.interpreter.layout, main.state, source) {
            Ok(look) => {
                kept += 1;
                with_task += u64::from(look.task.is_some());
                frames += look.frames.len();
            }
            Err(Refusal::Torn) => torn += 1,
            Err(Refusal::Unreadable) => unreadable += 1,
            Err(Refusal::Exited) => return Err("the target has exited".into()),
        }
    }
    let stats = reader.stats();
    Ok(json!({
        "done": kept,
        "failed": torn + unreadable,
        "torn": torn,
        "unreadable": unreadable,
        "with_task": with_task,
        "frames": frames,
        "calls": live.calls(),
        "brackets": stats.brackets,
        "chases": stats.chases,
        "seconds": begun.elapsed().as_secs_f64(),
    }))
}

/// One census with nothing known yet, then as many as fit into the time.
fn censuses(pid: u32, seconds: f64) -> Result<Value, Box<dyn Error>> {
    let target = Target::attach(pid, AttachOptions::default())?;
    let census = CensusTarget { interpreter: &target.interpreter, threads: &[] };
    let process = ProcessId::from_index(0).ok_or("no first process id")?;
    let mut memory = PagedMemory::new(LiveMemory::new(pid));
    let (mut codes, mut dictionary) = (Codes::new(), Dictionary::new());
    let mut asyncio = AsyncioReader::new(process);
    let mut events = Vec::new();
    let (mut wall_ms, mut cpu_ms, mut tasks, mut partial) = (Vec::new(), Vec::new(), 0, 0);
    let begun = Instant::now();
    while wall_ms.len() < 2 || begun.elapsed().as_secs_f64() < seconds {
        events.clear();
        dictionary.drain_pending();
        let (start, cpu) = (Instant::now(), cpu_time()?);
        let clock = || Timestamp::ZERO;
        let summary = asyncio.census(
            &mut memory,
            &census,
            &mut codes,
            &mut dictionary,
            clock,
            &mut events,
        )?;
        wall_ms.push(start.elapsed().as_secs_f64() * 1e3);
        cpu_ms.push((cpu_time()? - cpu).as_secs_f64() * 1e3);
        tasks = summary.tasks;
        partial += u32::from(!summary.complete);
    }
    let (cold_ms, cold_cpu_ms) = (wall_ms.remove(0), cpu_ms.remove(0));
    Ok(json!({
        "done": wall_ms.len() + 1,
        "failed": partial,
        "seconds": begun.elapsed().as_secs_f64(),
        "tasks": tasks,
        "cold_ms": cold_ms,
        "cold_cpu_ms": cold_cpu_ms,
        "warm_ms": median(wall_ms),
        "warm_cpu_ms": median(cpu_ms),
        "bytes": memory.pass_bytes(),
    }))
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

fn cpu_time() -> Result<Duration, nix::Error> {
    nix::time::ClockId::CLOCK_PROCESS_CPUTIME_ID.now().map(Duration::from)
}

fn first_sample(file: &Path) -> Result<Value, Box<dyn Error>> {
    let mut reader = Reader::open(file)?;
    let start = reader.meta().anchor.monotonic_start_ns;
    while let Some(event) = reader.next_event()? {
        if let Event::Sample(sample) = event {
            return Ok(json!({ "monotonic_ns": start + sample.time.as_nanos() }));
        }
    }
    Err("no sample in the recording".into())
}
