//! Tasks that await each other in a circle.

use rustc_hash::FxHashMap;

use super::{Case, Collected, Detector, Severity};
use crate::analysis::facts::Analysis;
use crate::analysis::names::{task_coroutine, task_name};
use crate::model::{Dictionary, Duration, EvidenceValue, Snapshot, TaskId, TaskState};

/// None of its tasks may have moved for this long.
const STILL: Duration = Duration::from_nanos(500_000_000);
/// Longer ways are not followed.
const LONGEST: usize = 1 << 16;

pub(super) struct AwaitCycle;

impl Detector for AwaitCycle {
    fn kind(&self) -> &'static str {
        "await_cycle"
    }

    fn severity(&self) -> Severity {
        Severity::Error
    }

    fn remedy(&self) -> &'static str {
        "none of these tasks can ever go on by itself: break the circle, or put a timeout around one"
    }

    fn check(&self, analysis: &Analysis, collected: &Collected) -> Vec<Case> {
        let states: FxHashMap<TaskId, TaskState> =
            analysis.tasks.iter().map(|time| (time.id, time.state)).collect();
        let stuck = |task: &TaskId| {
            states.get(task) == Some(&TaskState::Waiting)
                && collected
                    .still_since
                    .get(task)
                    .is_some_and(|&since| collected.end.since(since) >= STILL)
        };
        let mut starts: Vec<TaskId> = collected.awaiters.keys().copied().collect();
        starts.sort_unstable();
        let mut done: FxHashMap<TaskId, u32> = FxHashMap::default();
        let mut cases = Vec::new();
        for (walk, start) in (1..).zip(starts) {
            if let Some(cycle) = from(collected, start, walk, &mut done)
                && cycle.iter().all(&stuck)
            {
                cases.push(case(&analysis.dictionary, &cycle));
            }
        }
        cases
    }

    fn check_look(&self, snapshot: &Snapshot) -> Vec<Case> {
        snapshot.cycles.iter().map(|cycle| case(&snapshot.dictionary, cycle)).collect()
    }

    fn describe(&self, case: &Case) -> String {
        format!("these tasks await each other in a circle: {}", case.subject)
    }

    fn summarise(&self, cases: &[Case]) -> String {
        let first = cases.first().map_or("?", |case| &case.subject);
        format!("{} circles of tasks that await each other: {first} …", cases.len())
    }
}

/// Follows awaiters from `start` on until a task comes up again that this walk has passed. A task
/// with several awaiters is followed to the lowest that has awaiters itself.
fn from(
    collected: &Collected,
    start: TaskId,
    walk: u32,
    done: &mut FxHashMap<TaskId, u32>,
) -> Option<Vec<TaskId>> {
    let mut path = Vec::new();
    let mut at = start;
    for _ in 0..LONGEST {
        match done.get(&at) {
            Some(&earlier) if earlier != walk => return None,
            Some(_) => {
                let first = path.iter().position(|&task| task == at)?;
                let mut cycle = path.split_off(first);
                // Awaiters were followed; the other way round each awaits the next.
                cycle.reverse();
                let lowest = cycle.iter().enumerate().min_by_key(|(_, task)| **task)?.0;
                cycle.rotate_left(lowest);
                return Some(cycle);
            }
            None => {}
        }
        done.insert(at, walk);
        path.push(at);
        let awaiters = collected.awaiters.get(&at)?;
        at = *awaiters.iter().find(|task| collected.awaiters.contains_key(task))?;
    }
    None
}

fn case(dictionary: &Dictionary, cycle: &[TaskId]) -> Case {
    let names: Vec<String> = cycle
        .iter()
        .map(|&task| {
            let name = task_name(dictionary, task).unwrap_or("?");
            let coroutine = task_coroutine(dictionary, task).unwrap_or("?");
            format!("{name} {coroutine}()")
        })
        .collect();
    let code = cycle.first().and_then(|&task| dictionary.get_task(task)?.code);
    Case::at_code(dictionary, code)
        .about(names.join(" → "), cycle.len() as u64)
        .with("tasks", EvidenceValue::Count(cycle.len() as u64))
        .with("first_task", EvidenceValue::Text(names.first().cloned().unwrap_or_default()))
}
