//! A census against what the program itself says: tasks, names, states, chains, who awaits whom
//! and what each waits for, on every interpreter.

use looptrace::asyncio::{AsyncioReader, CensusTarget};
use looptrace::memory::{LiveMemory, PagedMemory};
use looptrace::model::{
    Dictionary, FrameId, ProcessId, TaskId, TaskView, Thread, ThreadId, Timestamp,
};
use looptrace::python::code::Codes;
use looptrace::python::{AttachOptions, Target as Attached, threads};

use crate::support::sample::Sample;
use crate::support::truth::{Truth, TruthFrame, TruthTask};
use crate::support::{Target, interpreters, samples};

struct Look {
    dictionary: Dictionary,
    asyncio: AsyncioReader,
    tasks: Vec<TaskView>,
}

fn look(target: &Target, passes: usize) -> Result<Look, String> {
    let options = AttachOptions { force_unverified: true };
    let attached =
        Attached::attach(target.pid(), options).map_err(|error| format!("attach: {error}"))?;
    let interpreter = &attached.interpreter;
    let mut memory = PagedMemory::new(LiveMemory::new(target.pid()));
    let mut dictionary = Dictionary::new();
    let process = ProcessId::new(1).expect("1 is not 0");
    let found = threads::list(&mut memory, interpreter).map_err(|error| error.to_string())?;
    let threads: Vec<_> = found
        .iter()
        .map(|thread| {
            let native_id = thread.native_id.unwrap_or(0);
            let id = dictionary.add_thread(Thread { process, native_id, name: None });
            (thread.state, id.expect("there is room"))
        })
        .collect::<Vec<(_, ThreadId)>>();
    let mut asyncio = AsyncioReader::new(process);
    let mut codes = Codes::new();
    let mut events = Vec::new();
    let census = CensusTarget { interpreter, threads: &threads };
    for pass in 0..passes {
        events.clear();
        let clock = || Timestamp::ZERO;
        let summary = asyncio
            .census(&mut memory, &census, &mut codes, &mut dictionary, clock, &mut events)
            .map_err(|error| format!("census: {error}"))?;
        if !summary.complete || summary.torn > 0 || summary.unreadable > 0 {
            return Err(format!("pass {pass}: {summary:?}"));
        }
    }
    let tasks = asyncio.snapshot_tasks();
    Ok(Look { dictionary, asyncio, tasks })
}

impl Look {
    fn name(&self, task: TaskId) -> String {
        let name = self.dictionary.get_task(task).and_then(|task| task.name);
        name.map_or_else(|| format!("?{task}"), |name| self.dictionary.text(name).to_owned())
    }

    fn frame(&self, frame: FrameId) -> TruthFrame {
        let frame = self.dictionary.get_frame(frame).expect("a frame of a stack is defined");
        let code = self.dictionary.get_code(frame.code).expect("a frame's code is defined");
        TruthFrame {
            function: self.dictionary.text(code.function).to_owned(),
            file: self.dictionary.text(code.file).to_owned(),
            line: frame.line,
            kind: code.kind.name().to_owned(),
        }
    }

    fn task(&self, view: &TaskView, truth: &Truth) -> TruthTask {
        let row = view.row;
        let task = self.dictionary.get_task(row.task).expect("a task of a row is defined");
        let text = |id| self.dictionary.text(id).to_owned();
        let event_loop = task.event_loop.and_then(|id| self.dictionary.get_loop(id));
        let thread = event_loop
            .and_then(|event_loop| event_loop.thread)
            .and_then(|thread| self.dictionary.get_thread(thread))
            .map(|thread| thread.native_id);
        let mut awaited_by: Vec<String> =
            view.awaited_by.iter().map(|&task| self.name(task)).collect();
        awaited_by.sort();
        TruthTask {
            name: self.name(row.task),
            coroutine: task.coroutine.map_or_else(String::new, text),
            state: row.state.name().to_owned(),
            event_loop: truth
                .loops
                .iter()
                .position(|known| Some(known.thread) == thread)
                .unwrap_or(usize::MAX),
            chain: row.chain.map(|chain| {
                self.dictionary.stack_frames(chain).into_iter().map(|id| self.frame(id)).collect()
            }),
            waiting_on: row
                .wait
                .and_then(|wait| self.dictionary.get_wait(wait))
                .map(|wait| wait.kind.name().to_owned()),
            awaited_by,
            cancel_requests: row.cancel_requests,
        }
    }
}

/// Whether the frames are the same; where the program knows a bare name only, that must fit.
fn same_chain(ours: Option<&[TruthFrame]>, theirs: Option<&[TruthFrame]>) -> bool {
    let (Some(ours), Some(theirs)) = (ours, theirs) else { return theirs.is_none() };
    ours.len() == theirs.len()
        && ours.iter().zip(theirs).all(|(a, b)| {
            let name = a.function == b.function
                || a.function.rsplit('.').next() == Some(b.function.as_str());
            name && a.file == b.file && a.line == b.line && a.kind == b.kind
        })
}

fn differences(look: &Look, truth: &Truth) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut ours: Vec<TruthTask> = look.tasks.iter().map(|view| look.task(view, truth)).collect();
    ours.sort_by(|a, b| a.name.cmp(&b.name));
    let names = |tasks: &[TruthTask]| tasks.iter().map(|t| t.name.clone()).collect::<Vec<_>>();
    if names(&ours) != names(&truth.tasks) {
        wrong.push(format!("tasks {:?}, not {:?}", names(&ours), names(&truth.tasks)));
        return wrong;
    }
    for (our, their) in ours.iter().zip(&truth.tasks) {
        let mut differ = |what: &str, a: String, b: String| {
            if a != b {
                wrong.push(format!("{}: {what} {a}, not {b}", our.name));
            }
        };
        differ("coroutine", our.coroutine.clone(), their.coroutine.clone());
        differ("state", our.state.clone(), their.state.clone());
        differ("loop", our.event_loop.to_string(), their.event_loop.to_string());
        differ(
            "cancel requests",
            format!("{:?}", our.cancel_requests),
            format!("{:?}", their.cancel_requests),
        );
        differ("awaited by", format!("{:?}", our.awaited_by), format!("{:?}", their.awaited_by));
        if their.waiting_on.is_some() {
            let (a, b) = (&our.waiting_on, &their.waiting_on);
            differ("waits", format!("{a:?}"), format!("{b:?}"));
        }
        if !same_chain(our.chain.as_deref(), their.chain.as_deref()) {
            differ("chain", format!("{:#?}", our.chain), format!("{:#?}", their.chain));
        }
    }
    let mut cycles: Vec<Vec<String>> = look
        .asyncio
        .cycles()
        .iter()
        .map(|cycle| {
            let mut names: Vec<String> = cycle.iter().map(|&task| look.name(task)).collect();
            names.sort();
            names
        })
        .collect();
    cycles.sort();
    let mut expected = truth.cycles.clone();
    expected.sort();
    if cycles != expected {
        wrong.push(format!("cycles {cycles:?}, not {expected:?}"));
    }
    wrong
}

#[test]
fn a_census_is_what_the_program_says_on_every_interpreter() {
    let mut wrong = Vec::new();
    let only = std::env::var("LOOPTRACE_ONLY").ok();
    for python in interpreters() {
        for sample in samples().iter().filter(|sample| sample.runs_on(python)) {
            if only.as_ref().is_some_and(|only| !sample.name.contains(only.as_str())) {
                continue;
            }
            let mut target = Target::start(python, sample);
            target.wait_until_idle();
            let truth = target.truth();
            target.wait_until_idle();
            target.pause();
            for passes in [1, 2] {
                match look(&target, passes) {
                    Ok(look) => wrong.extend(
                        differences(&look, &truth)
                            .into_iter()
                            .map(|what| format!("{}: pass {passes}: {what}", target.label)),
                    ),
                    Err(error) => wrong.push(format!("{}: {error}", target.label)),
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Chains that the tasks of `churn` can have, by the name of their coroutine.
const POSSIBLE: &[&[&str]] = &[
    &["main"],
    &["parent"],
    &["short"],
    &["mid"],
    &["mid", "leaf"],
    &["mid", "leaf", "sleep"],
    &["sleep"],
    &["sleep", "__sleep0"],
];

#[test]
fn rows_of_a_program_that_never_rests_are_possible_rows() {
    let sample = Sample::named("churn");
    for python in interpreters() {
        let target = Target::start(python, &sample);
        let label = &target.label;
        let options = AttachOptions { force_unverified: true };
        let attached = Attached::attach(target.pid(), options).expect("it can be attached to");
        let mut memory = PagedMemory::new(LiveMemory::new(target.pid()));
        let mut dictionary = Dictionary::new();
        let mut asyncio = AsyncioReader::new(ProcessId::new(1).expect("1 is not 0"));
        let mut codes = Codes::new();
        let mut events = Vec::new();
        let census = CensusTarget { interpreter: &attached.interpreter, threads: &[] };
        let (mut rows, mut torn, mut unreadable, mut partial) = (0, 0, 0, 0);
        let mut last = Vec::new();
        for _ in 0..500 {
            events.clear();
            let clock = || Timestamp::ZERO;
            let summary = asyncio
                .census(&mut memory, &census, &mut codes, &mut dictionary, clock, &mut events)
                .unwrap_or_else(|error| panic!("{label}: {error}"));
            rows += summary.tasks;
            torn += summary.torn;
            unreadable += summary.unreadable;
            partial += u32::from(!summary.complete);
            last = asyncio.snapshot_tasks();
            for view in &last {
                let Some(chain) = view.row.chain else { continue };
                let names: Vec<&str> = dictionary
                    .stack_frames(chain)
                    .into_iter()
                    .filter_map(|frame| dictionary.get_frame(frame))
                    .filter_map(|frame| dictionary.get_code(frame.code))
                    .map(|code| dictionary.text(code.function))
                    .collect();
                assert!(POSSIBLE.contains(&names.as_slice()), "{label}: {names:?}");
            }
        }
        println!(
            "{label}: {rows} rows, {torn} torn, {unreadable} unreadable, {partial} of 500 partial, \
             {} tasks seen",
            dictionary.tasks().len()
        );
        let workers: Vec<&str> = dictionary
            .tasks()
            .iter()
            .filter_map(|task| task.name)
            .map(|name| dictionary.text(name))
            .filter(|name| name.starts_with('w'))
            .collect();
        assert_eq!(workers.len(), 20, "{label}: each worker is one task, {workers:?}");
        let parents: Vec<_> =
            last.iter().filter(|view| !view.awaited_by.is_empty()).map(|view| view.row).collect();
        assert!(parents.len() >= 20, "{label}: {} tasks are awaited", parents.len());
    }
}
