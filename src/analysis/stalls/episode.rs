//! A stretch in which every look at a loop's thread saw the same thing going on.

use std::num::NonZeroU32;

use crate::model::{Contiguity, Sample, StackId, TaskId, Timestamp};

/// Looks in a row that saw the same stack.
#[derive(Debug, Clone, Copy)]
pub(super) struct Run {
    pub(super) first: Timestamp,
    pub(super) last: Timestamp,
    pub(super) stack: Option<StackId>,
    pub(super) task: Option<TaskId>,
    pub(super) task_depth: Option<u32>,
    /// How many looks.
    pub(super) looks: u32,
}

/// More runs than this are thinned out.
const MOST_RUNS: usize = 20_000;

/// One callback, or one stretch outside of any.
#[derive(Debug, Clone)]
pub(super) struct Episode {
    /// The observation before it, and whether the loop polled then.
    pub(super) before: Option<Timestamp>,
    /// Whether a callback runs; otherwise it is the loop's own work.
    pub(super) inside: bool,
    pub(super) contiguity: Contiguity,
    pub(super) runs: Vec<Run>,
    context_ver: Option<u64>,
    callback: Option<NonZeroU32>,
}

impl Episode {
    pub(super) fn new(before: Option<Timestamp>, look: &Sample, inside: bool) -> Self {
        Self {
            before,
            inside,
            contiguity: Contiguity::Proven,
            runs: vec![Run::new(look)],
            context_ver: look.context_ver,
            callback: look.callback,
        }
    }

    pub(super) fn first(&self) -> Timestamp {
        self.runs.first().map_or(Timestamp::ZERO, |run| run.first)
    }

    pub(super) fn last(&self) -> Timestamp {
        self.runs.last().map_or(Timestamp::ZERO, |run| run.last)
    }

    /// Takes a look that belongs to it, or says that it is something else.
    pub(super) fn take(&mut self, look: &Sample, inside: bool) -> bool {
        let same = self.context_ver.is_some() && self.context_ver == look.context_ver;
        let alike = self.callback.is_some() && self.callback == look.callback;
        if inside != self.inside || !(same || alike) {
            return false;
        }
        if !same {
            self.contiguity = Contiguity::Likely;
        }
        self.context_ver = look.context_ver;
        self.callback = look.callback.or(self.callback);
        self.add(look);
        true
    }

    /// What was seen in another one, that came after it in the same turn of the loop.
    pub(super) fn append(&mut self, other: &Self) {
        self.runs.extend_from_slice(&other.runs);
        if self.runs.len() > MOST_RUNS {
            self.thin_out();
        }
    }

    fn add(&mut self, look: &Sample) {
        if let Some(run) = self.runs.last_mut()
            && (run.stack, run.task_depth) == (look.stack, look.task_depth)
            && run.task == look.task
        {
            run.last = look.time;
            run.looks = run.looks.saturating_add(1);
            return;
        }
        self.runs.push(Run::new(look));
        if self.runs.len() > MOST_RUNS {
            self.thin_out();
        }
    }

    /// Lets every other run stand for the one after it, too.
    fn thin_out(&mut self) {
        let kept = self.runs.chunks(2).filter_map(|pair| {
            let (first, last) = (pair.first()?, pair.last()?);
            Some(Run { last: last.last, looks: first.looks.saturating_add(last.looks), ..*first })
        });
        self.runs = kept.collect();
    }
}

impl Run {
    const fn new(look: &Sample) -> Self {
        Self {
            first: look.time,
            last: look.time,
            stack: look.stack,
            task: look.task,
            task_depth: look.task_depth,
            looks: 1,
        }
    }
}
