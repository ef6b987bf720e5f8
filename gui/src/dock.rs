//! Where the views are.

use eframe::egui::style::ScrollAnimation;
use eframe::egui::{Response, Ui, WidgetText};
use egui_tiles::{
    Behavior, Container, Linear, LinearDir, SimplificationOptions, TileId, Tiles, Tree, UiResponse,
};

use crate::state::Pane;
use crate::theme::Theme;
use crate::views::{self, Show};

/// The views and where they are.
pub type Dock = Tree<Pane>;

/// The layout to begin with: the timeline over everything, details at its right, lists below.
#[must_use]
pub fn standard() -> Dock {
    let mut tiles = Tiles::default();
    let timeline = tiles.insert_pane(Pane::Timeline);
    let details = tiles.insert_pane(Pane::Details);
    let lists: Vec<TileId> = Pane::ALL
        .into_iter()
        .filter(|pane| !matches!(pane, Pane::Timeline | Pane::Details))
        .map(|pane| tiles.insert_pane(pane))
        .collect();
    let lists = tiles.insert_tab_tile(lists);
    let mut left = Linear::new(LinearDir::Vertical, vec![timeline, lists]);
    left.shares.set_share(timeline, 1.15);
    left.shares.set_share(lists, 1.0);
    let left = tiles.insert_container(Container::Linear(left));
    let mut root = Linear::new(LinearDir::Horizontal, vec![left, details]);
    root.shares.set_share(left, 3.0);
    root.shares.set_share(details, 1.0);
    let root = tiles.insert_container(Container::Linear(root));
    Tree::new(eframe::egui::Id::unique("views"), root, tiles)
}

/// Reads a layout that was saved; `None` if it does not hold every view exactly once.
#[must_use]
pub fn restored(text: &str) -> Option<Dock> {
    let dock: Dock = serde_json::from_str(text).ok()?;
    let mut panes: Vec<Pane> = dock
        .tiles
        .tiles()
        .filter_map(|tile| match tile {
            egui_tiles::Tile::Pane(pane) => Some(*pane),
            egui_tiles::Tile::Container(_) => None,
        })
        .collect();
    panes.sort_unstable();
    let mut all = Pane::ALL.to_vec();
    all.sort_unstable();
    (panes == all && dock.root().is_some()).then_some(dock)
}

/// Brings a view to the front.
pub fn show(dock: &mut Dock, pane: Pane) {
    dock.make_active(|_, tile| matches!(tile, egui_tiles::Tile::Pane(shown) if *shown == pane));
}

/// The views that can be seen.
#[must_use]
pub fn visible(dock: &Dock) -> Vec<Pane> {
    dock.active_tiles().into_iter().filter_map(|tile| dock.tiles.get_pane(&tile).copied()).collect()
}

/// Draws the views into their tiles.
pub struct Panes<'a, 'b> {
    /// What they show.
    pub show: &'a mut Show<'b>,
    /// Views whose tabs are scrolled to.
    pub reveal: &'a [Pane],
}

impl Behavior<Pane> for Panes<'_, '_> {
    fn pane_ui(&mut self, ui: &mut Ui, _: TileId, pane: &mut Pane) -> UiResponse {
        views::pane(ui, self.show, *pane);
        UiResponse::None
    }

    fn tab_title_for_pane(&mut self, pane: &Pane) -> WidgetText {
        let count = match pane {
            Pane::Stalls => Some(self.show.snapshot.stalls().len()),
            Pane::Findings => Some(views::findings::count(self.show)),
            _ => None,
        };
        match count {
            Some(count) if count > 0 => format!("{} {count}", pane.title()).into(),
            _ => pane.title().into(),
        }
    }

    fn on_tab_button(&mut self, tiles: &mut Tiles<Pane>, tile: TileId, tab: Response) -> Response {
        if tiles.get_pane(&tile).is_some_and(|pane| self.reveal.contains(pane)) {
            tab.scroll_to_me_animation(None, ScrollAnimation::none());
        }
        tab
    }

    fn gap_width(&self, _: &eframe::egui::Style) -> f32 {
        3.0
    }

    fn tab_bar_height(&self, _: &eframe::egui::Style) -> f32 {
        26.0
    }

    fn tab_bar_color(&self, _: &eframe::egui::Visuals) -> eframe::egui::Color32 {
        self.theme().raised
    }

    fn simplification_options(&self) -> SimplificationOptions {
        SimplificationOptions { all_panes_must_have_tabs: true, ..SimplificationOptions::OFF }
    }
}

impl Panes<'_, '_> {
    fn theme(&self) -> &Theme {
        self.show.theme
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layout_survives_being_saved_and_a_broken_one_does_not() {
        let dock = standard();
        let text = serde_json::to_string(&dock).unwrap();
        assert_eq!(restored(&text), Some(dock));
        assert_eq!(restored("{}"), None);
        assert_eq!(restored(&text.replace("Stalls", "Tasks")), None);
    }

    #[test]
    fn every_view_can_be_brought_to_the_front() {
        let mut dock = standard();
        for pane in Pane::ALL {
            show(&mut dock, pane);
            assert!(visible(&dock).contains(&pane), "{pane:?}");
        }
    }
}
