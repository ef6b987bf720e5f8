//! Every command, by its key and by its name.

use eframe::egui::ViewportCommand;
use looptrace_gui::axis::Range;
use looptrace_gui::command::{Action, Command};
use looptrace_gui::dock;
use looptrace_gui::state::{Overlay, Pane, Selection, Sort, TableId};

use crate::support::{Window, choose, copied, press, press_once, settle, window};

/// Everything that a command may change, as text.
fn fingerprint(window: &Window) -> String {
    let app = window.state();
    let revision = app.snapshot.as_ref().map(|snapshot| snapshot.revision);
    format!("{:?} {revision:?} {:?}", app.state, dock::visible(&app.dock))
}

/// A window in which every command has something to do: in the middle of a recording, a stall, a
/// range, a function and a search chosen, a lane hidden, a step back and a step forward possible.
fn prepared() -> Window {
    let mut window = window("demo");
    let app = window.state_mut();
    let snapshot = app.snapshot.clone().expect("it is open");
    let whole = snapshot.whole();
    let middle = Range { start: whole.length() / 3, end: whole.length() / 2 };
    app.state.go(middle);
    app.state.go(middle.padded(0.3, whole));
    app.state.undo_view();
    app.state.selection = Selection::Stall(1);
    app.state.range = Some(Range { start: middle.start, end: middle.end - 1_000_000 });
    app.state.search = "worker".to_owned();
    app.state.lanes.hidden.insert(snapshot.timeline.lanes.len() - 1);
    let frame = snapshot.stalls()[1].location.expect("it has a guilty line");
    app.state.flame.selected =
        snapshot.analysis.dictionary.get_frame(frame).map(|frame| frame.code);
    app.state.flame.transforms =
        vec![looptrace_gui::flame::Transform::Focus(app.state.flame.selected.expect("code"))];
    app.state.flame.layout = looptrace_gui::flame::Layout::Inverted;
    dock::show(&mut app.dock, Pane::Details);
    settle(&mut window);
    window
}

/// Whether an action shows in the window itself; the others are tested one by one.
fn changes_the_window(action: Action) -> bool {
    !matches!(
        action,
        Action::Open
            | Action::Compare
            | Action::Reload
            | Action::SavePicture
            | Action::CopyTable
            | Action::CopySelection
            | Action::OpenSource
            | Action::Quit
            | Action::Find
            | Action::ResetLayout
            | Action::CancelLoading
            | Action::CloseComparison
            | Action::FilterLanes
            // These are what the window shows already.
            | Action::PaneStalls
            | Action::PaneTimeline
            | Action::PaneDetails
            | Action::FlameInverted
    )
}

#[test]
fn every_key_does_something() {
    for &action in Action::ALL.iter().filter(|action| changes_the_window(**action)) {
        let mut window = prepared();
        let before = fingerprint(&window);
        press(&mut window, action);
        assert_ne!(fingerprint(&window), before, "{action:?} changed nothing");
    }
}

#[test]
fn every_command_can_be_chosen_by_its_name() {
    let mut window = prepared();
    for &action in Action::ALL.iter().filter(|action| changes_the_window(**action)) {
        let mut by_key = prepared();
        press(&mut by_key, action);
        choose(&mut window, action);
        let app = window.state();
        match action {
            Action::Help => assert_eq!(app.state.overlay, Overlay::Help),
            Action::Palette => assert_eq!(app.state.overlay, Overlay::Palette),
            Action::FindTask => assert_eq!(app.state.overlay, Overlay::TaskFinder),
            _ => assert_eq!(fingerprint(&window), fingerprint(&by_key), "{action:?}"),
        }
        window = prepared();
    }
}

#[test]
fn views_come_to_the_front_by_their_keys() {
    let mut window = window("demo");
    for (action, pane) in [
        (Action::PaneFlame, Pane::Flame),
        (Action::PaneTasks, Pane::Tasks),
        (Action::PaneCoroutines, Pane::Coroutines),
        (Action::PaneAwaits, Pane::Awaits),
        (Action::PaneFindings, Pane::Findings),
        (Action::PaneStatistics, Pane::Statistics),
        (Action::PaneLag, Pane::Lag),
        (Action::PaneContention, Pane::Contention),
        (Action::PaneCompare, Pane::Compare),
        (Action::PaneTimeline, Pane::Timeline),
        (Action::PaneDetails, Pane::Details),
        (Action::PaneStalls, Pane::Stalls),
    ] {
        press(&mut window, action);
        assert!(dock::visible(&window.state().dock).contains(&pane), "{pane:?}");
    }
    choose(&mut window, Action::ResetLayout);
    assert_eq!(dock::visible(&window.state().dock), dock::visible(&dock::standard()));
}

#[test]
fn tables_and_selections_are_copied_as_text() {
    let mut window = window("demo");
    let stalls = copied(&mut window, Action::CopyTable).expect("a table");
    assert!(stalls.starts_with("stall\tstart_ns\tduration_ns\t"), "{stalls}");
    let count = window.state().snapshot.as_ref().map_or(0, |snapshot| snapshot.stalls().len());
    assert_eq!(stalls.lines().count(), count + 1);
    for (action, header) in [
        (Action::PaneTasks, "task\tcoroutine\t"),
        (Action::PaneCoroutines, "coroutine\ttasks\t"),
        (Action::PaneStatistics, "coroutine\tstate\t"),
        (Action::PaneContention, "what\tplace\twaits\t"),
        (Action::PaneFindings, "severity\tfinding\t"),
        (Action::PaneLag, "loop\tstart_ns\t"),
        (Action::PaneFlame, "function\tfile\t"),
        (Action::PaneAwaits, "task\tcoroutine\t"),
    ] {
        press(&mut window, action);
        let table = copied(&mut window, Action::CopyTable).expect("a table");
        assert!(table.starts_with(header) && table.lines().count() > 1, "{action:?}: {table}");
    }
    press(&mut window, Action::NextStall);
    let stall = copied(&mut window, Action::CopySelection).expect("a stall in words");
    assert!(stall.starts_with("stall 1: ") && stall.contains("write_export"), "{stall}");
}

#[test]
fn a_table_is_copied_as_it_is_shown() {
    let mut window = window("demo");
    let column = |table: &str, column: usize| -> Vec<String> {
        let cells = table.lines().skip(1).filter_map(|line| line.split('\t').nth(column));
        cells.map(str::to_owned).collect()
    };
    for (pane, table, shown, copied_as) in [
        (Action::PaneTasks, TableId::Tasks, 0, 0),
        (Action::PaneCoroutines, TableId::Coroutines, 0, 0),
        (Action::PaneStatistics, TableId::Statistics, 2, 2),
        (Action::PaneContention, TableId::Contention, 1, 1),
        (Action::PaneStalls, TableId::Stalls, 1, 0),
    ] {
        press(&mut window, pane);
        let mut orders = [false, true].map(|descending| {
            let sort = Sort { column: shown, descending };
            let ctx = window.ctx.clone();
            window.state_mut().apply(&ctx, Command::SortTable(table, sort));
            settle(&mut window);
            column(&copied(&mut window, Action::CopyTable).expect("a table"), copied_as)
        });
        orders[1].reverse();
        assert_eq!(orders[0], orders[1], "{table:?}");
        assert!(orders[0].first() != orders[0].last(), "{table:?}");
    }
    press(&mut window, Action::PaneTasks);
    window.state_mut().state.search = "connection-1".to_owned();
    settle(&mut window);
    let mut names = column(&copied(&mut window, Action::CopyTable).expect("a table"), 0);
    names.sort();
    assert_eq!(names, ["connection-1", "connection-10", "connection-11", "connection-12"]);
}

#[test]
fn reading_again_gives_a_new_snapshot() {
    let mut window = window("demo");
    let revision = |window: &Window| window.state().snapshot.as_ref().map(|s| s.revision);
    let before = revision(&window);
    press(&mut window, Action::Reload);
    assert!(revision(&window) > before);
}

#[test]
fn quitting_closes_the_window() {
    let mut window = window("demo");
    press_once(&mut window, Action::Quit);
    let closed = window.output().viewport_output.values().any(|viewport| {
        viewport.commands.iter().any(|command| matches!(command, ViewportCommand::Close))
    });
    assert!(closed);
}

#[test]
fn stalls_are_stepped_through_in_order_and_back() {
    let mut window = window("demo");
    let count = window.state().snapshot.as_ref().map_or(0, |snapshot| snapshot.stalls().len());
    for index in 0..count {
        press(&mut window, Action::NextStall);
        assert_eq!(window.state().state.selection, Selection::Stall(index));
    }
    press(&mut window, Action::NextStall);
    assert!(window.state().state.notice.as_deref().is_some_and(|words| words.contains("no stall")));
    press(&mut window, Action::PreviousStall);
    assert_eq!(window.state().state.selection, Selection::Stall(count - 2));
}

#[test]
fn lanes_are_stepped_through_up_and_down() {
    let mut window = window("demo");
    press(&mut window, Action::NextLane);
    let first = window.state().state.selection;
    assert!(matches!(first, Selection::Span(0, _)), "{first:?}");
    press(&mut window, Action::NextLane);
    let group = window.state().state.selection;
    assert!(matches!(group, Selection::Group(0)), "{group:?}");
    press(&mut window, Action::NextLane);
    assert!(matches!(window.state().state.selection, Selection::Task(_)));
    press(&mut window, Action::PreviousLane);
    press(&mut window, Action::PreviousLane);
    assert_eq!(window.state().state.selection, first);
}

#[test]
fn functions_and_bars_are_stepped_through() {
    let mut window = window("demo");
    press(&mut window, Action::PaneFlame);
    press(&mut window, Action::FlameNext);
    let first = window.state().state.flame.selected;
    press(&mut window, Action::FlameNext);
    assert!(first.is_some() && window.state().state.flame.selected != first);
    press(&mut window, Action::FlamePrevious);
    assert_eq!(window.state().state.flame.selected, first);
    press(&mut window, Action::PaneLag);
    press(&mut window, Action::NextLag);
    let first = window.state().state.lag_bin;
    press(&mut window, Action::NextLag);
    assert!(first.is_some() && window.state().state.lag_bin > first);
}

#[test]
fn the_filter_of_lanes_takes_the_keyboard() {
    let mut window = window("demo");
    press(&mut window, Action::FilterLanes);
    window.event(eframe::egui::Event::Text("worker".to_owned()));
    settle(&mut window);
    assert_eq!(window.state().state.lanes.filter, "worker");
}

#[test]
fn letters_typed_into_a_field_are_no_commands() {
    let mut window = window("demo");
    press(&mut window, Action::Find);
    let view = window.state().state.view;
    window.event(eframe::egui::Event::Text("wasd".to_owned()));
    window.key_press(eframe::egui::Key::W);
    settle(&mut window);
    assert_eq!(window.state().state.search, "wasd");
    assert_eq!(window.state().state.view, view);
}
