//! A client session made again and again.

use rustc_hash::{FxHashMap, FxHashSet};

use super::{Case, Collected, Detector, Severity};
use crate::analysis::facts::Analysis;
use crate::analysis::names::FrameNames;
use crate::model::{EvidenceValue, FrameId, TaskId};

/// Files and functions that make a session.
const MAKERS: &[(&str, &str, &str)] = &[
    ("aiohttp/client.py", "ClientSession.__init__", "aiohttp.ClientSession"),
    ("httpx/_client.py", "AsyncClient.__init__", "httpx.AsyncClient"),
    ("aiobotocore/session.py", "AioSession.__init__", "aiobotocore session"),
    ("redis/asyncio/client.py", "Redis.__init__", "redis.asyncio.Redis"),
    ("asyncpg/pool.py", "Pool.__init__", "asyncpg pool"),
];

/// So many tasks that make one of their own are a habit.
const HABIT: usize = 3;

pub(super) struct SessionPerRequest;

impl Detector for SessionPerRequest {
    fn kind(&self) -> &'static str {
        "session_per_request"
    }

    fn severity(&self) -> Severity {
        Severity::Warning
    }

    fn remedy(&self) -> &'static str {
        "make one session for the application's life, and share it: it keeps connections open"
    }

    fn check(&self, analysis: &Analysis, collected: &Collected) -> Vec<Case> {
        let mut makers: FxHashMap<(FrameId, usize), FxHashSet<TaskId>> = FxHashMap::default();
        let stacks = analysis.stacks.iter().filter_map(|hot| hot.stack);
        for (stack, tasks) in stacks.filter_map(|stack| Some((stack, collected.ran.get(&stack)?))) {
            let frames = analysis.dictionary.stack_frames(stack);
            for pair in frames.windows(2) {
                let [caller, frame] = pair else { continue };
                if let Some(maker) = maker(analysis, *frame) {
                    makers.entry((*caller, maker)).or_default().extend(tasks);
                }
            }
        }
        let mut found: Vec<_> = makers.into_iter().filter(|(_, by)| by.len() >= HABIT).collect();
        found.sort_unstable_by_key(|(key, _)| *key);
        found
            .into_iter()
            .filter_map(|((caller, maker), tasks)| {
                let (_, _, name) = *MAKERS.get(maker)?;
                let case = Case::at_frame(&analysis.dictionary, Some(caller))
                    .about(name, tasks.len() as u64);
                Some(case.with("tasks", EvidenceValue::Count(tasks.len() as u64)))
            })
            .collect()
    }

    fn describe(&self, case: &Case) -> String {
        format!("{} was seen being made anew by {} tasks", case.subject, case.weight)
    }

    fn summarise(&self, cases: &[Case]) -> String {
        let names: Vec<&str> = cases.iter().map(|case| case.subject.as_str()).collect();
        format!("{} were seen being made anew again and again", names.join(", "))
    }
}

/// The maker of sessions that a frame runs. Up to 3.10 names are not qualified.
fn maker(analysis: &Analysis, frame: FrameId) -> Option<usize> {
    let FrameNames { file, function, .. } = FrameNames::of(&analysis.dictionary, frame);
    let (file, function) = (file?, function?);
    MAKERS.iter().position(|(of, name, _)| {
        let plain = name.rsplit('.').next().unwrap_or(name);
        file.ends_with(of) && (function == *name || (function == plain && plain != *name))
    })
}
