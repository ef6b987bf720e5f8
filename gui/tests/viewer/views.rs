//! What each view shows of a recording, and what a click does, by accessible names.

use eframe::egui::vec2;
use egui_kittest::kittest::Queryable as _;
use looptrace_gui::command::Action;
use looptrace_gui::flame::{Layout, Weight};
use looptrace_gui::state::{LaneOrder, Selection};

use crate::support::{Window, press, settle, window, window_of};

#[track_caller]
fn click(window: &mut Window, label: &str) {
    let found = window.query_all_by_label(label).next();
    found.unwrap_or_else(|| panic!("nothing is called {label:?}")).click();
    settle(window);
}

#[track_caller]
fn shows(window: &Window, part: &str) {
    let found = window.query_all_by_label_contains(part).next();
    assert!(found.is_some(), "{part:?} is not shown");
}

fn names(window: &Window, part: &str) -> usize {
    window.query_all_by_label_contains(part).count()
}

#[test]
fn the_frame_says_how_far_a_recording_can_be_trusted() {
    let window = window("demo");
    for words in ["demo.looptrace", "samples at 1000 Hz", "missed", "edges", "Recording"] {
        shows(&window, words);
    }
    assert!(window.query_by_label("Overview of the whole recording").is_some());
    assert!(window.query_by_label("Timeline canvas").is_some());
}

#[test]
fn a_stall_of_the_list_is_told_in_full() {
    let mut window = window("demo");
    shows(&window, "Guilty line");
    click(&mut window, "shop/demo_service.py:53");
    assert!(matches!(window.state().state.selection, Selection::Stall(_)));
    for words in
        ["Stall ", "duration", "Causes", "Stack, innermost first", "write_export", "Victims"]
    {
        shows(&window, words);
    }
    click(&mut window, "Duration ▼");
    shows(&window, "Duration ▲");
}

#[test]
fn lanes_are_filtered_ordered_folded_pinned_and_hidden() {
    let mut window = window("demo");
    shows(&window, "Shop.serve  ×");
    window.get_by_label("Filter lanes").focus();
    settle(&mut window);
    window.event(eframe::egui::Event::Text("worker".to_owned()));
    settle(&mut window);
    assert_eq!(names(&window, "Shop.serve  ×"), 0);
    shows(&window, "worker-1");
    window.state_mut().state.lanes.filter.clear();
    press(&mut window, Action::ClearRange);
    press(&mut window, Action::NextOrder);
    assert_eq!(window.state().state.lanes.order, LaneOrder::Running);
    press(&mut window, Action::FoldGroups);
    let folded = names(&window, "Unfold ");
    press(&mut window, Action::FoldGroups);
    assert!(folded > 0 || names(&window, "Unfold ") > 0);
    window.state_mut().state.lanes.filter = "worker".to_owned();
    settle(&mut window);
    click(&mut window, "worker-2");
    assert!(matches!(window.state().state.selection, Selection::Task(_)));
    press(&mut window, Action::PinSelected);
    shows(&window, "Unpin worker-2");
    press(&mut window, Action::PinSelected);
    press(&mut window, Action::HideSelected);
    shows(&window, "+1");
}

#[test]
fn a_task_says_where_its_time_went() {
    let mut window = window("demo");
    press(&mut window, Action::PaneTasks);
    shows(&window, "Longest step");
    window.state_mut().state.search = "worker-3".to_owned();
    settle(&mut window);
    shows(&window, "tasks, as searched and ranged");
    click(&mut window, "worker-3");
    for words in ["Where its time went", "What it waited for", "semaphore", "Shop.work"] {
        shows(&window, words);
    }
}

#[test]
fn the_critical_path_of_a_task_leads_to_others_and_to_stalls() {
    let mut window = window("demo");
    press(&mut window, Action::PaneTasks);
    window.state_mut().state.search = "connection-3".to_owned();
    settle(&mut window);
    click(&mut window, "connection-3");
    let first = window.state().state.selection;
    for words in ["Its critical path", "waiting for lock"] {
        shows(&window, words);
    }
    window.get_by_label("Critical path: a click moves the cursor").click();
    settle(&mut window);
    assert!(window.state().state.cursor.is_some());
    let other = window.query_all_by_label_contains("in section-").next();
    other.expect("it waited for other tasks").click();
    settle(&mut window);
    assert_ne!(window.state().state.selection, first);
}

#[test]
fn coroutines_statistics_and_contention_are_tables() {
    let mut window = window("demo");
    press(&mut window, Action::PaneCoroutines);
    shows(&window, "p99 step");
    click(&mut window, "Shop.serve");
    assert!(matches!(window.state().state.selection, Selection::Group(_)));
    press(&mut window, Action::PaneStatistics);
    shows(&window, "between polls p50");
    shows(&window, "Shortest");
    press(&mut window, Action::PaneContention);
    for words in ["Longest by", "Held by", "Lock #4", "demo_service.py:"] {
        shows(&window, words);
    }
    click(&mut window, "Lock #4");
    assert!(matches!(window.state().state.selection, Selection::Task(_)));
    assert!(window.state().state.cursor.is_some());
}

#[test]
fn the_flamegraph_has_four_layouts_and_two_weights() {
    let mut window = window("demo");
    press(&mut window, Action::PaneFlame);
    assert!(window.query_by_label("Flamegraph canvas").is_some());
    for (title, layout) in [
        ("Time order", Layout::TimeOrder),
        ("Inverted", Layout::Inverted),
        ("Sandwich", Layout::Sandwich),
        ("Left-heavy", Layout::LeftHeavy),
    ] {
        click(&mut window, title);
        assert_eq!(window.state().state.flame.layout, layout);
    }
    click(&mut window, "Waiting");
    assert_eq!(window.state().state.flame.weight, Weight::Waiting);
    click(&mut window, "Hide asyncio");
    assert_eq!(window.state().state.flame.transforms.len(), 1);
}

#[test]
fn a_circle_of_tasks_is_marked() {
    let mut window = window("cycle");
    press(&mut window, Action::PaneAwaits);
    shows(&window, "5 tasks wait for each other in circles");
    click(&mut window, "ping, waiting");
    assert!(matches!(window.state().state.selection, Selection::Task(_)));
}

#[test]
fn findings_jump_to_their_evidence() {
    let mut window = window("demo");
    press(&mut window, Action::PaneFindings);
    let first = window.query_all_by_label_contains("Show ").next();
    first.expect("a finding can be shown").click();
    settle(&mut window);
    assert!(matches!(window.state().state.selection, Selection::Stall(_)));
}

#[test]
fn lags_are_listed_and_jumped_to() {
    let mut window = window("demo");
    press(&mut window, Action::PaneLag);
    shows(&window, "Time from one poll seen to the next");
    let view = window.state().state.view;
    let first = window.query_all_by_label_contains(", loop in ").next();
    first.expect("lags are listed").click();
    settle(&mut window);
    assert_ne!(window.state().state.view, view);
}

#[test]
fn the_finder_finds_tasks_and_the_help_tells_every_key() {
    let mut window = window("demo");
    press(&mut window, Action::FindTask);
    window.event(eframe::egui::Event::Text("worker-4".to_owned()));
    settle(&mut window);
    window.key_press(eframe::egui::Key::Enter);
    settle(&mut window);
    assert!(matches!(window.state().state.selection, Selection::Task(_)));
    press(&mut window, Action::Help);
    for action in Action::ALL {
        shows(&window, action.help());
    }
}

#[test]
fn what_a_search_finds_is_shown_and_can_be_stepped_through() {
    let mut window = window("demo");
    click(&mut window, "Search");
    window.event(eframe::egui::Event::Text("worker".to_owned()));
    settle(&mut window);
    press(&mut window, Action::NextMatch);
    let first = window.state().state.selection;
    press(&mut window, Action::NextMatch);
    let second = window.state().state.selection;
    assert!(first != second && matches!(second, Selection::Task(_)), "{first:?} {second:?}");
    click(&mut window, "Clear the search");
    assert!(window.state().state.search.is_empty());
}

#[test]
fn every_view_fits_into_a_small_window_and_a_large_scale() {
    for (size, scale) in [([640.0, 400.0], 1.0), ([800.0, 500.0], 2.0)] {
        let snapshot = crate::support::recording("demo");
        let mut window = window_of(size.into(), scale, |creation| {
            looptrace_gui::app::App::showing(&creation.egui_ctx, snapshot)
        });
        for action in [
            Action::PaneStalls,
            Action::PaneFlame,
            Action::PaneTasks,
            Action::PaneCoroutines,
            Action::PaneAwaits,
            Action::PaneFindings,
            Action::PaneStatistics,
            Action::PaneLag,
            Action::PaneContention,
            Action::PaneCompare,
            Action::Help,
        ] {
            press(&mut window, action);
            window.check_accessibility();
        }
        window.render().expect("it can be drawn");
    }
}

#[test]
fn the_names_of_quantiles_stand_in_their_plot_however_narrow() {
    for size in [[640.0, 400.0], [1280.0, 800.0]] {
        let snapshot = crate::support::recording("demo");
        let mut window = window_of(size.into(), 1.0, |creation| {
            looptrace_gui::app::App::showing(&creation.egui_ctx, snapshot)
        });
        press(&mut window, Action::PaneLag);
        let plot = window.get_by_label("Lag histogram").rect();
        let named = window.query_all_by_label_contains("p99.9").map(|name| name.rect());
        let inside = named.filter(|name| plot.contains_rect(*name)).count();
        assert_eq!(inside, 1, "{size:?} {plot:?}");
    }
}

#[test]
fn no_words_are_left_where_the_overview_was_dragged_in() {
    let mut window = window("demo");
    let overview = window.get_by_label("Overview of the whole recording").rect();
    let (from, to) = (overview.center(), overview.right_center() - vec2(80.0, 0.0));
    let hint = "drag to choose";
    window.hover_at(from);
    settle(&mut window);
    shows(&window, hint);
    let view = window.state().state.view;
    window.drag_at(from);
    window.step();
    window.hover_at(to);
    window.step();
    window.drop_at(to);
    settle(&mut window);
    window.hover_at(to - vec2(3.0, 0.0));
    settle(&mut window);
    assert_ne!(window.state().state.view, view);
    assert_eq!(names(&window, hint), 0);
}
