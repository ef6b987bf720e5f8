//! Single tasks: nobody refers to them, they failed unheard, or they do not end when asked to.

use super::{Case, Collected, Detector, Severity};
use crate::analysis::facts::Analysis;
use crate::analysis::names::{task_coroutine, task_name};
use crate::model::{Dictionary, Duration, EvidenceValue, Snapshot, TaskId, TaskNote};

/// An exception that nobody asks for may still be asked for within this time.
const UNHEARD: Duration = Duration::from_nanos(1_000_000_000);
/// A cancelled task may clean up for this long.
const CLEANUP: Duration = Duration::from_nanos(1_000_000_000);

fn task_case(dictionary: &Dictionary, task: TaskId, weight: u64) -> Case {
    let name = task_name(dictionary, task).unwrap_or("?");
    let coroutine = task_coroutine(dictionary, task).unwrap_or("?");
    let code = dictionary.get_task(task).and_then(|task| task.code);
    Case::at_code(dictionary, code)
        .about(format!("{name} {coroutine}()"), weight)
        .with("task", EvidenceValue::Count(u64::from(task.get())))
        .with("name", EvidenceValue::Text(name.to_owned()))
}

fn first(cases: &[Case]) -> &str {
    cases.first().map_or("?", |case| &case.subject)
}

/// Nothing refers to a task but what will wake it.
pub(super) struct Orphan;

impl Detector for Orphan {
    fn kind(&self) -> &'static str {
        "orphan_task"
    }

    fn severity(&self) -> Severity {
        Severity::Warning
    }

    fn remedy(&self) -> &'static str {
        "keep a reference to the task and await it, or add a done-callback that reads its exception"
    }

    fn check(&self, analysis: &Analysis, collected: &Collected) -> Vec<Case> {
        collected.orphans.iter().map(|&task| task_case(&analysis.dictionary, task, 1)).collect()
    }

    fn check_look(&self, snapshot: &Snapshot) -> Vec<Case> {
        let noted = snapshot.notes.iter().filter(|(_, note)| *note == TaskNote::Orphan);
        noted.map(|&(task, _)| task_case(&snapshot.dictionary, task, 1)).collect()
    }

    fn describe(&self, case: &Case) -> String {
        format!("nothing refers to {}: it may vanish, and nobody sees how it ends", case.subject)
    }

    fn summarise(&self, cases: &[Case]) -> String {
        let count = cases.len();
        format!("nothing refers to {count} tasks such as {}: they may vanish", first(cases))
    }
}

/// A task failed and nobody asked.
pub(super) struct Swallowed;

impl Detector for Swallowed {
    fn kind(&self) -> &'static str {
        "swallowed_exception"
    }

    fn severity(&self) -> Severity {
        Severity::Warning
    }

    fn remedy(&self) -> &'static str {
        "await the task, or read `task.exception()` in a done-callback"
    }

    fn check(&self, analysis: &Analysis, collected: &Collected) -> Vec<Case> {
        collected
            .unretrieved
            .iter()
            .filter(|&&(_, unheard)| unheard >= UNHEARD)
            .map(|&(task, unheard)| {
                task_case(&analysis.dictionary, task, unheard.as_nanos())
                    .with("unheard_ns", EvidenceValue::Count(unheard.as_nanos()))
            })
            .collect()
    }

    fn describe(&self, case: &Case) -> String {
        let length = Duration::from_nanos(case.weight);
        format!("{} failed {length} ago, and nobody has asked for its exception", case.subject)
    }

    fn summarise(&self, cases: &[Case]) -> String {
        let count = cases.len();
        format!("{count} tasks such as {} failed, and nobody has asked why", first(cases))
    }
}

/// A task goes on although it was cancelled.
pub(super) struct SlowCancellation;

impl Detector for SlowCancellation {
    fn kind(&self) -> &'static str {
        "slow_cancellation"
    }

    fn severity(&self) -> Severity {
        Severity::Warning
    }

    fn remedy(&self) -> &'static str {
        "do not catch CancelledError (or BaseException, or with a bare `except:`) without raising it \
         again; put a timeout around clean-up"
    }

    fn check(&self, analysis: &Analysis, collected: &Collected) -> Vec<Case> {
        let mut slow: Vec<_> = collected
            .cancelling
            .iter()
            .map(|(&task, cancelling)| (task, *cancelling))
            .filter(|(_, cancelling)| cancelling.until.since(cancelling.since) >= CLEANUP)
            .collect();
        slow.sort_unstable_by_key(|(task, _)| *task);
        slow.into_iter()
            .map(|(task, cancelling)| {
                let length = cancelling.until.since(cancelling.since);
                task_case(&analysis.dictionary, task, length.as_nanos())
                    .with("cancel_requests", EvidenceValue::Count(cancelling.requests.into()))
                    .with("pending_ns", EvidenceValue::Count(length.as_nanos()))
            })
            .collect()
    }

    fn describe(&self, case: &Case) -> String {
        let length = Duration::from_nanos(case.weight);
        format!("{} was cancelled and still went on {length} later", case.subject)
    }

    fn summarise(&self, cases: &[Case]) -> String {
        let longest = cases.iter().map(|case| case.weight).max().unwrap_or(0);
        let (count, longest) = (cases.len(), Duration::from_nanos(longest));
        format!("{count} tasks were cancelled and went on, {} for {longest}", first(cases))
    }
}
