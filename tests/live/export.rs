//! Perfetto traces of running programs.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use looptrace::model::{Event, TaskId, WaitId};

#[path = "../report/perfetto_fields.rs"]
mod perfetto_fields;

use crate::support::Target;
use crate::support::interpreter::interpreter;
use crate::support::interpreters;
use crate::support::look::looptrace;
use crate::support::recorder::Recorder;
use crate::support::sample::Sample;

/// The trace of what was recorded until `enough` events were seen, and what `report` says of it.
fn trace(sample: &str, count: u64, enough: impl Fn(&Event) -> bool) -> Option<Vec<u8>> {
    let python = interpreter(12).or_else(|| interpreters().last())?;
    let target = Target::start(python, &Sample::named(sample));
    let mut recorder = Recorder::start_unseen(&target, &["--quiet"]);
    recorder.wait_for_many("enough", count, enough);
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (file, out) =
        (directory.path().join("run.looptrace"), directory.path().join("out.pftrace"));
    recorder.stop_into(&file);
    let status = looptrace()
        .args(["export", "--format", "perfetto", "-o"])
        .args([&out, &file])
        .status()
        .expect("looptrace starts");
    assert!(status.success());
    Some(std::fs::read(out).expect("a trace"))
}

fn holds(trace: &[u8], text: &str) -> bool {
    trace.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn stalls_are_slices_and_every_field_is_one_of_perfettos() {
    // Some fifty looks at a thread that sleeps for 150 ms at a time.
    let stalled = |event: &Event| matches!(event, Event::Sample(sample) if sample.task.is_some());
    let Some(trace) = trace("mistake_blocking_call", 300, stalled) else { return };
    assert_eq!(perfetto_fields::strays(&trace), [""; 0]);
    for text in ["STALL blocking_call", "poller poll", "mistake_blocking_call.py"] {
        assert!(holds(&trace, text), "no {text}");
    }
}

/// Whether a task was seen to do something else after one that it awaited had ended.
#[derive(Default)]
struct WentOn {
    awaiters: BTreeMap<TaskId, Vec<TaskId>>,
    waits: BTreeMap<TaskId, Option<WaitId>>,
    woken: BTreeSet<TaskId>,
}

impl WentOn {
    fn event(&mut self, event: &Event) -> bool {
        match event {
            Event::AwaitedBy { task, awaiters } if !awaiters.is_empty() => {
                self.awaiters.insert(*task, awaiters.clone());
            }
            Event::TaskGone { task } => {
                self.woken.extend(self.awaiters.remove(task).into_iter().flatten());
            }
            Event::TaskRow(row) => {
                let before = self.waits.insert(row.task, row.wait);
                return before.is_some_and(|wait| wait != row.wait)
                    && self.woken.contains(&row.task);
            }
            _ => {}
        }
        false
    }
}

#[test]
fn the_end_of_a_task_flows_to_the_one_that_awaited_it() {
    let seen = RefCell::new(WentOn::default());
    let went_on = |event: &Event| seen.borrow_mut().event(event);
    let Some(trace) = trace("near_bare_except", 1, went_on) else { return };
    assert_eq!(perfetto_fields::strays(&trace), [""; 0]);
    // Field 47 of a TrackEvent begins a flow, 48 ends one; the first is number 1.
    for field in [47_u64, 48] {
        let tag = field << 3 | 1;
        let tag = [tag & 0x7f | 0x80, tag >> 7].map(|byte| u8::try_from(byte).expect("7 bits"));
        let wanted = [&tag[..], &1_u64.to_le_bytes()].concat();
        assert!(trace.windows(wanted.len()).any(|window| window == wanted), "no flow: {field}");
    }
}
