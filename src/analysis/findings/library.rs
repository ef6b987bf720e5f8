//! Libraries that block, called on the loop's thread.

use rustc_hash::FxHashMap;

use super::{Case, Collected, Detector, Severity};
use crate::analysis::facts::Analysis;
use crate::analysis::names::FrameNames;
use crate::model::{Activity, Duration, EvidenceValue, FrameId};

/// Time on the loop's thread from which on it is worth a word.
const LEAST: Duration = Duration::from_nanos(50_000_000);

/// Ends of paths, the library's name, and what to use instead.
const LIBRARIES: &[(&str, &str, &str)] = &[
    ("/requests/", "requests", "httpx.AsyncClient or aiohttp; else `asyncio.to_thread`"),
    ("/urllib/request.py", "urllib", "httpx.AsyncClient or aiohttp; else `asyncio.to_thread`"),
    ("/http/client.py", "http.client", "httpx.AsyncClient or aiohttp; else `asyncio.to_thread`"),
    ("/psycopg2/", "psycopg2", "asyncpg or psycopg's AsyncConnection"),
    ("/pymysql/", "pymysql", "aiomysql or asyncmy"),
    ("/pymongo/synchronous/", "pymongo", "pymongo's AsyncMongoClient"),
    ("/redis/connection.py", "redis", "redis.asyncio"),
    ("/botocore/", "botocore", "aiobotocore"),
    ("/smtplib.py", "smtplib", "aiosmtplib"),
    ("/paramiko/", "paramiko", "asyncssh"),
    ("/subprocess.py", "subprocess", "`asyncio.create_subprocess_exec`"),
    ("/django/db/", "Django's ORM", "its `a…` methods or `sync_to_async`"),
    ("/sqlalchemy/orm/session.py", "SQLAlchemy's Session", "AsyncSession"),
];

/// Parts of libraries that asyncio itself calls on the loop's thread, quickly.
const HARMLESS: &[&str] = &["Popen.__init__", "Popen._execute_child", "_execute_child"];

pub(super) struct SyncLibrary;

impl Detector for SyncLibrary {
    fn kind(&self) -> &'static str {
        "sync_library"
    }

    fn severity(&self) -> Severity {
        Severity::Error
    }

    fn remedy(&self) -> &'static str {
        "use the library's asynchronous counterpart, or `await asyncio.to_thread(…)`"
    }

    fn check(&self, analysis: &Analysis, _: &Collected) -> Vec<Case> {
        let mut sums: FxHashMap<(Option<FrameId>, usize), (Duration, u64)> = FxHashMap::default();
        for hot in analysis.stacks.iter().filter(|hot| hot.activity == Activity::Busy) {
            let Some(stack) = hot.stack else { continue };
            // Only what a task's or callback's step called: the loop polls below no library.
            let frames = analysis.dictionary.stack_frames(stack);
            if let Some(found) = called(analysis, &frames) {
                let sum = sums.entry(found).or_default();
                *sum = (sum.0 + hot.weight, sum.1 + hot.samples);
            }
        }
        let mut cases: Vec<Case> = Vec::new();
        let mut found: Vec<_> = sums.into_iter().collect();
        found.sort_unstable_by_key(|(key, _)| *key);
        for ((caller, library), (weight, samples)) in found {
            let Some(&(_, name, instead)) = LIBRARIES.get(library) else { continue };
            if weight < LEAST || samples < 3 {
                continue;
            }
            let mut case = Case::at_frame(&analysis.dictionary, caller)
                .about(name, weight.as_nanos())
                .with("samples", EvidenceValue::Count(samples))
                .with("time_ns", EvidenceValue::Count(weight.as_nanos()));
            case.remedy = Some(format!("use {instead}"));
            cases.push(case);
        }
        cases
    }

    fn describe(&self, case: &Case) -> String {
        let length = Duration::from_nanos(case.weight);
        format!("{} was called on the event loop's thread and took {length}", case.subject)
    }

    fn summarise(&self, cases: &[Case]) -> String {
        let all = cases.iter().map(|case| case.weight).fold(0, u64::saturating_add);
        let names: Vec<&str> = cases.iter().map(|case| case.subject.as_str()).collect();
        let length = Duration::from_nanos(all);
        format!("{} were called on the event loop's thread and took {length}", names.join(", "))
    }
}

/// The library that a stack is in, and the frame that called it.
fn called(analysis: &Analysis, frames: &[FrameId]) -> Option<(Option<FrameId>, usize)> {
    let mut in_loop = false;
    let mut caller = None;
    for &frame in frames {
        let FrameNames { file, function, .. } = FrameNames::of(&analysis.dictionary, frame);
        let file = file.unwrap_or_default();
        if file.ends_with("asyncio/events.py") || file.ends_with("asyncio/base_events.py") {
            in_loop = true;
            caller = None;
            continue;
        }
        if !in_loop {
            continue;
        }
        let library = LIBRARIES.iter().position(|(part, ..)| file.contains(part));
        match library {
            Some(_) if function.is_some_and(|name| HARMLESS.contains(&name)) => return None,
            Some(library) => return caller.map(|caller| (Some(caller), library)),
            None if file.contains("/asyncio/") => {}
            None => caller = Some(frame),
        }
    }
    None
}
