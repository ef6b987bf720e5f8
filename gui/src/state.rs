//! What the window shows of a snapshot.

use std::collections::BTreeSet;

use looptrace::model::{CodeId, TaskId};

use crate::axis::Range;
use crate::flame::{Layout, Transform, Weight};
use crate::theme::Preference;

/// A view of the window.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[expect(missing_docs, reason = "each name says what is shown")]
pub enum Pane {
    Timeline,
    Details,
    Stalls,
    Flame,
    Tasks,
    Coroutines,
    Awaits,
    Findings,
    Statistics,
    Lag,
    Contention,
    Compare,
}

impl Pane {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Timeline,
        Self::Details,
        Self::Stalls,
        Self::Flame,
        Self::Tasks,
        Self::Coroutines,
        Self::Awaits,
        Self::Findings,
        Self::Statistics,
        Self::Lag,
        Self::Contention,
        Self::Compare,
    ];

    /// Its title.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Timeline => "Timeline",
            Self::Details => "Details",
            Self::Stalls => "Stalls",
            Self::Flame => "Flamegraph",
            Self::Tasks => "Tasks",
            Self::Coroutines => "Coroutines",
            Self::Awaits => "Await graph",
            Self::Findings => "Findings",
            Self::Statistics => "Statistics",
            Self::Lag => "Lag",
            Self::Contention => "Contention",
            Self::Compare => "Compare",
        }
    }
}

/// A table whose rows can be sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "named after the views")]
pub enum TableId {
    Stalls,
    Tasks,
    Coroutines,
    Statistics,
    Contention,
    Lag,
    Compare,
}

/// How a table is sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Sort {
    /// By which column.
    pub column: usize,
    /// Whether the largest come first.
    pub descending: bool,
}

/// What is selected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Selection {
    /// Nothing.
    #[default]
    None,
    /// A task.
    Task(TaskId),
    /// A stall, by its position.
    Stall(usize),
    /// A span of a lane, by their positions.
    Span(usize, usize),
    /// A coroutine, by the position of its group in the timeline.
    Group(usize),
}

/// The order of tasks' lanes within their group, and of the groups.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize,
)]
pub enum LaneOrder {
    /// First seen first.
    #[default]
    Start,
    /// Most running time first.
    Running,
    /// Most ready time first.
    Delayed,
    /// By name.
    Name,
}

impl LaneOrder {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Start, Self::Running, Self::Delayed, Self::Name];

    /// For people.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Start => "by start",
            Self::Running => "most running first",
            Self::Delayed => "most delayed first",
            Self::Name => "by name",
        }
    }
}

/// Which lanes are shown, and how.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Lanes {
    /// Kept at the top.
    pub pinned: BTreeSet<usize>,
    /// Not shown.
    pub hidden: BTreeSet<usize>,
    /// Groups that are not as they are by default.
    pub toggled: BTreeSet<usize>,
    /// Whether all groups are folded but those toggled; `None` for what suits their size.
    pub fold_all: Option<bool>,
    /// Only lanes whose name contains this.
    pub filter: String,
    /// Their order.
    pub order: LaneOrder,
}

/// How the flamegraph is drawn.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FlameState {
    /// Which layout.
    pub layout: Layout,
    /// What is counted.
    pub weight: Weight,
    /// What was changed, in order.
    pub transforms: Vec<Transform>,
    /// The selected function.
    pub selected: Option<CodeId>,
}

/// A window that lies over all others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Overlay {
    /// None does.
    #[default]
    None,
    /// The keys.
    Help,
    /// All commands.
    Palette,
    /// All tasks.
    TaskFinder,
}

/// What the window shows of a snapshot.
#[derive(Debug, Clone, Default)]
pub struct State {
    /// The stretch of time that is shown, or is about to be.
    pub view: Range,
    /// What is drawn now, on its way to `view`.
    pub shown: (f64, f64),
    /// Views before this one, and those undone.
    pub history: Vec<Range>,
    /// See `history`.
    pub future: Vec<Range>,
    /// The stretch that was selected.
    pub range: Option<Range>,
    /// The point in time that was clicked.
    pub cursor: Option<u64>,
    /// What is selected.
    pub selection: Selection,
    /// Set when the selection should be scrolled into view.
    pub reveal: bool,
    /// What is searched for.
    pub search: String,
    /// Set when the search field should take the keyboard.
    pub focus_search: bool,
    /// Set when the filter of the lanes should.
    pub focus_filter: bool,
    /// Lanes.
    pub lanes: Lanes,
    /// The flamegraph.
    pub flame: FlameState,
    /// How each table is sorted, where that was changed.
    pub sorts: std::collections::BTreeMap<TableId, Sort>,
    /// Lags whose length lies between these are listed.
    pub lag_bin: Option<(u64, u64)>,
    /// The colours.
    pub theme: Preference,
    /// What lies over everything.
    pub overlay: Overlay,
    /// What was typed there.
    pub overlay_text: String,
    /// Show only what got worse.
    pub worse_only: bool,
    /// Keep the end in view.
    pub follow: bool,
    /// Hold the picture.
    pub paused: bool,
    /// Words for the status line.
    pub notice: Option<String>,
}

/// Views that can be gone back to.
const MOST_HISTORY: usize = 200;

impl State {
    /// The range that figures and graphs are about: what was selected, else what is shown.
    #[must_use]
    pub fn extent(&self) -> Range {
        self.range.unwrap_or(self.view)
    }

    /// Shows another stretch; it can be undone.
    pub fn go(&mut self, view: Range) {
        if view == self.view {
            return;
        }
        self.history.push(self.view);
        if self.history.len() > MOST_HISTORY {
            self.history.remove(0);
        }
        self.future.clear();
        self.view = view;
    }

    /// Shows what was shown before.
    pub fn undo_view(&mut self) {
        if let Some(view) = self.history.pop() {
            self.future.push(std::mem::replace(&mut self.view, view));
        }
    }

    /// Undoes [`Self::undo_view`].
    pub fn redo_view(&mut self) {
        if let Some(view) = self.future.pop() {
            self.history.push(std::mem::replace(&mut self.view, view));
        }
    }

    /// Brings what is drawn closer to the view; `false` once it is there.
    pub fn animate(&mut self, seconds: f32) -> bool {
        let target = (self.view.start as f64, self.view.end as f64);
        let share = f64::from((seconds / 0.045).clamp(0.0, 1.0));
        let step = |from: f64, to: f64| from + (to - from) * share;
        let next = (step(self.shown.0, target.0), step(self.shown.1, target.1));
        let close = (target.1 - target.0).max(1.0) * 0.002;
        let there = (next.0 - target.0).abs() < close && (next.1 - target.1).abs() < close;
        self.shown = if there { target } else { next };
        !there
    }

    /// Draws the view at once.
    pub fn settle(&mut self) {
        self.shown = (self.view.start as f64, self.view.end as f64);
    }

    /// Whether a text is searched for and found in `name`, ignoring case.
    #[must_use]
    pub fn finds(&self, name: &str) -> bool {
        !self.search.is_empty() && contains(name, &self.search)
    }
}

/// Whether `text` contains `part`, ignoring the case of ASCII letters.
#[must_use]
pub fn contains(text: &str, part: &str) -> bool {
    let (text, part) = (text.as_bytes(), part.as_bytes());
    part.is_empty() || text.windows(part.len()).any(|window| window.eq_ignore_ascii_case(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(start: u64, end: u64) -> Range {
        Range { start, end }
    }

    #[test]
    fn navigation_can_be_undone_and_redone() {
        let mut state = State { view: range(0, 100), ..State::default() };
        state.go(range(10, 20));
        state.go(range(12, 14));
        state.undo_view();
        assert_eq!(state.view, range(10, 20));
        state.undo_view();
        state.undo_view();
        assert_eq!(state.view, range(0, 100));
        state.redo_view();
        assert_eq!(state.view, range(10, 20));
        state.go(range(1, 2));
        state.redo_view();
        assert_eq!(state.view, range(1, 2));
    }

    #[test]
    fn what_is_drawn_arrives() {
        let mut state = State { view: range(1_000, 2_000), ..State::default() };
        let frames = (0..100).take_while(|_| state.animate(1.0 / 60.0)).count();
        assert!(frames < 30, "{frames}");
        assert_eq!(state.shown, (1_000.0, 2_000.0));
    }

    #[test]
    fn a_search_ignores_case() {
        assert!(contains("AsyncClient.get", "client"));
        assert!(contains("x", ""));
        assert!(!contains("", "x"));
    }
}
