//! Lines that are too long: for a lock or a pool, for an executor's workers, for room in a queue.

use super::{Case, Collected, Detector, Severity};
use crate::analysis::contention::Contention;
use crate::analysis::facts::Analysis;
use crate::analysis::names::task_name;
use crate::model::{Duration, EvidenceValue, WaitKind};

/// Nothing is said of recordings shorter than this.
const LEAST: Duration = Duration::from_nanos(1_000_000_000);

/// Whether `part` is at least `percent` of `whole`.
fn share(part: Duration, whole: Duration, percent: u64) -> bool {
    u128::from(part.as_nanos()) * 100 >= u128::from(whole.as_nanos()) * u128::from(percent)
}

fn object_case(analysis: &Analysis, facts: &Contention) -> Case {
    let object = facts.object.map(|object| EvidenceValue::Count(u64::from(object.get())));
    Case::at_frame(&analysis.dictionary, facts.place)
        .about(facts.label(&analysis.dictionary), facts.total.as_nanos())
        .with("object", object.unwrap_or(EvidenceValue::Unknown))
        .with("total_ns", EvidenceValue::Count(facts.total.as_nanos()))
        .with("longest_ns", EvidenceValue::Count(facts.longest.as_nanos()))
        .with("waits", EvidenceValue::Count(facts.waits))
        .with("most_waiters", EvidenceValue::Count(u64::from(facts.most_waiters)))
}

/// How many tasks waited on average, times 100.
fn waiting_percent(total: Duration, whole: Duration) -> u128 {
    u128::from(total.as_nanos()) * 100 / u128::from(whole.as_nanos().max(1))
}

/// Tasks queue up for a lock, or for a pool behind a semaphore.
pub(super) struct Bottleneck;

impl Detector for Bottleneck {
    fn kind(&self) -> &'static str {
        "bottleneck"
    }

    fn severity(&self) -> Severity {
        Severity::Warning
    }

    fn remedy(&self) -> &'static str {
        "hold it for less time (no awaits inside that need not be there), split it, or raise the limit"
    }

    fn check(&self, analysis: &Analysis, _: &Collected) -> Vec<Case> {
        let whole = analysis.overview.duration;
        if whole < LEAST {
            return Vec::new();
        }
        let contended = analysis.contention.iter().filter(|facts| match facts.kind {
            // A pool limits, too; where nothing tells how many connections it has, it may be the
            // hundred that aiohttp and httpx allow.
            _ if facts.pool.is_some() => {
                let most = u128::from(facts.capacity.unwrap_or(100).max(1)) * 300;
                facts.most_waiters >= 4 && waiting_percent(facts.total, whole) >= most
            }
            // On average a task and a half in line behind the one that has it.
            WaitKind::Lock | WaitKind::Condition => {
                facts.most_waiters >= 2 && waiting_percent(facts.total, whole) >= 150
            }
            // Limiting is what a semaphore is for: only a line much longer than what it lets in.
            WaitKind::Semaphore => {
                let permits = facts
                    .capacity
                    .unwrap_or(0)
                    .max(u32::try_from(facts.holders.len()).unwrap_or(u32::MAX));
                let most = u128::from(permits.max(1)) * 300;
                facts.most_waiters >= 4 && waiting_percent(facts.total, whole) >= most
            }
            _ => false,
        });
        contended
            .map(|facts| {
                let mut case = object_case(analysis, facts);
                if let Some(&(task, held)) = facts.holders.first() {
                    let name = task_name(&analysis.dictionary, task).unwrap_or("?").to_owned();
                    case = case
                        .with("holder", EvidenceValue::Text(name))
                        .with("held_ns", EvidenceValue::Count(held.as_nanos()));
                }
                case
            })
            .collect()
    }

    fn describe(&self, case: &Case) -> String {
        let length = Duration::from_nanos(case.weight);
        let most = count(case, "most_waiters");
        format!("tasks waited {length} in all for {}, up to {most} at once", case.subject)
    }

    fn summarise(&self, cases: &[Case]) -> String {
        let all = cases.iter().map(|case| case.weight).fold(0, u64::saturating_add);
        let length = Duration::from_nanos(all);
        let first = cases.first().map_or("?", |case| &case.subject);
        format!("tasks waited {length} in all for {first} and {} more", cases.len() - 1)
    }
}

fn count(case: &Case, key: &str) -> u64 {
    case.evidence
        .iter()
        .find_map(|(name, value)| match value {
            EvidenceValue::Count(count) if *name == key => Some(*count),
            _ => None,
        })
        .unwrap_or(0)
}

/// Producers wait for room most of the time.
pub(super) struct QueueFull;

impl Detector for QueueFull {
    fn kind(&self) -> &'static str {
        "queue_full"
    }

    fn severity(&self) -> Severity {
        Severity::Warning
    }

    fn remedy(&self) -> &'static str {
        "the consumers are too slow: run more of them, or take items in batches"
    }

    fn check(&self, analysis: &Analysis, _: &Collected) -> Vec<Case> {
        let whole = analysis.overview.duration;
        if whole < LEAST {
            return Vec::new();
        }
        analysis
            .contention
            .iter()
            // Those who wait for items, or for the end of all work, hold nobody up.
            .filter(|facts| facts.most_waiters >= 2 && waiting_percent(facts.puts, whole) >= 150)
            .map(|facts| {
                let capacity = facts.capacity.map_or(EvidenceValue::Unknown, |capacity| {
                    EvidenceValue::Count(u64::from(capacity))
                });
                let mut case = object_case(analysis, facts).with("capacity", capacity);
                case.weight = facts.puts.as_nanos();
                case
            })
            .collect()
    }

    fn describe(&self, case: &Case) -> String {
        let length = Duration::from_nanos(case.weight);
        format!("producers waited {length} in all for room in {}", case.subject)
    }

    fn summarise(&self, cases: &[Case]) -> String {
        let all = cases.iter().map(|case| case.weight).fold(0, u64::saturating_add);
        let length = Duration::from_nanos(all);
        format!("producers waited {length} in all for room in {} queues", cases.len())
    }
}

/// Jobs wait for an executor's workers most of the time.
pub(super) struct ExecutorSaturated;

impl Detector for ExecutorSaturated {
    fn kind(&self) -> &'static str {
        "executor_saturated"
    }

    fn severity(&self) -> Severity {
        Severity::Warning
    }

    fn remedy(&self) -> &'static str {
        "give it more workers (`ThreadPoolExecutor(max_workers=…)`), or make the jobs asynchronous"
    }

    fn check(&self, analysis: &Analysis, _: &Collected) -> Vec<Case> {
        analysis
            .executors
            .iter()
            .filter(|facts| facts.seen >= LEAST && share(facts.saturated, facts.seen, 50))
            .filter(|facts| facts.most_queued >= facts.workers.or(Some(1)))
            .map(|facts| {
                let dictionary = &analysis.dictionary;
                let type_name = facts.type_name.map_or("?", |name| dictionary.text(name));
                let number = |value: Option<u32>| {
                    value.map_or(EvidenceValue::Unknown, |n| EvidenceValue::Count(u64::from(n)))
                };
                let job = facts.jobs.first().and_then(|job| job.function);
                let job = job.map_or(EvidenceValue::Unknown, |name| {
                    EvidenceValue::Text(dictionary.text(name).to_owned())
                });
                Case::at_frame(&analysis.dictionary, facts.place)
                    .about(type_name, facts.saturated.as_nanos())
                    .with("workers", number(facts.workers))
                    .with("most_queued", number(facts.most_queued))
                    .with("saturated_ns", EvidenceValue::Count(facts.saturated.as_nanos()))
                    .with("job", job)
            })
            .collect()
    }

    fn describe(&self, case: &Case) -> String {
        let length = Duration::from_nanos(case.weight);
        let (workers, queued) = (count(case, "workers"), count(case, "most_queued"));
        format!(
            "jobs waited for a worker of a {} for {length}: {workers} workers, up to {queued} jobs \
             in line",
            case.subject
        )
    }

    fn summarise(&self, cases: &[Case]) -> String {
        format!("jobs waited for the workers of {} executors", cases.len())
    }
}
