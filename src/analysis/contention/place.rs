//! Where a task waits: the line of its own or, where a library put a task in between, of the task
//! that awaits it.

use rustc_hash::FxHashMap;

use super::pools;
use crate::analysis::names::{FrameNames, is_library, passes_on};
use crate::model::{Dictionary, FrameId, FrameKind, StackId, TaskId, WaitKind};

/// Frames of a chain that are looked at, from the innermost on.
const DEEPEST: usize = 4096;
/// Tasks that are followed from one to the one that awaits it.
const MOST_AWAITERS: usize = 4;

/// Where a task waits, and for whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spot {
    /// The line: the innermost frame outside the standard library and of what only wraps it.
    pub(super) place: Option<FrameId>,
    /// Whether it is such a frame, and not just the innermost of all.
    pub(super) own: bool,
    /// The task whose line that is: `wait_for` makes a task for what it waits for before 3.12.
    pub(super) owner: TaskId,
    /// The library's pool that the line is in.
    pub(super) pool: Option<&'static str>,
}

/// What the frames of a chain tell.
#[derive(Debug, Clone, Copy, Default)]
struct Walked {
    /// The innermost frame that is a place.
    place: Option<FrameId>,
    /// The first pool on the way to it.
    pool: Option<&'static str>,
}

/// Where tasks wait, by chain: many tasks wait in the same.
#[derive(Debug, Default)]
pub(super) struct Places {
    walked: FxHashMap<(StackId, WaitKind), Walked>,
}

impl Places {
    /// Where `task` waits for something of `kind`.
    pub(super) fn spot(
        &mut self,
        dictionary: &Dictionary,
        task: TaskId,
        kind: WaitKind,
        chains: &FxHashMap<TaskId, StackId>,
        awaiters: &FxHashMap<TaskId, TaskId>,
    ) -> Spot {
        let leaf = chains.get(&task).and_then(|&chain| dictionary.get_stack(chain));
        let place = leaf.map(|leaf| leaf.frame);
        let mut spot = Spot { place, own: false, owner: task, pool: None };
        let mut owner = task;
        for _ in 0..=MOST_AWAITERS {
            let Some(&chain) = chains.get(&owner) else { break };
            let walked =
                *self.walked.entry((chain, kind)).or_insert_with(|| walk(dictionary, chain, kind));
            spot.pool = spot.pool.or(walked.pool);
            if let Some(place) = walked.place {
                return Spot { place: Some(place), own: true, owner, ..spot };
            }
            let Some(&awaiter) = awaiters.get(&owner) else { break };
            owner = awaiter;
        }
        spot
    }
}

/// Walks from the innermost frame of a chain to the first that is a place.
fn walk(dictionary: &Dictionary, chain: StackId, kind: WaitKind) -> Walked {
    let mut walked = Walked::default();
    let mut next = Some(chain);
    for _ in 0..DEEPEST {
        let Some(node) = next.and_then(|id| dictionary.get_stack(id)) else { break };
        let names = FrameNames::of(dictionary, node.frame);
        if let (Some(file), Some(function)) = (names.file, names.function) {
            walked.pool = walked.pool.or_else(|| pools::named(kind, file, function));
            let own = !is_library(file) && !passes_on(file) && !file.starts_with('<');
            if own && names.kind != Some(FrameKind::Native) {
                walked.place = Some(node.frame);
                break;
            }
        }
        next = node.parent;
    }
    walked
}
