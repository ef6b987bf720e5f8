//! Commands that need something going on: a file that is being read, a comparison, an editor.

use std::path::Path;

use eframe::egui::{Event, Key, Modifiers};
use egui_kittest::kittest::Queryable as _;
use looptrace::model::{Event as Recorded, RecorderStats, RecordingMeta, Timestamp};
use looptrace::recording::Writer;
use looptrace_gui::app::App;
use looptrace_gui::command::{Action, Command};
use looptrace_gui::launch::Options;
use looptrace_gui::state::TableId;

use crate::support::{choose, path, press, press_once, settle, window, window_of};

/// A recording that takes a while to be read: reading is given up between batches of events.
fn long(file: &Path) {
    let mut writer = Writer::create(file, &RecordingMeta::default(), true).expect("it is made");
    for nth in 0..400_000 {
        let stats = RecorderStats { time: Timestamp::from_nanos(nth), ..RecorderStats::default() };
        writer.push(&Recorded::Stats(stats)).expect("it is written");
    }
    writer.finish().expect("it is ended");
}

#[test]
fn reading_is_given_up_by_a_key_a_button_and_by_name() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("long.looptrace");
    long(&file);
    let mut window = window_of([1000.0, 640.0].into(), 1.0, |creation| {
        App::new(Options::default(), &creation.egui_ctx, None)
    });
    let ctx = window.ctx.clone();
    for way in ["key", "button", "name"] {
        if way == "name" {
            press(&mut window, Action::Palette);
            window.event(Event::Text(Action::CancelLoading.name().to_owned()));
            settle(&mut window);
        }
        window.state_mut().apply(&ctx, Command::OpenFile(file.clone()));
        match way {
            "key" => press_once(&mut window, Action::CancelLoading),
            "button" => {
                window.step();
                window.get_by_label("Cancel").click();
            }
            _ => window.key_press(Key::Enter),
        }
        settle(&mut window);
        let app = window.state();
        assert!(app.snapshot.is_none() && app.error.is_none(), "{way} did not stop it");
    }
    // Nor is it in the way of another one.
    window.state_mut().apply(&ctx, Command::OpenFile(path("demo")));
    settle(&mut window);
    assert!(window.state().snapshot.is_some());
}

#[test]
fn a_comparison_is_closed_by_key_by_button_and_by_name() {
    let mut window = window("demo");
    let ctx = window.ctx.clone();
    for way in ["key", "button", "name"] {
        window.state_mut().apply(&ctx, Command::CompareWith(path("before")));
        settle(&mut window);
        assert!(window.state().other.is_some());
        match way {
            "key" => press(&mut window, Action::CloseComparison),
            "button" => {
                window.get_by_label("Close").click();
                settle(&mut window);
            }
            _ => choose(&mut window, Action::CloseComparison),
        }
        assert!(window.state().other.is_none(), "{way} did not close it");
        assert!(window.query_by_label("Nothing to compare with").is_some());
    }
}

#[test]
fn a_line_that_is_not_here_is_not_opened_and_said_so() {
    let mut window = window("demo");
    press(&mut window, Action::OpenSource);
    assert_eq!(window.state().state.notice.as_deref(), Some("no line is selected"));
    press(&mut window, Action::WorstStall);
    press(&mut window, Action::OpenSource);
    let notice = window.state().state.notice.clone().unwrap_or_default();
    // Where the recordings were made and the pictures are taken, it is there.
    assert!(notice.contains("demo_service.py"), "{notice}");
    press(&mut window, Action::PaneFlame);
    press(&mut window, Action::FlameNext);
    window.state_mut().state.notice = None;
    press(&mut window, Action::FlameSource);
    let notice = window.state().state.notice.clone().unwrap_or_default();
    assert!(notice.contains("is not on this machine") || notice.contains("opened"), "{notice}");
}

#[test]
fn columns_are_sorted_with_the_keyboard_alone() {
    let mut window = window("demo");
    window.get_by_label("Start").focus();
    settle(&mut window);
    window.key_press_modifiers(Modifiers::NONE, Key::Enter);
    settle(&mut window);
    let sort = window.state().state.sorts.get(&TableId::Stalls).copied();
    assert_eq!(sort.map(|sort| sort.column), Some(1));
}

#[test]
fn a_field_takes_the_keyboard_when_asked() {
    for action in [Action::Find, Action::FilterLanes] {
        let mut window = window("demo");
        press(&mut window, action);
        window.event(Event::Text("worker".to_owned()));
        settle(&mut window);
        let state = &window.state().state;
        let typed = if action == Action::Find { &state.search } else { &state.lanes.filter };
        assert_eq!(typed, "worker", "{action:?}");
    }
}
