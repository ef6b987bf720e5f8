//! Tasks that await each other in a circle.

use std::collections::VecDeque;

use rustc_hash::{FxHashMap, FxHashSet};

use super::record::Records;
use crate::model::TaskId;

/// At most this many cycles are looked for.
const MAX_CYCLES: usize = 256;

/// The cycles of the await graph, each as addresses of its tasks so that a task awaits the next
/// one, beginning with the lowest id. Of cycles that share tasks, one is given.
pub(super) fn find(records: &Records) -> Vec<Vec<TaskId>> {
    let mut awaited_by: FxHashMap<TaskId, &[TaskId]> = FxHashMap::default();
    for record in records.iter().filter(|record| !record.reported.is_empty()) {
        if let Some(id) = record.id {
            awaited_by.insert(id, &record.reported);
        }
    }
    trim(&mut awaited_by);
    let mut left: Vec<TaskId> = awaited_by.keys().copied().collect();
    left.sort_unstable();
    let mut used = FxHashSet::default();
    let mut cycles = Vec::new();
    for start in left {
        if cycles.len() >= MAX_CYCLES {
            break;
        }
        if used.contains(&start) {
            continue;
        }
        if let Some(cycle) = shortest(&awaited_by, start) {
            used.extend(cycle.iter().copied());
            cycles.push(cycle);
        }
    }
    cycles
}

/// Takes out, again and again, the tasks none of whose awaiters is awaited itself.
fn trim(awaited_by: &mut FxHashMap<TaskId, &[TaskId]>) {
    let mut open: FxHashMap<TaskId, usize> = FxHashMap::default();
    let mut awaits: FxHashMap<TaskId, Vec<TaskId>> = FxHashMap::default();
    #[expect(clippy::iter_over_hash_type, reason = "counts only: the order does not show")]
    for (&task, awaiters) in &*awaited_by {
        open.insert(task, awaiters.len());
        for &awaiter in *awaiters {
            awaits.entry(awaiter).or_default().push(task);
        }
    }
    let mut roots: Vec<TaskId> =
        awaits.keys().copied().filter(|task| !awaited_by.contains_key(task)).collect();
    while let Some(root) = roots.pop() {
        for task in awaits.remove(&root).unwrap_or_default() {
            let Some(count) = open.get_mut(&task) else { continue };
            *count -= 1;
            if *count == 0 {
                awaited_by.remove(&task);
                roots.push(task);
            }
        }
    }
}

/// The shortest way from `start` along its awaiters back to itself, in the order of awaits.
fn shortest(awaited_by: &FxHashMap<TaskId, &[TaskId]>, start: TaskId) -> Option<Vec<TaskId>> {
    let mut from: FxHashMap<TaskId, TaskId> = FxHashMap::default();
    let mut queue = VecDeque::from([start]);
    while let Some(task) = queue.pop_front() {
        for &awaiter in awaited_by.get(&task).copied().unwrap_or_default() {
            if awaiter == start {
                // start awaits task, which awaits what the search came from, and so on.
                let mut cycle = vec![start];
                let mut at = task;
                while at != start {
                    cycle.push(at);
                    at = *from.get(&at)?;
                }
                return Some(cycle);
            }
            from.entry(awaiter).or_insert_with(|| {
                queue.push_back(awaiter);
                task
            });
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asyncio::record::{Identity, Record};
    use crate::memory::RemoteAddr;

    fn records(awaited_by: &[&[u32]]) -> Records {
        let mut records = Records::default();
        for (i, awaiters) in (1_u32..).zip(awaited_by) {
            let identity = Identity {
                coro: RemoteAddr::NULL,
                context: RemoteAddr::NULL,
                name_mark: 0,
                name: None,
            };
            records.insert(Record {
                addr: RemoteAddr::new(u64::from(i)),
                id: TaskId::new(i),
                identity,
                row: None,
                note: None,
                turn: 0,
                guard: crate::asyncio::guard::Guard::default(),
                wants: None,
                held: Vec::new(),
                detail: None,
                awaiters: Vec::new(),
                reported: awaiters.iter().filter_map(|&id| TaskId::new(id)).collect(),
                started: true,
                seen: 0,
            });
        }
        records
    }

    fn found(awaited_by: &[&[u32]]) -> Vec<Vec<u32>> {
        find(&records(awaited_by))
            .into_iter()
            .map(|cycle| cycle.into_iter().map(TaskId::get).collect())
            .collect()
    }

    #[test]
    fn a_tree_and_a_diamond_have_no_cycle() {
        assert!(found(&[&[2], &[3], &[]]).is_empty());
        assert!(found(&[&[2, 3], &[4], &[4], &[]]).is_empty());
    }

    #[test]
    fn a_cycle_is_in_the_order_of_awaits() {
        // 1 is awaited by 2, 2 by 3, 3 by 1; 4 is awaited by 1 and awaits nobody here.
        assert_eq!(found(&[&[2], &[3], &[1], &[1]]), [[1, 3, 2]]);
        assert_eq!(found(&[&[1]]), [[1]]);
    }

    #[test]
    fn cycles_apart_are_both_found_and_what_hangs_on_them_is_not() {
        assert_eq!(found(&[&[2], &[1], &[4], &[3], &[1, 4]]), [[1, 2], [3, 4]]);
    }
}
