//! From what tasks did to lanes: those of one coroutine together, short-lived ones behind each
//! other in the same lane.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rustc_hash::FxHashMap;

use crate::model::{CodeId, Dictionary, StringId, TaskId, Timestamp};

use super::lane::{Group, Lane, LaneKind};
use super::spans::{Span, Spans};
use super::{Place, Timeline};

/// With more tasks than this, a group shares lanes among those that do not overlap.
const OWN_LANES: usize = 64;

/// A group's name and code, and its tasks: when each was first seen, and its position.
type Member = (Timestamp, usize);
type Key = (Option<StringId>, Option<CodeId>);

/// Appends the lanes of all tasks, groups in the order of their first task.
pub(super) fn add_tasks(
    timeline: &mut Timeline,
    dictionary: &Dictionary,
    mut tasks: Vec<Vec<Span>>,
) {
    let mut groups: FxHashMap<Key, Vec<Member>> = FxHashMap::default();
    for (index, spans) in tasks.iter().enumerate() {
        let Some(first) = spans.first() else { continue };
        let task = TaskId::from_index(index).and_then(|id| dictionary.get_task(id));
        let key = task.map_or((None, None), |task| (task.coroutine, task.code));
        groups.entry(key).or_default().push((first.start, index));
    }
    let mut groups: Vec<(Key, Vec<Member>)> = groups.into_iter().collect();
    groups.iter_mut().for_each(|(_, members)| members.sort_unstable());
    groups.sort_unstable_by_key(|(key, members)| (members.first().copied(), *key));
    timeline.places = vec![Place::NOWHERE; tasks.len()];
    for ((name, code), members) in groups {
        let begin = timeline.lanes.len();
        let first = members.first().map_or(Timestamp::ZERO, |member| member.0);
        if members.len() > OWN_LANES {
            pack(timeline, &members, &mut tasks);
        } else {
            for &(_, index) in &members {
                if let Some(task) = TaskId::from_index(index) {
                    add_lane(timeline, LaneKind::Task(task), &[index], &mut tasks);
                }
            }
        }
        let lanes = begin..timeline.lanes.len();
        timeline.groups.push(Group { name, code, tasks: members.len(), first, lanes });
    }
}

/// Puts each task into the lane that has been free for the longest time, or into a new one.
fn pack(timeline: &mut Timeline, members: &[Member], tasks: &mut [Vec<Span>]) {
    let mut lanes: Vec<Vec<usize>> = Vec::new();
    let mut free: BinaryHeap<Reverse<(Timestamp, usize)>> = BinaryHeap::new();
    for &(start, index) in members {
        let end = tasks[index].last().map_or(start, |span| span.end);
        let lane = match free.peek() {
            Some(&Reverse((since, lane))) if since <= start => {
                free.pop();
                lane
            }
            _ => {
                lanes.push(Vec::new());
                lanes.len() - 1
            }
        };
        lanes[lane].push(index);
        free.push(Reverse((end, lane)));
    }
    for lane in lanes {
        let kind = match lane.as_slice() {
            &[only] => TaskId::from_index(only).map_or(LaneKind::Packed(1), LaneKind::Task),
            several => LaneKind::Packed(several.len()),
        };
        add_lane(timeline, kind, &lane, tasks);
    }
}

/// Moves the spans of tasks into a lane: what is no longer needed makes room for the next one.
fn add_lane(timeline: &mut Timeline, kind: LaneKind, members: &[usize], tasks: &mut [Vec<Span>]) {
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let lane = number(timeline.lanes.len());
    let mut spans = Spans::default();
    spans.reserve(members.iter().map(|&index| tasks[index].len()).sum());
    for &index in members {
        let first = number(spans.len());
        std::mem::take(&mut tasks[index]).into_iter().for_each(|span| spans.push(span));
        timeline.places[index] = Place { lane, first, end: number(spans.len()) };
    }
    spans.finish();
    timeline.lanes.push(Lane { kind, spans });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::timeline::SpanState;

    fn life(index: usize, start: u64, end: u64) -> Vec<Span> {
        vec![Span {
            start: Timestamp::from_nanos(start),
            end: Timestamp::from_nanos(end),
            state: SpanState::Waiting,
            task: TaskId::from_index(index),
            stack: None,
            wait: None,
        }]
    }

    #[test]
    fn many_short_lives_share_few_lanes_and_each_is_found_again() {
        let tasks: Vec<Vec<Span>> =
            (0..1_000).map(|n| life(n, n as u64 * 10, n as u64 * 10 + 25)).collect();
        let mut timeline = Timeline::default();
        add_tasks(&mut timeline, &Dictionary::new(), tasks);
        assert_eq!(timeline.groups.len(), 1);
        assert_eq!((timeline.groups[0].tasks, timeline.lanes.len()), (1_000, 3));
        for index in [0, 1, 500, 999] {
            let task = TaskId::from_index(index).unwrap();
            let spans: Vec<Span> = timeline.task_spans(task).collect();
            assert_eq!(spans, life(index, index as u64 * 10, index as u64 * 10 + 25));
        }
    }

    #[test]
    fn few_tasks_have_lanes_of_their_own() {
        let tasks: Vec<Vec<Span>> = (0..3).map(|n| life(n, 30 - n as u64, 40)).collect();
        let mut timeline = Timeline::default();
        add_tasks(&mut timeline, &Dictionary::new(), tasks);
        let kinds: Vec<LaneKind> = timeline.lanes.iter().map(|lane| lane.kind).collect();
        let task = |number| LaneKind::Task(TaskId::new(number).unwrap());
        assert_eq!(kinds, [task(3), task(2), task(1)]);
    }
}
