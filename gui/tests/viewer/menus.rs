//! Menus that open on a right click; what they offer is there by key, too.

use eframe::egui::{Event, Modifiers, PointerButton, vec2};
use egui_kittest::kittest::Queryable as _;
use looptrace::model::CodeId;
use looptrace_gui::command::Action;
use looptrace_gui::flame::{Layout, Transform};
use looptrace_gui::theme::FRAME;

use crate::support::{Window, press, settle, window};

#[track_caller]
fn choose(window: &mut Window, on: &str, item: &str) {
    let found = window.query_all_by_label(on).next();
    found.unwrap_or_else(|| panic!("nothing is called {on:?}")).click_secondary();
    settle(window);
    let found = window.query_all_by_label_contains(item).last();
    found.unwrap_or_else(|| panic!("the menu has no {item:?}")).click();
    settle(window);
}

fn lane(window: &Window, name: &str) -> usize {
    let snapshot = window.state().snapshot.clone().expect("it is open");
    let lanes = &snapshot.timeline.lanes;
    let named = |lane| looptrace_gui::lookup::lane_name(&snapshot, lane) == name;
    lanes.iter().position(named).expect("there is such a lane")
}

#[test]
fn a_lane_is_pinned_hidden_and_named_by_its_menu() {
    let mut window = window("demo");
    let (first, second) = (lane(&window, "connection-1"), lane(&window, "connection-2"));
    choose(&mut window, "connection-1", "Pin");
    assert!(window.state().state.lanes.pinned.contains(&first));
    choose(&mut window, "connection-1", "Unpin");
    assert!(window.state().state.lanes.pinned.is_empty());
    choose(&mut window, "connection-2", "Hide");
    assert!(window.state().state.lanes.hidden.contains(&second));
    choose(&mut window, "connection-1", "Copy the name");
    assert_eq!(window.state().state.notice.as_deref(), Some("copied 12 B"));
}

#[test]
fn a_group_is_hidden_as_a_whole() {
    let mut window = window("demo");
    let snapshot = window.state().snapshot.clone().expect("it is open");
    let group = &snapshot.timeline.groups[0];
    let name = format!("Shop.serve  × {}", group.tasks);
    choose(&mut window, &name, "Hide");
    let hidden = &window.state().state.lanes.hidden;
    assert!(group.lanes.clone().all(|lane| hidden.contains(&lane)), "{hidden:?}");
    assert!(window.query_by_label(&name).is_none());
    press(&mut window, Action::UnhideAll);
    assert!(window.query_by_label(&name).is_some());
}

#[test]
fn a_function_is_focused_collapsed_merged_and_undone_by_its_menu() {
    let mut window = window("demo");
    press(&mut window, Action::PaneFlame);
    for (item, key, transform) in [
        ("focus", Action::FlameFocus, Transform::Focus as fn(_) -> _),
        ("collapse", Action::FlameCollapse, Transform::Collapse),
        ("merge", Action::FlameMerge, Transform::Merge),
    ] {
        let code = open_menu(&mut window);
        click_last(&mut window, item);
        assert_eq!(window.state().state.flame.transforms, [transform(code)], "{item}");
        open_menu(&mut window);
        click_last(&mut window, "undo");
        assert!(window.state().state.flame.transforms.is_empty(), "{item}");
        window.state_mut().state.flame.selected = Some(code);
        press(&mut window, key);
        assert_eq!(window.state().state.flame.transforms, [transform(code)], "{item} by key");
        press(&mut window, Action::FlameUndoLast);
    }
    open_menu(&mut window);
    click_last(&mut window, "sandwich");
    assert_eq!(window.state().state.flame.layout, Layout::Sandwich);
}

/// Clicks with the other button on a function of the flamegraph, which selects it.
fn open_menu(window: &mut Window) -> CodeId {
    let canvas = window.get_by_label("Flamegraph canvas").rect();
    // In the second row from above: the first may be all there is.
    let pos = canvas.left_top() + vec2(30.0, FRAME * 1.5);
    window.event(Event::PointerMoved(pos));
    for pressed in [true, false] {
        let (button, modifiers) = (PointerButton::Secondary, Modifiers::NONE);
        window.event(Event::PointerButton { pos, button, pressed, modifiers });
        window.step();
    }
    settle(window);
    window.state().state.flame.selected.expect("a function lies there")
}

#[track_caller]
fn click_last(window: &mut Window, item: &str) {
    let found = window.query_all_by_label_contains(item).last();
    found.unwrap_or_else(|| panic!("the menu has no {item:?}")).click();
    settle(window);
}
