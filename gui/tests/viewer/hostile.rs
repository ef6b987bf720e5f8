//! Files that are no recordings, or no more.

use std::path::Path;

use egui_kittest::kittest::Queryable as _;
use looptrace_gui::app::App;
use looptrace_gui::command::Action;
use looptrace_gui::launch::Options;

use crate::support::{Window, path, press, window_of};

fn opened(file: &Path) -> Window {
    let options = Options { file: Some(file.to_owned()), ..Options::default() };
    window_of([1000.0, 640.0].into(), 1.0, |creation| App::new(options, &creation.egui_ctx, None))
}

#[test]
fn what_is_no_recording_is_told_and_another_can_be_opened() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("x.looptrace");
    for bytes in [&b""[..], b"hello", &[0xff; 4096]] {
        std::fs::write(&file, bytes).expect("it can be written");
        let window = opened(&file);
        assert!(window.state().snapshot.is_none());
        assert!(window.query_by_label_contains("This cannot be shown").is_some());
        assert!(window.query_by_label("Open another recording…").is_some());
    }
    let window = opened(&directory.path().join("missing"));
    assert!(window.query_by_label_contains("This cannot be shown").is_some());
}

#[test]
fn a_recording_that_was_cut_short_is_shown_as_far_as_it_goes() {
    let whole = std::fs::read(path("demo")).expect("it is there");
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("cut.looptrace");
    std::fs::write(&file, &whole[..whole.len() * 2 / 3]).expect("it can be written");
    let window = opened(&file);
    assert!(window.state().snapshot.is_some());
    assert!(window.query_by_label_contains("not ended").is_some());
}

#[test]
fn damage_anywhere_crashes_nothing() {
    let whole = std::fs::read(path("demo")).expect("it is there");
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("damaged.looptrace");
    for nth in 0..12 {
        let mut bytes = whole.clone();
        // Some bytes at a place, all over the file.
        let at = bytes.len() * nth / 12;
        bytes.iter_mut().skip(at).take(8).for_each(|byte| *byte ^= 0xa5);
        std::fs::write(&file, &bytes).expect("it can be written");
        let mut window = opened(&file);
        let app = window.state();
        assert!(app.snapshot.is_some() || app.error.is_some(), "{nth}");
        if app.snapshot.is_some() {
            press(&mut window, Action::PaneFlame);
            press(&mut window, Action::PaneLag);
        }
    }
}
