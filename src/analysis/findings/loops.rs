//! An event loop that runs inside another one.

use rustc_hash::FxHashSet;

use super::{Case, Collected, Detector, Severity};
use crate::analysis::facts::Analysis;
use crate::analysis::names::FrameNames;
use crate::model::{Dictionary, EvidenceValue, FrameId, Snapshot, StackId};

pub(super) struct LoopInLoop;

impl Detector for LoopInLoop {
    fn kind(&self) -> &'static str {
        "loop_in_loop"
    }

    fn severity(&self) -> Severity {
        Severity::Error
    }

    fn remedy(&self) -> &'static str {
        "await the coroutine instead of running it to its end: the outer loop stands still meanwhile"
    }

    fn check(&self, analysis: &Analysis, _: &Collected) -> Vec<Case> {
        let mut seen: FxHashSet<StackId> = FxHashSet::default();
        let stacks = analysis.stacks.iter().filter_map(|hot| Some((hot.stack?, hot)));
        let fresh = stacks.filter(|(stack, _)| seen.insert(*stack));
        let found = fresh.filter_map(|(stack, hot)| {
            let case = case(&analysis.dictionary, stack, hot.weight.as_nanos())?;
            Some(
                case.with("samples", EvidenceValue::Count(hot.samples))
                    .with("time_ns", EvidenceValue::Count(hot.weight.as_nanos())),
            )
        });
        found.collect()
    }

    fn check_look(&self, snapshot: &Snapshot) -> Vec<Case> {
        let stacks = snapshot.threads.iter().filter_map(|thread| thread.stack);
        stacks.filter_map(|stack| case(&snapshot.dictionary, stack, 1)).collect()
    }

    fn describe(&self, case: &Case) -> String {
        format!("{} runs an event loop inside another one's callback", case.subject)
    }

    fn summarise(&self, cases: &[Case]) -> String {
        let first = cases.first().map_or("?", |case| &case.subject);
        format!("{first} runs an event loop inside another one's callback")
    }
}

/// A stack in which a loop turns inside another one's turn.
fn case(dictionary: &Dictionary, stack: StackId, weight: u64) -> Option<Case> {
    let frames = dictionary.stack_frames(stack);
    let mut turns =
        frames.iter().enumerate().filter(|&(_, &frame)| is_turn(dictionary, frame)).map(|it| it.0);
    let (outer, inner) = (turns.next()?, turns.next()?);
    let between = frames.get(outer + 1..inner).unwrap_or_default();
    let own = between.iter().rev().find(|&&frame| !is_asyncio(dictionary, frame));
    let function = own.and_then(|&frame| FrameNames::of(dictionary, frame).function).unwrap_or("?");
    Some(Case::at_frame(dictionary, own.copied()).about(format!("{function}()"), weight))
}

fn is_turn(dictionary: &Dictionary, frame: FrameId) -> bool {
    let FrameNames { file, function, .. } = FrameNames::of(dictionary, frame);
    let plain = function.and_then(|name| name.rsplit('.').next());
    plain == Some("_run_once") && file.is_some_and(|file| file.ends_with("asyncio/base_events.py"))
}

fn is_asyncio(dictionary: &Dictionary, frame: FrameId) -> bool {
    let file = FrameNames::of(dictionary, frame).file.unwrap_or_default();
    file.contains("/asyncio/") || file.ends_with("nest_asyncio.py")
}
