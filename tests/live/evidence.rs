//! What speaks for the causes of stalls is recorded, on every version.

use std::collections::BTreeSet;

use looptrace::model::{CallObject, EdgeSource, Event, QueueReason};

use crate::support::Target;
use crate::support::interpreter::{Interpreter, interpreter};
use crate::support::recorded::Recorded;
use crate::support::recorder::Recorder;
use crate::support::sample::Sample;

on_every_version! { whatever_holds_a_loop_up_leaves_evidence:
    evidence_on_3_08 = 8, evidence_on_3_09 = 9, evidence_on_3_10 = 10, evidence_on_3_11 = 11,
    evidence_on_3_12 = 12, evidence_on_3_13 = 13, evidence_on_3_14 = 14, evidence_on_3_15 = 15,
}

/// Arguments of a recorder, and whether it has the kernel's stream.
const WAYS: [(&[&str], bool); 2] = [
    (&["--stall-threshold", "20ms"], true),
    (&["--stall-threshold", "20ms", "--no-kernel-stream"], false),
];

fn whatever_holds_a_loop_up_leaves_evidence(python: &Interpreter) {
    for (arguments, stream) in WAYS {
        let target = Target::start(python, &Sample::named("held_up"));
        let mut recorder = Recorder::start(&target, arguments);
        // Rounds that the program makes; a recorder that gets no CPU may miss one.
        for round in 2..40 {
            recorder.wait_for_many("a round", round, |event| {
                matches!(event, Event::String { .. } | Event::Queues(_) | Event::Gil(_))
            });
            if missing(&recorder.read(), python, stream).is_empty() {
                break;
            }
            recorder.wait_for_many("a stall", 4 * round, |event| matches!(event, Event::Queues(_)));
        }
        let recorded = recorder.stop();
        let missing = missing(&recorded, python, stream);
        assert!(missing.is_empty(), "{} {arguments:?}: {missing:?}", target.label);
        edges_are_told(&recorded, stream, &target.label);
    }
}

/// Each thread with a loop has its switches from the kernel, or it says why not.
fn edges_are_told(recorded: &Recorded, stream: bool, label: &str) {
    let sources: BTreeSet<EdgeSource> = recorded
        .told
        .iter()
        .filter_map(|event| match event {
            Event::Edges { source, .. } => Some(*source),
            _ => None,
        })
        .collect();
    let offs = recorded.told.iter().any(|event| matches!(event, Event::OffCpu(_)));
    if stream {
        // Machines may refuse it; then they say so.
        assert!(!sources.contains(&EdgeSource::NotAsked), "{label}: {sources:?}");
        assert_eq!(offs, sources.contains(&EdgeSource::Kernel), "{label}: {sources:?}");
    } else {
        assert_eq!(sources, BTreeSet::from([EdgeSource::NotAsked]), "{label}");
        assert!(!offs, "{label}: switches without a stream");
    }
}

/// What the recording does not hold, of what the sample does.
fn missing(recorded: &Recorded, python: &Interpreter, stream: bool) -> Vec<&'static str> {
    let told = |wanted: &dyn Fn(&Event) -> bool| recorded.told.iter().any(wanted);
    let callee = |name: &'static str| {
        told(&|event| match event {
            Event::Callee(callee) => recorded.dictionary.text(callee.function) == name,
            _ => false,
        })
    };
    let queued = |name: &'static str, wanted: QueueReason| {
        told(&|event| match event {
            Event::Queues(queues) => queues.entries.iter().any(|entry| {
                entry.reason == wanted
                    && entry.task.is_some_and(|task| recorded.task_name(task) == name)
            }),
            _ => false,
        })
    };
    let receives = told(&|event| match event {
        Event::Blocked(look) => look.call.is_some_and(|call| {
            let call = recorded.dictionary.get_kernel_call(call).expect("calls are defined");
            call.object == CallObject::Unix && recorded.dictionary.text(call.call) == "recvfrom"
        }),
        _ => false,
    });
    let collects = told(&|event| match event {
        Event::Gc(look) => look.collecting,
        _ => false,
    });
    let counted = told(&|event| match event {
        Event::Gc(look) => look.collections.is_some_and(|counts| counts[2] > 0),
        Event::GcPause(pause) => pause.end > pause.start,
        _ => false,
    });
    let clocks = told(&|event| match event {
        Event::ThreadClocks(clocks) => clocks.on_cpu.is_some() && clocks.minor_faults > 0,
        _ => false,
    });
    // The main thread's code of the sample.
    let native = told(&|event| match event {
        Event::NativeSample(sample) => {
            let code = recorded.dictionary.get_native_code(sample.code);
            code.is_some_and(|code| code.module.is_some())
        }
        _ => false,
    });
    let free = python.free_threaded;
    [
        ("time.sleep", free || callee("time.sleep")),
        ("zlib.compress", free || callee("zlib.compress")),
        ("_socket.socket.recv", free || callee("_socket.socket.recv")),
        ("the holder of the GIL", free || held(recorded)),
        ("what is received from", receives),
        ("a collection", free || collects),
        ("collections", free || counted),
        ("clocks", clocks),
        ("native code", !stream || native || !has_stream(recorded)),
        ("a ready task", queued("ready", QueueReason::Ready)),
        ("a task whose timer is due", queued("timer", QueueReason::Timer)),
    ]
    .into_iter()
    .filter(|(_, found)| !found)
    .map(|(what, _)| what)
    .collect()
}

fn has_stream(recorded: &Recorded) -> bool {
    let kernel = |event: &Event| matches!(event, Event::Edges { source: EdgeSource::Kernel, .. });
    recorded.told.iter().any(kernel)
}

/// The thread `holder` was seen to hold the lock, with its stack in `hold` at that time.
fn held(recorded: &Recorded) -> bool {
    recorded.told.iter().any(|event| {
        let Event::Gil(look) = event else { return false };
        let Some(holder) = look.holder.filter(|_| look.locked) else { return false };
        let name = recorded.dictionary.get_thread(holder).and_then(|thread| thread.name);
        let stacks = recorded
            .samples
            .iter()
            .filter(|sample| sample.thread == holder && sample.time == look.time)
            .filter_map(|sample| sample.stack);
        name.is_some_and(|name| recorded.dictionary.text(name) == "holder")
            && stacks
                .map(|stack| recorded.stack(stack))
                .any(|stack| stack.last().is_some_and(|leaf| leaf.function.ends_with("hold")))
    })
}
