//! Everything the user can do, by name.

use std::path::PathBuf;

use eframe::egui::{Key, KeyboardShortcut, Modifiers};
use looptrace::model::{CodeId, TaskId};

use crate::axis::Range;
use crate::flame::{Layout, Transform, Weight};
use crate::state::{LaneOrder, Pane, Selection, Sort, TableId};
use crate::theme::Preference;

/// A change of what is shown. Views give these back; only [`crate::apply`] carries them out.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "each name says what is done")]
pub enum Command {
    Act(Action),
    OpenFile(PathBuf),
    CompareWith(PathBuf),
    CloseComparison,
    CancelLoading,
    View(Range),
    ViewNow(Range),
    SelectRange(Option<Range>),
    Cursor(u64),
    Select(Selection),
    JumpToTask(TaskId),
    JumpToStall(usize),
    Search(String),
    FilterLanes(String),
    ToggleGroup(usize),
    TogglePin(usize),
    ToggleHidden(usize),
    ShowAllLanes,
    OrderLanes(LaneOrder),
    SortTable(TableId, Sort),
    ShowPane(Pane),
    Theme(Preference),
    FlameLayout(Layout),
    FlameWeight(Weight),
    FlameTransform(Transform),
    FlameUndo(usize),
    FlameSelect(Option<CodeId>),
    ComparisonWorseOnly(bool),
    LagBin(Option<(u64, u64)>),
    OpenInEditor { file: String, line: u32 },
    Copy(String),
    Notice(String),
}

macro_rules! actions {
    ($($variant:ident, $name:literal, $group:literal, $help:literal, [$($key:expr),*];)+) => {
        /// What can be done with a key press, or from the palette.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Action {
            $(#[doc = $help] $variant),+
        }

        impl Action {
            /// All of them, in the order of the help.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// What it belongs to.
            #[must_use]
            pub const fn group(self) -> &'static str {
                match self { $(Self::$variant => $group),+ }
            }

            /// What it does.
            #[must_use]
            pub const fn help(self) -> &'static str {
                match self { $(Self::$variant => $help),+ }
            }

            /// The keys that do it.
            #[must_use]
            pub const fn keys(self) -> &'static [KeyboardShortcut] {
                match self { $(Self::$variant => const { &[$($key),*] }),+ }
            }
        }
    };
}

const fn plain(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::NONE, key)
}

const fn ctrl(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::COMMAND, key)
}

const fn shift(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::SHIFT, key)
}

const fn ctrl_shift(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers { shift: true, ..Modifiers::COMMAND }, key)
}

const fn alt(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::ALT, key)
}

actions! {
    Open, "Open a recording", "File", "Choose a file to show", [ctrl(Key::O)];
    OpenLast, "Open the recording before", "File", "Open again what was shown before this one", [ctrl_shift(Key::R)];
    Compare, "Compare with a recording", "File", "Choose a second file to compare with", [ctrl_shift(Key::O)];
    Reload, "Read the file again", "File", "Read the file again from its start", [ctrl(Key::R)];
    SavePicture, "Save a picture", "File", "Save what the window shows as a PNG file", [ctrl(Key::S)];
    CopyTable, "Copy as table", "File", "Copy the visible table as tab-separated text", [ctrl_shift(Key::C)];
    CopySelection, "Copy the selection", "File", "Copy what the details panel shows as text", [shift(Key::C)];
    CancelLoading, "Stop reading", "File", "Give up reading the file that is being read", [shift(Key::Escape)];
    Quit, "Quit", "File", "Close the window; a recording of its own is ended in order", [ctrl(Key::Q)];
    ZoomIn, "Zoom in", "Timeline", "Show less time, in more detail", [plain(Key::W), plain(Key::Plus), plain(Key::Equals)];
    ZoomOut, "Zoom out", "Timeline", "Show more time", [plain(Key::S), plain(Key::Minus)];
    PanLeft, "Earlier", "Timeline", "Show earlier time", [plain(Key::A), plain(Key::ArrowLeft)];
    PanRight, "Later", "Timeline", "Show later time", [plain(Key::D), plain(Key::ArrowRight)];
    Fit, "Fit the selection", "Timeline", "Show exactly what is selected", [plain(Key::F)];
    ShowAll, "Show everything", "Timeline", "Show the whole recording", [plain(Key::Num0), plain(Key::Home)];
    ViewUndo, "Undo navigation", "Timeline", "Show what was shown before", [ctrl(Key::Z), plain(Key::Backspace)];
    ViewRedo, "Redo navigation", "Timeline", "Undo the undoing", [ctrl_shift(Key::Z), ctrl(Key::Y)];
    CursorEarlier, "Cursor earlier", "Timeline", "Move the cursor to earlier time", [shift(Key::ArrowLeft)];
    CursorLater, "Cursor later", "Timeline", "Move the cursor to later time", [shift(Key::ArrowRight)];
    SelectShown, "Select what is shown", "Timeline", "Make the stretch that is shown the selected range", [plain(Key::V)];
    ClearRange, "Clear", "Timeline", "Close what is open, then forget the range, the selection and the search", [plain(Key::Escape)];
    NextLane, "Lane below", "Timeline", "Select the lane below", [plain(Key::ArrowDown)];
    PreviousLane, "Lane above", "Timeline", "Select the lane above", [plain(Key::ArrowUp)];
    PinSelected, "Pin", "Timeline", "Keep the selected lane at the top, or let it go", [plain(Key::P)];
    HideSelected, "Hide", "Timeline", "Hide the selected lane", [plain(Key::H)];
    UnhideAll, "Show hidden lanes", "Timeline", "Show every lane again", [shift(Key::H)];
    FilterLanes, "Filter the lanes", "Timeline", "Show only lanes whose name contains a text", [ctrl_shift(Key::F)];
    FoldGroup, "Fold or unfold one group", "Timeline", "The group of the selected lane: one row, or all of them", [plain(Key::G)];
    FoldGroups, "Fold or unfold all groups", "Timeline", "One row per coroutine, or all of them", [plain(Key::Z)];
    NextOrder, "Order the lanes differently", "Timeline", "By start, running time, waiting time, or name", [plain(Key::O)];
    NextStall, "Next stall", "Stalls", "Jump to the next stall", [plain(Key::N)];
    PreviousStall, "Previous stall", "Stalls", "Jump to the stall before", [shift(Key::N)];
    WorstStall, "Worst stall", "Stalls", "Jump to the longest stall", [plain(Key::X)];
    NextSpan, "Next span", "Stalls", "Select the next span of the selected lane", [plain(Key::Period)];
    PreviousSpan, "Previous span", "Stalls", "Select the span before", [plain(Key::Comma)];
    OpenSource, "Open in editor", "Stalls", "Open the selected line in your editor", [plain(Key::E)];
    FlameLeftHeavy, "Flamegraph: heaviest first", "Flamegraph", "Equal stacks together, the heaviest at the left", [plain(Key::L)];
    FlameTimeOrder, "Flamegraph: in the order of time", "Flamegraph", "Stacks as they followed each other", [plain(Key::T)];
    FlameInverted, "Flamegraph: inverted", "Flamegraph", "From what ran up to its callers", [plain(Key::I)];
    FlameSandwich, "Flamegraph: sandwich", "Flamegraph", "Callers and callees of the selected function", [plain(Key::B)];
    FlameNext, "Flamegraph: next function", "Flamegraph", "Select the next function, the heaviest first", [plain(Key::J)];
    FlamePrevious, "Flamegraph: previous function", "Flamegraph", "Select the function before", [plain(Key::K)];
    FlameWaiting, "Flamegraph: running or waiting", "Flamegraph", "What ran, or what tasks waited for", [plain(Key::R)];
    FlameInternals, "Flamegraph: hide asyncio", "Flamegraph", "Leave out the frames of asyncio itself", [plain(Key::U)];
    FlameFocus, "Flamegraph: focus", "Flamegraph", "Only what runs in the selected function", [shift(Key::F)];
    FlameCollapse, "Flamegraph: collapse", "Flamegraph", "What the selected function calls counts as itself", [plain(Key::C)];
    FlameMerge, "Flamegraph: merge", "Flamegraph", "The selected function counts as its caller", [plain(Key::M)];
    FlameUndoLast, "Flamegraph: undo", "Flamegraph", "Undo the last focus, collapse or merge", [shift(Key::U)];
    FlameSource, "Flamegraph: open in editor", "Flamegraph", "Open the selected function in your editor", [shift(Key::E)];
    PaneStalls, "Stalls", "Views", "Show the list of stalls", [alt(Key::Num1)];
    PaneFlame, "Flamegraph", "Views", "Show the flamegraph", [alt(Key::Num2)];
    PaneTasks, "Tasks", "Views", "Show the table of tasks", [alt(Key::Num3)];
    PaneCoroutines, "Coroutines", "Views", "Show the table of coroutines", [alt(Key::Num4)];
    PaneAwaits, "Await graph", "Views", "Show who waits for whom at the cursor", [alt(Key::Num5)];
    PaneFindings, "Findings", "Views", "Show what looptrace noticed", [alt(Key::Num6)];
    PaneStatistics, "Statistics", "Views", "Show figures of the selected range", [alt(Key::Num7)];
    PaneLag, "Lag", "Views", "Show how long the loop went without polling", [alt(Key::Num8)];
    PaneContention, "Contention", "Views", "Show what tasks queued for", [alt(Key::Num9)];
    PaneCompare, "Compare", "Views", "Show the comparison with another recording", [alt(Key::Num0)];
    NextLag, "Lag: next bar", "Views", "List the lags of the next bar of the histogram", [plain(Key::CloseBracket)];
    PreviousLag, "Lag: bar before", "Views", "List the lags of the bar before", [plain(Key::OpenBracket)];
    WorseOnly, "Compare: worse only", "Views", "Only what took longer than before, or all", [shift(Key::W)];
    CloseComparison, "Close the comparison", "Views", "Forget the second recording", [ctrl(Key::W)];
    PaneTimeline, "Timeline", "Views", "Show the timeline", [alt(Key::T)];
    PaneDetails, "Details", "Views", "Show the details of what is selected", [alt(Key::D)];
    ResetLayout, "Reset the layout", "Views", "Put all views back where they were", [ctrl_shift(Key::L)];
    Find, "Search", "General", "Search for a function, task or coroutine; highlighted everywhere", [ctrl(Key::F), plain(Key::Slash)];
    NextMatch, "Next match", "General", "Select the next task that the search found", [plain(Key::F3)];
    PreviousMatch, "Previous match", "General", "Select the task found before", [shift(Key::F3)];
    FindTask, "Find a task", "General", "Choose a task by its name", [ctrl(Key::P)];
    Palette, "All commands", "General", "Choose a command by its name", [ctrl_shift(Key::P), plain(Key::F1)];
    Help, "Help", "General", "Show all keys", [plain(Key::Questionmark), shift(Key::Slash)];
    NextTheme, "Theme: system, dark, light", "General", "Change the colours", [plain(Key::F9)];
    Follow, "Follow", "Live", "Keep the newest in view while recording", [plain(Key::End)];
    Pause, "Pause", "Live", "Hold the picture; the recording goes on", [plain(Key::Space)];
}

impl Action {
    /// Its keys for people: `Ctrl+F`, `/`.
    #[must_use]
    pub fn keys_text(self) -> String {
        let names = eframe::egui::ModifierNames::NAMES;
        let text = |keys: &KeyboardShortcut| {
            let key = match keys.logical_key {
                key @ (Key::Plus | Key::Equals | Key::Minus | Key::Slash | Key::Questionmark) => {
                    key.symbol_or_name()
                }
                key @ (Key::Period | Key::Comma | Key::OpenBracket | Key::CloseBracket) => {
                    key.symbol_or_name()
                }
                Key::ArrowUp => "↑",
                Key::ArrowDown => "↓",
                Key::Escape => "Esc",
                Key::ArrowLeft => "←",
                Key::ArrowRight => "→",
                key => key.name(),
            };
            let modifiers = names.format(&keys.modifiers, false);
            if modifiers.is_empty() { key.to_owned() } else { format!("{modifiers}+{key}") }
        };
        self.keys().iter().map(text).collect::<Vec<_>>().join("  ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_actions_share_a_key() {
        let mut seen: Vec<(KeyboardShortcut, Action)> = Vec::new();
        for &action in Action::ALL {
            for &keys in action.keys() {
                if let Some((_, other)) = seen.iter().find(|(known, _)| *known == keys) {
                    assert_eq!(*other, action, "{keys:?}");
                }
                seen.push((keys, action));
            }
        }
    }

    #[test]
    fn every_action_can_be_reached_by_a_key_or_the_palette() {
        for action in Action::ALL {
            assert!(!action.name().is_empty() && !action.help().is_empty(), "{action:?}");
            let named = Action::ALL.iter().filter(|other| other.name() == action.name());
            assert_eq!(named.count(), 1, "{action:?}");
        }
        assert!(!Action::Palette.keys().is_empty());
    }
}
