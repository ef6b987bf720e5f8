//! Stalls, as findings: a call that blocks the loop, and computing on it.

use super::{Case, Collected, Detector, Severity};
use crate::analysis::facts::Analysis;
use crate::analysis::names::FrameNames;
use crate::model::{CauseKind, Duration, EvidenceValue, Stall};

/// A cause that took this share of a stall is what it is about; so is one that would have been a
/// stall by itself, whatever else delayed the loop meanwhile.
const MAIN: f64 = 0.5;

fn cases(analysis: &Analysis, kinds: &[CauseKind]) -> Vec<Case> {
    analysis.stalls.iter().filter_map(|stall| case(analysis, stall, kinds)).collect()
}

fn case(analysis: &Analysis, stall: &Stall, kinds: &[CauseKind]) -> Option<Case> {
    let enough = |share| share >= MAIN || part(stall.duration, share) >= analysis.stall_threshold;
    let mut causes = stall.causes.iter().filter(|cause| kinds.contains(&cause.kind));
    let cause = causes.next().filter(|cause| enough(cause.share))?;
    let length = part(stall.duration, cause.share).as_nanos();
    let place = stall.location.map(|frame| FrameNames::of(&analysis.dictionary, frame));
    // In the loop's own machinery there is nothing that anybody could change.
    if place.and_then(|names| names.file).is_some_and(is_machinery) {
        return None;
    }
    let function = place.and_then(|names| names.function).unwrap_or("?");
    let mut case = Case::at_frame(&analysis.dictionary, stall.location)
        .about(format!("{} in {function}()", cause.text), length)
        .with("stall_ns", EvidenceValue::Count(stall.duration.as_nanos()))
        .with("victims", EvidenceValue::Count(stall.victims.len() as u64));
    for (key, value) in &cause.evidence {
        case = case.with(key, value.clone());
    }
    case.remedy = stall.advice.map(str::to_owned);
    Some(case)
}

fn is_machinery(file: &str) -> bool {
    file.contains("/asyncio/") || file.ends_with("/selectors.py")
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of a length is no longer than it; a negative one is none"
)]
fn part(length: Duration, share: f64) -> Duration {
    Duration::from_nanos((length.as_nanos() as f64 * share.clamp(0.0, 1.0)) as u64)
}

fn lengths(cases: &[Case]) -> (Duration, Duration) {
    let all = cases.iter().map(|case| case.weight).fold(0, u64::saturating_add);
    let longest = cases.iter().map(|case| case.weight).max().unwrap_or(0);
    (Duration::from_nanos(all), Duration::from_nanos(longest))
}

/// A system call or a lock of another world held the loop up.
pub(super) struct BlockingCall;

impl Detector for BlockingCall {
    fn kind(&self) -> &'static str {
        "blocking_call"
    }

    fn severity(&self) -> Severity {
        Severity::Error
    }

    fn remedy(&self) -> &'static str {
        "use the asynchronous counterpart, or `await asyncio.to_thread(…)`"
    }

    fn check(&self, analysis: &Analysis, _: &Collected) -> Vec<Case> {
        cases(analysis, &[CauseKind::BlockingCall, CauseKind::LockWait, CauseKind::Disk])
    }

    fn describe(&self, case: &Case) -> String {
        let length = Duration::from_nanos(case.weight);
        format!("{} blocked the event loop for {length}", case.subject)
    }

    fn summarise(&self, cases: &[Case]) -> String {
        let (all, longest) = lengths(cases);
        let subject = cases.first().map_or("?", |case| &case.subject);
        let count = cases.len();
        format!("{subject} blocked the event loop {count} times, {all} in all, {longest} at most")
    }
}

/// The loop's thread computed.
pub(super) struct CpuOnLoop;

impl Detector for CpuOnLoop {
    fn kind(&self) -> &'static str {
        "cpu_on_loop"
    }

    fn severity(&self) -> Severity {
        Severity::Error
    }

    fn remedy(&self) -> &'static str {
        "move the work to a process pool; `asyncio.to_thread` helps only if it releases the GIL"
    }

    fn check(&self, analysis: &Analysis, _: &Collected) -> Vec<Case> {
        cases(analysis, &[CauseKind::CpuPython, CauseKind::CpuNative])
    }

    fn describe(&self, case: &Case) -> String {
        let length = Duration::from_nanos(case.weight);
        format!("computing kept the event loop busy for {length}: {}", case.subject)
    }

    fn summarise(&self, cases: &[Case]) -> String {
        let (all, longest) = lengths(cases);
        let subject = cases.first().map_or("?", |case| &case.subject);
        let count = cases.len();
        format!(
            "computing kept the event loop busy {count} times, {all} in all, {longest} at most: \
             {subject}"
        )
    }
}
