//! An event loop that runs inside another one.

use rustc_hash::FxHashSet;

use super::{Case, Collected, Detector, Severity};
use crate::analysis::facts::Analysis;
use crate::analysis::names::FrameNames;
use crate::model::{EvidenceValue, FrameId, StackId};

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
        let mut cases = Vec::new();
        for hot in &analysis.stacks {
            let Some(stack) = hot.stack.filter(|stack| seen.insert(*stack)) else { continue };
            let frames = analysis.dictionary.stack_frames(stack);
            let turns: Vec<usize> = frames
                .iter()
                .enumerate()
                .filter(|&(_, &frame)| is_turn(analysis, frame))
                .map(|(index, _)| index)
                .collect();
            let [outer, inner, ..] = turns[..] else { continue };
            let between = frames.get(outer + 1..inner).unwrap_or_default();
            let own = between.iter().rev().find(|&&frame| !is_asyncio(analysis, frame));
            let function = own
                .and_then(|&frame| FrameNames::of(&analysis.dictionary, frame).function)
                .unwrap_or("?");
            cases.push(
                Case::at_frame(analysis, own.copied())
                    .about(format!("{function}()"), hot.weight.as_nanos())
                    .with("samples", EvidenceValue::Count(hot.samples))
                    .with("time_ns", EvidenceValue::Count(hot.weight.as_nanos())),
            );
        }
        cases
    }

    fn describe(&self, case: &Case) -> String {
        format!("{} runs an event loop inside another one's callback", case.subject)
    }

    fn summarise(&self, cases: &[Case]) -> String {
        let first = cases.first().map_or("?", |case| &case.subject);
        format!("{first} runs an event loop inside another one's callback")
    }
}

fn is_turn(analysis: &Analysis, frame: FrameId) -> bool {
    let FrameNames { file, function, .. } = FrameNames::of(&analysis.dictionary, frame);
    let plain = function.and_then(|name| name.rsplit('.').next());
    plain == Some("_run_once") && file.is_some_and(|file| file.ends_with("asyncio/base_events.py"))
}

fn is_asyncio(analysis: &Analysis, frame: FrameId) -> bool {
    let file = FrameNames::of(&analysis.dictionary, frame).file.unwrap_or_default();
    file.contains("/asyncio/") || file.ends_with("nest_asyncio.py")
}
