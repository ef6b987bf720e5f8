//! Flamegraphs of any stretch of time: what is asked for, and boxes to draw.

pub mod build;
pub mod difference;
mod paths;
mod tree;

use std::collections::BTreeMap;
use std::sync::Arc;

use looptrace::model::{CodeId, TaskId};

use crate::axis::Range;

pub use build::build;

/// How stacks are laid out.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize,
)]
pub enum Layout {
    /// Equal stacks together, the heaviest at the left.
    #[default]
    LeftHeavy,
    /// As they followed each other.
    TimeOrder,
    /// From what ran up to its callers.
    Inverted,
    /// Callers and callees of one function.
    Sandwich,
}

impl Layout {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::LeftHeavy, Self::TimeOrder, Self::Inverted, Self::Sandwich];

    /// For people.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::LeftHeavy => "Left-heavy",
            Self::TimeOrder => "Time order",
            Self::Inverted => "Inverted",
            Self::Sandwich => "Sandwich",
        }
    }
}

/// What is counted.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize,
)]
pub enum Weight {
    /// Time on a thread.
    #[default]
    Running,
    /// Time in which tasks waited, by what for.
    Waiting,
}

/// A change of what is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transform {
    /// Without the frames of asyncio and what starts it.
    HideInternals,
    /// Only what runs in this function.
    Focus(CodeId),
    /// What this function calls counts as itself.
    Collapse(CodeId),
    /// This function counts as its caller.
    Merge(CodeId),
}

/// Whose time is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Whose {
    /// All.
    #[default]
    All,
    /// One task.
    Task(TaskId),
    /// All tasks of a group of the timeline, by its position.
    Group(usize),
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Of which snapshot.
    pub revision: u64,
    /// Of which stretch of time.
    pub extent: Range,
    /// Whose time.
    pub whose: Whose,
    /// Laid out how.
    pub layout: Layout,
    /// What is counted.
    pub weight: Weight,
    /// Changed how.
    pub transforms: Vec<Transform>,
    /// The function in the middle of a sandwich.
    pub middle: Option<CodeId>,
}

/// What a box of a flamegraph stands for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name {
    /// The function, or a note in parentheses.
    pub text: String,
    /// File and line of the function.
    pub file: Option<String>,
    /// Its first line.
    pub line: u32,
    /// The code, where there is some.
    pub code: Option<CodeId>,
    /// Whether it belongs to asyncio or to what starts it.
    pub internal: bool,
}

/// A box of a flamegraph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    /// Where it begins, in nanoseconds of time, or of time counted before it.
    pub x: u64,
    /// How wide it is, in nanoseconds.
    pub width: u64,
    /// What of it was spent in the function itself.
    pub own: u64,
    /// The position of its name.
    pub name: u32,
}

/// Boxes by depth, in order.
pub type Rows = Vec<Vec<Block>>;

/// What came of a request.
#[derive(Debug, Clone, Default)]
pub struct Flame {
    /// What the boxes' names are.
    pub names: Arc<Vec<Name>>,
    /// The boxes; of a sandwich, the callees.
    pub rows: Rows,
    /// Of a sandwich, the callers: nearest first.
    pub callers: Rows,
    /// Where the axis begins.
    pub start: u64,
    /// How long the axis is.
    pub total: u64,
    /// Whether there was more than could be laid out.
    pub is_cut: bool,
}

impl Flame {
    /// The functions by the time spent in each itself, longest first.
    #[must_use]
    pub fn heaviest(&self) -> Vec<(CodeId, u64)> {
        let mut sums: BTreeMap<CodeId, u64> = BTreeMap::new();
        for block in self.rows.iter().flatten() {
            if let Some(code) = self.name(block).and_then(|name| name.code) {
                *sums.entry(code).or_default() += block.own;
            }
        }
        let mut sums: Vec<(CodeId, u64)> = sums.into_iter().collect();
        sums.sort_by_key(|&(code, own)| (std::cmp::Reverse(own), code));
        sums
    }

    /// A function in words: its name, its place and the time spent in itself.
    #[must_use]
    pub fn words(&self, code: CodeId) -> Option<String> {
        let name = self.names.iter().find(|name| name.code == Some(code))?;
        let own = self.heaviest().into_iter().find(|(known, _)| *known == code)?.1;
        Some(format!("{}: {} in the function itself", name.text, crate::text::nanos(own)))
    }

    /// The name of a box.
    #[must_use]
    pub fn name(&self, block: &Block) -> Option<&Name> {
        self.names.get(block.name as usize)
    }
}
