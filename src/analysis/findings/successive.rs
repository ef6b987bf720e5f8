//! Awaits one after the other that could run side by side. Looked for on request only, since it
//! needs the program's source: no memory tells that one line does not use another one's result.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use super::statement::{Line, Statement};
use super::{Case, Collected, Detector, Severity};
use crate::analysis::facts::Analysis;
use crate::analysis::names::{FrameNames, is_library};
use crate::analysis::source::SourceLines;
use crate::analysis::task_clock::Stretch;
use crate::model::{
    CodeId, Dictionary, Duration, Event, EvidenceValue, FrameId, FrameKind, StackId, TaskId,
    TaskState, WaitId, WaitKind,
};

/// Side by side they must have saved at least this in the recording.
const WORTH: Duration = Duration::from_nanos(100_000_000);
/// Chains are not followed further, nor are runs of lines.
const DEEPEST: usize = 256;
const LONGEST: u32 = 64;
/// So many places that a line waited for are told apart.
const PLACES: usize = 8;

/// Awaits that stand below each other, none of which uses what another one gave.
#[derive(Debug)]
pub(super) struct Run {
    code: CodeId,
    lines: Vec<u32>,
    waited: Duration,
    longest: Duration,
}

/// How long tasks waited in each line of the program's own coroutines.
#[derive(Debug, Default)]
pub(in crate::analysis) struct AwaitLines {
    rows: FxHashMap<TaskId, (Option<StackId>, Option<WaitId>)>,
    waited: BTreeMap<FrameId, Waited>,
}

#[derive(Debug, Default)]
struct Waited {
    time: Duration,
    /// Descriptors, as far as they are known.
    places: BTreeSet<WaitId>,
}

impl AwaitLines {
    /// Takes the next event, with what it tells of the row before.
    pub(in crate::analysis) fn event(
        &mut self,
        event: &Event,
        stretch: Option<(TaskId, Stretch)>,
        dictionary: &Dictionary,
    ) {
        if let Some((task, stretch)) = stretch {
            self.stretch(task, stretch, dictionary);
        }
        match event {
            Event::TaskRow(row) => _ = self.rows.insert(row.task, (row.chain, row.wait)),
            Event::TaskGone { task } => _ = self.rows.remove(task),
            _ => {}
        }
    }

    /// A task turned out to have done for so long what its row says.
    pub(in crate::analysis) fn stretch(
        &mut self,
        task: TaskId,
        stretch: Stretch,
        dictionary: &Dictionary,
    ) {
        let Some(&(Some(chain), Some(wait))) = self.rows.get(&task) else { return };
        let kind = dictionary.get_wait(wait).map(|reason| reason.kind);
        if stretch.state != TaskState::Waiting || !kind.is_some_and(is_own_work) {
            return;
        }
        let in_line = matches!(kind, Some(WaitKind::Socket | WaitKind::Stream));
        let mut next = Some(chain);
        for _ in 0..DEEPEST {
            let Some(node) = next.and_then(|stack| dictionary.get_stack(stack)) else { break };
            next = node.parent;
            let FrameNames { file, kind, .. } = FrameNames::of(dictionary, node.frame);
            let own = file.is_some_and(|file| !is_library(file));
            if own && kind == Some(FrameKind::Coroutine) {
                let waited = self.waited.entry(node.frame).or_default();
                waited.time = waited.time + stretch.counted;
                if in_line && waited.places.len() < PLACES {
                    waited.places.insert(wait);
                }
            }
        }
    }

    /// The runs that `source` shows.
    pub(super) fn runs(&self, dictionary: &Dictionary, source: &dyn SourceLines) -> Vec<Run> {
        let mut by_code: BTreeMap<CodeId, BTreeMap<u32, &Waited>> = BTreeMap::new();
        for (&frame, waited) in &self.waited {
            if let Some(frame) = dictionary.get_frame(frame).filter(|frame| frame.line > 0) {
                by_code.entry(frame.code).or_default().insert(frame.line, waited);
            }
        }
        let mut runs = Vec::new();
        for (code, waits) in by_code {
            let Some(location) = dictionary.get_code(code) else { continue };
            let file = dictionary.text(location.file);
            let line = |line: u32| source.line(file, line).map(|text| Line::parse(&text));
            let mut done = 0;
            for &first in waits.keys() {
                if first <= done {
                    continue;
                }
                let lines = run_from(first, &line);
                done = lines.last().copied().unwrap_or(first);
                runs.extend(worthwhile(code, &lines, &waits));
            }
        }
        runs
    }
}

/// Whether a task that waits for this waits for what it has begun itself. What other tasks do runs
/// beside it in any case, and a line behind a lock gets no shorter by standing in two.
const fn is_own_work(kind: WaitKind) -> bool {
    matches!(
        kind,
        WaitKind::Sleep
            | WaitKind::Socket
            | WaitKind::Stream
            | WaitKind::Executor
            | WaitKind::Subprocess
            | WaitKind::Future
            | WaitKind::Unknown
    )
}

/// The lines from `first` on that leave each other alone.
fn run_from(first: u32, line: &impl Fn(u32) -> Option<Line>) -> Vec<u32> {
    let mut lines = Vec::new();
    let mut run: Vec<Statement> = Vec::new();
    for number in first..first.saturating_add(LONGEST) {
        match line(number) {
            Some(Line::Awaits(next)) if run.iter().all(|before| before.leaves_alone(&next)) => {
                lines.push(number);
                run.push(next);
            }
            Some(Line::Empty) if !run.is_empty() => {}
            _ => break,
        }
    }
    lines
}

/// A run of lines in which tasks were seen waiting long enough, not for the same descriptor.
fn worthwhile(code: CodeId, lines: &[u32], waits: &BTreeMap<u32, &Waited>) -> Option<Run> {
    let seen: Vec<(u32, &Waited)> =
        lines.iter().filter_map(|&line| Some((line, *waits.get(&line)?))).collect();
    let mut places = BTreeSet::new();
    if !seen.iter().flat_map(|(_, waited)| &waited.places).all(|place| places.insert(*place)) {
        return None;
    }
    let waited = seen.iter().fold(Duration::ZERO, |sum, (_, waited)| sum + waited.time);
    let longest = seen.iter().map(|(_, waited)| waited.time).max()?;
    let lines = seen.iter().map(|&(line, _)| line).collect();
    (seen.len() > 1 && waited - longest >= WORTH).then_some(Run { code, lines, waited, longest })
}

pub(super) struct IndependentAwaits;

impl Detector for IndependentAwaits {
    fn kind(&self) -> &'static str {
        "independent_awaits"
    }

    fn severity(&self) -> Severity {
        Severity::Info
    }

    fn remedy(&self) -> &'static str {
        "if their order does not matter and they share no connection, run them side by side: \
         `asyncio.gather(…)` or a TaskGroup"
    }

    fn check(&self, analysis: &Analysis, collected: &Collected) -> Vec<Case> {
        let dictionary = &analysis.dictionary;
        let cases = collected.successive.iter().filter_map(|run| {
            let function = dictionary.text(dictionary.get_code(run.code)?.function);
            let lines: Vec<String> = run.lines.iter().map(u32::to_string).collect();
            let mut case = Case::at_code(dictionary, Some(run.code))
                .about(function, (run.waited - run.longest).as_nanos())
                .with("lines", EvidenceValue::Text(lines.join(", ")))
                .with("waited_ns", EvidenceValue::Count(run.waited.as_nanos()))
                .with("longest_ns", EvidenceValue::Count(run.longest.as_nanos()));
            case.line = run.lines.first().copied();
            Some(case)
        });
        cases.collect()
    }

    fn describe(&self, case: &Case) -> String {
        format!(
            "{}() awaits calls one after the other of which none uses what another one gave: side \
             by side they would have taken {} less",
            case.subject,
            Duration::from_nanos(case.weight)
        )
    }

    fn summarise(&self, cases: &[Case]) -> String {
        cases.first().map_or_else(String::new, |case| self.describe(case))
    }
}
