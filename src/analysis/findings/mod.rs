//! What a recording shows to be wrong with a program: well-known mistakes, each with the evidence
//! for it, the place in the code and a remedy.
//!
//! A detector has three verbs: *check* gives the cases, *describe* says one of them in a sentence,
//! *summarise* says many at the same place in one. False alarms cost more trust than misses: a
//! detector says nothing unless what it says is seen.

mod collect;
mod crowd;
mod cycle;
mod library;
mod lines;
mod loops;
mod session;
mod stalls;
mod statement;
mod successive;
mod tasks;
mod warned;

use crate::model::{CodeId, Dictionary, EvidenceValue, FrameId, Snapshot};

use super::facts::Analysis;
use super::names::{FrameNames, code_place};

pub(super) use collect::{Collected, Collector};
pub(super) use successive::AwaitLines;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Something to know.
    Info,
    /// It costs time or may lose work.
    Warning,
    /// It stops the loop, or tasks for good.
    Error,
}

impl Severity {
    /// The word used in every output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// A mistake that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// Which.
    pub kind: &'static str,
    /// How bad.
    pub severity: Severity,
    /// What was found, in a sentence.
    pub text: String,
    /// The file to look at.
    pub file: Option<String>,
    /// The line to look at.
    pub line: Option<u32>,
    /// How many cases it stands for.
    pub cases: u64,
    /// What it rests on.
    pub evidence: Vec<(&'static str, EvidenceValue)>,
    /// What to do.
    pub remedy: String,
}

/// One case of a mistake.
#[derive(Debug, Clone, PartialEq, Default)]
struct Case {
    file: Option<String>,
    line: Option<u32>,
    /// What it is about: a task, an object, a function.
    subject: String,
    /// Its weight among cases at the same place: nanoseconds, or a number.
    weight: u64,
    evidence: Vec<(&'static str, EvidenceValue)>,
    /// A remedy of its own.
    remedy: Option<String>,
}

impl Case {
    fn at_frame(dictionary: &Dictionary, frame: Option<FrameId>) -> Self {
        let names = frame.map(|frame| FrameNames::of(dictionary, frame));
        Self {
            file: names.and_then(|names| names.file).map(str::to_owned),
            line: names.and_then(|names| names.line),
            ..Self::default()
        }
    }

    fn at_code(dictionary: &Dictionary, code: Option<CodeId>) -> Self {
        let code = code.and_then(|code| dictionary.get_code(code));
        let (file, line) = code.map_or((None, None), |code| code_place(dictionary, code));
        Self { file: file.map(str::to_owned), line, ..Self::default() }
    }

    fn about(mut self, subject: impl Into<String>, weight: u64) -> Self {
        self.subject = subject.into();
        self.weight = weight;
        self
    }

    fn with(mut self, key: &'static str, value: EvidenceValue) -> Self {
        self.evidence.push((key, value));
        self
    }
}

/// Looks for one kind of mistake.
trait Detector {
    /// The word used in every output, and the section of `docs/findings.md`.
    fn kind(&self) -> &'static str;
    /// How bad it is.
    fn severity(&self) -> Severity;
    /// What to do, unless a case knows better.
    fn remedy(&self) -> &'static str;
    /// The cases.
    fn check(&self, analysis: &Analysis, collected: &Collected) -> Vec<Case>;
    /// The cases that one look tells, where one look can tell any.
    fn check_look(&self, _: &Snapshot) -> Vec<Case> {
        Vec::new()
    }
    /// One case in a sentence.
    fn describe(&self, case: &Case) -> String;
    /// Several at the same place; the first is the heaviest.
    fn summarise(&self, cases: &[Case]) -> String;
}

const DETECTORS: [&dyn Detector; 16] = [
    &stalls::BlockingCall,
    &stalls::CpuOnLoop,
    &library::SyncLibrary,
    &lines::ExecutorSaturated,
    &lines::Bottleneck,
    &lines::QueueFull,
    &cycle::AwaitCycle,
    &tasks::Orphan,
    &tasks::Swallowed,
    &tasks::SlowCancellation,
    &crowd::Growth,
    &crowd::TooMany,
    &session::SessionPerRequest,
    &warned::NeverAwaited,
    &loops::LoopInLoop,
    &successive::IndependentAwaits,
];

/// Findings of one kind at most; the heaviest are kept.
const MOST: usize = 50;

/// Everything that a recording shows, the worst first.
pub(super) fn find(analysis: &Analysis, collected: &Collected) -> Vec<Finding> {
    gather(|detector| detector.check(analysis, collected))
}

/// Everything that one look shows, the worst first. What takes time to be seen is not among it.
#[must_use]
pub fn find_in_look(snapshot: &Snapshot) -> Vec<Finding> {
    gather(|detector| detector.check_look(snapshot))
}

fn gather(check: impl Fn(&dyn Detector) -> Vec<Case>) -> Vec<Finding> {
    let mut found: Vec<(Severity, u64, Finding)> = Vec::new();
    for detector in DETECTORS {
        let mut cases = check(detector);
        cases.sort_by(|a, b| {
            let place = |case: &Case| (case.file.clone(), case.line);
            place(a).cmp(&place(b)).then(b.weight.cmp(&a.weight)).then(a.subject.cmp(&b.subject))
        });
        let mut of_kind: Vec<(Severity, u64, Finding)> = cases
            .chunk_by(|a, b| a.file.is_some() && (&a.file, a.line) == (&b.file, b.line))
            .map(|cases| finding(detector, cases))
            .collect();
        of_kind.sort_by_key(|(_, weight, _)| std::cmp::Reverse(*weight));
        of_kind.truncate(MOST);
        found.append(&mut of_kind);
    }
    found.sort_by_key(|(severity, ..)| std::cmp::Reverse(*severity));
    found.into_iter().map(|(_, _, finding)| finding).collect()
}

fn finding(detector: &dyn Detector, cases: &[Case]) -> (Severity, u64, Finding) {
    let nothing = Case::default();
    let first = cases.first().unwrap_or(&nothing);
    let weight = cases.iter().fold(0_u64, |sum, case| sum.saturating_add(case.weight));
    let text = match cases {
        [one] => detector.describe(one),
        many => detector.summarise(many),
    };
    let remedy = first.remedy.clone().unwrap_or_else(|| detector.remedy().to_owned());
    let finding = Finding {
        kind: detector.kind(),
        severity: detector.severity(),
        text,
        file: first.file.clone(),
        line: first.line,
        cases: cases.len() as u64,
        evidence: first.evidence.clone(),
        remedy,
    };
    (detector.severity(), weight, finding)
}

/// The kinds of all detectors, in the order in which they are asked.
#[must_use]
pub fn kinds() -> Vec<&'static str> {
    DETECTORS.iter().map(|detector| detector.kind()).collect()
}
