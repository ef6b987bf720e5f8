//! Views are put elsewhere with the pointer.

use eframe::egui::{Event, Modifiers, PointerButton, Pos2};
use egui_kittest::kittest::Queryable as _;
use looptrace_gui::app::App;
use looptrace_gui::command::Action;
use looptrace_gui::dock;
use looptrace_gui::state::Pane;

use crate::support::{Window, press, recording, settle, window, window_of};

fn button(window: &mut Window, pos: Pos2, pressed: bool) {
    let (button, modifiers) = (PointerButton::Primary, Modifiers::NONE);
    window.event(Event::PointerButton { pos, button, pressed, modifiers });
    window.step();
}

/// The middle of the tab of a view.
#[track_caller]
fn tab(window: &Window, title: &str) -> Pos2 {
    let found = window.query_all_by_label(title).next();
    found.unwrap_or_else(|| panic!("there is no tab {title:?}")).rect().center()
}

#[test]
fn a_view_is_dragged_beside_another_and_back_by_a_key() {
    let mut window = window("demo");
    let standard = dock::visible(&window.state().dock);
    assert!(!standard.contains(&Pane::Lag));
    let (from, to) = (tab(&window, "Lag"), tab(&window, "Details"));
    window.event(Event::PointerMoved(from));
    window.step();
    button(&mut window, from, true);
    for part in 1..=10 {
        window.event(Event::PointerMoved(from + (to - from) * (part as f32 / 10.0)));
        window.step();
    }
    button(&mut window, to, false);
    settle(&mut window);
    let shown = dock::visible(&window.state().dock);
    assert!(shown.contains(&Pane::Lag) && shown.contains(&Pane::Stalls), "{shown:?}");
    press(&mut window, Action::ResetLayout);
    assert_eq!(dock::visible(&window.state().dock), standard);
}

#[test]
fn the_tab_of_a_view_that_comes_to_the_front_is_in_sight_in_a_narrow_window() {
    let snapshot = recording("demo");
    let mut window = window_of([640.0, 400.0].into(), 1.0, |creation| {
        App::showing(&creation.egui_ctx, snapshot)
    });
    // What lies at the right of the row of tabs.
    let edge = tab(&window, "Details").x;
    assert!(tab(&window, "Compare").x > edge, "all tabs fit: nothing is proved");
    press(&mut window, Action::PaneCompare);
    assert!(tab(&window, "Compare").x < edge);
    press(&mut window, Action::PaneFlame);
    let shown = tab(&window, "Flamegraph").x;
    assert!((0.0..edge).contains(&shown), "{shown}");
}
