//! From a snapshot to the boxes that were asked for.

use std::sync::Arc;

use looptrace::analysis::timeline::{LaneKind, LookAt, SpanState};
use looptrace::model::{StackId, TaskId, ThreadId, Timestamp, WaitId};
use rustc_hash::FxHashMap;

use super::paths::Paths;
use super::tree::Tree;
use super::{Block, Flame, Layout, Request, Rows, Weight, Whose};
use crate::job::Cancel;
use crate::snapshot::Snapshot;

/// Boxes of a time order; more are not laid out.
const MOST_BOXES: usize = 1_000_000;

/// Lays out what was asked for.
#[must_use]
pub fn build(snapshot: &Snapshot, request: &Request, cancel: &Cancel) -> Flame {
    let mut paths = Paths::new(&snapshot.analysis.dictionary, &request.transforms);
    if request.layout == Layout::TimeOrder && request.weight == Weight::Running {
        return in_order(snapshot, request, paths, cancel);
    }
    let weights = match request.weight {
        Weight::Running => running(snapshot, request),
        Weight::Waiting => waiting(snapshot, request, cancel),
    };
    let mut tree = Tree::default();
    let mut callers = Tree::default();
    for ((stack, suspension), nanos) in weights {
        if cancel.is_cancelled() {
            return Flame::default();
        }
        let Some(mut path) = paths.path(stack) else { continue };
        if let Some((state, wait)) = suspension {
            path.push(paths.suspension(state, wait));
        }
        match request.layout {
            Layout::Inverted => tree.add(path.into_iter().rev(), nanos),
            Layout::Sandwich => {
                let middle = path.iter().position(|&name| {
                    let code = paths.names().get(name as usize).and_then(|name| name.code);
                    code.is_some() && code == request.middle
                });
                if let Some(middle) = middle {
                    tree.add(path[middle..].iter().copied(), nanos);
                    callers.add(path[..=middle].iter().rev().copied(), nanos);
                }
            }
            Layout::LeftHeavy | Layout::TimeOrder => tree.add(path, nanos),
        }
    }
    let (rows, total) = tree.layout(paths.names());
    let (mut above, _) = callers.layout(paths.names());
    if !above.is_empty() {
        above.remove(0);
    }
    Flame {
        names: Arc::new(paths.into_names()),
        rows,
        callers: above,
        start: 0,
        total,
        is_cut: false,
    }
}

type Suspension = Option<(SpanState, Option<WaitId>)>;
type Weights = Vec<((Option<StackId>, Suspension), u64)>;

fn looks<'a>(snapshot: &'a Snapshot, request: &Request) -> impl Iterator<Item = &'a LookAt> {
    let wants = wanted(snapshot, request.whose);
    let (from, to) = bounds(request);
    snapshot
        .timeline
        .samples
        .between(from, to)
        .iter()
        .filter(move |look| look.task.map_or_else(|| wants(None), |task| wants(Some(task))))
}

fn bounds(request: &Request) -> (Timestamp, Timestamp) {
    let at = Timestamp::from_nanos;
    (at(request.extent.start), at(request.extent.end))
}

/// Whether a task's time, or that of no task, is asked for.
fn wanted(snapshot: &Snapshot, whose: Whose) -> impl Fn(Option<TaskId>) -> bool {
    let lanes = match whose {
        Whose::Group(group) => {
            snapshot.timeline.groups.get(group).map(|group| group.lanes.clone()).unwrap_or_default()
        }
        Whose::All | Whose::Task(_) => 0..0,
    };
    move |task| match whose {
        Whose::All => true,
        Whose::Task(wanted) => task == Some(wanted),
        Whose::Group(_) => task
            .and_then(|task| snapshot.timeline.lane_of(task))
            .is_some_and(|lane| lanes.contains(&lane)),
    }
}

fn running(snapshot: &Snapshot, request: &Request) -> Weights {
    let mut sums: FxHashMap<Option<StackId>, u64> = FxHashMap::default();
    for look in looks(snapshot, request) {
        let sum = sums.entry(look.stack).or_default();
        *sum = sum.saturating_add(inside(look, request));
    }
    sorted(sums.into_iter().map(|(stack, nanos)| ((stack, None), nanos)).collect())
}

/// What of a look's time lies in the stretch asked for.
fn inside(look: &LookAt, request: &Request) -> u64 {
    u64::from(look.nanos).min(look.time.as_nanos().saturating_sub(request.extent.start))
}

fn waiting(snapshot: &Snapshot, request: &Request, cancel: &Cancel) -> Weights {
    let wants = wanted(snapshot, request.whose);
    let (from, to) = bounds(request);
    let mut sums: FxHashMap<(Option<StackId>, Suspension), u64> = FxHashMap::default();
    for lane in &snapshot.timeline.lanes {
        if cancel.is_cancelled() {
            break;
        }
        if !matches!(lane.kind, LaneKind::Task(_) | LaneKind::Packed(_)) {
            continue;
        }
        for span in lane.spans.between(from, to) {
            if matches!(span.state, SpanState::Waiting | SpanState::Ready) && wants(span.task) {
                let key = (span.stack, Some((span.state, span.wait)));
                let sum = sums.entry(key).or_default();
                let length = span.end.min(to).since(span.start.max(from)).as_nanos();
                *sum = sum.saturating_add(length);
            }
        }
    }
    sorted(sums.into_iter().collect())
}

/// In an order that does not depend on hashing, so that equal requests look the same.
fn sorted(mut weights: Weights) -> Weights {
    weights.sort_unstable_by_key(|(key, _)| *key);
    weights
}

/// The boxes of one thread as they followed each other.
fn in_order(
    snapshot: &Snapshot,
    request: &Request,
    mut paths: Paths<'_>,
    cancel: &Cancel,
) -> Flame {
    let thread = busiest(snapshot, request);
    let mut known: FxHashMap<Option<StackId>, Option<Vec<u32>>> = FxHashMap::default();
    let mut rows: Rows = Vec::new();
    let mut open: Vec<u32> = Vec::new();
    let mut last_end = 0;
    let mut boxes = 0;
    let mut is_cut = false;
    for look in looks(snapshot, request).filter(|look| Some(look.thread) == thread) {
        let end = look.time.as_nanos();
        let start = end.saturating_sub(inside(look, request));
        let path = known.entry(look.stack).or_insert_with(|| paths.path(look.stack));
        let Some(path) = path else { continue };
        let same = if start == last_end {
            open.iter().zip(path.iter()).take_while(|(a, b)| a == b).count()
        } else {
            0
        };
        if rows.len() < path.len() {
            rows.resize_with(path.len(), Vec::new);
        }
        for (depth, &name) in path.iter().enumerate() {
            let own = if depth + 1 == path.len() { end - start } else { 0 };
            match rows[depth].last_mut() {
                Some(last) if depth < same => {
                    last.width = end.saturating_sub(last.x);
                    last.own = last.own.saturating_add(own);
                }
                _ => {
                    rows[depth].push(Block { x: start, width: end - start, own, name });
                    boxes += 1;
                }
            }
        }
        open.clone_from(path);
        last_end = end;
        is_cut = boxes > MOST_BOXES;
        if is_cut || cancel.is_cancelled() {
            break;
        }
    }
    let (start, total) = (request.extent.start, request.extent.length());
    let names = Arc::new(paths.into_names());
    Flame { names, rows, callers: Vec::new(), start, total, is_cut }
}

/// The thread that ran most.
fn busiest(snapshot: &Snapshot, request: &Request) -> Option<ThreadId> {
    let mut sums: std::collections::BTreeMap<ThreadId, u64> = std::collections::BTreeMap::new();
    for look in looks(snapshot, request) {
        let sum = sums.entry(look.thread).or_default();
        *sum = sum.saturating_add(u64::from(look.nanos));
    }
    sums.into_iter().max_by_key(|(_, sum)| *sum).map(|(thread, _)| thread)
}
