//! What is remembered from one run to the next.

use std::path::{Path, PathBuf};

use crate::flame::{Layout, Weight};
use crate::state::{LaneOrder, State};
use crate::theme::Preference;

/// Files that are remembered.
const MOST_RECENT: usize = 12;

/// What is remembered.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Saved {
    /// Files that were opened, the last first.
    pub recent: Vec<PathBuf>,
    /// The colours.
    pub theme: Preference,
    /// How the flamegraph was laid out.
    pub flame_layout: Layout,
    /// What it counted.
    pub flame_weight: Weight,
    /// Whether it left asyncio out.
    pub hide_internals: bool,
    /// The order of the lanes.
    pub lane_order: LaneOrder,
    /// Where the views were.
    pub layout: Option<String>,
}

impl Saved {
    /// Reads what [`Self::to_text`] made; what cannot be read is forgotten.
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_default()
    }

    /// As text.
    #[must_use]
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Remembers a file as the last one opened.
    pub fn opened(&mut self, path: &Path) {
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        self.recent.retain(|known| *known != path);
        self.recent.insert(0, path);
        self.recent.truncate(MOST_RECENT);
    }

    /// Remembers how things are shown.
    pub fn take(&mut self, state: &State) {
        self.theme = state.theme;
        self.flame_layout = state.flame.layout;
        self.flame_weight = state.flame.weight;
        self.hide_internals =
            state.flame.transforms.contains(&crate::flame::Transform::HideInternals);
        self.lane_order = state.lanes.order;
    }

    /// Shows things as they were.
    pub fn give(&self, state: &mut State) {
        state.theme = self.theme;
        state.flame.layout = self.flame_layout;
        state.flame.weight = self.flame_weight;
        state.lanes.order = self.lane_order;
        if self.hide_internals {
            state.flame.transforms = vec![crate::flame::Transform::HideInternals];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_opened_last_comes_first_and_once() {
        let mut saved = Saved::default();
        for name in ["/a", "/b", "/a"] {
            saved.opened(Path::new(name));
        }
        assert_eq!(saved.recent, [PathBuf::from("/a"), PathBuf::from("/b")]);
        assert_eq!(Saved::from_text(&saved.to_text()), saved);
        assert_eq!(Saved::from_text("{broken"), Saved::default());
        (0..100).for_each(|n| saved.opened(Path::new(&format!("/{n}"))));
        assert_eq!(saved.recent.len(), MOST_RECENT);
    }
}
