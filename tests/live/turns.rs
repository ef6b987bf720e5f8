//! Tasks that take turns: which one runs is known by the words that a look copied along.

use looptrace::asyncio::{AsyncioReader, CensusTarget};
use looptrace::memory::{LiveMemory, PagedMemory, RemoteAddr};
use looptrace::model::{Dictionary, ProcessId, Timestamp};
use looptrace::python::code::Codes;
use looptrace::python::frames::{FrameReader, Refusal, TaskSource};
use looptrace::python::layout::Layout;
use looptrace::python::{AttachOptions, Target as Attached};

use crate::support::sample::Sample;
use crate::support::{Target, interpreters};

const LOOKS: u32 = 3_000;

/// The loop's thread, and where its running task is found.
fn event_loop(asyncio: &AsyncioReader, layout: &Layout) -> Option<(RemoteAddr, TaskSource)> {
    let found = asyncio.loops().iter().find(|known| known.thread_state.is_some())?;
    let source = match layout.thread.asyncio_running_task {
        Some(_) => TaskSource::ThreadState,
        None => TaskSource::Dict { dict: asyncio.current_tasks_dict()?, event_loop: found.addr },
    };
    Some((found.thread_state?, source))
}

#[test]
fn the_running_task_is_known_without_reading_more() {
    let sample = Sample::named("churn");
    for python in interpreters() {
        let target = Target::start(python, &sample);
        let label = &target.label;
        let options = AttachOptions { force_unverified: true };
        let attached = Attached::attach(target.pid(), options).expect("it can be attached to");
        let layout = &attached.interpreter.layout;
        let live = LiveMemory::new(target.pid());
        let mut memory = PagedMemory::new(LiveMemory::new(target.pid()));
        let mut dictionary = Dictionary::new();
        let mut asyncio = AsyncioReader::new(ProcessId::new(1).expect("1 is not 0"));
        let mut codes = Codes::new();
        let mut reader = FrameReader::new();
        let (mut seen, mut known, mut others) = (0, 0, 0);
        for number in 0..LOOKS {
            if number % 100 == 0 {
                let census = CensusTarget { interpreter: &attached.interpreter, threads: &[] };
                let (clock, events) = (|| Timestamp::ZERO, &mut Vec::new());
                asyncio
                    .census(&mut memory, &census, &mut codes, &mut dictionary, clock, events)
                    .unwrap_or_else(|error| panic!("{label}: {error}"));
            }
            let Some((thread, source)) = event_loop(&asyncio, layout) else { continue };
            let task = match reader.look(&live, layout, thread, source) {
                Ok(look) => look.task,
                Err(Refusal::Torn | Refusal::Unreadable) => continue,
                Err(Refusal::Exited) => panic!("{label}: it has exited"),
            };
            let Some(task) = task else { continue };
            seen += 1;
            let Some(id) = asyncio.known_task(layout, &task) else { continue };
            known += 1;
            memory.begin();
            let place = (task.addr, task.coro);
            let read = asyncio.task_at(&mut memory, layout, &mut codes, &mut dictionary, place);
            // It may have ended in between, and another have its place.
            others += u32::from(read.is_ok_and(|read| read != id));
        }
        let stats = reader.stats();
        let calls = stats.brackets + stats.peeks + stats.chases;
        println!(
            "{label}: of {seen} tasks {known} known by a look, {others} others read later; \
             {calls} calls for {} looks, {} of them asking first",
            stats.looks, stats.peeks
        );
        assert!(known >= seen / 10 && known > 0, "{label}: {known} of {seen} known");
        assert!(others <= known / 50, "{label}: {others} of {known} were others");
    }
}
